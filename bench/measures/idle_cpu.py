"""CPU time that the whole cluster uses while nobody asks anything of it."""

import asyncio
from collections.abc import AsyncIterator

from bench import processes
from bench.reading import Reading
from bench.target import Target

SETTLE, SECONDS = 3.0, 20.0  # shorter, and the heartbeats every 10 s would count by chance


async def measure(target: Target) -> AsyncIterator[Reading]:
    await asyncio.sleep(SETTLE)
    pids = processes.matching(target.options.process)
    before = processes.cpu_seconds(pids)
    await asyncio.sleep(SECONDS)
    after = processes.cpu_seconds(list(before))
    share = sum(after[pid] - before[pid] for pid in after) / SECONDS
    yield Reading("idle CPU", value=f"{share:.2%} of a core", note=f"{len(after)} processes, {SECONDS:.0f} s")
