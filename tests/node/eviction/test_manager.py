import asyncio

import pytest

from podo.node.eviction.manager import Edges, Eviction
from podo.node.eviction.thresholds import DISK_PRESSURE, MEMORY, MEMORY_PRESSURE, EvictionLimits
from podo.node.stats.base import FileSystem
from tests.node.build import container, pod
from tests.node.eviction.figures import GIB, MIB, node_use, pod_use

FULL_DISK = FileSystem(100 * GIB, GIB, 1000, 900)


def named(uid: str, **spec):
    return pod(meta={"uid": uid, "name": uid}, **spec)


class Machine:
    """A node with Pods; what the manager does to them is kept."""

    def __init__(self, clock, limits: EvictionLimits | None = None) -> None:
        self.now, self.uses, self.active = node_use(), [], []
        self.ended, self.events, self.conditions, self.reclaims = [], [], frozenset(), 0
        self.after_reclaim = None
        edges = Edges(
            pods=lambda: self.active,
            end=self.end,
            gone=self.gone,
            reclaim=self.reclaim,
            pressures=self.set_pressures,
            warn=lambda reason, message: self.events.append((reason, message)),
            warn_pod=lambda pod, reason, message: self.events.append((reason, pod.metadata.name)),
        )
        self.manager = Eviction(self, edges, limits or EvictionLimits(), clock)

    def node(self):
        return self.now

    async def pods(self):
        return self.uses

    def end(self, pod, verdict) -> None:
        self.ended.append((pod.metadata.uid, verdict))
        self.active = [p for p in self.active if p is not pod]

    async def gone(self, pod) -> None:
        await asyncio.sleep(0)

    async def reclaim(self) -> None:
        self.reclaims += 1
        self.now = self.after_reclaim or self.now

    def set_pressures(self, found) -> None:
        self.conditions = found


@pytest.fixture
def machine(clock):
    return Machine(clock)


async def test_a_node_with_room_lets_everybody_be(machine):
    machine.active = [named("a")]
    assert await machine.manager.look() == []
    assert (machine.conditions, machine.events) == (frozenset(), [])


async def test_short_of_memory_one_pod_goes_at_once_and_the_rest_stays(machine):
    machine.active = [named("small"), named("large")]
    machine.uses = [pod_use("small", mem=MIB), pod_use("large", mem=GIB)]
    machine.now = node_use(memory_available=MIB)
    await machine.manager.look()
    ((uid, verdict),) = machine.ended
    assert (uid, verdict.reason, verdict.grace, verdict.disruption) == ("large", "Evicted", 1, "TerminationByKubelet")
    assert verdict.message.startswith(
        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 1Mi."
    )
    assert machine.conditions == {MEMORY_PRESSURE}
    assert machine.events == [("EvictionThresholdMet", "Attempting to reclaim memory"), ("Evicted", "large")]


async def test_critical_pods_stay_and_the_next_one_goes(machine):
    machine.active = [named("critical", priority=2_000_000_000), named("other")]
    machine.uses = [pod_use("critical", mem=GIB), pod_use("other", mem=1)]
    machine.now = node_use(memory_available=0)
    await machine.manager.look()
    assert [uid for uid, _ in machine.ended] == ["other"]
    assert await machine.manager.look() == []


async def test_a_full_disk_is_helped_by_unused_images_first(machine):
    machine.active, machine.uses = [named("a")], [pod_use("a", disk=GIB)]
    machine.now, machine.after_reclaim = node_use(node_fs=FULL_DISK), node_use()
    assert await machine.manager.look() == []
    assert (machine.reclaims, machine.ended, machine.conditions) == (1, [], {DISK_PRESSURE})


async def test_and_by_the_largest_pod_if_that_is_not_enough(machine):
    machine.active = [named("a"), named("b")]
    machine.uses = [pod_use("a", disk=MIB), pod_use("b", disk=GIB)]
    machine.now = node_use(node_fs=FULL_DISK)
    await machine.manager.look()
    assert (machine.reclaims, [uid for uid, _ in machine.ended]) == (1, ["b"])


async def test_who_outgrew_a_limit_of_its_own_goes_while_the_node_has_room(machine):
    machine.active = [named("a", volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]), named("b")]
    machine.uses = [pod_use("a", volumes={"v": 2 * MIB}), pod_use("b")]
    await machine.manager.look()
    ((uid, verdict),) = machine.ended
    assert (uid, verdict.disruption) == ("a", "")
    assert verdict.message == 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '


async def test_a_soft_threshold_gives_time(clock):
    limits = EvictionLimits(hard={}, soft={MEMORY: "1Gi"}, soft_grace={MEMORY: 5}, max_pod_grace=20)
    machine = Machine(clock, limits)
    machine.active, machine.uses = [named("a")], [pod_use("a", mem=MIB)]
    machine.now = node_use(memory_available=MIB)
    assert await machine.manager.look() == []
    clock.advance(5)
    await machine.manager.look()
    assert machine.ended[0][1].grace == 20


async def test_the_loop_goes_on_until_the_node_has_room_again(machine, clock):
    machine.active = [named(uid) for uid in "abc"]
    machine.uses = [pod_use(uid, mem=MIB) for uid in "abc"]
    machine.now = node_use(memory_available=0)
    running = asyncio.ensure_future(machine.manager.run())
    await clock.run_for(9)
    assert machine.ended == []
    await clock.run_for(1)
    assert [uid for uid, _ in machine.ended] == ["a", "b", "c"]
    machine.now = node_use()
    await clock.run_for(310)
    assert machine.conditions == frozenset()
    running.cancel()
    await asyncio.wait([running])


async def test_a_pod_with_limits_that_it_keeps_is_let_be(machine):
    machine.active = [named("a", containers=[container(resources={"limits": {"ephemeral-storage": "1Gi"}})])]
    machine.uses = [pod_use("a", disk=MIB)]
    assert await machine.manager.look() == []
