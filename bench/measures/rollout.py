"""A rolling update of 20 replicas that never falls below 20: until the Deployment says that all are new."""

import time
from collections.abc import AsyncIterator
from functools import partial

from bench import objects
from bench.client import STRATEGIC
from bench.reading import Reading, of_times
from bench.target import Target
from bench.watching import Item, observed

REPLICAS, ROUNDS = 20, 3


async def measure(target: Target) -> AsyncIterator[Reading]:
    path, patience, times = objects.deployments(target.namespace), target.options.patience, []
    async with observed(target.client, path) as view, observed(target.client, objects.pods(target.namespace)) as pods:
        await target.create(path, objects.deployment("rollout", target.options.image, REPLICAS))
        await view.until(partial(rolled_out, generation=1), patience)
        for number in range(ROUNDS):
            change = {"spec": {"template": {"metadata": {"annotations": {"bench": str(number)}}}}}
            begin = time.perf_counter()
            changed = await target.client.one("PATCH", f"{path}/rollout", change, content=STRATEGIC)
            generation = changed["metadata"]["generation"]
            await view.until(partial(rolled_out, generation=generation), patience)
            times.append(time.perf_counter() - begin)
        await target.client.one("DELETE", f"{path}/rollout", {"propagationPolicy": "Background"})
        await pods.until(lambda items: not items, patience)
    yield of_times(f"rolling update of {REPLICAS} replicas, maxUnavailable 0", times)


def rolled_out(items: dict[str, Item], generation: int) -> bool:
    """As `kubectl rollout status` sees it."""
    status = items.get("rollout", {}).get("status") or {}
    counts = (status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas"))
    return status.get("observedGeneration", 0) >= generation and all(count == REPLICAS for count in counts)
