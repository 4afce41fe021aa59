"""Closed-loop load: so many connections, each sending its next request when the last is answered."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bench.client import Client, Refused, words
from bench.connection import Connection
from bench.reading import Reading, percentile

Make = Callable[[int, int], bytes]
"""(connection, how manieth of it) → the request's bytes."""


@dataclass
class Sample:
    """What came of a load. Seconds throughout."""

    times: list[float] = field(default_factory=list)
    elapsed: float = 0.0
    own_cpu: float = 0.0  # this process's, to tell whether it was the bottleneck
    cluster_cpu: float = 0.0  # the cluster's; 0 if its processes are not known
    failed: int = 0
    first_failure: str = ""
    bytes: int = 0

    def reading(self, case: str, unit: str = "requests") -> Reading:
        """The line for the table. Raises Refused if nothing succeeded."""
        if not self.times:
            raise Refused(self.first_failure or "no request was answered")
        notes = []
        if self.failed:
            notes.append(f"{self.failed} failed, the first with {self.first_failure}")
        if (share := self.own_cpu / self.elapsed) > 0.85:
            notes.append(f"the client used {share:.0%} of a core and may be the limit")
        rate = len(self.times) / self.elapsed
        p50, p99 = percentile(self.times, 0.5), percentile(self.times, 0.99)
        cpu = self.cluster_cpu / len(self.times) if self.cluster_cpu else None
        return Reading(case, len(self.times), rate, unit, p50, p99, cpu, note="; ".join(notes))


async def load(client: Client, make: Make, *, connections: int, seconds: float = 0, count: int = 0) -> Sample:
    """Send what `make` gives for `seconds`, or `count` requests in all."""
    sample = Sample()
    async with client.connections(connections) as opened:
        begin, cpu, cluster = time.perf_counter(), time.process_time(), client.cluster_cpu()
        until = begin + seconds if seconds else float("inf")
        try:
            async with asyncio.TaskGroup() as tasks:
                for index, connection in enumerate(opened):
                    share = count // connections + (index < count % connections) if count else 0
                    if share or not count:
                        tasks.create_task(_worker(connection, index, make, sample, until, share))
        except ExceptionGroup as errors:
            if isinstance(broken := errors.exceptions[0], OSError):
                raise Refused(f"the connection broke: {broken}") from errors
            raise
        sample.elapsed, sample.own_cpu = time.perf_counter() - begin, time.process_time() - cpu
        sample.cluster_cpu = client.cluster_cpu() - cluster
    return sample


async def _worker(connection: Connection, index: int, make: Make, sample: Sample, until: float, share: int) -> None:
    number = 0
    while not share or number < share:
        data, start = make(index, number), time.perf_counter()
        if start >= until:
            return
        answer = await connection.request(data)
        took = time.perf_counter() - start
        number += 1
        if answer.status < 300:
            sample.times.append(took)
            sample.bytes += len(answer.body)
        else:
            sample.failed += 1
            sample.first_failure = sample.first_failure or words(answer)
