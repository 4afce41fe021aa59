"""What the scheduler knows of storage: claims, volumes, classes, and what drivers say of nodes. Fed by informers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
from podo.api.types.storage_v1 import CSIDriver, CSINode, CSIStorageCapacity, StorageClass
from podo.client.base import Key, key_of
from podo.scheduler.requests import PodInfo
from podo.storage import annotations as known
from podo.storage.matching import class_of, refers_to, waits_for_consumer
from podo.storage.pod_claims import claims_of, ephemeral_names, is_made_for

T = TypeVar("T", PersistentVolume, PersistentVolumeClaim, StorageClass, CSIDriver, CSINode, CSIStorageCapacity)


class Held(Generic[T]):
    """The objects of a kind by their place."""

    def __init__(self) -> None:
        self._objects: dict[Key, T] = {}

    def get(self, name: str, namespace: str = "") -> T | None:
        """The object, if there is one."""
        return self._objects.get(Key(namespace, name))

    def __iter__(self) -> Iterator[T]:
        return iter(self._objects.values())

    def set(self, old: T | None, new: T | None) -> None:
        """An object came, changed or went: as informers tell it."""
        if new is not None:
            self._objects[key_of(new)] = new
        elif old is not None:
            self._objects.pop(key_of(old), None)


@dataclass(frozen=True)
class PodVolumes:
    """The claims of a Pod: those that have a volume, and those that get one where the Pod is placed.

    `whole` says why the Pod cannot be placed at all yet.
    """

    bound: tuple[PersistentVolume, ...] = ()
    waiting: tuple[PersistentVolumeClaim, ...] = ()
    lost: bool = False  # a claim is bound to a volume that does not exist
    whole: str = ""


NONE = PodVolumes()


class StorageView:
    """`meant` are volumes that this scheduler has promised to claims, until the volumes say so themselves."""

    def __init__(self) -> None:
        self.claims: Held[PersistentVolumeClaim] = Held()
        self.volumes: Held[PersistentVolume] = Held()
        self.classes: Held[StorageClass] = Held()
        self.drivers: Held[CSIDriver] = Held()
        self.nodes: Held[CSINode] = Held()
        self.capacities: Held[CSIStorageCapacity] = Held()
        self.meant: dict[str, Key] = {}

    def of_pod(self, info: PodInfo) -> PodVolumes:
        """The claims of a Pod, sorted by what is to be done for them."""
        keys = claims_of(info.pod)
        if not keys:
            return NONE
        own = set(ephemeral_names(info.pod))
        bound, waiting, lost = [], [], False
        for key in keys:
            claim = self.claims.get(key.name, key.namespace)
            if claim is None or (why := _unusable(claim, info, key.name in own)):
                return PodVolumes(whole=_missing(key.name, key.name in own) if claim is None else why)
            if claim.spec.volume_name and known.BIND_COMPLETED in claim.metadata.annotations:
                volume = self.volumes.get(claim.spec.volume_name)
                lost |= volume is None
                bound += [volume] if volume is not None else []
            elif not claim.spec.volume_name and waits_for_consumer(self.classes.get(class_of(claim))):
                waiting.append(claim)
            else:
                return PodVolumes(whole="pod has unbound immediate PersistentVolumeClaims")
        return PodVolumes(tuple(bound), tuple(waiting), lost)

    def candidates(self, claim: PersistentVolumeClaim) -> list[PersistentVolume]:
        """The volumes of the claim's class that are free, or reserved for it."""
        wanted, me = class_of(claim), key_of(claim)
        return [
            v
            for v in self.volumes
            if class_of(v) == wanted
            and (v.spec.claim_ref is None or refers_to(v.spec.claim_ref, claim))
            and self.meant.get(v.metadata.name, me) == me
        ]

    def promise(self, promised: Iterable[tuple[PersistentVolume, PersistentVolumeClaim]]) -> None:
        """Keep volumes for claims."""
        self.meant.update((volume.metadata.name, key_of(claim)) for volume, claim in promised)

    def forget(self, promised: Iterable[tuple[PersistentVolume, PersistentVolumeClaim]]) -> None:
        """What was promised is done, or will not be."""
        for volume, _ in promised:
            self.meant.pop(volume.metadata.name, None)


def _missing(name: str, ephemeral: bool) -> str:
    if ephemeral:
        return f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
    return f'persistentvolumeclaim "{name}" not found'


def _unusable(claim: PersistentVolumeClaim, info: PodInfo, ephemeral: bool) -> str:
    name = claim.metadata.name
    if claim.status.phase == "Lost":
        return f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{claim.spec.volume_name}"'
    if claim.metadata.deletion_timestamp:
        return f'persistentvolumeclaim "{name}" is being deleted'
    if ephemeral and not is_made_for(claim, info.pod):
        place, pod = f"{claim.metadata.namespace}/{name}", f"{claim.metadata.namespace}/{info.pod.metadata.name}"
        return f"PVC {place} was not created for pod {pod} (pod is not owner)"
    return ""
