"""The controller's side of a driver behind a socket: what provisioners, attachers, resizers and snapshotters ask.

A driver's controller may be the same on all nodes, or each node's may have that node's volumes only. So calls are
routed by what they are about: a volume's handle, or the node that a new volume is for.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from podo.rpc.caller import Caller, CallFailed
from podo.storage.csi.node import capability
from podo.storage.csi.wire import ATTACHES, EXPANDS, GROWS, HAS_CAPACITY, LISTS_SNAPS, MAKES, MODIFIES, SNAPS
from podo.storage.drivers import (
    NO_OPTIONS,
    Access,
    Attachment,
    DriverFailure,
    Grown,
    MadeVolume,
    NoRoom,
    SnapOptions,
    Snapped,
    VolumeRequest,
)

CONTROLLER, GROUPS = "/csi.v1.Controller/", "/csi.v1.GroupController/"
FULL = ("RESOURCE_EXHAUSTED", "OUT_OF_RANGE")
Route = Callable[[str, str], Caller]
"""Who answers for a volume of some handle, or for a node's name; both may be "". Raises DriverFailure."""
Places = Callable[[], Sequence[Mapping[str, str]]]
"""Where the driver's nodes are, by the labels that it goes by."""


class DriverController:
    """The `VolumeMaker`, `Attacher` and `Modifier` of a driver."""

    def __init__(self, name: str, route: Route, places: Places) -> None:
        self.name, self._route, self._places = name, route, places
        self._known: dict[str, frozenset[int]] = {}

    async def create(self, request: VolumeRequest) -> MadeVolume:
        if not await self.can(MAKES):
            raise DriverFailure(f"driver {self.name} does not make volumes")
        fields: dict[str, Any] = {
            "name": request.name,
            "capacity_range": {"required_bytes": request.size},
            "volume_capabilities": [capability(replaced(request.access, mode)) for mode in request.access.modes],
            "parameters": request.parameters,
            "secrets": request.secrets,
            "mutable_parameters": request.changeable,
        }
        if places := wanted_places(request, self._places()):
            segments = [{"segments": place} for place in places]
            fields["accessibility_requirements"] = {"requisite": segments, "preferred": segments}
        if origin := request.origin:
            source = {"snapshot": {"snapshot_id": origin.snapshot}} if origin.snapshot else {}
            fields["volume_content_source"] = source or {"volume": {"volume_id": origin.volume}}
        made = (await self._call(self._route("", request.node), f"{CONTROLLER}CreateVolume", **fields)).volume
        return MadeVolume(
            handle=made.volume_id,
            size=made.capacity_bytes or request.size,
            attributes=dict(made.volume_context),
            topologies=[dict(place.segments) for place in made.accessible_topology],
        )

    async def delete(self, handle: str, secrets: Mapping[str, str]) -> None:
        await self._call(self._route(handle, ""), f"{CONTROLLER}DeleteVolume", volume_id=handle, secrets=secrets)

    async def grow(self, handle: str, size: int, access: Access, secrets: Mapping[str, str]) -> Grown:
        if not await self.can(GROWS):
            if EXPANDS not in await self._capabilities("/csi.v1.Node/NodeGetCapabilities"):
                raise DriverFailure(f"driver {self.name} cannot let volumes grow")
            return Grown(size, on_node=True)
        answer = await self._call(
            self._route(handle, ""),
            f"{CONTROLLER}ControllerExpandVolume",
            volume_id=handle,
            capacity_range={"required_bytes": size},
            secrets=secrets,
            volume_capability=capability(access),
        )
        return Grown(answer.capacity_bytes or size, on_node=answer.node_expansion_required)

    async def modify(self, handle: str, parameters: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        if not await self.can(MODIFIES):
            raise DriverFailure(f"driver {self.name} cannot change volumes")
        method = f"{CONTROLLER}ControllerModifyVolume"
        await self._call(
            self._route(handle, ""), method, volume_id=handle, mutable_parameters=parameters, secrets=secrets
        )

    async def attach(self, wanted: Attachment) -> Mapping[str, str]:
        if not await self.can(ATTACHES):
            return {}
        answer = await self._call(
            self._route(wanted.handle, ""),
            f"{CONTROLLER}ControllerPublishVolume",
            volume_id=wanted.handle,
            node_id=wanted.node_id,
            volume_capability=capability(wanted.access),
            readonly=wanted.read_only,
            secrets=wanted.secrets,
            volume_context=wanted.attributes,
        )
        return dict(answer.publish_context)

    async def detach(self, wanted: Attachment) -> None:
        if await self.can(ATTACHES):
            fields = {"volume_id": wanted.handle, "node_id": wanted.node_id, "secrets": wanted.secrets}
            await self._call(self._route(wanted.handle, ""), f"{CONTROLLER}ControllerUnpublishVolume", **fields)

    async def capacity(self, parameters: Mapping[str, str], place: Mapping[str, str], node: str) -> int | None:
        """Bytes that volumes of a class may have at a place; None if the driver does not say such."""
        if not await self.can(HAS_CAPACITY):
            return None
        topology = {"accessible_topology": {"segments": place}} if place else {}
        method = f"{CONTROLLER}GetCapacity"
        answer = await self._call(self._route("", node), method, parameters=parameters, **topology)
        return int(answer.available_capacity)

    async def can(self, what: int) -> bool:
        """Whether the driver's controller has a capability."""
        return what in await self._capabilities(f"{CONTROLLER}ControllerGetCapabilities")

    async def _capabilities(self, method: str) -> frozenset[int]:
        if method not in self._known:
            answer = await self._call(self._route("", ""), method)
            self._known[method] = frozenset(each.rpc.type for each in answer.capabilities)
        return self._known[method]

    async def _call(self, caller: Caller, method: str, /, **fields: Any) -> Any:
        return await called(caller, method, **fields)


class DriverSnapshots:
    """The `Snapshotter` of a driver, and that of groups of volumes."""

    def __init__(self, driver: DriverController, route: Route) -> None:
        self._driver, self._route = driver, route

    async def snapshot(self, name: str, volume: str, options: SnapOptions = NO_OPTIONS) -> Snapped:
        if not await self._driver.can(SNAPS):
            raise DriverFailure(f"driver {self._driver.name} does not take snapshots")
        answer = await called(
            self._route(volume, ""),
            f"{CONTROLLER}CreateSnapshot",
            source_volume_id=volume,
            name=name,
            secrets=options.secrets,
            parameters=options.parameters,
        )
        return snapped(answer.snapshot)

    async def size_of(self, snapshot: str) -> int:
        if not await self._driver.can(LISTS_SNAPS):
            return 0
        answer = await called(self._route("", ""), f"{CONTROLLER}ListSnapshots", snapshot_id=snapshot)
        found = [e.snapshot for e in answer.entries if e.snapshot.snapshot_id == snapshot]
        if not found:
            raise DriverFailure(f"there is no snapshot {snapshot}")
        return int(found[0].size_bytes)

    async def delete(self, handle: str, secrets: Mapping[str, str]) -> None:
        await called(self._route("", ""), f"{CONTROLLER}DeleteSnapshot", snapshot_id=handle, secrets=secrets)

    async def snapshot_group(
        self, name: str, volumes: Sequence[str], options: SnapOptions = NO_OPTIONS
    ) -> tuple[str, list[Snapped]]:
        answer = await called(
            self._route(volumes[0], ""),
            f"{GROUPS}CreateVolumeGroupSnapshot",
            name=name,
            source_volume_ids=volumes,
            secrets=options.secrets,
            parameters=options.parameters,
        )
        group = answer.group_snapshot
        return group.group_snapshot_id, [snapped(each) for each in group.snapshots]

    async def delete_group(self, handle: str, snapshots: Sequence[str], secrets: Mapping[str, str]) -> None:
        method = f"{GROUPS}DeleteVolumeGroupSnapshot"
        fields = {"group_snapshot_id": handle, "snapshot_ids": snapshots, "secrets": secrets}
        await called(self._route("", ""), method, **fields)


async def called(caller: Caller, method: str, /, **fields: Any) -> Any:
    """A call's answer. Raises DriverFailure, or NoRoom."""
    try:
        return await caller.call(method, **fields)
    except CallFailed as error:
        raise (NoRoom if error.code in FULL else DriverFailure)(str(error)) from error


def snapped(made: Any) -> Snapped:
    """A snapshot as a driver tells it."""
    return Snapped(made.snapshot_id, made.size_bytes, ready=made.ready_to_use, volume=made.source_volume_id)


def replaced(access: Access, mode: str) -> Access:
    """The same, with one access mode: drivers are told each."""
    return Access(block=access.block, fs_type=access.fs_type, mount_options=access.mount_options, modes=(mode,))


def wanted_places(request: VolumeRequest, places: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Where a new volume may be, the best first: where its node is, or wherever the class allows. Pure.

    A place of a driver is told by all of the driver's labels; what a class allows may name only some of them.
    """
    if request.topology:
        for place in places:
            if place.items() <= request.topology.items():
                return [dict(place)]
    allowed = [dict(place) for place in places if fits(place, request.allowed)]
    return allowed or [dict(place) for place in request.allowed]


def fits(place: Mapping[str, str], allowed: Sequence[Mapping[str, str]]) -> bool:
    """Whether a place is within one of those that are allowed; all are, if none is named."""
    return not allowed or any(each.items() <= place.items() for each in allowed)
