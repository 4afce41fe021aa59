"""A runtime without processes: containers start, run and end by a `Clock`. For simulation and tests."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from typing import Self

from podo.clock import Clock
from podo.node.runtime.base import (
    Connection,
    NoSuchContainer,
    NoSuchSandbox,
    RuntimeFailure,
    Session,
    StartFailed,
    WrongState,
)
from podo.node.runtime.broadcast import EventBroadcast
from podo.node.runtime.config import ContainerConfig, ExecConfig, LinuxResources, NamespaceMode, SandboxConfig
from podo.node.runtime.fake_programs import Program, Programs, shell_words
from podo.node.runtime.fake_streams import FakeConnection, FakeSession
from podo.node.runtime.observed import (
    ContainerEvent,
    ContainerEventType,
    ContainerState,
    ContainerStats,
    CPUStats,
    ExecResult,
    MemoryStats,
    Observation,
    ObservedContainer,
    ObservedSandbox,
    SandboxState,
    SandboxStats,
)

CREATED, RUNNING, EXITED = ContainerState.CREATED, ContainerState.RUNNING, ContainerState.EXITED


@dataclass
class _Process:
    """A container's changing side."""

    config: ContainerConfig
    seen: ObservedContainer
    program: Program = field(default_factory=Program)
    exited: asyncio.Event = field(default_factory=asyncio.Event)
    timers: set[asyncio.Task[None]] = field(default_factory=set)
    sessions: list[FakeSession] = field(default_factory=list)


