"""Memory of the whole cluster with 50,000 small objects in it."""

from collections.abc import AsyncIterator

from bench.measures import memory
from bench.reading import Reading
from bench.target import Target

STORED, SIZE = 50_000, 300


async def measure(target: Target) -> AsyncIterator[Reading]:
    await target.stock(STORED, SIZE)
    yield memory.reading(target, f"memory with {STORED:,} small objects (PSS)")
    await target.clear()
