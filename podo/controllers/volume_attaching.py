"""Ask for volumes to be attached to the nodes of their Pods, and to be detached when no Pod there needs them.

A driver's attacher does it, and says so in the VolumeAttachment. Drivers that need no attaching are left out.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from podo.api.errors import AlreadyExists, NotFound
from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import CSIDriver, VolumeAttachment, VolumeAttachmentSource, VolumeAttachmentSpec
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch
from podo.controllers.volume_binding import by_volume
from podo.controllers.volume_protection import by_claim, uses
from podo.storage.attachments import attachment_name
from podo.storage.matching import claim_key
from podo.storage.pod_claims import claims_of


class Place(NamedTuple):
    """A volume on a node."""

    volume: str
    node: str


class VolumeAttaching:
    """Reads Pods, claims, volumes and drivers; creates and deletes VolumeAttachments."""

    name = "attachdetach"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client = client
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self._drivers, self._attachments = client.informer(CSIDriver), client.informer(VolumeAttachment)
        self._pods = client.informer(Pod).index(by_claim)
        self._by_volume = self._claims.index(by_volume)
        self.watches = (
            Watch(Pod, to=self._of_pod, when=_matters),
            Watch(PersistentVolumeClaim, to=self._of_claim),
            Watch(PersistentVolume, to=self._of_volume),
            Watch(VolumeAttachment, to=_of_attachment),
        )

    async def reconcile(self, place: Place) -> Outcome:
        volume = self._volumes.get(Key("", place.volume))
        if volume is None or volume.spec.csi is None:
            return DONE
        csi = volume.spec.csi
        key = Key("", attachment_name(csi.volume_handle, csi.driver, place.node))
        observed = self._attachments.get(key)
        wanted = self._attaches(csi.driver) and self._is_needed(volume, place.node)
        if wanted and observed is None:
            source = VolumeAttachmentSource(persistent_volume_name=place.volume)
            spec = VolumeAttachmentSpec(attacher=csi.driver, node_name=place.node, source=source)
            try:
                await self._client.create(VolumeAttachment(metadata=ObjectMeta(name=key.name), spec=spec))
            except AlreadyExists:
                return DONE
        elif not wanted and observed is not None and not observed.metadata.deletion_timestamp:
            try:
                await self._client.delete(VolumeAttachment, key)
            except NotFound:
                return DONE
        return DONE

    def _attaches(self, driver: str) -> bool:
        found = self._drivers.get(Key("", driver))
        return found is None or found.spec.attach_required is not False

    def _is_needed(self, volume: PersistentVolume, node: str) -> bool:
        """Whether a Pod on the node uses it; a Pod that is going does until it is gone: its volumes go first."""
        key = claim_key(volume)
        claim = self._claims.get(key) if key is not None else None
        if claim is None or key is None or claim.spec.volume_name != volume.metadata.name:
            return False
        return any(pod.spec.node_name == node and uses(pod) for pod in self._pods(key))

    def _of_pod(self, pod: Pod) -> Iterator[Place]:
        for key in claims_of(pod) if pod.spec.node_name else ():
            claim = self._claims.get(key)
            if claim is not None and claim.spec.volume_name:
                yield Place(claim.spec.volume_name, pod.spec.node_name)

    def _of_claim(self, claim: PersistentVolumeClaim) -> Iterator[Place]:
        if claim.spec.volume_name:
            for pod in self._pods(key_of(claim)):
                if pod.spec.node_name:
                    yield Place(claim.spec.volume_name, pod.spec.node_name)

    def _of_volume(self, volume: PersistentVolume) -> Iterator[Place]:
        for claim in self._by_volume(volume.metadata.name):
            yield from self._of_claim(claim)


def _of_attachment(attachment: VolumeAttachment) -> Iterable[Place]:
    source = attachment.spec.source
    if source is None or not source.persistent_volume_name:
        return ()
    return (Place(source.persistent_volume_name, attachment.spec.node_name),)


def _matters(old: Pod | None, new: Pod | None) -> bool:
    """Whether a Pod's change may change what it uses: its status mostly does not."""
    if old is None or new is None:
        return bool((new or old).spec.volumes) if (new or old) is not None else False  # type: ignore[union-attr]
    return bool(new.spec.volumes) and (old.spec.node_name, uses(old)) != (new.spec.node_name, uses(new))
