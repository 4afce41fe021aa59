"""Memory of the whole cluster with 50,000 small objects in it, and what each of as many of 1 KB adds.

Read after a rest: what was needed only while they were written is not counted, if the cluster gives it back.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from bench.measures import memory
from bench.reading import Reading
from bench.target import Target

STORED, SMALL, LARGE = 50_000, 300, 700  # characters of data: an object of 1 KB has 700
REST = 16.0  # seconds


async def measure(target: Target) -> AsyncIterator[Reading]:
    await asyncio.sleep(REST)
    empty = memory.occupied(target)
    await target.stock(STORED, SMALL)
    await asyncio.sleep(REST)
    yield memory.reading(target, f"memory with {STORED:,} small objects (PSS)")
    await target.clear()
    await target.stock(STORED, LARGE)
    await asyncio.sleep(REST)
    each = (memory.occupied(target) - empty) / STORED / 1024
    reading = memory.reading(target, "memory for each stored object of 1 KB")
    yield replace(reading, value=f"{each:.2f} KiB", note=f"{STORED:,} stored: {reading.value}")
    await target.clear()
