"""A runtime that speaks CRI, composed for a node: asked what it is, and told to link Pods by podo."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from podo.api.types.core_v1 import NodeRuntimeHandler, NodeRuntimeHandlerFeatures
from podo.clock import Clock
from podo.network.base import PodNetwork
from podo.network.cni.door import PodDoor, install
from podo.node import syscalls
from podo.node.backends import Backend
from podo.node.cgroups.base import Cgroups
from podo.node.config import AgentConfig
from podo.node.images.base import ImageFailure
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.cri.calls import CLUSTER, NODE, SocketCRI, socket_of
from podo.node.runtime.cri.images import CRIImages
from podo.node.runtime.cri.runtime import CRIConfig, CRIRuntime
from podo.node.runtime.cri.streams import Dial
from podo.rpc.caller import CallFailed

IMAGES_EVERY = 5.0  # seconds between looks at the images: CRI does not tell of them
SYSTEMD = 0  # the cgroup driver that podo's own groups do not go with
CONFIGURATIONS, PROGRAMS = Path("/etc/cni/net.d"), Path("/opt/cni/bin")  # where a runtime does not say
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Told:
    """What a runtime tells of itself. `configurations` and `programs` are its folders for CNI."""

    name: str
    version: str
    handlers: tuple[NodeRuntimeHandler, ...] = ()
    by_systemd: bool = False
    configurations: Path = CONFIGURATIONS
    programs: Path = PROGRAMS

    @property
    def users(self) -> bool:
        """Whether it can make user namespaces."""
        return any(each.name == "" and each.features and each.features.user_namespaces for each in self.handlers)


async def open_cri(config: AgentConfig, clock: Clock) -> Backend:
    """Raises RuntimeFailure if the runtime does not answer, or has systemd make its cgroups."""
    address = socket_of(config.runtime)
    cri = SocketCRI(address)
    try:
        told = await ask(cri)
        filesystems = (await cri.image("ImageFsInfo")).image_filesystems
    except CallFailed as error:
        raise RuntimeFailure(f"no container runtime answers at {address}: {error}") from error
    if told.by_systemd:
        raise RuntimeFailure(f"{told.name} has systemd make its cgroups; podo needs SystemdCgroup = false")
    root = next((Path(each.fs_id.mountpoint) for each in filesystems), Path("/var/lib"))
    images = CRIImages(cri, root if root.exists() else Path("/var/lib"), clock, address)
    agents = config.run_dir.parents[2]  # of /run/podo/CLUSTER/nodes/NODE
    linked = await asyncio.to_thread(install, told.configurations, told.programs, agents, replaces=config.is_local)
    log.info("%s %s at %s; Pods are linked by %s", told.name, told.version, address, "podo" if linked else "CNI")
    listeners: list[Callable[[str], None]] = []

    def tell(complaint: str) -> None:
        for listener in listeners:
            listener(complaint)

    @asynccontextmanager
    async def run(network: PodNetwork, cgroups: Cgroups, cdi: tuple[Path, ...]) -> AsyncIterator[CRIRuntime]:
        settings = CRIConfig(
            state=config.state_dir / "cri",
            marks={CLUSTER: config.cluster, NODE: config.node_name},
            name=told.name,
            users=told.users,
        )
        door = PodDoor(config.run_dir / "cni", network)
        dial = dial_from(config.host_netns)
        async with door.open(), CRIRuntime(settings, cri, door, clock, cgroups=cgroups, dial=dial) as runtime:
            runtime.report(tell)
            yield runtime

    return Backend(
        version=f"{told.name}://{told.version}",
        images=images,
        run=run,
        watch_images=lambda changed: _watch(images, changed, clock),
        handlers=None,
        features=told.handlers,
        report_health=listeners.append,
    )


async def ask(cri: SocketCRI) -> Told:
    """Raises CallFailed."""
    version = await cri.call("Version", version="v1")
    status = await cri.call("Status", verbose=True)
    settings = _settings(status.info)
    by_systemd = _has_systemd(settings)
    try:
        by_systemd = (await cri.call("RuntimeConfig")).linux.cgroup_driver == SYSTEMD
    except CallFailed as error:
        if error.code != "UNIMPLEMENTED":
            raise
    cni = settings.get("cni") or {}
    programs = cni.get("binDir") or next(iter(cni.get("binDirs") or ()), "")
    return Told(
        name=version.runtime_name,
        version=version.runtime_version.removeprefix("v"),
        handlers=_handlers(status, settings),
        by_systemd=by_systemd,
        configurations=Path(cni.get("confDir") or CONFIGURATIONS),
        programs=Path(programs or PROGRAMS),
    )


def _settings(info: Any) -> dict[str, Any]:
    """containerd's configuration of CRI, from its verbose status; of others {}."""
    try:
        found = json.loads(info.get("config", "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _runtimes(settings: dict[str, Any]) -> dict[str, Any]:
    return (settings.get("containerd") or {}).get("runtimes") or {}


def _has_systemd(settings: dict[str, Any]) -> bool:
    return any((each.get("options") or {}).get("SystemdCgroup") is True for each in _runtimes(settings).values())


def _handlers(status: Any, settings: dict[str, Any]) -> tuple[NodeRuntimeHandler, ...]:
    told = tuple(
        NodeRuntimeHandler(
            name=each.name,
            features=NodeRuntimeHandlerFeatures(
                recursive_read_only_mounts=each.features.recursive_read_only_mounts,
                user_namespaces=each.features.user_namespaces,
            ),
        )
        for each in status.runtime_handlers
    )
    nothing = NodeRuntimeHandlerFeatures(recursive_read_only_mounts=False, user_namespaces=False)
    return told or tuple(NodeRuntimeHandler(name=name, features=nothing) for name in ("", *sorted(_runtimes(settings))))


def dial_from(netns: Path | None) -> Dial:
    """Connections from the network namespace that the runtime is in (None: our own)."""

    def connect(host: str, port: int) -> socket.socket:
        if netns is not None:
            with open(netns) as file:
                syscalls.setns(file.fileno(), syscalls.CLONE_NEWNET)
        return socket.create_connection((host, port))

    async def dial(host: str, port: int) -> socket.socket:
        made = await asyncio.to_thread(syscalls.in_own_thread, lambda: connect(host, port))
        made.setblocking(False)
        return made

    return dial


async def _watch(images: CRIImages, changed: Callable[[], None], clock: Clock) -> None:
    known = None
    while True:
        try:
            found = await images.list()
        except ImageFailure:
            found = known or ()
        if found != known:
            known = found
            changed()
        await clock.sleep(IMAGES_EVERY)
