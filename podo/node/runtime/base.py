"""The runtime: Pod sandboxes and containers with CRI's verbs, split by ability.

Life of a container: `run_pod_sandbox` → `create_container` → `start_container` → (it exits) → `remove_container`, then
`stop_pod_sandbox` → `remove_pod_sandbox`. Stops and removals may be repeated, and are quiet about what is already gone.
Everything survives the caller: a new runtime object over the same folders sees the same sandboxes and containers.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

from podo.node.runtime.config import ContainerConfig, ExecConfig, LinuxResources, SandboxConfig
from podo.node.runtime.observed import ContainerEvent, ExecResult, Observation, SandboxStats


class RuntimeFailure(Exception):
    """The runtime could not do it; the text is for the user (it goes into events and statuses)."""


class NoSuchSandbox(RuntimeFailure):
    """There is no sandbox with this id."""


class NoSuchContainer(RuntimeFailure):
    """There is no container with this id."""


class WrongState(RuntimeFailure):
    """What was asked needs another state: starting one twice, exec in one that has exited."""


class StartFailed(RuntimeFailure):
    """The container's first process could not be started. The container is EXITED, with reason StartError."""


class Sandboxes(Protocol):
    """Pod sandboxes."""

    async def run_pod_sandbox(self, config: SandboxConfig) -> str:
        """Make the namespaces and the network; the sandbox's id. It is READY; on failure nothing is left of it."""
        ...

    async def stop_pod_sandbox(self, sandbox_id: str) -> None:
        """Kill what runs in it, take its network down and let its address go. Then it is NOT_READY."""
        ...

    async def remove_pod_sandbox(self, sandbox_id: str) -> None:
        """Stop it if need be, and remove it with all its containers. Logs stay: they are the caller's."""
        ...


class Containers(Protocol):
    """Containers of sandboxes."""

    async def create_container(self, sandbox_id: str, config: ContainerConfig) -> str:
        """Prepare root file system and specification; the container's id. It is CREATED."""
        ...

    async def start_container(self, container_id: str) -> None:
        """Run a CREATED container; RUNNING on return (or already EXITED). Raises StartFailed, WrongState."""
        ...

    async def stop_container(self, container_id: str, timeout: float) -> None:
        """Send its stop signal, SIGKILL after `timeout` seconds (0: at once), return when it has EXITED.

        A second call with a shorter timeout cuts the first one's short.
        """
        ...

    async def remove_container(self, container_id: str) -> None:
        """Remove it, killed first if it runs. The log stays."""
        ...

    async def update_container_resources(self, container_id: str, resources: LinuxResources) -> None:
        """Change a CREATED or RUNNING container's limits in place. A memory limit below its usage raises."""
        ...


class Observing(Protocol):
    """What is there, and when to look again."""

    async def observe(self) -> Observation:
        """All sandboxes and containers of this node. Cheap: kept in memory, true to the machine."""
        ...

    def events(self) -> AbstractAsyncContextManager[AsyncIterator[ContainerEvent]]:
        """Entering subscribes: no event after that is lost. Observe after entering, then iterate."""
        ...

    async def stats(self) -> tuple[SandboxStats, ...]:
        """The figures of all READY sandboxes and their RUNNING containers, read now."""
        ...


class Chunk(NamedTuple):
    """Output of a process: `stream` is 1 (stdout, or the terminal) or 2 (stderr)."""

    stream: int
    data: bytes


class Session(Protocol):
    """A running exec or attach. `read` from one task, `write` from one task."""

    async def read(self) -> Chunk | None:
        """The next output; None at the end of it."""
        ...

    async def write(self, data: bytes) -> None:
        """To its stdin. Dropped when the process no longer reads."""
        ...

    async def close_stdin(self) -> None:
        """End of its stdin."""
        ...

    async def resize(self, columns: int, rows: int) -> None:
        """The terminal's new size; without a terminal nothing."""
        ...

    async def wait(self) -> int:
        """The exit code, once it has ended; of an attach, the container's."""
        ...

    async def close(self) -> None:
        """Let go: an exec's process is killed if it still runs, an attached container runs on. May be repeated."""
        ...


class Connection(Protocol):
    """A byte stream to a port in a sandbox."""

    async def read(self, limit: int = 65536) -> bytes:
        """Some bytes; b"" at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """All of it, as the other side takes it. Raises ConnectionError when it no longer does."""
        ...

    async def write_eof(self) -> None:
        """End of our side."""
        ...

    async def close(self) -> None:
        """Both sides. May be repeated."""
        ...


class Streaming(Protocol):
    """Into running containers and sandboxes."""

    async def exec_sync(self, container_id: str, command: tuple[str, ...], timeout: float = 0) -> ExecResult:
        """Run to its end. After `timeout` seconds (0: none) it is killed and TimeoutError raised.

        Raises WrongState unless the container runs, StartFailed if the command cannot be started.
        """
        ...

    async def exec(self, container_id: str, config: ExecConfig) -> Session:
        """Start a command with streams; raises as `exec_sync`."""
        ...

    async def attach(self, container_id: str, *, stdin: bool = False) -> Session:
        """The streams of the container's own first process, from now on."""
        ...

    async def port_forward(self, sandbox_id: str, port: int) -> Connection:
        """Connect to localhost:port as a process in the sandbox would. Raises RuntimeFailure when refused."""
        ...


class Logs(Protocol):
    """Logs of containers."""

    async def reopen_container_log(self, container_id: str) -> None:
        """Go on in a new file at the log's path, after the old one was moved away. Raises unless the container runs."""
        ...


class Runtime(Sandboxes, Containers, Observing, Streaming, Logs, Protocol):
    """All abilities of a full runtime."""
