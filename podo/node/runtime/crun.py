"""The real runtime: namespaces of our own making, one conmon and one crun or runc a container.

Nothing that runs depends on this process: all state is in the node's folders and in the kernel, and a new runtime over
the same folders goes on where the last one was, whether that ended or was killed.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from podo.clock import Clock
from podo.network.base import PodNetwork
from podo.node.cgroups.base import Cgroups
from podo.node.cgroups.detect import CgroupSetup, detect
from podo.node.cgroups.machine import open_cgroups
from podo.node.runtime import attach, conmon
from podo.node.runtime.base import Connection, Session, StartFailed, WrongState
from podo.node.runtime.bundles import Bundles, RunnableImages
from podo.node.runtime.config import ContainerConfig, ExecConfig, LinuxResources, SandboxConfig
from podo.node.runtime.conmon import ConmonConfig
from podo.node.runtime.containers import Container, ContainerLife
from podo.node.runtime.engine import Engine, choose_program
from podo.node.runtime.exec import ExecSession, run_exec, start_exec
from podo.node.runtime.exits import watch_folder
from podo.node.runtime.folders import Folders
from podo.node.runtime.forward import connect_to_port
from podo.node.runtime.machine import seccomp_machine, this_machine
from podo.node.runtime.observed import (
    ContainerEvent,
    ContainerState,
    ExecResult,
    Observation,
    ObservedContainer,
    SandboxStats,
)
from podo.node.runtime.processes import is_ending
from podo.node.runtime.sandboxes import SandboxLife, observed_sandbox
from podo.node.runtime.stats import StatsReader


@dataclass(frozen=True, kw_only=True)
class RuntimeConfig:
    """`state` is /var/lib/podo/<cluster>/nodes/<node>, `run` is /run/podo/<cluster>/nodes/<node>.

    `engine` is "crun" or "runc"; "" picks what works here.
    """

    state: Path
    run: Path
    engine: str = ""
    conmon: str = "conmon"
    cdi: tuple[Path, ...] = ()  # folders with specifications of devices


class OCIRuntime:
    """Implements `Runtime`. Use as a context: entering finds what is there, leaving lets everything run on."""

    def __init__(
        self,
        config: RuntimeConfig,
        images: RunnableImages,
        network: PodNetwork,
        clock: Clock,
        *,
        setup: CgroupSetup | None = None,
        cgroups: Cgroups | None = None,
    ) -> None:
        found = setup or detect()
        self._folders, self._clock = Folders(config.state, config.run), clock
        self._cgroups = cgroups or open_cgroups(found)
        self._engine = Engine(choose_program(pure_v2=found.pure_v2, wanted=config.engine), self._folders.engine)
        self._sandboxes = SandboxLife(self._folders, network, clock)
        folders, machine = self._folders, this_machine(found)
        self._bundles = Bundles(folders.containers, folders.mapped, images, machine, seccomp_machine(), config.cdi)
        self._containers = ContainerLife(
            self._sandboxes,
            self._bundles,
            ConmonConfig(config.conmon, self._engine, self._folders.exits),
            cgroups=self._cgroups,
            clock=clock,
        )
        self._stats = StatsReader(self._cgroups, self._bundles)
        self._open = ExitStack()

    async def __aenter__(self) -> Self:
        shutil.rmtree(self._folders.scratch, ignore_errors=True)  # of execs that ended with the last agent
        self._folders.make()
        self._sandboxes.recover()
        self._open.enter_context(watch_folder(self._folders.exits, self._containers.look))  # first: lose no end
        self._open.callback(self._containers.close)
        await self._containers.recover()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._open.close()

    # Sandboxes

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        return await self._sandboxes.run(config)

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        await self._each(sandbox_id, lambda container_id: self._containers.stop(container_id, 0))
        await self._sandboxes.stop(sandbox_id)

    async def remove_pod_sandbox(self, sandbox_id: str) -> None:
        await self._each(sandbox_id, self._containers.remove)
        await self._sandboxes.remove(sandbox_id)

    # Containers

    async def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        return await self._containers.create(sandbox_id, config)

    async def start_container(self, container_id: str) -> None:
        await self._containers.start(container_id)

    async def stop_container(self, container_id: str, timeout: float) -> None:
        await self._containers.stop(container_id, timeout)

    async def remove_container(self, container_id: str) -> None:
        await self._containers.remove(container_id)

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None:
        self._containers.update(container_id, resources)

    async def reopen_container_log(self, container_id: str) -> None:
        conmon.control(self._bundles.path(self._running(container_id).record.id), conmon.REOPEN_LOGS)

    # Observing

    async def observe(self) -> Observation:
        sandboxes = tuple(observed_sandbox(record) for record in self._sandboxes.records.values())
        return Observation(sandboxes, tuple(self._seen(c) for c in self._containers.all.values()))

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[ContainerEvent]]:
        return self._containers.events.subscribe()

    async def stats(self) -> tuple[SandboxStats, ...]:
        ready = [record for record in self._sandboxes.records.values() if record.ready]
        wanted = [
            (record, [(c, c.record.cgroup) for c in self._containers.of(record.id) if _is_running(c)])
            for record in ready
        ]
        return await asyncio.to_thread(self._stats.read, wanted, self._clock.now())

    # Streaming

    async def exec_sync(self, container_id: str, command: tuple[str, ...], timeout: float = 0) -> ExecResult:
        session = await self._exec(container_id, ExecConfig(command=command))
        try:
            return await run_exec(session, self._clock, timeout)
        finally:
            await session.close()

    async def exec(self, container_id: str, config: ExecConfig) -> Session:
        return await self._exec(container_id, config)

    async def attach(self, container_id: str, *, stdin: bool = False) -> Session:
        self._running(container_id)
        config = self._containers.get(container_id).record.config
        return attach.connect(
            self._bundles.path(container_id),
            lambda: self._containers.wait(container_id),
            keeps_input=config.tty or not config.stdin_once,
        )

    async def port_forward(self, sandbox_id: str, port: int) -> Connection:
        record = self._sandboxes.get(sandbox_id)
        if not record.ready:
            raise WrongState(f"sandbox {sandbox_id} is not ready")
        return await connect_to_port(self._sandboxes.network_namespace(record), port)

    # Inside

    async def _each(self, sandbox_id: str, verb: Callable[[str], Coroutine[None, None, None]]) -> None:
        """`verb` on all containers of a sandbox at once. Raises the first failure, as itself."""
        try:
            async with asyncio.TaskGroup() as tasks:
                for container in self._containers.of(sandbox_id):
                    tasks.create_task(verb(container.record.id))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from failures

    async def _exec(self, container_id: str, config: ExecConfig) -> ExecSession:
        container = self._running(container_id)
        spec = self._bundles.spec(container_id)
        try:
            return await start_exec(self._engine, container_id, spec, config, self._folders.scratch)
        except StartFailed as error:
            if is_ending(container.process):  # the engine failed on its remains, before we have heard of its end
                raise WrongState(f"container {container_id} is not running") from error
            raise

    def _seen(self, container: Container) -> ObservedContainer:
        """Made once for each state that a container is in: workers look often."""
        if container.seen is None:
            container.seen = observed_container(container)
        return container.seen

    def _running(self, container_id: str) -> Container:
        container = self._containers.get(container_id)
        if not _is_running(container):
            raise WrongState(f"container {container_id} is not running")
        return container


def observed_container(container: Container) -> ObservedContainer:
    """A record as callers see it."""
    record, config = container.record, container.record.config
    return ObservedContainer(
        id=record.id,
        sandbox_id=record.sandbox_id,
        pod_uid=container.pod_uid,
        name=config.name,
        attempt=config.attempt,
        state=container.state,
        created_at=record.created_at,
        image=config.image_name,
        image_id=config.image,
        started_at=record.started_at,
        finished_at=record.finished_at,
        exit_code=record.exit_code,
        reason=record.reason,
        message=record.message,
        log_path=record.log_path,
        pid=record.pid,
        user=record.user,
        resources=config.resources,
        labels=config.labels,
        annotations=config.annotations,
    )


def _is_running(container: Container) -> bool:
    return container.state is ContainerState.RUNNING
