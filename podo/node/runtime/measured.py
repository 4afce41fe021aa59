"""A runtime whose operations are counted and timed, whatever runtime it is."""

from collections.abc import Awaitable
from typing import TypeVar

from podo.clock import Clock
from podo.node.measures import Measures
from podo.node.runtime.base import Connection, Runtime, RuntimeFailure, Session
from podo.node.runtime.config import ContainerConfig, ExecConfig, LinuxResources, SandboxConfig
from podo.node.runtime.observed import ExecResult, SandboxStats

T = TypeVar("T")
PREFIX = "kubelet_runtime_operations"


class MeasuredRuntime:
    """Every verb that asks something of the machine; observing costs nothing and is not counted."""

    def __init__(self, runtime: Runtime, measures: Measures, clock: Clock) -> None:
        self._runtime, self._measures, self._clock = runtime, measures, clock
        self.observe, self.events = runtime.observe, runtime.events

    async def _measured(self, operation: str, work: Awaitable[T]) -> T:
        begun = self._clock.monotonic()
        self._measures.count(f"{PREFIX}_total", operation_type=operation)
        try:
            return await work
        except RuntimeFailure:
            self._measures.count(f"{PREFIX}_errors_total", operation_type=operation)
            raise
        finally:
            self._measures.observe(
                f"{PREFIX}_duration_seconds", self._clock.monotonic() - begun, operation_type=operation
            )

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        return await self._measured("run_podsandbox", self._runtime.run_pod_sandbox(config))

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        await self._measured("stop_podsandbox", self._runtime.stop_pod_sandbox(sandbox_id))

    async def remove_pod_sandbox(self, sandbox_id: str) -> None:
        await self._measured("remove_podsandbox", self._runtime.remove_pod_sandbox(sandbox_id))

    async def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        return await self._measured("create_container", self._runtime.create_container(sandbox_id, config))

    async def start_container(self, container_id: str) -> None:
        await self._measured("start_container", self._runtime.start_container(container_id))

    async def stop_container(self, container_id: str, timeout: float) -> None:
        await self._measured("stop_container", self._runtime.stop_container(container_id, timeout))

    async def remove_container(self, container_id: str) -> None:
        await self._measured("remove_container", self._runtime.remove_container(container_id))

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None:
        work = self._runtime.update_container_resources(container_id, resources)
        await self._measured("update_container", work)

    async def stats(self) -> tuple[SandboxStats, ...]:
        return await self._measured("list_podsandbox_stats", self._runtime.stats())

    async def exec_sync(self, container_id: str, command: tuple[str, ...], timeout: float = 0) -> ExecResult:
        return await self._measured("exec_sync", self._runtime.exec_sync(container_id, command, timeout))

    async def exec(self, container_id: str, config: ExecConfig) -> Session:
        return await self._measured("exec", self._runtime.exec(container_id, config))

    async def attach(self, container_id: str, *, stdin: bool = False) -> Session:
        return await self._measured("attach", self._runtime.attach(container_id, stdin=stdin))

    async def port_forward(self, sandbox_id: str, port: int) -> Connection:
        return await self._measured("port_forward", self._runtime.port_forward(sandbox_id, port))

    async def reopen_container_log(self, container_id: str) -> None:
        await self._measured("reopen_container_log", self._runtime.reopen_container_log(container_id))
