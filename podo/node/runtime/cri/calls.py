"""Calls of a CRI runtime, with their failures as ours."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Protocol

from podo.node.runtime.base import NoSuchContainer, NoSuchSandbox, RuntimeFailure, WrongState
from podo.node.runtime.cri.wire import IMAGE, MESSAGES, RUNTIME
from podo.rpc.caller import CallFailed, SocketCaller

SCHEME = "unix://"
CLUSTER, NODE = "podo.cluster", "podo.node"  # labels of all that is a node's
WELL_KNOWN = {"containerd": "/run/containerd/containerd.sock", "crio": "/run/crio/crio.sock"}
NOT_FOUND, UNIMPLEMENTED = "NOT_FOUND", "UNIMPLEMENTED"
_NOT_RUNNING = ("is not running", "not in running state", "CONTAINER_EXITED state", "CONTAINER_CREATED state")


class CRI(Protocol):
    """A runtime's two services. `limit` is in seconds (None: none)."""

    async def call(self, method: str, /, *, limit: float | None = 120.0, **fields: Any) -> Any:
        """The answer of the runtime service. Raises CallFailed."""
        ...

    async def image(self, method: str, /, *, limit: float | None = 120.0, **fields: Any) -> Any:
        """The answer of the image service. Raises CallFailed."""
        ...

    def events(self) -> AsyncIterator[Any]:
        """What happens to containers, as it does. Raises CallFailed (UNIMPLEMENTED: there are none to be had)."""
        ...


class SocketCRI:
    """Implements `CRI` over the runtime's socket."""

    def __init__(self, socket: Path) -> None:
        self._caller = SocketCaller(socket, MESSAGES)

    async def call(self, method: str, /, *, limit: float | None = 120.0, **fields: Any) -> Any:
        return await self._caller.within(limit).call(RUNTIME + method, **fields)

    async def image(self, method: str, /, *, limit: float | None = 120.0, **fields: Any) -> Any:
        return await self._caller.within(limit).call(IMAGE + method, **fields)

    def events(self) -> AsyncIterator[Any]:
        return self._caller.stream(RUNTIME + "GetContainerEvents")

    async def close(self) -> None:
        """No more calls."""
        await self._caller.close()


def socket_of(runtime: str) -> Path:
    """The socket that `--runtime` means: "containerd", "crio", a unix:// URL or a path. Raises ValueError."""
    path = WELL_KNOWN.get(runtime, runtime).removeprefix(SCHEME)
    if not path.startswith("/"):
        raise ValueError(f"{runtime!r} is no runtime: name containerd, crio, or a socket (unix:///run/….sock)")
    return Path(path)


def failure(error: CallFailed, *, container: str = "", sandbox: str = "") -> RuntimeFailure:
    """The failure of a call about a container or a sandbox, as ours."""
    if error.code == NOT_FOUND and container:
        return NoSuchContainer(str(error))
    if error.code == NOT_FOUND and sandbox:
        return NoSuchSandbox(str(error))
    if container and any(words in error.details for words in _NOT_RUNNING):
        return WrongState(str(error))
    return RuntimeFailure(str(error))
