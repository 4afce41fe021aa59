"""A runtime that speaks CRI, as ours. What a container is lies with the runtime; what it was asked to be, with us."""

import asyncio
import math
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from podo.clock import Clock
from podo.network.base import PodSandbox
from podo.network.cni.door import PodDoor
from podo.node.cgroups.base import Cgroups
from podo.node.runtime import log_place
from podo.node.runtime.base import Connection, NoSuchContainer, NoSuchSandbox, RuntimeFailure, StartFailed, WrongState
from podo.node.runtime.config import ContainerConfig, ExecConfig, LinuxResources, SandboxConfig
from podo.node.runtime.containers import merge_resources
from podo.node.runtime.cri import reading, requests
from podo.node.runtime.cri.calls import CRI, NOT_FOUND, failure
from podo.node.runtime.cri.mirror import Container, Mirror, Sandbox
from podo.node.runtime.cri.streams import Dial, RemoteSession, open_command, open_port
from podo.node.runtime.forward import connect_to_port
from podo.node.runtime.observed import (
    ContainerEvent,
    ContainerState,
    ExecResult,
    Observation,
    SandboxState,
    SandboxStats,
)
from podo.node.runtime.sandboxes import pod_sandbox
from podo.node.runtime.stats import network_of
from podo.rpc.caller import CallFailed

CREATED, RUNNING, EXITED = ContainerState.CREATED, ContainerState.RUNNING, ContainerState.EXITED
UNSTARTABLE = ("failed to start exec", "OCI runtime exec failed", "executable file not found", "no such file or dir")
SLOW = 240.0  # seconds for what may have to wait for a disk


@dataclass(frozen=True)
class CRIConfig:
    """`state` is where records go; `marks` are the labels of all that is this node's in the runtime called `name`."""

    state: Path
    marks: Mapping[str, str]
    name: str = "cri"
    users: bool = False  # whether the runtime can make user namespaces


