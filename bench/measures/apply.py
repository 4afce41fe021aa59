"""Server-side apply of a ConfigMap with new data, each connection its own object."""

import itertools
from collections.abc import AsyncIterator

from bench import objects
from bench.client import APPLY
from bench.load import Make, load
from bench.reading import Reading
from bench.target import Target


async def requests(target: Target) -> Make:
    """Server-side apply, of an object of each connection's own."""
    path, values = objects.configmaps(target.namespace), itertools.count()

    def apply(connection: int, number: int) -> bytes:
        manifest = objects.configmap(f"apply-{connection}", 300)
        manifest["data"]["count"] = str(next(values))
        query = {"fieldManager": "bench", "force": "true"}
        body = objects.encoded(manifest)
        return target.client.encode("PATCH", f"{path}/apply-{connection}", body, content=APPLY, query=query)

    return apply


async def measure(target: Target) -> AsyncIterator[Reading]:
    make = await requests(target)
    for connections in (1, 16, 32):
        sample = await load(target.client, make, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"apply ConfigMap, {connections} connections")
