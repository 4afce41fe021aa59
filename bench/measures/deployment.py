"""A Deployment of 50 Pods: until all are Ready, and until all are gone."""

import time
from collections.abc import AsyncIterator

from bench import objects
from bench.reading import Reading, of_times
from bench.target import Target, is_true
from bench.watching import Item, observed

PODS, ROUNDS = 50, 3


async def measure(target: Target) -> AsyncIterator[Reading]:
    path, patience = objects.deployments(target.namespace), target.options.patience
    up, gone = [], []
    async with observed(target.client, objects.pods(target.namespace)) as view:
        for number in range(ROUNDS):
            name, begin = f"fifty-{number}", time.perf_counter()
            await target.create(path, objects.deployment(name, target.options.image, PODS))
            await view.until(all_ready, patience)
            up.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            await target.client.one("DELETE", f"{path}/{name}", {"propagationPolicy": "Background"})
            await view.until(lambda items: not items, patience)
            gone.append(time.perf_counter() - begin)
    yield of_times(f"Deployment of {PODS} Pods, all Ready", up)
    yield of_times(f"Deployment of {PODS} Pods, all gone", gone)


def all_ready(items: dict[str, Item]) -> bool:
    return sum(is_true(item, "Ready") for item in items.values()) >= PODS
