"""LIST by a label that 100 of many objects have: it should cost what it returns, not what is stored."""

from collections.abc import AsyncIterator

from bench import objects
from bench.load import load
from bench.reading import Reading
from bench.target import Target

HITS, SIZE = 100, 300


async def measure(target: Target) -> AsyncIterator[Reading]:
    for stored in target.options.stored:
        await target.stock(stored, SIZE, every=max(1, stored // HITS))
        query = {"labelSelector": f"hit={stored}"}
        request = target.client.encode("GET", objects.configmaps(target.namespace), query=query)
        sample = await load(target.client, lambda *_, r=request: r, connections=1, seconds=target.options.seconds)
        yield sample.reading(f"LIST by label, {HITS} hits in {stored:,}")
        await target.clear()
