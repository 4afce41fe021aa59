"""Make volumes for claims and delete them after use, by drivers: what Kubernetes has an external provisioner for."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import replace

from podo.api.errors import AlreadyExists
from podo.api.types.core_v1 import (
    CSIPersistentVolumeSource,
    Node,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeSpec,
    VolumeNodeAffinity,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import CSIDriver, CSINode, StorageClass, VolumeAttachment, VolumeAttributesClass
from podo.client.base import MERGE_PATCH, Key, Patch, find, key_of
from podo.client.events import EventWriter, reference
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import volume_secrets as secrets
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.storage import annotations as known
from podo.storage.drivers import Access, DriverFailure, MadeVolume, NoRoom, Origin, VolumeMaker, VolumeRequest
from podo.storage.matching import class_of, mode, requested, waits_for_consumer
from podo.storage.snapshots import CONTENTS, GROUP, SNAPSHOTS

Makers = Mapping[str, VolumeMaker]
FS_TYPE = "csi.storage.k8s.io/fstype"


class VolumeProvisioning:
    """Reads claims, classes and nodes; creates volumes of the drivers that it has."""

    name = "volume-provisioner"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, makers: Makers) -> None:
        self._client, self._makers, self._writer = client, makers, events
        self._claims, self._volumes = client.informer(PersistentVolumeClaim), client.informer(PersistentVolume)
        self._classes, self._nodes = client.informer(StorageClass), client.informer(Node)
        self._attributes = client.informer(VolumeAttributesClass)
        self.watches = (
            Watch(PersistentVolumeClaim, to=itself, when=_asks),
            Watch(CSIDriver, to=self._of_driver),
            Watch(CSINode, to=self._of_node, when=_has_more),
        )

    async def reconcile(self, key: Key) -> Outcome:
        claim = self._claims.get(key)
        if claim is None or claim.spec.volume_name or claim.metadata.deletion_timestamp:
            return DONE
        maker = self._makers.get(claim.metadata.annotations.get(known.PROVISIONER, ""))
        found = self._classes.get(Key("", class_of(claim)))
        if (
            maker is None
            or found is None
            or is_for_populator(claim)
            or self._volumes.get(Key("", volume_name(claim))) is not None
        ):
            return DONE
        chosen = claim.metadata.annotations.get(known.SELECTED_NODE, "")
        if waits_for_consumer(found) and not chosen:
            return DONE
        events = self._writer.recorder(maker.name)
        events.normal(claim, "Provisioning", f'External provisioner is provisioning volume for claim "{key}"')
        try:
            origin = await self._origin(claim, maker.name)
            request = self._request(claim, found, chosen, origin)
            secret = secrets.named(secrets.PROVISION, found, claim, request.name)
            made = await maker.create(replace(request, secrets=await secrets.read(self._client, secret)))
            volume = described(claim, found, made)
        except DriverFailure as error:
            words = f'failed to provision volume with StorageClass "{found.metadata.name}": {error}'
            events.warning(claim, "ProvisioningFailed", words)
            if chosen and isinstance(error, NoRoom):  # let the scheduler look for another node
                body = {"metadata": {"annotations": {known.SELECTED_NODE: None}}}
                await self._client.patch(PersistentVolumeClaim, key, Patch(media_type=MERGE_PATCH, body=body))
                return DONE
            raise
        try:
            await self._client.create(volume)
        except AlreadyExists:
            return DONE
        events.normal(claim, "ProvisioningSucceeded", f"Successfully provisioned volume {volume.metadata.name}")
        return DONE

    def _of_driver(self, driver: CSIDriver) -> list[Key]:
        """The claims that wait for a driver: perhaps its volumes are for us to make from now on."""
        return self._waiting(driver.metadata.name)

    def _of_node(self, node: CSINode) -> list[Key]:
        return [key for driver in node.spec.drivers for key in self._waiting(driver.name)]

    def _waiting(self, driver: str) -> list[Key]:
        return [
            key_of(claim)
            for claim in self._claims
            if not claim.spec.volume_name and claim.metadata.annotations.get(known.PROVISIONER) == driver
        ]

    async def _origin(self, claim: PersistentVolumeClaim, driver: str) -> Origin | None:
        """What the claim wants a copy of. Raises DriverFailure while that is not there."""
        source = claim.spec.data_source_ref
        if source is None:
            return None
        if (source.api_group or "", source.kind) == ("", "PersistentVolumeClaim"):
            other = self._claims.get(Key(claim.metadata.namespace, source.name))
            volume = self._volumes.get(Key("", other.spec.volume_name)) if other else None
            if volume is None or volume.spec.csi is None or volume.spec.csi.driver != driver:
                raise DriverFailure(f"claim in dataSource is not bound to a volume of this driver: {source.name}")
            return Origin(volume=volume.spec.csi.volume_handle)
        snapshot = await find(self._client, SNAPSHOTS, Key(claim.metadata.namespace, source.name))
        if snapshot is None or not snapshot.status.ready_to_use:
            words = "error getting handle for DataSource Type VolumeSnapshot by Name"
            raise DriverFailure(f"{words} {source.name}: snapshot {source.name} is not Ready")
        name = snapshot.status.bound_volume_snapshot_content_name
        content = await find(self._client, CONTENTS, Key("", name))
        if content is None or content.spec.driver != driver:
            raise DriverFailure(f"snapshot {source.name} is not one of this driver")
        return Origin(snapshot=content.status.snapshot_handle)

    def _request(
        self, claim: PersistentVolumeClaim, found: StorageClass, node: str, origin: Origin | None
    ) -> VolumeRequest:
        at = self._nodes.get(Key("", node)) if node else None
        return VolumeRequest(
            name=volume_name(claim),
            size=requested(claim),
            access=Access(
                block=mode(claim) == "Block",
                fs_type=found.parameters.get(FS_TYPE, ""),
                mount_options=found.mount_options,
                modes=claim.spec.access_modes,
            ),
            parameters={k: v for k, v in found.parameters.items() if not k.startswith("csi.storage.k8s.io/")},
            topology=at.metadata.labels if at else {},
            node=node,
            allowed=allowed_places(found),
            changeable=self._changeable(claim),
            origin=origin,
        )

    def _changeable(self, claim: PersistentVolumeClaim) -> dict[str, str]:
        found = self._attributes.get(Key("", claim.spec.volume_attributes_class_name or ""))
        return found.parameters if found is not None else {}


class VolumeDeletion:
    """Reads volumes; deletes those of its drivers that are released, and what they stand for."""

    name = "volume-deleter"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, makers: Makers) -> None:
        self._client, self._makers, self._writer = client, makers, events
        self._volumes = client.informer(PersistentVolume)
        self._attached = client.informer(VolumeAttachment).index(attached_volume)
        self.watches = (
            Watch(PersistentVolume, to=itself),
            Watch(VolumeAttachment, to=lambda attachment: [Key("", name) for name in attached_volume(attachment)]),
        )

    async def reconcile(self, key: Key) -> Outcome:
        volume = self._volumes.get(key)
        maker = self._makers.get(volume.metadata.annotations.get(known.PROVISIONED_BY, "")) if volume else None
        if volume is None or maker is None or volume.spec.csi is None or not is_to_go(volume):
            return DONE
        if self._attached(key.name):
            return DONE  # first it is taken from its nodes
        try:
            known_secrets = await secrets.read(self._client, secrets.for_deletion(volume))
            await maker.delete(volume.spec.csi.volume_handle, known_secrets)
        except DriverFailure as error:
            self._writer.recorder(maker.name).warning(volume, "VolumeFailedDelete", str(error))
            raise
        if not volume.metadata.deletion_timestamp:
            await self._client.delete(PersistentVolume, key)
        kept = [f for f in volume.metadata.finalizers if f != known.PROVISIONER_FINALIZER]
        body = {"metadata": {"uid": volume.metadata.uid, "finalizers": kept or None}}
        await self._client.patch(PersistentVolume, key, Patch(media_type=MERGE_PATCH, body=body))
        return DONE


def attached_volume(attachment: VolumeAttachment) -> list[str]:
    """The name of the volume that is attached."""
    name = attachment.spec.source.persistent_volume_name if attachment.spec.source else None
    return [name] if name else []


def is_to_go(volume: PersistentVolume) -> bool:
    """Whether nobody has a claim on the volume any more and it is not to be kept."""
    if volume.spec.persistent_volume_reclaim_policy != "Delete" or volume.status.phase not in ("Released", "Failed"):
        return False
    dying = bool(volume.metadata.deletion_timestamp)
    return not dying or known.PROVISIONER_FINALIZER in volume.metadata.finalizers


def is_for_populator(claim: PersistentVolumeClaim) -> bool:
    """Whether somebody else fills the claim's volume: its source is of a kind that drivers do not copy."""
    source = claim.spec.data_source_ref
    known = (("", "PersistentVolumeClaim"), (GROUP, "VolumeSnapshot"))
    return source is not None and (source.api_group or "", source.kind) not in known


