"""Two ends of a connection in memory."""

import asyncio


class End:
    def __init__(self) -> None:
        self._incoming: asyncio.Queue[bytes] = asyncio.Queue()
        self.other: End = self

    async def read(self) -> bytes:
        return await self._incoming.get()

    async def write(self, data: bytes) -> None:
        if data:
            self.other._incoming.put_nowait(data)

    async def close(self) -> None:
        for end in (self, self.other):
            end._incoming.put_nowait(b"")


def pair() -> tuple[End, End]:
    one, other = End(), End()
    one.other, other.other = other, one
    return one, other
