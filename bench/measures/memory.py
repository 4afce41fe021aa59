"""Memory of the whole idle cluster: PSS, so that what processes share is counted once."""

from collections.abc import AsyncIterator

from bench import processes
from bench.client import Refused
from bench.reading import Reading
from bench.target import Target


async def measure(target: Target) -> AsyncIterator[Reading]:
    yield reading(target, "memory, idle (PSS)")


def occupied(target: Target) -> int:
    """Bytes that the cluster's processes occupy."""
    return processes.pss(processes.matching(target.options.process))


def reading(target: Target, case: str) -> Reading:
    pids = processes.matching(target.options.process)
    if not pids:
        raise Refused(f"no process matches {target.options.process!r}")
    return Reading(case, value=f"{processes.pss(pids) / 2**20:.0f} MiB", note=f"{len(pids)} processes")
