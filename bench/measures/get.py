"""GET of one Pod."""

from collections.abc import AsyncIterator

from bench import objects
from bench.load import load
from bench.reading import Reading
from bench.target import Target


async def measure(target: Target) -> AsyncIterator[Reading]:
    path = objects.pods(target.namespace)
    await target.create(path, objects.idle_pod("get"))
    request = target.client.encode("GET", f"{path}/get")
    for connections in (1, 16, 32):
        sample = await load(target.client, lambda *_: request, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"GET Pod, {connections} connections")