def volume_name(claim: PersistentVolumeClaim) -> str:
    """The name of the volume that is made for a claim."""
    return f"pvc-{claim.metadata.uid}"


def described(claim: PersistentVolumeClaim, found: StorageClass, made: MadeVolume) -> PersistentVolume:
    """The object for a volume that a driver made. Raises DriverFailure if its Secrets cannot be named."""
    name = volume_name(claim)
    policy = found.reclaim_policy or "Delete"
    return PersistentVolume(
        metadata=ObjectMeta(
            name=name,
            annotations={known.PROVISIONED_BY: found.provisioner}
            | secrets.deletion_notes(secrets.named(secrets.PROVISION, found, claim, name)),
            finalizers=(known.PROVISIONER_FINALIZER,) if policy == "Delete" else (),
        ),
        spec=PersistentVolumeSpec(
            access_modes=claim.spec.access_modes,
            capacity={"storage": readable(made.size)},
            claim_ref=reference(claim),
            csi=CSIPersistentVolumeSource(
                driver=found.provisioner,
                volume_handle=made.handle,
                fs_type="" if mode(claim) == "Block" else found.parameters.get(FS_TYPE, "ext4"),
                volume_attributes=dict(made.attributes),
                node_stage_secret_ref=secrets.named(secrets.STAGE, found, claim, name),
                node_publish_secret_ref=secrets.named(secrets.PUBLISH, found, claim, name),
                controller_expand_secret_ref=secrets.named(secrets.EXPAND, found, claim, name),
                controller_publish_secret_ref=secrets.named(secrets.ATTACH, found, claim, name),
            ),
            mount_options=found.mount_options,
            node_affinity=affinity(made.topologies),
            persistent_volume_reclaim_policy=policy,
            storage_class_name=found.metadata.name,
            volume_attributes_class_name=claim.spec.volume_attributes_class_name or None,
            volume_mode=mode(claim),
        ),
    )


