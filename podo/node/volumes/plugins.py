"""Drivers that register themselves: a socket appears in the plug-in folder, and the driver is this node's from then on.

The folder is the kubelet's (`/var/lib/kubelet`), so that drivers' Pods work as they are. Local nodes share a machine:
each has a folder of its own, which its Pods see under the usual path.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from msgspec.structs import replace

from podo.api.errors import AlreadyExists, APIError
from podo.api.types.core_v1 import Node
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.api.types.storage_v1 import CSINode, CSINodeDriver, CSINodeSpec, VolumeNodeResources
from podo.client.base import MERGE_PATCH, Client, Key, Patch, find
from podo.clock import Clock
from podo.node import syscalls
from podo.node.claims.drivers import PluginRefused
from podo.node.mounts import mounts_below
from podo.node.runtime.exits import CHANGES, IN_CREATE, watch_folder
from podo.storage.csi.client import SocketCaller
from podo.storage.csi.node import SocketNode
from podo.storage.drivers import DriverFailure, NodeDriver

KUBELET = Path("/var/lib/kubelet")
NODE_IDS = "csi.volume.kubernetes.io/nodeid"
CDI = tuple(Path(path) for path in ("/etc/cdi", "/var/run/cdi"))
RUNNING_CDI = (Path("/var/run/cdi"), Path("/run/cdi"))
BARE_EVERY = 2.0  # seconds between looks for drivers that nobody registers
TRIES = 8  # of a registration, each after twice as long
log = logging.getLogger(__name__)


class KubeletFolder:
    """Where drivers find what they know from the kubelet: at its usual path, or at another that Pods see there."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @property
    def registry(self) -> Path:
        return self.root / "plugins_registry"

    def make(self) -> None:
        """Make it, so that mounts which drivers make in their containers are seen here too (blocking)."""
        for name in ("plugins_registry", "plugins", "pods", *([] if self.root == KUBELET else ["cdi"])):
            (self.root / name).mkdir(parents=True, exist_ok=True)
        if self.root != KUBELET and str(self.root) not in mounts_below(self.root):
            syscalls.mount(str(self.root), self.root, "", syscalls.MS_BIND)
            syscalls.mount("", self.root, "", syscalls.MS_SHARED)

    @property
    def cdi(self) -> tuple[Path, ...]:
        """Where specifications of devices are: the machine's, and what this node's own drivers say."""
        return CDI if self.root == KUBELET else (*CDI, self.root / "cdi")

    def real(self, path: str) -> str:
        """A path that a Pod or driver names, on this machine. What drivers of local nodes say of devices is apart."""
        for folder in RUNNING_CDI if self.root != KUBELET else ():
            if Path(path).is_relative_to(folder):
                return str(self.root / "cdi" / Path(path).relative_to(folder))
        inside = Path(path).is_relative_to(KUBELET)
        return str(self.root / Path(path).relative_to(KUBELET)) if inside else path

    def usual(self, path: Path) -> Path:
        """A path in this folder, as a driver in a Pod sees it."""
        return KUBELET / path.relative_to(self.root) if path.is_relative_to(self.root) else path


class Taker(Protocol):
    """Who has to do with another type of plug-ins."""

    async def take_in(self, name: str, endpoint: str, versions: Sequence[str]) -> None:
        """One has registered. Raises PluginRefused."""
        ...

    async def gone(self, name: str, endpoint: str) -> None:
        """One has taken its socket away."""
        ...


