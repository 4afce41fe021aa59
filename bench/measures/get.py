"""GET of one Pod."""

from collections.abc import AsyncIterator

from bench import objects
from bench.load import Make, load
from bench.reading import Reading
from bench.target import Target


async def requests(target: Target) -> Make:
    """GET, of one Pod that there is from now on."""
    path = objects.pods(target.namespace)
    await target.create(path, objects.idle_pod("get"))
    request = target.client.encode("GET", f"{path}/get")
    return lambda connection, number: request


async def measure(target: Target) -> AsyncIterator[Reading]:
    make = await requests(target)
    for connections in (1, 16, 32):
        sample = await load(target.client, make, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"GET Pod, {connections} connections")