class CRIRuntime:
    """Implements `Runtime`. Use as a context: leaving lets everything run on.

    `door` links the Pods of which the runtime's network plug-in tells; `dial` connects to the runtime's streams.
    """

    def __init__(
        self, config: CRIConfig, cri: CRI, door: PodDoor, clock: Clock, *, cgroups: Cgroups, dial: Dial
    ) -> None:
        self._config, self._cri, self._door, self._clock = config, cri, door, clock
        self._cgroups, self._dial = cgroups, dial
        self._mirror = Mirror(cri, config.marks, config.state, clock, config.name)
        self._working: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._mirror.recover()
        except CallFailed as error:
            raise RuntimeFailure(f"the container runtime cannot be asked: {error}") from error
        for sandbox in self._mirror.sandboxes.values():
            self._door.expect(self._link(sandbox.config))
        self._working = asyncio.create_task(self._mirror.run(), name="what the runtime has")
        return self

    async def __aexit__(self, *error: object) -> None:
        assert self._working
        self._working.cancel()
        await asyncio.gather(self._working, return_exceptions=True)

    def report(self, complains: Callable[[str], None]) -> None:
        """Call `complains` with why the runtime does not answer, and with "" when it does again."""
        self._mirror.complains = complains

    # Sandboxes

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        if config.namespaces.users and not self._config.users:
            raise RuntimeFailure("the container runtime does not support user namespaces")
        if config.log_directory:
            os.makedirs(config.log_directory, mode=0o755, exist_ok=True)
        self._door.expect(self._link(config))
        try:
            answer = await self._cri.call(
                "RunPodSandbox",
                limit=SLOW,
                config=requests.sandbox(config, self._config.marks),
                runtime_handler=config.runtime_handler,
            )
            sandbox_id: str = answer.pod_sandbox_id
            await self._mirror.add_sandbox(sandbox_id, config)
        except CallFailed as error:
            raise failure(error) from error
        return sandbox_id

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        await self._quietly("StopPodSandbox", pod_sandbox_id=sandbox_id)
        if sandbox_id in self._mirror.sandboxes:
            for container in self._mirror.of(sandbox_id):
                if container.seen.state is CREATED:
                    self._mirror.give_up(container.seen.id)
            await self._look(self._mirror.look_at_sandbox(sandbox_id))

    async def remove_pod_sandbox(self, sandbox_id: str) -> None:
        await self.stop_pod_sandbox(sandbox_id)
        await self._quietly("RemovePodSandbox", pod_sandbox_id=sandbox_id)
        known = self._mirror.sandboxes.get(sandbox_id)
        self._mirror.forget_sandbox(sandbox_id)
        if known and not any(s.config.uid == known.config.uid for s in self._mirror.sandboxes.values()):
            self._door.forget(known.config.uid)

    # Containers

    async def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        sandbox = self._sandbox(sandbox_id)
        if sandbox.seen.state is not SandboxState.READY:
            raise WrongState(f"sandbox {sandbox_id} is not ready")
        for mount in config.mounts:
            if not os.path.exists(mount.host_path):
                raise RuntimeFailure(f'failed to stat "{mount.host_path}": no such file or directory')
        marks = self._config.marks
        try:
            answer = await self._cri.call(
                "CreateContainer",
                limit=SLOW,
                pod_sandbox_id=sandbox_id,
                config=requests.container(config, sandbox.config, config.image, marks),
                sandbox_config=requests.sandbox(sandbox.config, marks),
            )
            container_id: str = answer.container_id
            await self._mirror.add_container(container_id, sandbox_id, config)
        except CallFailed as error:
            raise failure(error) from error
        return container_id

    async def start_container(self, container_id: str) -> None:
        container = self._container(container_id)
        if container.seen.state is not CREATED:
            raise WrongState(f"container {container_id} is {container.seen.state.value}, not created")
        try:
            if log := container.seen.log_path:
                await asyncio.to_thread(log_place.prepare, Path(log))
            await self._cri.call("StartContainer", limit=SLOW, container_id=container_id)
        except CallFailed as error:
            await self._look(self._mirror.look(container_id))
            if container.seen.state is EXITED:
                raise StartFailed(container.seen.message or error.details) from error
            raise failure(error, container=container_id) from error
        await self._look(self._mirror.look(container_id))

    async def stop_container(self, container_id: str, timeout: float) -> None:
        container = self._mirror.containers.get(container_id)
        if container is None or container.seen.state is EXITED:
            return
        if container.seen.state is CREATED:
            self._mirror.give_up(container_id)
            return
        seconds = math.ceil(timeout)
        await self._quietly("StopContainer", limit=None, container_id=container_id, timeout=seconds)
        await self._look(self._mirror.look(container_id))

    async def remove_container(self, container_id: str) -> None:
        await self.stop_container(container_id, 0)
        await self._quietly("RemoveContainer", container_id=container_id)
        self._mirror.forget_container(container_id)

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None:
        container = self._container(container_id)
        if container.seen.state not in (CREATED, RUNNING):
            raise WrongState(f"container {container_id} has exited")
        try:
            await self._cri.call(
                "UpdateContainerResources", container_id=container_id, linux=requests.resources(resources)
            )
        except CallFailed as error:
            raise failure(error, container=container_id) from error
        merged = merge_resources(container.config.resources, resources)
        self._mirror.change_container(container_id, replace(container.config, resources=merged))

    # Observing

    async def observe(self) -> Observation:
        sandboxes = sorted((s.seen for s in self._mirror.sandboxes.values()), key=lambda s: (s.created_at, s.id))
        containers = sorted((c.seen for c in self._mirror.containers.values()), key=lambda c: (c.created_at, c.id))
        return Observation(tuple(sandboxes), tuple(containers))

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[ContainerEvent]]:
        return self._mirror.events.subscribe()

    async def stats(self) -> tuple[SandboxStats, ...]:
        now = self._clock.now()
        try:
            answer = await self._cri.call("ListContainerStats", filter={"label_selector": dict(self._config.marks)})
        except CallFailed as error:
            raise failure(error) from error
        found = {each.attributes.id: each for each in answer.stats}
        stats = []
        for sandbox in list(self._mirror.sandboxes.values()):
            if sandbox.seen.state is not SandboxState.READY:
                continue
            running = [c.seen for c in self._mirror.of(sandbox.seen.id) if c.seen.state is RUNNING]
            group = await asyncio.to_thread(self._cgroups.stats, sandbox.config.cgroup_parent, now)
            stats.append(
                SandboxStats(
                    sandbox_id=sandbox.seen.id,
                    pod_uid=sandbox.config.uid,
                    cpu=group.cpu,
                    memory=group.memory,
                    network=network_of([c.pid for c in running if c.pid], now),
                    process_count=group.process_count,
                    containers=tuple(reading.stats(found[c.id], now, c.started_at) for c in running if c.id in found),
                )
            )
        return tuple(stats)

    # Streaming

    async def exec_sync(self, container_id: str, command: tuple[str, ...], timeout: float = 0) -> ExecResult:
        self._running(container_id)
        try:
            answer = await self._cri.call(
                "ExecSync", limit=None, container_id=container_id, cmd=command, timeout=math.ceil(timeout)
            )
        except CallFailed as error:
            if error.code == "DEADLINE_EXCEEDED":
                raise TimeoutError(f"command timed out after {timeout:g}s") from error
            if any(words in error.details for words in UNSTARTABLE):
                raise StartFailed(error.details) from error
            raise failure(error, container=container_id) from error
        return ExecResult(answer.exit_code, answer.stdout, answer.stderr)

    async def exec(self, container_id: str, config: ExecConfig) -> RemoteSession:
        self._running(container_id)
        names = {"stdin": config.stdin, "stdout": config.stdout, "stderr": config.stderr and not config.tty}
        try:
            answer = await self._cri.call(
                "Exec", container_id=container_id, cmd=config.command, tty=config.tty, **names
            )
        except CallFailed as error:
            raise failure(error, container=container_id) from error
        return await open_command(answer.url, names, tty=config.tty, dial=self._dial)

    async def attach(self, container_id: str, *, stdin: bool = False) -> RemoteSession:
        config = self._running(container_id).config
        names = {"stdin": stdin and config.stdin, "stdout": True, "stderr": not config.tty}
        try:
            answer = await self._cri.call("Attach", container_id=container_id, tty=config.tty, **names)
        except CallFailed as error:
            raise failure(error, container=container_id) from error
        return await open_command(answer.url, names, tty=config.tty, dial=self._dial)

    async def port_forward(self, sandbox_id: str, port: int) -> Connection:
        if self._sandbox(sandbox_id).seen.state is not SandboxState.READY:
            raise WrongState(f"sandbox {sandbox_id} is not ready")
        try:
            status = await self._cri.call("PodSandboxStatus", pod_sandbox_id=sandbox_id, verbose=True)
            if netns := reading.netns(status.info):
                return await connect_to_port(Path(netns), port)
            answer = await self._cri.call("PortForward", pod_sandbox_id=sandbox_id, port=[port])
        except CallFailed as error:
            raise failure(error, sandbox=sandbox_id) from error
        return await open_port(answer.url, port, dial=self._dial)

    async def reopen_container_log(self, container_id: str) -> None:
        self._running(container_id)
        try:
            await self._cri.call("ReopenContainerLog", container_id=container_id)
        except CallFailed as error:
            raise failure(error, container=container_id) from error

    # Inside

    async def _quietly(self, method: str, limit: float | None = SLOW, **fields: object) -> None:
        """Call about what may be gone. Raises RuntimeFailure for other failures."""
        try:
            await self._cri.call(method, limit=limit, **fields)
        except CallFailed as error:
            if error.code != NOT_FOUND:
                raise failure(error) from error

    def _link(self, config: SandboxConfig) -> PodSandbox:
        return pod_sandbox(config, "", Path())

    async def _look(self, looking: Awaitable[None]) -> None:
        try:
            await looking
        except CallFailed as error:
            raise failure(error) from error

    def _sandbox(self, sandbox_id: str) -> Sandbox:
        if sandbox := self._mirror.sandboxes.get(sandbox_id):
            return sandbox
        raise NoSuchSandbox(f"no sandbox {sandbox_id}")

    def _container(self, container_id: str) -> Container:
        if container := self._mirror.containers.get(container_id):
            return container
        raise NoSuchContainer(f"no container {container_id}")

    def _running(self, container_id: str) -> Container:
        container = self._container(container_id)
        if container.seen.state is not RUNNING:
            raise WrongState(f"container {container_id} is not running")
        return container
