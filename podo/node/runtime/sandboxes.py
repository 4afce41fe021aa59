"""The life of sandboxes: namespaces, files and network, and what is written down of them."""

import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from podo.clock import Clock
from podo.network.base import NetworkFailure, PodNetwork, PodSandbox
from podo.node.finishing import in_thread
from podo.node.mounts import unmount_quietly
from podo.node.runtime.base import NoSuchSandbox, RuntimeFailure
from podo.node.runtime.config import DNSConfig, NamespaceMode, SandboxConfig
from podo.node.runtime.folders import Folders
from podo.node.runtime.namespaces import USER, drop_namespaces, has_namespaces, make_namespaces, mount_shm
from podo.node.runtime.observed import ObservedSandbox, SandboxState
from podo.node.runtime.pause import start_pause, stop_pause
from podo.node.runtime.processes import Process
from podo.node.runtime.records import SandboxRecord, boot_id, read_records, write_record
from podo.node.runtime.spec import SandboxPaths

POD, NODE = NamespaceMode.POD, NamespaceMode.NODE
HOST_RESOLV_CONF = Path("/etc/resolv.conf")


def new_id() -> str:
    """A sandbox's or container's: 64 hex digits."""
    return secrets.token_hex(32)


def resolv_conf(dns: DNSConfig) -> str:
    """The text of resolv.conf(5)."""
    lines = [f"search {' '.join(dns.searches)}"] if dns.searches else []
    lines += [f"nameserver {server}" for server in dns.servers]
    lines += [f"options {' '.join(dns.options)}"] if dns.options else []
    return "".join(f"{line}\n" for line in lines)


def own_namespaces(config: SandboxConfig) -> tuple[str, ...]:
    """The namespaces that a sandbox has for itself and keeps by path."""
    kinds = ["network"] if config.namespaces.network is POD else []
    kinds += ["ipc"] if config.namespaces.ipc is POD else []
    kinds += ["uts"] if config.hostname or config.namespaces.network is POD else []
    return tuple(kinds)


def _kept(config: SandboxConfig) -> tuple[str, ...]:
    """All that is kept by path but a shared PID namespace."""
    return own_namespaces(config) + ((USER,) if config.namespaces.users else ())


