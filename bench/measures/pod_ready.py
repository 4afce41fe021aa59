"""One Pod at a time: from the POST to its Ready condition as a watcher sees it; and from the DELETE to its end."""

import time
from collections.abc import AsyncIterator
from functools import partial

from bench import objects
from bench.reading import Reading, of_times
from bench.target import Target, is_true
from bench.watching import Item, observed


async def measure(target: Target) -> AsyncIterator[Reading]:
    path, patience = objects.pods(target.namespace), target.options.patience
    ready, gone, before = [], [], target.client.cluster_cpu()
    async with observed(target.client, path) as view:
        for number in range(target.options.rounds):
            name, begin = f"ready-{number}", time.perf_counter()
            await target.create(path, objects.pod(name, target.options.image))
            await view.until(partial(is_ready, name=name), patience)
            ready.append(time.perf_counter() - begin)
            begin = time.perf_counter()
            await target.client.one("DELETE", f"{path}/{name}")
            await view.until(partial(is_gone, name=name), patience)
            gone.append(time.perf_counter() - begin)
    cpu = (target.client.cluster_cpu() - before) / target.options.rounds or None
    yield of_times("one Pod, create → Ready", ready, cpu=cpu, note="CPU: until it is gone")
    yield of_times("one Pod, delete → gone", gone)


def is_ready(items: dict[str, Item], name: str) -> bool:
    return name in items and is_true(items[name], "Ready")


def is_gone(items: dict[str, Item], name: str) -> bool:
    return name not in items
