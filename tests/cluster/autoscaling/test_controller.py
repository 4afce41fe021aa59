"""The node autoscaler with the true scheduler, and a pool of nodes that are objects only."""

from collections.abc import AsyncIterator
from random import Random

import msgspec
import pytest

from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Node, Pod, Taint
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.cluster.autoscaling.controller import DRAIN, LEAVING, NodeAutoscaler
from podo.cluster.config import NodeBounds
from podo.cluster.errors import ClusterError
from podo.controllers.disruption import DisruptionController
from podo.controllers.replicaset import ReplicaSetController
from podo.scheduler.scheduler import Scheduler
from tests.build import replica_set, template
from tests.controllers.lab import Lab, running_lab

from .build import local_node, waiting

IDLE = 60.0


class FakePool:
    """Nodes that are Ready at once."""

    def __init__(self, lab: Lab, most: int) -> None:
        self.lab, self.wanted = lab, NodeBounds(min_nodes=1, max_nodes=most, idle_seconds=IDLE)
        self.names_now: list[str] = []
        self.broken = False

    def bounds(self):
        return self.wanted

    def names(self):
        return list(self.names_now)

    async def add(self, count):
        if self.broken:
            raise ClusterError("another podo command is changing the cluster")
        for _ in range(count):
            number = next(n for n in range(1, 99) if f"node-{n}" not in self.names_now)
            made = local_node(f"node-{number}", created=format_time(self.lab.clock.now()))
            stored = await self.lab.user.create(made)
            await self.lab.user.update(msgspec.structs.replace(stored, status=made.status), subresource="status")
            self.names_now.append(made.metadata.name)

    async def remove(self, name):
        self.names_now.remove(name)
        await self.lab.user.delete(Node, Key("", name))


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with running_lab() as lab:
        yield lab


@pytest.fixture
async def pool(lab):
    pool = FakePool(lab, most=4)
    await pool.add(1)
    recorder = lab.events.recorder("default-scheduler")
    scheduler = Scheduler(lab.user, lab.informers, recorder, lab.clock, chance=Random(1))
    lab.tasks.append(lab._tasks.create_task(scheduler.run()))
    lab.start(
        ReplicaSetController,
        DisruptionController,
        lambda client, clock, events: NodeAutoscaler(client, clock, events, pool, scheduler.snapshot),
    )
    await lab.run_for(1)
    return pool


def said(lab, reason):
    return {(e.involved_object.name, e.message) for e in lab.events.recorded if e.reason == reason}


async def live(lab, seconds):
    """Pods run where they are bound, and go when they are told to."""
    for _ in range(int(seconds // 5)):
        await lab.run_for(5)
        await lab.finish_deletions()
        new = [p for p in await lab.all(Pod) if p.spec.node_name and p.status.phase in ("", "Pending")]
        await lab.become(new)


def busy(replicas, cpu="1500m"):
    spec = waiting("x", cpu=cpu).spec
    return replica_set(replicas=replicas, template=msgspec.structs.replace(template(), spec=spec))


async def test_pods_that_fit_nowhere_get_nodes_and_run_there(lab, pool):
    await lab.user.create(busy(3))
    await live(lab, 30)
    assert {p.spec.node_name for p in await lab.all(Pod)} == {"node-1", "node-2", "node-3"}
    (message,) = {message for _, message in said(lab, "TriggeredScaleUp")}
    assert message == "pod triggered scale-up: [{local 1->3 (max: 4)}]"


async def test_there_are_never_more_nodes_than_the_most(lab, pool):
    await lab.user.create(busy(7))
    await live(lab, 60)
    assert len(pool.names()) == 4
    messages = {message for _, message in said(lab, "NotTriggerScaleUp")}
    assert messages == {"pod didn't trigger scale-up: 1 max node group size reached"}


async def test_a_pod_that_no_new_node_would_help_is_told_so(lab, pool):
    await lab.user.create(busy(1, cpu="9"))
    await live(lab, 30)
    assert pool.names() == ["node-1"]
    assert {message for _, message in said(lab, "NotTriggerScaleUp")} == {
        "pod didn't trigger scale-up: 1 Insufficient cpu"
    }


async def test_a_node_goes_once_it_has_not_been_needed_for_the_time(lab, pool):
    web = await lab.user.create(busy(2))
    await live(lab, 20)
    await lab.change(web, replicas=1)
    await live(lab, IDLE - 20)
    assert len(pool.names()) == 2
    await live(lab, 40)
    assert len(pool.names()) == 1
    assert {m for _, m in said(lab, "ScaleDown")} >= {
        "marked the node as toBeDeleted/unschedulable",
        "node removed by cluster autoscaler",
    }
    await live(lab, 200)
    assert len(pool.names()) == 1, "the least that there shall be"


async def test_pods_of_a_node_that_goes_are_evicted_and_run_elsewhere(lab, pool):
    await pool.add(1)
    await lab.user.create(busy(2, cpu="600m"))
    await live(lab, IDLE + 60)
    pods = [p for p in await lab.all(Pod) if not p.metadata.deletion_timestamp]
    assert len(pool.names()) == 1
    assert [p.spec.node_name for p in pods] == pool.names() * 2
    assert "deleting pod for node scale down" in {m for _, m in said(lab, "ScaleDown")}


async def test_a_node_that_cannot_be_emptied_stays_in_the_end(lab, pool):
    await pool.add(1)
    await lab.user.create(
        msgspec.structs.replace(
            waiting("stuck", node_name="node-2"),
            metadata=ObjectMeta(name="stuck", namespace="ns", finalizers=("example.com/never",)),
        )
    )
    node = await lab.get(Node, "node-2", "")
    now = int(lab.clock.now().timestamp())
    await lab.change(node, taints=(Taint(key=LEAVING, value=str(now), effect="NoSchedule"),))
    await lab.run_for(DRAIN.total_seconds() + 30)
    assert (await lab.get(Node, "node-2", "")).spec.taints == ()
    assert ("node-2", "failed to drain the node, aborting ScaleDown") in said(lab, "ScaleDownFailed")


async def test_a_pool_that_cannot_change_now_is_asked_again(lab, pool):
    pool.broken = True
    await lab.user.create(busy(2))
    await live(lab, 20)
    assert len(pool.names()) == 1
    pool.broken = False
    await live(lab, 20)
    assert len(pool.names()) == 2


async def test_without_bounds_nothing_is_changed(lab, pool):
    pool.wanted = None
    await lab.user.create(busy(3))
    await live(lab, 30)
    assert pool.names() == ["node-1"]
