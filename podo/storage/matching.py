"""Which volume suits a claim: the one rule that binder and scheduler share. Pure."""

from collections.abc import Callable, Iterable

from podo.api import quantity, selectors
from podo.api.types.core_v1 import ObjectReference, PersistentVolume, PersistentVolumeClaim
from podo.api.types.storage_v1 import StorageClass
from podo.client.base import Key
from podo.storage.annotations import DEFAULT_CLASS, OLD_CLASS, OLD_DEFAULT_CLASS, WAIT_FOR_CONSUMER


def class_of(obj: PersistentVolume | PersistentVolumeClaim) -> str:
    """The class that a claim wants or a volume has; "" is none."""
    return obj.metadata.annotations.get(OLD_CLASS) or obj.spec.storage_class_name or ""


def names_class(claim: PersistentVolumeClaim) -> bool:
    """Whether the claim says a class, be it none (""); else it may get the default one later."""
    return OLD_CLASS in claim.metadata.annotations or claim.spec.storage_class_name is not None


def default_class(classes: Iterable[StorageClass]) -> StorageClass | None:
    """The default one; of several the newest, then the first by name."""
    marked = [
        c
        for c in classes
        if "true" in (c.metadata.annotations.get(DEFAULT_CLASS), c.metadata.annotations.get(OLD_DEFAULT_CLASS))
    ]
    marked.sort(key=lambda c: c.metadata.name)
    marked.sort(key=lambda c: c.metadata.creation_timestamp, reverse=True)
    return marked[0] if marked else None


def waits_for_consumer(found: StorageClass | None) -> bool:
    """Whether volumes of a class are chosen only when a Pod that needs them is placed."""
    return found is not None and found.volume_binding_mode == WAIT_FOR_CONSUMER


def requested(claim: PersistentVolumeClaim) -> int:
    """Bytes that the claim asks for."""
    resources = claim.spec.resources
    return quantity.to_int(resources.requests.get("storage", "0")) if resources else 0


def capacity(volume: PersistentVolume) -> int:
    """Bytes that the volume has."""
    return quantity.to_int(volume.spec.capacity.get("storage", "0"))


def refers_to(ref: ObjectReference | None, claim: PersistentVolumeClaim) -> bool:
    """Whether a volume's claimRef means this claim; one without a uid means any of that name."""
    meta = claim.metadata
    if ref is None or (ref.namespace, ref.name) != (meta.namespace, meta.name):
        return False
    return ref.uid in ("", meta.uid)


def claim_key(volume: PersistentVolume) -> Key | None:
    """The claim that the volume is bound to, or reserved for."""
    ref = volume.spec.claim_ref
    return Key(ref.namespace, ref.name) if ref is not None else None


def mode(obj: PersistentVolume | PersistentVolumeClaim) -> str:
    """Filesystem or Block."""
    return obj.spec.volume_mode or "Filesystem"


def objection(volume: PersistentVolume, claim: PersistentVolumeClaim) -> str:
    """Why a claim cannot be bound to the volume that it asks for by name; "" if it can."""
    if volume.metadata.deletion_timestamp:
        return f'the volume is marked for deletion "{volume.metadata.name}"'
    if capacity(volume) < requested(claim):
        return "requested PV is too small"
    if class_of(volume) != class_of(claim):
        return "storageClassName does not match"
    if (volume.spec.volume_attributes_class_name or "") != (claim.spec.volume_attributes_class_name or ""):
        return "volumeAttributesClassName does not match"
    if mode(volume) != mode(claim):
        return "incompatible volumeMode"
    if not set(claim.spec.access_modes) <= set(volume.spec.access_modes):
        return "incompatible accessMode"
    return ""


def best_match(
    claim: PersistentVolumeClaim,
    volumes: Iterable[PersistentVolume],
    *,
    reserved_only: bool = False,
    reachable: Callable[[PersistentVolume], bool] = lambda volume: True,
    taken: Iterable[str] = (),
) -> PersistentVolume | None:
    """The volume for a claim: one that is reserved for it, else the smallest free one with the fewest access modes.

    `reserved_only` leaves out the free ones; `reachable` says whether a node can use a volume; `taken` are names of
    volumes that are meant for other claims.
    """
    excluded, free = frozenset(taken), []
    selector = selectors.EVERYTHING if claim.spec.selector is None else selectors.from_object(claim.spec.selector)
    for volume in sorted(volumes, key=lambda v: v.metadata.name):
        ref = volume.spec.claim_ref
        if volume.metadata.name in excluded or mode(volume) != mode(claim) or not reachable(volume):
            continue
        if ref is not None:
            if refers_to(ref, claim) and capacity(volume) >= requested(claim):
                return volume
        elif (
            not reserved_only
            and volume.status.phase == "Available"
            and not objection(volume, claim)
            and selector.matches(volume.metadata.labels)
        ):
            free.append(volume)
    return min(free, key=lambda v: (len(v.spec.access_modes), capacity(v)), default=None)
