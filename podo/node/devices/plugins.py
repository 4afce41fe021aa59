"""The device plug-ins of a node: each registers at the agent's socket, and is then listened to at its own.

A plug-in that goes leaves its devices unhealthy for a while, in case it is only restarted, and after that none. An
agent that starts removes all sockets: plug-ins take that as the word to register again.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from podo.api.types.core_v1 import Container, Pod, ResourceHealth, ResourceStatus
from podo.clock import Clock
from podo.node.devices import wire
from podo.node.devices.allocation import NotAllocated, Offer, amounts, candidates, chosen, wanted
from podo.node.devices.ledger import Containers, Grant, Ledger
from podo.node.registration.node_object import is_extended
from podo.node.runtime.config import Device, Mount
from podo.rpc.caller import CallFailed, SocketCaller
from podo.rpc.server import Refused, door

SOCKET = "kubelet.sock"
KEPT = 300.0  # seconds that the devices of a plug-in that went are still known
HEALTHY = "Healthy"
TRIES = 8  # of a plug-in that has registered but does not listen yet, each after twice as long
NOTHING = Offer(frozenset(), frozenset())
log = logging.getLogger(__name__)


class DeviceFailure(Exception):
    """A container that has devices cannot be started; the text is for the user."""


class Caller(Protocol):
    """Who calls a plug-in."""

    async def call(self, method: str, /, **fields: Any) -> Any:
        """Its answer. Raises CallFailed."""
        ...


@dataclass
class Resource:
    """What a plug-in offers. Without a `caller` it is gone."""

    offer: Offer = NOTHING
    nodes: dict[str, tuple[int, ...]] = field(default_factory=dict)  # NUMA nodes of devices
    caller: Caller | None = None
    prefers: bool = False
    prepares: bool = False


class DevicePlugins:
    """`changed` is called when the node has more or fewer devices; `real` tells where a path of a plug-in is."""

    def __init__(
        self, folder: Path, inside: Path, ledger: Ledger, clock: Clock, real: Callable[[str], str] = str
    ) -> None:
        self._folder, self._inside, self.ledger, self._clock, self._real = folder, inside, ledger, clock, real
        self.resources: dict[str, Resource] = {name: Resource() for name in ledger.resources}
        self._following: dict[str, asyncio.Task[None]] = {}
        self._allocating = asyncio.Lock()
        self._tasks: asyncio.TaskGroup | None = None
        self.changed: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Let plug-ins register until cancelled."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            if path.is_socket():
                path.unlink()
        async with asyncio.TaskGroup() as self._tasks:
            await door(self._folder / SOCKET, self._inside, wire.DEVICES, {wire.REGISTER: self._register})

    def amounts(self) -> tuple[dict[str, str], dict[str, str]]:
        """(capacity, allocatable) of all resources that were ever offered."""
        return amounts({name: resource.offer for name, resource in self.resources.items()})

    def concerns(self, pod: Pod) -> bool:
        """Whether the Pod asks for devices of plug-ins."""
        return any(True for _ in wanted(pod, self.resources))

    async def allocate(self, pod: Pod, running: Collection[str]) -> None:
        """Give the Pod its devices, unless it has them; `running` are the uids of all Pods. Raises NotAllocated."""
        async with self._allocating:
            uid = pod.metadata.uid
            self.ledger.keep_only({*running, uid})
            if self.ledger.of(uid):
                return
            self.ledger.give(uid, await self._allocated(pod))

    async def granted(self, pod: Pod, container: Container) -> Grant:
        """What a container gets with its devices, which their plug-ins have prepared. Raises DeviceFailure."""
        whole = Grant(())
        for name, grant in self.ledger.of(pod.metadata.uid).get(container.name, {}).items():
            resource = self.resources.get(name, Resource())
            if resource.prepares and resource.caller is not None:
                try:
                    await resource.caller.call(wire.PRE_START, devices_ids=list(grant.ids))
                except CallFailed as error:
                    raise DeviceFailure(f"device plugin PreStartContainer rpc failed with err: {error}") from error
            whole = together(whole, grant)
        return whole

    def statuses(self, pod: Pod, container: Container) -> tuple[ResourceStatus, ...]:
        """The devices of a container, and how they are (KEP-4680): what no plug-in calls healthy is not."""
        grants = self.ledger.of(pod.metadata.uid).get(container.name, {})
        return tuple(ResourceStatus(name=name, resources=self._health(name, ids)) for name, ids in by_resource(grants))

    def _health(self, name: str, ids: Collection[str]) -> tuple[ResourceHealth, ...]:
        healthy = self.resources.get(name, Resource()).offer.healthy
        return tuple(ResourceHealth(resource_id=id, health=HEALTHY if id in healthy else "Unhealthy") for id in ids)

    async def _allocated(self, pod: Pod) -> Containers:
        given: Containers = {}
        reusable: dict[str, frozenset[str]] = {}
        held: dict[str, frozenset[str]] = {}
        for container, again, name, count in wanted(pod, self.resources):
            resource, spare = self.resources[name], reusable.get(name, frozenset())
            taken = (self.ledger.taken(name) | held.get(name, frozenset())) - spare
            kept, free = candidates(name, count, replace(resource.offer, taken=taken), spare)
            preferred = await self._preferred(resource, count, kept, free)
            ids = chosen(count, kept, free, preferred)
            given.setdefault(container.name, {})[name] = await self._grant(name, resource, ids)
            held[name] = held.get(name, frozenset()) | set(ids)
            reusable[name] = spare | set(ids) if again else spare - set(ids)
        return given

    async def _preferred(self, resource: Resource, count: int, kept: list[str], free: list[str]) -> list[str]:
        if not resource.prefers or resource.caller is None or not free or len(kept) + len(free) == count:
            return []
        asked = {
            "available_deviceIDs": [*kept, *free],
            "must_include_deviceIDs": kept,
            "allocation_size": count,
        }
        try:
            answer = await resource.caller.call(wire.PREFER, container_requests=[asked])
        except CallFailed as error:
            raise NotAllocated(f"device plugin GetPreferredAllocation rpc failed with err: {error}") from error
        return [id for response in answer.container_responses[:1] for id in response.deviceIDs]

    async def _grant(self, name: str, resource: Resource, ids: list[str]) -> Grant:
        if resource.caller is None:
            raise NotAllocated(f"unknown Device Plugin {name}")
        try:
            answer = await resource.caller.call(wire.ALLOCATE, container_requests=[{"devices_ids": ids}])
        except CallFailed as error:
            raise NotAllocated(str(error)) from error
        if not answer.container_responses:
            raise NotAllocated(f"no containers return in allocation response {answer}")
        return granted(ids, answer.container_responses[0], self._real)

    # Plug-ins

    async def _register(self, request: Any) -> dict[str, Any]:
        if request.version != wire.VERSION:
            why = f'requested API version "{request.version}" is not supported by kubelet. Supported versions are '
            raise Refused("UNKNOWN", f'{why}["{wire.VERSION}"]')
        if not is_extended(request.resource_name):
            why = f"the ResourceName {request.resource_name!r} is invalid".replace("'", '"')
            raise Refused("UNKNOWN", why)
        assert self._tasks is not None
        if before := self._following.pop(request.resource_name, None):
            before.cancel()
        name = f"devices {request.resource_name}"
        self._following[request.resource_name] = self._tasks.create_task(self._follow(request), name=name)
        return {}

    async def _follow(self, request: Any) -> None:
        """Listen to a plug-in until it goes, or comes again."""
        name, caller = request.resource_name, SocketCaller(self._folder / request.endpoint, wire.DEVICES)
        options = request.options
        self.ledger.offer(name)
        resource = self.resources[name] = Resource(
            self.resources.get(name, Resource()).offer,
            caller=caller,
            prefers=options.get_preferred_allocation_available,
            prepares=options.pre_start_required,
        )
        try:
            for attempt in range(TRIES):
                if await self._listen(name, resource, caller):
                    break
                await self._clock.sleep(0.05 * 2**attempt)
        finally:
            await caller.close()
        resource.caller = None
        resource.offer = replace(resource.offer, healthy=frozenset())
        self.changed()
        await self._clock.sleep(KEPT)
        resource.offer = NOTHING
        self.changed()

    async def _listen(self, name: str, resource: Resource, caller: SocketCaller) -> bool:
        """Hear what a plug-in says until it goes; whether it said anything."""
        heard = False
        try:
            async for answer in caller.stream(wire.LIST):
                heard = True
                self._take_in(resource, answer.devices)
        except CallFailed as error:
            log.info("the device plug-in for %s does not answer: %s", name, error)
        return heard

    def _take_in(self, resource: Resource, devices: Collection[Any]) -> None:
        known = frozenset(d.ID for d in devices)
        resource.offer = Offer(known, frozenset(d.ID for d in devices if d.health == HEALTHY))
        resource.nodes = {d.ID: tuple(node.ID for node in d.topology.nodes) for d in devices}
        self.changed()


def granted(ids: list[str], answer: Any, real: Callable[[str], str]) -> Grant:
    """What a plug-in says that a container needs besides."""
    return Grant(
        tuple(ids),
        dict(answer.envs),
        tuple(
            Mount(container_path=m.container_path, host_path=real(m.host_path), readonly=m.read_only)
            for m in answer.mounts
        ),
        tuple(
            Device(container_path=d.container_path, host_path=real(d.host_path), permissions=d.permissions)
            for d in answer.devices
        ),
        dict(answer.annotations),
        tuple(d.name for d in answer.cdi_devices),
    )


def together(one: Grant, other: Grant) -> Grant:
    """What a container with both gets."""
    return Grant(
        one.ids + other.ids,
        one.env | other.env,
        one.mounts + tuple(m for m in other.mounts if m not in one.mounts),
        one.devices + tuple(d for d in other.devices if d not in one.devices),
        one.annotations | other.annotations,
        tuple(dict.fromkeys(one.cdi + other.cdi)),
    )


def by_resource(grants: Mapping[str, Grant]) -> list[tuple[str, tuple[str, ...]]]:
    """(resource, devices), in the order of names."""
    return [(name, grants[name].ids) for name in sorted(grants)]