class SandboxLife:
    """Makes, stops and removes sandboxes, and knows those of before a restart."""

    def __init__(self, folders: Folders, network: PodNetwork, clock: Clock, ids: Callable[[], str] = new_id) -> None:
        self._folders, self._network, self._clock, self._new_id = folders, network, clock, ids
        self._boot = boot_id()
        self.records: dict[str, SandboxRecord] = {}

    def recover(self) -> None:
        """Read what there is. A sandbox without its namespaces (a reboot, a crash half-way) is not ready."""
        records, leftovers = read_records(self._folders.sandboxes, SandboxRecord)
        for record in records:
            whole = record.boot == self._boot and has_namespaces(
                self._folders.namespaces / record.id, _kept(record.config)
            )
            if record.ready and not whole:
                record = msgspec.structs.replace(record, ready=False)
                write_record(self._folders.sandboxes / record.id, record)
            self.records[record.id] = record
        for folder in leftovers:
            unmount_quietly(folder / "shm")
            shutil.rmtree(folder, ignore_errors=True)
        for folder in list(self._folders.namespaces.iterdir()):
            if folder.name not in self.records:
                drop_namespaces(folder)
                shutil.rmtree(folder, ignore_errors=True)

    def get(self, sandbox_id: str) -> SandboxRecord:
        """Raises NoSuchSandbox."""
        if record := self.records.get(sandbox_id):
            return record
        raise NoSuchSandbox(f"no sandbox {sandbox_id}")

    async def run(self, config: SandboxConfig) -> str:
        """Make one. On failure, and when cancelled, nothing is left of it."""
        record = SandboxRecord(id=self._new_id(), config=config, created_at=self._clock.now(), boot=self._boot)
        try:
            pause = await in_thread(self._make, record)
            ips: tuple[str, ...] = ()
            if config.namespaces.network is POD:
                ips = await self._network.setup(self._link(record))
        except BaseException as error:
            await self._unmake(record)
            shutil.rmtree(self._folders.sandboxes / record.id, ignore_errors=True)
            if isinstance(error, NetworkFailure):
                raise RuntimeFailure(f"failed to setup network for sandbox {record.id!r}: {error}") from error
            if isinstance(error, OSError):
                raise RuntimeFailure(f"failed to create sandbox {record.id!r}: {error}") from error
            raise
        self._save(
            msgspec.structs.replace(record, ready=True, ips=ips, pause_pid=pause.pid, pause_started=pause.started)
        )
        return record.id

    async def stop(self, sandbox_id: str) -> None:
        """Take network and namespaces away; its containers have been killed by then. May be repeated."""
        record = self.records.get(sandbox_id)
        if record is None:
            return
        await self._unmake(record)
        if record.ready and sandbox_id in self.records:
            self._save(msgspec.structs.replace(record, ready=False))

    async def remove(self, sandbox_id: str) -> None:
        """Stop it and forget it."""
        await self.stop(sandbox_id)
        await in_thread(shutil.rmtree, self._folders.sandboxes / sandbox_id, ignore_errors=True)
        self.records.pop(sandbox_id, None)

    def network_namespace(self, record: SandboxRecord) -> Path | None:
        """Where its network is bound; None with the node's network."""
        own = record.config.namespaces.network is POD
        return self._folders.namespaces / record.id / "network" if own else None

    def paths(self, record: SandboxRecord) -> SandboxPaths:
        """What its containers' specifications need."""
        config, folder = record.config, self._folders.sandboxes / record.id
        namespaces = self._folders.namespaces / record.id
        kinds = _kept(config) + (("pid",) if config.namespaces.pid is POD else ())
        return SandboxPaths(
            namespaces={kind: str(namespaces / kind) for kind in kinds},
            cgroup="/" + config.cgroup_parent.strip("/"),
            hostname=config.hostname or os.uname().nodename,
            host_pid=config.namespaces.pid is NODE,
            host_network=config.namespaces.network is NODE,
            files={f"/etc/{name}": str(folder / name) for name in ("resolv.conf", "hostname")},
            shm=str(folder / "shm") if config.namespaces.ipc is POD else "",
            users=config.namespaces.users,
        )

    def _make(self, record: SandboxRecord) -> Process:
        """All but the network; the pause process, or (0, 0) without one. Blocks."""
        config, folder = record.config, self._folders.sandboxes / record.id
        folder.mkdir(mode=0o711)
        write_record(folder, record)
        dns = resolv_conf(config.dns) if config.dns else _host_resolv_conf()
        (folder / "resolv.conf").write_text(dns)
        (folder / "hostname").write_text((config.hostname or os.uname().nodename) + "\n")
        if config.log_directory:
            os.makedirs(config.log_directory, mode=0o755, exist_ok=True)
        if config.namespaces.ipc is POD:
            mount_shm(folder / "shm")
        namespaces = self._folders.namespaces / record.id
        kinds, users = own_namespaces(config), config.namespaces.users
        make_namespaces(namespaces, kinds, hostname=config.hostname, sysctls=config.sysctls, users=users)
        if config.namespaces.pid is not POD:
            return Process(0, 0)
        return start_pause(namespaces / "pid", namespaces / USER if users else None)

    async def _unmake(self, record: SandboxRecord) -> None:
        if record.config.namespaces.network is POD:
            await self._network.teardown(self._link(record))
        await in_thread(self._drop, record)

    def _drop(self, record: SandboxRecord) -> None:
        if record.pause_pid:
            stop_pause(Process(record.pause_pid, record.pause_started))
        folder = self._folders.namespaces / record.id
        drop_namespaces(folder)
        shutil.rmtree(folder, ignore_errors=True)
        unmount_quietly(self._folders.sandboxes / record.id / "shm")

    def _link(self, record: SandboxRecord) -> PodSandbox:
        return pod_sandbox(record.config, record.id, self._folders.namespaces / record.id / "network")

    def _save(self, record: SandboxRecord) -> None:
        write_record(self._folders.sandboxes / record.id, record)
        self.records[record.id] = record


def pod_sandbox(config: SandboxConfig, sandbox_id: str, netns: Path) -> PodSandbox:
    """A sandbox as the network is told of it."""
    return PodSandbox(
        id=sandbox_id,
        netns=netns,
        namespace=config.namespace,
        name=config.name,
        uid=config.uid,
        port_mappings=config.port_mappings,
        annotations=config.annotations,
    )


def observed_sandbox(record: SandboxRecord) -> ObservedSandbox:
    """A record as callers see it."""
    config = record.config
    return ObservedSandbox(
        id=record.id,
        name=config.name,
        namespace=config.namespace,
        uid=config.uid,
        attempt=config.attempt,
        state=SandboxState.READY if record.ready else SandboxState.NOT_READY,
        created_at=record.created_at,
        ips=record.ips,
        host_network=config.namespaces.network is NODE,
        labels=config.labels,
        annotations=config.annotations,
        runtime_handler=config.runtime_handler,
    )


def _host_resolv_conf() -> str:
    try:
        return HOST_RESOLV_CONF.read_text()
    except FileNotFoundError:
        return ""
