"""The memory of a process that serves: what it holds stays, what it has freed goes back to the machine.

The C library keeps what is freed, for later, where something still lies behind it: after a thousand watchers that came
and went, or a list of all there is, a server would for ever occupy what it once needed.
"""

import asyncio
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Protocol

from podo.clock import Clock

EVERY = 5.0
"""Seconds between two looks."""
SLACK = 16 << 20
"""Bytes by which the process may grow before what is free in it is given back."""
LOOKS = 3
"""After so many looks it is given back in any case: what was freed since the last time shows in no size."""


class Heap(Protocol):
    """What a process has of the machine's memory."""

    def resident(self) -> int:
        """Bytes that it occupies."""
        ...

    def trim(self) -> None:
        """Give back what is free; nothing else runs for that long, about 0.1 ms a MiB."""
        ...


class SystemHeap:
    """That of this process."""

    def resident(self) -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

    def trim(self) -> None:
        import ctypes  # not while the server starts

        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # other C libraries than GNU's lack it
        if trim is not None:
            trim(ctypes.c_size_t(0))


async def stay_small(heap: Heap, clock: Clock) -> None:
    """Until cancelled, give back what is free: soon when the process has grown, else now and then."""
    while True:
        least = heap.resident()
        for _ in range(LOOKS):
            await clock.sleep(EVERY)
            if heap.resident() >= least + SLACK:
                break
        heap.trim()


@asynccontextmanager
async def staying_small(heap: Heap, clock: Clock) -> AsyncIterator[None]:
    """Do so until left."""
    async with asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(stay_small(heap, clock), name="memory")
        try:
            yield
        finally:
            keeping.cancel()
