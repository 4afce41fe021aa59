"""Change volumes as their claims' VolumeAttributesClass says (KEP-3751): what others have an external resizer for."""

from msgspec.structs import replace

from podo.api.timestamps import format_time
from podo.api.types.core_v1 import (
    CSIPersistentVolumeSource,
    ModifyVolumeStatus,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimCondition,
    PersistentVolumeClaimStatus,
)
from podo.api.types.storage_v1 import VolumeAttributesClass
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import volume_secrets as secrets
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.volume_provisioning import Makers
from podo.storage.drivers import DriverFailure, Modifier

MODIFYING = "ModifyingVolume"


class VolumeModification:
    """Reads claims, volumes and classes; writes which class volumes have, and the statuses of their claims."""

    name = "volume-modifier"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, makers: Makers) -> None:
        self._client, self._makers, self._writer, self._clock = client, makers, events, clock
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self._classes = client.informer(VolumeAttributesClass)
        self.watches = (Watch(PersistentVolumeClaim, to=itself), Watch(VolumeAttributesClass, to=self._of_class))

    async def reconcile(self, key: Key) -> Outcome:
        claim = self._claims.get(key)
        if claim is None or claim.status.phase != "Bound" or not claim.spec.volume_attributes_class_name:
            return DONE
        target, volume = claim.spec.volume_attributes_class_name, self._volumes.get(Key("", claim.spec.volume_name))
        if volume is None or volume.spec.csi is None or is_done(claim.status, target):
            return DONE
        maker = self._makers.get(volume.spec.csi.driver)
        if isinstance(maker, Modifier):
            await self._modify(claim, volume, volume.spec.csi, maker)
        return DONE

    async def _modify(
        self,
        claim: PersistentVolumeClaim,
        volume: PersistentVolume,
        csi: CSIPersistentVolumeSource,
        maker: Modifier,
    ) -> None:
        target = claim.spec.volume_attributes_class_name or ""
        found = self._classes.get(Key("", target))
        if found is None:
            await self._say(claim, self._status(claim, "Pending", target))
            return
        events = self._writer.recorder(f"external-resizer {csi.driver}")
        if found.driver_name != csi.driver:
            words = f"VolumeAttributesClass {target} is of driver {found.driver_name}, the volume of {csi.driver}"
            events.warning(claim, "VolumeModifyFailed", words)
            return
        running = ModifyVolumeStatus(status="InProgress", target_volume_attributes_class_name=target)
        if claim.status.modify_volume_status != running:
            words = f"external resizer is modifying volume {volume.metadata.name} with vac {target}"
            events.normal(claim, "VolumeModify", words)
            claim = await self._say(claim, self._status(claim, "InProgress", target))
        try:
            known_secrets = await secrets.read(self._client, csi.controller_expand_secret_ref)
            await maker.modify(csi.volume_handle, found.parameters, known_secrets)
        except DriverFailure as error:
            events.warning(claim, "VolumeModifyFailed", str(error))
            if "code = InvalidArgument" in str(error):
                await self._say(claim, self._status(claim, "Infeasible", target))
            raise
        spec = replace(volume.spec, volume_attributes_class_name=target)
        await self._client.update(replace(volume, spec=spec))
        await self._say(claim, modified(claim.status, target))
        words = f"external resizer modified volume {volume.metadata.name} with vac {target} successfully"
        events.normal(claim, "VolumeModifySuccessful", words)

    def _status(self, claim: PersistentVolumeClaim, status: str, target: str) -> PersistentVolumeClaimStatus:
        others = tuple(c for c in claim.status.conditions if c.type != MODIFYING)
        now = format_time(self._clock.now())
        known = next((c for c in claim.status.conditions if c.type == MODIFYING), None)
        running = known or PersistentVolumeClaimCondition(type=MODIFYING, status="True", last_transition_time=now)
        return replace(
            claim.status,
            modify_volume_status=ModifyVolumeStatus(status=status, target_volume_attributes_class_name=target),
            conditions=(*others, running) if status == "InProgress" else others,
        )

    async def _say(self, claim: PersistentVolumeClaim, status: PersistentVolumeClaimStatus) -> PersistentVolumeClaim:
        if status == claim.status:
            return claim
        return await self._client.update(replace(claim, status=status), subresource="status")

    def _of_class(self, found: VolumeAttributesClass) -> list[Key]:
        return [key_of(c) for c in self._claims if c.spec.volume_attributes_class_name == found.metadata.name]


def modified(status: PersistentVolumeClaimStatus, target: str) -> PersistentVolumeClaimStatus:
    """What the status says once the volume is as a class says."""
    return replace(
        status,
        current_volume_attributes_class_name=target,
        modify_volume_status=None,
        conditions=tuple(c for c in status.conditions if c.type != MODIFYING),
    )


def is_done(status: PersistentVolumeClaimStatus, target: str) -> bool:
    """Whether the volume is as the class says, and the status says so."""
    return status.current_volume_attributes_class_name == target and status.modify_volume_status is None
