"""One check of one container, by whichever handler a probe or a lifecycle hook names."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from podo.api.types.core_v1 import Container, ExecAction, GRPCAction, HTTPGetAction, Probe, TCPSocketAction
from podo.node.runtime.base import RuntimeFailure, Streaming

MAX_OUTPUT = 10 * 1024


class CheckFailed(Exception):
    """The check could not be made, or says no; the text is for an event."""


class Answer(NamedTuple):
    """A success; `warning` is for an event."""

    output: str = ""
    warning: str = ""


@dataclass(frozen=True)
class Target:
    """The container to check, where its Pod can be reached from the node."""

    container: Container
    container_id: str
    address: str


class Checks(Protocol):
    """Runs a probe's check within its time limit. Raises CheckFailed."""

    async def check(self, probe: Probe, target: Target) -> Answer: ...


def port_of(port: int | str | None, container: Container) -> int:
    """The number of a port that may be given by name. Raises CheckFailed."""
    if isinstance(port, int):
        return port
    if port and port.isdecimal():
        return int(port)
    for declared in container.ports:
        if declared.name == port and declared.container_port:
            return declared.container_port
    raise CheckFailed(f"couldn't find port: {port} in container {container.name}")


class NodeChecks:
    """Checks from the node's own network, and by exec."""

    def __init__(self, runtime: Streaming) -> None:
        self._runtime = runtime

    async def check(self, probe: Probe, target: Target) -> Answer:
        """Run the probe's check. Raises CheckFailed."""
        timeout = float(probe.timeout_seconds or 1)
        if probe.exec:
            return await self.execute(probe.exec, target, timeout)
        if probe.http_get:
            return await self.http(probe.http_get, target, timeout)
        if probe.tcp_socket:
            return await self.tcp(probe.tcp_socket, target, timeout)
        if probe.grpc:
            return await self.grpc(probe.grpc, target, timeout)
        raise CheckFailed("missing probe handler")

    async def execute(self, action: ExecAction, target: Target, timeout: float) -> Answer:
        """A command in the container; it must exit with 0."""
        try:
            result = await self._runtime.exec_sync(target.container_id, action.command, timeout)
        except TimeoutError as error:
            command = " ".join(action.command)
            raise CheckFailed(f'command timed out: "{command}" timed out after {timeout:g}s') from error
        except RuntimeFailure as error:
            raise CheckFailed(str(error)) from error
        output = (result.stdout + result.stderr)[:MAX_OUTPUT].decode(errors="replace")
        if result.exit_code != 0:
            raise CheckFailed(output or f"command exited with {result.exit_code}")
        return Answer(output)

    async def http(self, action: HTTPGetAction, target: Target, timeout: float) -> Answer:
        """GET; 200 to 399 is success."""
        from podo.node.probes import http  # aiohttp, and only where it is used

        port = port_of(action.port, target.container)
        return await http.get(action, action.host or target.address, port, timeout)

    async def tcp(self, action: TCPSocketAction, target: Target, timeout: float) -> Answer:
        """A connection must come about."""
        from podo.node.probes import tcp

        return await tcp.connect(action.host or target.address, port_of(action.port, target.container), timeout)

    async def grpc(self, action: GRPCAction, target: Target, timeout: float) -> Answer:
        """grpc.health.v1 must say SERVING."""
        from podo.node.probes import grpc

        return await grpc.health(target.address, action.port or 0, action.service, timeout)
