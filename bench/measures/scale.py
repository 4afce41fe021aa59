"""Each verb with few and with many objects stored: what a request costs should not grow with their number."""

from collections.abc import AsyncIterator
from dataclasses import replace

from bench import objects
from bench.load import load
from bench.measures import apply, create, get, patch, update_status
from bench.reading import Reading
from bench.target import Target

SIZE, HITS, CONNECTIONS = 300, 100, 16
VERBS = (
    ("GET Pod", get),
    ("POST ConfigMap", create),
    ("PUT Pod status", update_status),
    ("strategic PATCH Pod", patch),
    ("apply ConfigMap", apply),
)


async def measure(target: Target) -> AsyncIterator[Reading]:
    for stored in target.options.scale:
        await target.stock(stored, SIZE, every=max(1, stored // HITS))
        for name, verb in VERBS:
            make = await verb.requests(target)
            sample = await load(target.client, make, connections=CONNECTIONS, seconds=target.options.seconds / 2)
            yield sample.reading(f"{name}, {CONNECTIONS} connections, {stored:,} stored")
        async for reading in lists(target, stored):
            yield reading
        await target.clear()


async def lists(target: Target, stored: int) -> AsyncIterator[Reading]:
    """A page of 500, as kubectl asks for, and the hits of a label."""
    path = objects.configmaps(target.namespace)
    for name, query in (
        ("LIST of 500", {"limit": "500"}),
        ("LIST by label, 100 hits", {"labelSelector": f"hit={stored}"}),
    ):
        request = target.client.encode("GET", path, query=query)
        sample = await load(target.client, lambda *_, r=request: r, connections=1, seconds=target.options.seconds / 2)
        yield replace(sample.reading(f"{name}, {stored:,} stored"))
