"""LIST of many small objects, as the cache has them (resourceVersion=0) and consistently (no resourceVersion)."""

from collections.abc import AsyncIterator
from dataclasses import replace

from bench import objects
from bench.load import load
from bench.reading import Reading
from bench.target import Target

SIZE = 300  # characters of data


async def measure(target: Target) -> AsyncIterator[Reading]:
    path = objects.configmaps(target.namespace)
    for stored in target.options.stored:
        await target.stock(stored, SIZE)
        for name, query in (("from cache", {"resourceVersion": "0"}), ("consistent", None)):
            request = target.client.encode("GET", path, query=query)
            sample = await load(target.client, lambda *_, r=request: r, connections=1, count=target.options.rounds)
            reading = sample.reading(f"LIST {stored:,} ConfigMaps, {name}")
            megabytes = sample.bytes / sample.elapsed / 1e6
            rate = stored * len(sample.times) / sample.elapsed
            note = "; ".join(filter(None, (f"{megabytes:,.0f} MB/s", reading.note)))
            yield replace(reading, rate=rate, unit="objects", note=note)
        await target.clear()
