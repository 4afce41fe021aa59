"""What the parts of this folder have in common: byte streams, and what a remote command needs of a client."""

from typing import Protocol


class Duplex(Protocol):
    """A connection that carries bytes both ways. One task reads, any may write."""

    async def read(self) -> bytes:
        """The next bytes; b"" at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send all of it; waits while the other side is slow. Raises ConnectionError when it is gone."""
        ...

    async def close(self) -> None:
        """Both sides. May be repeated."""
        ...


class RemoteStreams(Protocol):
    """A client's side of exec or attach, whatever carries it."""

    async def stdin(self) -> bytes:
        """The next input; b"" at its end."""
        ...

    async def size(self) -> tuple[int, int] | None:
        """The terminal's next size, in columns and rows; None when there will be none any more."""
        ...

    async def output(self, stream: int, data: bytes) -> None:
        """Send output of stream 1 (stdout) or 2 (stderr). Raises ConnectionError when the client is gone."""
        ...

    async def finish(self, status: bytes) -> None:
        """Send how it ended, a metav1.Status, and close."""
        ...
