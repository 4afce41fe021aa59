"""DELETE of ConfigMaps that were made for it."""

from collections.abc import AsyncIterator

from bench import objects
from bench.load import load
from bench.reading import Reading
from bench.target import Target

EACH = 100  # deletions a connection for each second that a load may take


async def measure(target: Target) -> AsyncIterator[Reading]:
    path = objects.configmaps(target.namespace)
    for connections in (1, 16, 32):
        count = int(EACH * connections * target.options.seconds)
        prefix = f"delete-{connections}"

        def create(connection: int, number: int, prefix: str = prefix) -> bytes:
            manifest = objects.configmap(f"{prefix}-{connection}-{number}", 300)
            return target.client.encode("POST", path, objects.encoded(manifest))

        def delete(connection: int, number: int, prefix: str = prefix) -> bytes:
            return target.client.encode("DELETE", f"{path}/{prefix}-{connection}-{number}")

        await load(target.client, create, connections=connections, count=count)
        sample = await load(target.client, delete, connections=connections, count=count)
        yield sample.reading(f"DELETE ConfigMap, {connections} connections")
