"""PUT of a Pod's status, each connection its own Pod."""

import json
from collections.abc import AsyncIterator

from bench import objects
from bench.load import Make, load
from bench.reading import Reading
from bench.target import Target

CHANGED = "2026-01-01T00:00:00Z"


async def requests(target: Target) -> Make:
    """PUT of the status, of a Pod of each connection's own."""
    path, bodies = objects.pods(target.namespace), []
    for index in range(32):
        pod = await target.create(path, objects.idle_pod(f"status-{index}"))
        del pod["metadata"]["resourceVersion"]  # unconditional: what is measured is the write, not its retries
        condition = {"type": "Bench", "status": "True", "lastProbeTime": None, "lastTransitionTime": CHANGED}
        pod["status"]["conditions"] = [condition | {"message": "@count@"}]
        bodies.append(json.dumps(pod))
    counts = [0] * len(bodies)

    def update(connection: int, number: int) -> bytes:
        counts[connection] += 1
        body = bodies[connection].replace("@count@", str(counts[connection])).encode()
        return target.client.encode("PUT", f"{path}/status-{connection}/status", body)

    return update


async def measure(target: Target) -> AsyncIterator[Reading]:
    make = await requests(target)
    for connections in (1, 16, 32):
        sample = await load(target.client, make, connections=connections, seconds=target.options.seconds)
        yield sample.reading(f"PUT Pod status, {connections} connections")
