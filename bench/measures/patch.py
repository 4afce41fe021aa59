"""Strategic merge PATCH of a Pod's annotation, each connection its own Pod."""

import itertools
from collections.abc import AsyncIterator

from bench import objects
from bench.client import STRATEGIC
from bench.load import Make, load
from bench.reading import Reading
from bench.target import Target


async def requests(target: Target) -> Make:
    """PATCH, of a Pod of each connection's own."""
    path, values = objects.pods(target.namespace), itertools.count()
    for index in range(32):
        await target.create(path, objects.idle_pod(f"patch-{index}"))

    def patch(connection: int, number: int) -> bytes:
        body = objects.encoded({"metadata": {"annotations": {"bench": str(next(values))}}})
        return target.client.encode("PATCH", f"{path}/patch-{connection}", body, content=STRATEGIC)

    return patch


async def measure(target: Target) -> AsyncIterator[Reading]:
    make = await requests(target)
    for connections in (1, 16, 32):
        sample = await load(target.client, make, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"strategic PATCH Pod, {connections} connections")
