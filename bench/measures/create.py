"""POST of small ConfigMaps: each is to be on disk before it is answered."""

import itertools
from collections.abc import AsyncIterator

from bench import objects
from bench.load import Make, load
from bench.reading import Reading
from bench.target import Target


async def requests(target: Target) -> Make:
    """POST of a new ConfigMap each."""
    path, numbers = objects.configmaps(target.namespace), itertools.count()

    def create(connection: int, number: int) -> bytes:
        return target.client.encode("POST", path, objects.encoded(objects.configmap(f"create-{next(numbers)}", 300)))

    return create


async def measure(target: Target) -> AsyncIterator[Reading]:
    make = await requests(target)
    for connections in (1, 16, 32):
        sample = await load(target.client, make, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"POST ConfigMap, {connections} connections")
    await target.clear()
