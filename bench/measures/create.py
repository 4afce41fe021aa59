"""POST of small ConfigMaps: each is to be on disk before it is answered."""

import itertools
from collections.abc import AsyncIterator

from bench import objects
from bench.load import load
from bench.reading import Reading
from bench.target import Target


async def measure(target: Target) -> AsyncIterator[Reading]:
    path, numbers = objects.configmaps(target.namespace), itertools.count()

    def create(connection: int, number: int) -> bytes:
        return target.client.encode("POST", path, objects.encoded(objects.configmap(f"create-{next(numbers)}", 300)))

    for connections in (1, 16, 32):
        sample = await load(target.client, create, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"POST ConfigMap, {connections} connections")
    await target.clear()