class Plugins:
    """Keeps `drivers` and the node's CSINode in step with the sockets that there are."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        folder: KubeletFolder,
        node: str,
        takers: Mapping[str, Taker] | None = None,
        bare: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`takers` are for other types of plug-ins than storage drivers; `bare` are drivers without side-cars."""
        self._client, self._clock, self.folder, self._node = client, clock, folder, node
        self.drivers: dict[str, NodeDriver] = {}
        self.callers: dict[str, SocketCaller] = {}  # of drivers behind sockets
        self._takers = takers or {}
        self._registered: dict[str, Callable[[], Awaitable[None]]] = {}  # by socket: what to do when it goes
        self._own: list[CSINodeDriver] = []
        self._bare = bare

    def add_own(self, driver: NodeDriver) -> None:
        """A driver that is part of podo."""
        self.drivers[driver.name] = driver
        self._own.append(CSINodeDriver(name=driver.name, node_id=self._node))

    def add_built_in(self, driver: NodeDriver) -> None:
        """What brings volumes of a kind that Kubernetes itself knows: no CSINode tells of it."""
        self.drivers[driver.name] = driver

    async def run(self) -> None:
        """Follow the sockets until cancelled."""
        changed = asyncio.Event()
        with watch_folder(self.folder.registry, lambda name: changed.set(), CHANGES | IN_CREATE):
            await self._again(self._announce_own)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._look_for_bare())
                while True:
                    changed.clear()
                    await self._follow()
                    await changed.wait()

    async def _look_for_bare(self) -> None:
        """Take in drivers that nobody registers, once their sockets are where drivers have them."""
        taken: set[str] = set()
        while True:
            for name in self._bare():
                there = (self.folder.root / "plugins" / name / "csi.sock").is_socket()
                if there and name not in self.drivers:
                    await self._again(partial(self._take_in, name, str(KUBELET / "plugins" / name / "csi.sock")))
                    taken.add(name)
                elif not there and name in taken:
                    taken.discard(name)
                    await self._gone(name)
            await self._clock.sleep(BARE_EVERY)

    async def _announce_own(self) -> None:
        for driver in self._own:
            await self._announce(driver)

    async def _follow(self) -> None:
        there = {p.name for p in self.folder.registry.iterdir() if p.is_socket()}
        for name in self._registered.keys() - there:
            await self._registered.pop(name)()
        for name in sorted(there - self._registered.keys()):
            await self._again(partial(self._register, name))

    async def _again(self, step: Callable[[], Any]) -> None:
        """Do it, with patience for what is only starting."""
        for attempt in range(TRIES):
            try:
                await step()
            except (DriverFailure, APIError) as error:
                log.info("driver registration: %s", error)
                await self._clock.sleep(0.1 * 2**attempt)
            else:
                return

    async def _register(self, name: str) -> None:
        """Ask who it is, take it in, and tell it. Raises DriverFailure, APIError."""
        if not (self.folder.registry / name).is_socket():
            return
        registrar = SocketCaller(self.folder.registry / name)
        try:
            info = await registrar.call("/pluginregistration.Registration/GetInfo")
            notify = "/pluginregistration.Registration/NotifyRegistrationStatus"
            endpoint = info.endpoint or str(self.folder.registry / name)
            try:
                self._registered[name] = await self._take(info, endpoint)
            except PluginRefused as error:
                log.warning("plug-in %s: %s", name, error)
                self._registered[name] = _nothing
                await registrar.call(notify, plugin_registered=False, error=str(error))
            else:
                await registrar.call(notify, plugin_registered=True)
        finally:
            await registrar.close()

    async def _take(self, info: Any, endpoint: str) -> Callable[[], Awaitable[None]]:
        """Take a plug-in in; what to do when it goes. Raises PluginRefused."""
        if (taker := self._takers.get(info.type)) is not None:
            await taker.take_in(info.name, endpoint, list(info.supported_versions))
            return partial(taker.gone, info.name, endpoint)
        if info.type != "CSIPlugin":
            raise PluginRefused(f"plug-ins of type {info.type} are not known")
        await self._take_in(info.name, endpoint)
        return partial(self._gone, info.name)

    async def _gone(self, driver: str) -> None:
        self.drivers.pop(driver, None)
        self.callers.pop(driver, None)
        log.info("driver %s is gone", driver)
        await self._again(partial(self._withdraw, driver))

    async def _take_in(self, name: str, endpoint: str) -> None:
        caller = SocketCaller(Path(self.folder.real(endpoint)))
        answer = await caller.call("/csi.v1.Node/NodeGetCapabilities")
        capabilities = frozenset(c.rpc.type for c in answer.capabilities)
        about = await caller.call("/csi.v1.Node/NodeGetInfo")
        self.callers[name] = caller
        in_pod = Path(endpoint).is_relative_to(KUBELET) and self.folder.root != KUBELET
        self.drivers[name] = SocketNode(name, caller, capabilities, self.folder.usual if in_pod else lambda p: p)
        places = dict(about.accessible_topology.segments)
        most = about.max_volumes_per_node
        driver = CSINodeDriver(
            name=name,
            node_id=about.node_id,
            topology_keys=tuple(sorted(places)),
            allocatable=VolumeNodeResources(count=most) if most else None,
        )
        await self._label(name, about.node_id, places)
        await self._announce(driver)
        log.info("driver %s is here, as node %s", name, about.node_id)

    async def _label(self, driver: str, node_id: str, places: dict[str, str]) -> None:
        key = Key("", self._node)
        node = await self._client.get(Node, key)
        known = node.metadata.annotations.get(NODE_IDS, "")
        ids = merged_ids(known, driver, node_id)
        if ids != known or any(node.metadata.labels.get(k) != v for k, v in places.items()):
            body = {"metadata": {"annotations": {NODE_IDS: ids}, "labels": places}}
            await self._client.patch(Node, key, Patch(media_type=MERGE_PATCH, body=body))

    async def _announce(self, driver: CSINodeDriver) -> None:
        await self._change(lambda drivers: (*(d for d in drivers if d.name != driver.name), driver))

    async def _withdraw(self, name: str) -> None:
        await self._change(lambda drivers: tuple(d for d in drivers if d.name != name))

    async def _change(self, change: Callable[[tuple[CSINodeDriver, ...]], tuple[CSINodeDriver, ...]]) -> None:
        """Change the drivers of the node's CSINode, which is made if need be."""
        key = Key("", self._node)
        found = await find(self._client, CSINode, key)
        if found is None:
            node = await self._client.get(Node, key)
            owner = OwnerReference(api_version="v1", kind="Node", name=self._node, uid=node.metadata.uid)
            meta = ObjectMeta(name=self._node, owner_references=(owner,))
            try:
                await self._client.create(CSINode(metadata=meta, spec=CSINodeSpec(drivers=change(()))))
            except AlreadyExists:
                await self._change(change)
            return
        wanted = change(found.spec.drivers)
        if wanted != found.spec.drivers:
            await self._client.update(replace(found, spec=replace(found.spec, drivers=wanted)))


async def _nothing() -> None:
    """For a plug-in that was refused."""


def merged_ids(known: str, driver: str, node_id: str) -> str:
    """The node's annotation with the ids that drivers know it by (JSON), with one more."""
    import msgspec

    try:
        ids = msgspec.json.decode(known, type=dict[str, str]) if known else {}
    except msgspec.DecodeError:
        ids = {}
    return msgspec.json.encode(dict(sorted((ids | {driver: node_id}).items()))).decode()