def affinity(topologies: Iterable[Mapping[str, str]]) -> VolumeNodeAffinity | None:
    """The nodes in any of the places."""
    terms = tuple(
        NodeSelectorTerm(
            match_expressions=tuple(
                NodeSelectorRequirement(key=key, operator="In", values=(value,)) for key, value in sorted(place.items())
            )
        )
        for place in topologies
    )
    return VolumeNodeAffinity(required=NodeSelector(node_selector_terms=terms)) if terms else None


def readable(size: int) -> str:
    """A number of bytes as a quantity, in the largest unit that it is a whole number of."""
    for power, unit in ((40, "Ti"), (30, "Gi"), (20, "Mi"), (10, "Ki")):
        if size and size % (1 << power) == 0:
            return f"{size >> power}{unit}"
    return str(size)


def allowed_places(found: StorageClass) -> list[dict[str, str]]:
    """The places that a class allows, each as labels: every combination of the values of a term."""
    places = []
    for term in found.allowed_topologies:
        expressions = term.match_label_expressions
        combined = itertools.product(*(e.values for e in expressions))
        places += [dict(zip((e.key for e in expressions), values, strict=True)) for values in combined]
    return [place for place in places if place]


def _has_more(old: CSINode | None, new: CSINode | None) -> bool:
    """Whether a node has got a driver."""
    before = {d.name for d in old.spec.drivers} if old else set()
    return new is not None and any(d.name not in before for d in new.spec.drivers)


def _asks(old: PersistentVolumeClaim | None, new: PersistentVolumeClaim | None) -> bool:
    return new is not None and not new.spec.volume_name and known.PROVISIONER in new.metadata.annotations
