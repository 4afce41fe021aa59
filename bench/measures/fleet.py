"""1,000 Deployments of 5 Pods on fake nodes: until each says that all are available, and the rest after it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

from bench import objects
from bench.fake_nodes import SELECTOR, TOLERATION, fake_nodes
from bench.load import load
from bench.reading import Reading
from bench.target import Target
from bench.watching import Item, observed

NODES, ROOM, PODS = 50, 200, 5
LOOK, PATIENCE, SECONDS = 5.0, 240.0, 20.0
BUSY = 0.03  # of a core: more, and what was put off is still being done


async def measure(target: Target) -> AsyncIterator[Reading]:
    count, path = target.options.deployments, objects.deployments(target.namespace)

    def create(connection: int, number: int) -> bytes:
        manifest = objects.deployment(f"fleet-{connection}-{number}", "fake", PODS)
        manifest["spec"]["template"]["spec"] |= {"nodeSelector": SELECTOR, "tolerations": [TOLERATION]}
        return target.client.encode("POST", path, objects.encoded(manifest))

    def reached(items: dict[str, Item]) -> bool:
        ready: int = sum((item.get("status") or {}).get("availableReplicas", 0) == PODS for item in items.values())
        return ready >= count

    cpu = target.client.cluster_cpu
    async with (
        fake_nodes(target.client, target.namespace, NODES, ROOM),
        observed(target.client, path) as view,
    ):
        begin, used = time.perf_counter(), cpu()
        sample = await load(target.client, create, connections=8, count=count)
        await view.until(reached, target.options.patience)
        elapsed, used, pods = time.perf_counter() - begin, cpu() - used, count * PODS
        case = f"{count:,} Deployments of {PODS} Pods on fake nodes"
        note = f"{elapsed:.1f} s; the Deployments were created in {sample.elapsed:.1f} s"
        yield Reading(case, pods, pods / elapsed, "Pods", cpu=used / pods if used else None, note=note)
        if not target.options.process:
            return
        waited = await _quiet(cpu)
        before = cpu()
        await asyncio.sleep(SECONDS)
        share = (cpu() - before) / SECONDS
        note = f"after {waited:.0f} s, in which events were written; {NODES} fake nodes renew leases"
        yield Reading(f"idle with {pods:,} Pods", value=f"{share:.2%} of a core", note=note)


async def _quiet(cpu: Callable[[], float]) -> float:
    """Wait until what was put off, events above all, is done; how many seconds that took."""
    begin, busy = time.perf_counter(), True
    while busy and time.perf_counter() - begin < PATIENCE:
        before = cpu()
        await asyncio.sleep(LOOK)
        busy = (cpu() - before) / LOOK > BUSY
    return time.perf_counter() - begin
