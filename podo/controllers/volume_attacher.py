"""Attach volumes to nodes, and detach them: what Kubernetes has the external attacher for. For bare drivers only."""

from collections.abc import Mapping

from msgspec.structs import replace

from podo.api.timestamps import format_time
from podo.api.types.core_v1 import PersistentVolume
from podo.api.types.storage_v1 import CSIDriver, CSINode, VolumeAttachment, VolumeAttachmentStatus, VolumeError
from podo.client.base import MERGE_PATCH, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import volume_secrets as secrets
from podo.controllers.bare_drivers import BareDrivers
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.storage.annotations import is_bare
from podo.storage.csi.controller import DriverController
from podo.storage.drivers import Access, Attachment, DriverFailure
from podo.storage.matching import mode


class VolumeAttacher:
    """Reads attachments, volumes and CSINodes; has drivers attach, and writes the attachments' statuses."""

    name = "volume-attacher"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, drivers: BareDrivers) -> None:
        self._client, self._clock, self._drivers = client, clock, drivers
        self._attachments, self._volumes = client.informer(VolumeAttachment), client.informer(PersistentVolume)
        self.watches = (
            Watch(VolumeAttachment, to=itself),
            Watch(CSIDriver, to=self._of_driver, when=lambda old, new: is_bare(new) and not is_bare(old)),
            Watch(CSINode, to=self._of_node),
        )

    async def reconcile(self, key: Key) -> Outcome:
        found = self._attachments.get(key)
        driver = self._drivers.find(found.spec.attacher) if found else None
        if found is None or driver is None:
            return DONE
        finalizer = f"external-attacher/{driver.name.replace('.', '-')}"
        if found.metadata.deletion_timestamp:
            if finalizer in found.metadata.finalizers:
                await self._detach(found, driver, finalizer)
        elif not found.status.attached:
            await self._attach(found, driver, finalizer)
        return DONE

    async def _attach(self, found: VolumeAttachment, driver: DriverController, finalizer: str) -> None:
        if finalizer not in found.metadata.finalizers:
            found = await self._keep(found, [*found.metadata.finalizers, finalizer])
        try:
            context = await driver.attach(await self._wanted(found))
        except DriverFailure as error:
            failure = VolumeError(message=str(error), time=format_time(self._clock.now()))
            await self._say(found, replace(found.status, attach_error=failure))
            raise
        await self._say(found, VolumeAttachmentStatus(attached=True, attachment_metadata=dict(context)))

    async def _detach(self, found: VolumeAttachment, driver: DriverController, finalizer: str) -> None:
        try:
            await driver.detach(await self._wanted(found))
        except DriverFailure as error:
            failure = VolumeError(message=str(error), time=format_time(self._clock.now()))
            await self._say(found, replace(found.status, attached=bool(found.status.attached), detach_error=failure))
            raise
        await self._keep(found, [f for f in found.metadata.finalizers if f != finalizer])

    async def _wanted(self, found: VolumeAttachment) -> Attachment:
        name = (found.spec.source.persistent_volume_name or "") if found.spec.source else ""
        volume = self._volumes.get(Key("", name))
        if volume is None or volume.spec.csi is None:
            raise DriverFailure(f"could not get PersistentVolume {name}")
        csi = volume.spec.csi
        node_id = self._drivers.node_id(csi.driver, found.spec.node_name)
        if not node_id:
            raise DriverFailure(f"CSINode {found.spec.node_name} does not contain driver {csi.driver}")
        return Attachment(
            handle=csi.volume_handle,
            node_id=node_id,
            access=Access(
                block=mode(volume) == "Block",
                fs_type=csi.fs_type,
                mount_options=volume.spec.mount_options,
                modes=volume.spec.access_modes,
            ),
            read_only=bool(csi.read_only),
            attributes=csi.volume_attributes,
            secrets=await self._secret(volume),
        )

    async def _secret(self, volume: PersistentVolume) -> Mapping[str, str]:
        assert volume.spec.csi is not None
        return await secrets.read(self._client, volume.spec.csi.controller_publish_secret_ref)

    async def _keep(self, found: VolumeAttachment, finalizers: list[str]) -> VolumeAttachment:
        body = {"metadata": {"uid": found.metadata.uid, "finalizers": finalizers or None}}
        return await self._client.patch(VolumeAttachment, key_of(found), Patch(media_type=MERGE_PATCH, body=body))

    async def _say(self, found: VolumeAttachment, status: VolumeAttachmentStatus) -> None:
        await self._client.update(replace(found, status=status), subresource="status")

    def _of_driver(self, driver: CSIDriver) -> list[Key]:
        return [key_of(each) for each in self._attachments if each.spec.attacher == driver.metadata.name]

    def _of_node(self, node: CSINode) -> list[Key]:
        return [key_of(each) for each in self._attachments if each.spec.node_name == node.metadata.name]