class FakeRuntime:
    """Use as a context. `programs` says what a command does; `new_ip` gives a sandbox its address.

    `listening` has the ports that answer (with an echo); `failures` makes the next call of a verb fail, once.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        programs: Programs = shell_words,
        new_id: Callable[[], str] | None = None,
        new_ip: Callable[[], str] | None = None,
    ) -> None:
        ids, ips = itertools.count(1), itertools.count(2)
        self._clock, self._programs = clock, programs
        self._new_id = new_id or (lambda: f"{next(ids):064x}")
        self._new_ip = new_ip or (lambda: "10.244.{}.{}".format(*divmod(next(ips), 256)))
        self.memory_usage = 0  # bytes, of each container
        self._sandboxes: dict[str, ObservedSandbox] = {}
        self._log_folders: dict[str, str] = {}  # by sandbox
        self._containers: dict[str, _Process] = {}
        self._events, self._tasks = EventBroadcast(), asyncio.TaskGroup()
        self.listening: set[tuple[str, int]] = set()
        self.failures: dict[str, RuntimeFailure] = {}

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        for container in self._containers.values():
            _cancel(container.timers)
        await self._tasks.__aexit__(None, None, None)

    # Sandboxes

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        self._fail_if_told("run_pod_sandbox")
        host = config.namespaces.network is NamespaceMode.NODE
        sandbox = ObservedSandbox(
            id=self._new_id(),
            name=config.name,
            namespace=config.namespace,
            uid=config.uid,
            attempt=config.attempt,
            state=SandboxState.READY,
            created_at=self._clock.now(),
            ips=() if host else (self._new_ip(),),
            host_network=host,
            labels=config.labels,
            annotations=config.annotations,
            runtime_handler=config.runtime_handler,
        )
        self._sandboxes[sandbox.id] = sandbox
        self._log_folders[sandbox.id] = config.log_directory
        return sandbox.id

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        self._fail_if_told("stop_pod_sandbox")
        if sandbox := self._sandboxes.get(sandbox_id):
            for container in self._of(sandbox_id):
                self._end(container, 137)
            self._sandboxes[sandbox_id] = replace(sandbox, state=SandboxState.NOT_READY)

    async def remove_pod_sandbox(self, sandbox_id: str) -> None:
        self._fail_if_told("remove_pod_sandbox")
        await self.stop_pod_sandbox(sandbox_id)
        for container in self._of(sandbox_id):
            await self.remove_container(container.seen.id)
        self._sandboxes.pop(sandbox_id, None)

    # Containers

    async def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        self._fail_if_told("create_container")
        sandbox = self._sandboxes.get(sandbox_id)
        if sandbox is None:
            raise NoSuchSandbox(f"no sandbox {sandbox_id}")
        if sandbox.state is not SandboxState.READY:
            raise WrongState(f"sandbox {sandbox_id} is not ready")
        seen = ObservedContainer(
            id=self._new_id(),
            sandbox_id=sandbox_id,
            pod_uid=sandbox.uid,
            name=config.name,
            attempt=config.attempt,
            state=CREATED,
            created_at=self._clock.now(),
            image=config.image_name,
            image_id=config.image,
            log_path=_log_path(self._log_folders.get(sandbox_id, ""), config.log_path),
            resources=config.resources,
            labels=config.labels,
            annotations=config.annotations,
        )
        container = self._containers[seen.id] = _Process(config, seen)
        self._tell(container, ContainerEventType.CREATED)
        return seen.id

    async def start_container(self, container_id: str) -> None:
        self._fail_if_told("start_container")
        container = self._get(container_id)
        if container.seen.state is not CREATED:
            raise WrongState(f"container {container_id} is {container.seen.state.value}, not created")
        container.program = self._programs(container.config, container.config.command + container.config.args)
        if container.program.error:
            self._end(container, 128, reason="StartError", message=container.program.error)
            raise StartFailed(container.program.error)
        container.seen = replace(container.seen, state=RUNNING, started_at=self._clock.now(), pid=1)
        self._tell(container, ContainerEventType.STARTED)
        if container.program.runs_for is not None:
            self._end_after(container, container.program.runs_for, container.program.exit_code)

    async def stop_container(self, container_id: str, timeout: float) -> None:
        self._fail_if_told("stop_container")
        container = self._containers.get(container_id)
        if container is None or container.seen.state is EXITED:
            return
        if container.seen.state is CREATED:
            self._end(container, 137)
            return
        if timeout > 0 and container.program.stops_in is not None:
            self._end_after(container, container.program.stops_in, container.program.stop_code)
        self._end_after(container, timeout, 137)
        await container.exited.wait()

    async def remove_container(self, container_id: str) -> None:
        self._fail_if_told("remove_container")
        if container := self._containers.get(container_id):
            self._end(container, 137)
            del self._containers[container_id]
            self._tell(container, ContainerEventType.DELETED)

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None:
        self._fail_if_told("update_container_resources")
        container = self._get(container_id)
        if container.seen.state not in (CREATED, RUNNING):
            raise WrongState(f"container {container_id} has exited")
        container.seen = replace(container.seen, resources=resources)

    # Observing

    async def observe(self) -> Observation:
        return Observation(tuple(self._sandboxes.values()), tuple(c.seen for c in self._containers.values()))

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[ContainerEvent]]:
        return self._events.subscribe()

    async def stats(self) -> tuple[SandboxStats, ...]:
        now = self._clock.now()
        cpu, memory = (
            CPUStats(at=now, usage_ns=0),
            MemoryStats(at=now, usage=self.memory_usage, working_set=self.memory_usage, rss=0),
        )
        return tuple(
            SandboxStats(
                sandbox_id=sandbox.id,
                pod_uid=sandbox.uid,
                cpu=cpu,
                memory=memory,
                containers=tuple(
                    ContainerStats(
                        container_id=c.seen.id, name=c.seen.name, attempt=c.seen.attempt, cpu=cpu, memory=memory
                    )
                    for c in self._of(sandbox.id)
                    if c.seen.state is RUNNING
                ),
            )
            for sandbox in self._sandboxes.values()
            if sandbox.state is SandboxState.READY
        )

    # Streaming

    async def exec_sync(self, container_id: str, command: tuple[str, ...], timeout: float = 0) -> ExecResult:
        program = self._exec(container_id, command)
        takes = float("inf") if program.runs_for is None else program.runs_for
        if timeout and takes > timeout:
            await self._clock.sleep(timeout)
            raise TimeoutError(f"command timed out after {timeout:g}s")
        if takes:
            await self._clock.sleep(takes)
        return ExecResult(program.exit_code, program.output)

    async def exec(self, container_id: str, config: ExecConfig) -> Session:
        program = self._exec(container_id, config.command)
        session = FakeSession(program.output, program.exit_code, echo=program.echo)
        self._containers[container_id].sessions.append(session)
        return session

    async def attach(self, container_id: str, *, stdin: bool = False) -> Session:
        container = self._running(container_id)
        session = FakeSession(b"", 0, echo=True)
        container.sessions.append(session)
        return session

    async def port_forward(self, sandbox_id: str, port: int) -> Connection:
        if sandbox_id not in self._sandboxes:
            raise NoSuchSandbox(f"no sandbox {sandbox_id}")
        if (sandbox_id, port) not in self.listening:
            raise RuntimeFailure(f"dial tcp4 127.0.0.1:{port}: connect: connection refused")
        return FakeConnection()

    async def reopen_container_log(self, container_id: str) -> None:
        self._running(container_id)

    # What a test or a simulation does to it

    def crash(self, container_id: str, exit_code: int = 137, *, oom: bool = False) -> None:
        """The container's process ends by itself."""
        self._end(self._get(container_id), exit_code, reason="OOMKilled" if oom else "")

    # Inside

    def _fail_if_told(self, verb: str) -> None:
        if failure := self.failures.pop(verb, None):
            raise failure

    def _get(self, container_id: str) -> _Process:
        if container := self._containers.get(container_id):
            return container
        raise NoSuchContainer(f"no container {container_id}")

    def _running(self, container_id: str) -> _Process:
        container = self._get(container_id)
        if container.seen.state is not RUNNING:
            raise WrongState(f"container {container_id} is not running")
        return container

    def _of(self, sandbox_id: str) -> list[_Process]:
        return [c for c in self._containers.values() if c.seen.sandbox_id == sandbox_id]

    def _exec(self, container_id: str, command: tuple[str, ...]) -> Program:
        program = self._programs(self._running(container_id).config, command)
        if program.error:
            raise StartFailed(program.error)
        return program

    def _tell(self, container: _Process, event: ContainerEventType) -> None:
        seen = container.seen
        self._events.send(
            ContainerEvent(type=event, container_id=seen.id, sandbox_id=seen.sandbox_id, pod_uid=seen.pod_uid)
        )

    def _end_after(self, container: _Process, seconds: float, exit_code: int) -> None:
        async def end() -> None:
            await self._clock.sleep(seconds)
            container.timers.discard(timer)
            self._end(container, exit_code)

        timer = self._tasks.create_task(end())
        container.timers.add(timer)

    def _end(self, container: _Process, exit_code: int, reason: str = "", message: str = "") -> None:
        if container.seen.state is EXITED:
            return
        container.seen = replace(
            container.seen,
            state=EXITED,
            exit_code=exit_code,
            finished_at=self._clock.now(),
            reason=reason or ("Error" if exit_code else "Completed"),
            message=message,
            pid=0,
        )
        _cancel(container.timers)
        for session in container.sessions:
            session.end(exit_code)
        container.exited.set()
        self._tell(container, ContainerEventType.STOPPED)


def _cancel(timers: set[asyncio.Task[None]]) -> None:
    for timer in timers:
        timer.cancel()
    timers.clear()


def _log_path(folder: str, path: str) -> str:
    return f"{folder}/{path}" if folder and path else ""
