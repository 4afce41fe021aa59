"""Server-side apply of a ConfigMap with new data, each connection its own object."""

import itertools
from collections.abc import AsyncIterator

from bench import objects
from bench.client import APPLY
from bench.load import load
from bench.reading import Reading
from bench.target import Target


async def measure(target: Target) -> AsyncIterator[Reading]:
    path, values = objects.configmaps(target.namespace), itertools.count()

    def apply(connection: int, number: int) -> bytes:
        manifest = objects.configmap(f"apply-{connection}", 300)
        manifest["data"]["count"] = str(next(values))
        query = {"fieldManager": "bench", "force": "true"}
        body = objects.encoded(manifest)
        return target.client.encode("PATCH", f"{path}/apply-{connection}", body, content=APPLY, query=query)

    for connections in (1, 16, 32):
        sample = await load(target.client, apply, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"apply ConfigMap, {connections} connections")
