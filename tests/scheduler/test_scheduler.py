import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from random import Random

import pytest

from podo.api.types.core_v1 import Event, Namespace, Node, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Client, DeleteOptions, Key
from podo.client.events import EventWriter
from podo.client.informers import Informers
from podo.clock import VirtualClock
from podo.scheduler.configured import profiles
from podo.scheduler.profile import DEFAULT
from podo.scheduler.queue import BACKOFF
from podo.scheduler.scheduler import NAME, Scheduler
from podo.scheduler.settings import read
from podo.server.app import install_subresources
from podo.server.core import running_core
from podo.store.memory import MemoryStore
from tests.scheduler.build import node, pod, taint

BOLD = {
    "filter": {"disabled": [{"name": "TaintToleration"}]},
    "postFilter": {"disabled": [{"name": "DefaultPreemption"}]},
}


@asynccontextmanager
async def scheduling(clock: VirtualClock, *filters, more=None, backoff=BACKOFF):
    """An API with a scheduler at work, with some more filters, and `more` profiles; yields its client."""
    async with running_core(MemoryStore(), clock) as core, asyncio.TaskGroup() as tasks:
        install_subresources(core, None)
        client = core.client()
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
        informers, events = Informers(client, clock), EventWriter(client, clock)
        profiles = {NAME: replace(DEFAULT, filters=(*filters, *DEFAULT.filters))} | (more or {})
        recorders = {name: events.recorder(name) for name in profiles}
        scheduler = Scheduler(
            client,
            informers,
            recorders[NAME],
            clock,
            profiles=profiles,
            recorders=recorders,
            backoff=backoff,
            chance=Random(1),
        )
        running = [tasks.create_task(part.run()) for part in (informers, events, scheduler)]
        try:
            yield client
        finally:
            for task in running:
                task.cancel()


@pytest.fixture
def clock():
    return VirtualClock()


async def placed(client: Client, clock: VirtualClock, name: str, seconds: float = 0) -> str:
    """The Pod's node after so many seconds."""
    await clock.run_for(seconds, turns=200)
    return (await client.get(Pod, Key("default", name))).spec.node_name


async def test_a_pod_is_bound_and_an_event_says_so(clock):
    async with scheduling(clock) as client:
        await client.create(node("a"))
        await client.create(pod("p"))
        assert await placed(client, clock, "p") == "a"
        events = await client.list(Event)
        assert [(e.reason, e.message) for e in events.items] == [("Scheduled", "Successfully assigned default/p to a")]


async def test_a_pod_that_fits_nowhere_says_why_and_is_placed_when_a_node_comes(clock):
    async with scheduling(clock) as client:
        await client.create(node("small", cpu="1"))
        await client.create(pod("p", cpu="2"))
        assert await placed(client, clock, "p") == ""
        (condition,) = (await client.get(Pod, Key("default", "p"))).status.conditions
        message = (
            "0/1 nodes are available: 1 Insufficient cpu. "
            "no new claims to deallocate, preemption: 0/1 nodes are available: "
            "1 Preemption is not helpful for scheduling."
        )
        assert (condition.type, condition.status, condition.reason) == ("PodScheduled", "False", "Unschedulable")
        assert condition.message == message
        assert [(e.reason, e.message) for e in (await client.list(Event)).items] == [("FailedScheduling", message)]
        await client.create(node("big", cpu="4"))
        assert await placed(client, clock, "p", 11) == "big"


async def test_room_that_a_deleted_pod_leaves_is_used(clock):
    async with scheduling(clock) as client:
        await client.create(node("a", cpu="1"))
        await client.create(pod("first", cpu="1"))
        assert await placed(client, clock, "first") == "a"
        await client.create(pod("second", cpu="1"))
        assert await placed(client, clock, "second") == ""
        await client.delete(Pod, Key("default", "first"), DeleteOptions(grace_period_seconds=0))
        assert await placed(client, clock, "second", 11) == "a"


async def test_pods_of_other_schedulers_and_gated_pods_are_left_alone(clock):
    from podo.api.types.core_v1 import PodSchedulingGate

    async with scheduling(clock) as client:
        await client.create(node("a"))
        await client.create(pod("theirs", scheduler_name="other"))
        await client.create(pod("gated", scheduling_gates=(PodSchedulingGate(name="example.com/wait"),)))
        assert await placed(client, clock, "theirs") == ""
        assert await placed(client, clock, "gated") == ""


async def test_many_pods_never_exceed_a_node(clock):
    async with scheduling(clock) as client:
        for name in "abc":
            await client.create(node(name, cpu="2"))
        for number in range(8):
            await client.create(pod(f"p{number}", cpu="900m"))
        await clock.run_for(1, turns=500)
        where = [p.spec.node_name for p in (await client.list(Pod)).items]
        assert sorted(where) == ["", "", "a", "a", "b", "b", "c", "c"]


async def test_a_node_that_is_gone_takes_no_pod(clock):
    async with scheduling(clock) as client:
        await client.create(node("a"))
        await client.create(node("b"))
        await clock.run_for(0, turns=100)
        await client.delete(Node, Key("", "a"))
        await clock.run_for(0, turns=100)
        for number in range(3):
            await client.create(pod(f"p{number}"))
        await clock.run_for(0, turns=300)
        assert {p.spec.node_name for p in (await client.list(Pod)).items} == {"b"}


async def test_a_pod_of_high_priority_makes_others_go_and_says_so(clock):
    from podo.api.types.scheduling_v1 import PriorityClass

    async with scheduling(clock) as client:
        await client.create(PriorityClass(metadata=ObjectMeta(name="high"), value=1000))
        await client.create(node("a", cpu="1"))
        await client.create(pod("low", cpu="1"))
        assert await placed(client, clock, "low") == "a"
        await client.create(pod("high", cpu="1", priority=1000, priority_class_name="high"))
        assert await placed(client, clock, "high") == ""
        high = await client.get(Pod, Key("default", "high"))
        assert high.status.nominated_node_name == "a"
        low = await client.get(Pod, Key("default", "low"))
        assert low.metadata.deletion_timestamp
        (target,) = [c for c in low.status.conditions if c.type == "DisruptionTarget"]
        assert (target.status, target.reason) == ("True", "PreemptionByScheduler")
        assert target.message == "default-scheduler: preempting to accommodate a higher priority pod"
        events = {e.reason: e.message for e in (await client.list(Event)).items if e.involved_object.name == "low"}
        assert events["Preempted"] == f"Preempted by pod {high.metadata.uid} on node a"
        await client.delete(Pod, Key("default", "low"), DeleteOptions(grace_period_seconds=0))
        assert await placed(client, clock, "high", 0.1) == "a"


async def test_a_pod_whose_gates_are_taken_away_is_placed(clock):
    from podo.api.types.core_v1 import PodSchedulingGate
    from podo.client.base import JSON_PATCH, Patch

    async with scheduling(clock) as client:
        await client.create(node("a"))
        await client.create(pod("gated", scheduling_gates=(PodSchedulingGate(name="example.com/wait"),)))
        assert await placed(client, clock, "gated") == ""
        body = [{"op": "remove", "path": "/spec/schedulingGates"}]
        await client.patch(Pod, Key("default", "gated"), Patch(media_type=JSON_PATCH, body=body))
        assert await placed(client, clock, "gated") == "a"


async def test_a_pod_is_bound_only_after_its_volumes(clock):
    from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim
    from podo.client.base import MERGE_PATCH, Patch
    from tests.controllers.volumes import claim, storage_class, user_of, volume

    async with scheduling(clock) as client:
        await client.create(Namespace(metadata=ObjectMeta(name="ns")))
        await client.create(node("a"))
        await client.create(storage_class("fast", waits=True))
        await client.create(claim("c", cls="fast"))
        await client.create(user_of("p", "c"))
        await clock.run_for(0, turns=300)
        key = Key("ns", "c")
        asked = await client.get(PersistentVolumeClaim, key)
        assert asked.metadata.annotations == {"volume.kubernetes.io/selected-node": "a"}
        assert (await client.get(Pod, Key("ns", "p"))).spec.node_name == ""
        await client.create(volume("v", cls="fast"))
        marks = {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}
        body = {"metadata": marks, "spec": {"volumeName": "v"}}
        await client.patch(PersistentVolumeClaim, key, Patch(media_type=MERGE_PATCH, body=body))
        await clock.run_for(0, turns=300)
        assert (await client.get(Pod, Key("ns", "p"))).spec.node_name == "a"
        assert (await client.get(PersistentVolume, Key("", "v"))).spec.claim_ref is None


async def test_a_pod_whose_volume_cannot_be_made_says_so_and_is_placed_anew(clock):
    from podo.api.types.core_v1 import PersistentVolumeClaim
    from podo.client.base import MERGE_PATCH, Patch
    from tests.controllers.volumes import claim, storage_class, user_of

    async with scheduling(clock) as client:
        await client.create(Namespace(metadata=ObjectMeta(name="ns")))
        await client.create(node("a"))
        await client.create(storage_class("fast", waits=True))
        await client.create(claim("c", cls="fast"))
        await client.create(user_of("p", "c"))
        await clock.run_for(0, turns=300)
        body = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": None}}}
        await client.patch(PersistentVolumeClaim, Key("ns", "c"), Patch(media_type=MERGE_PATCH, body=body))
        await clock.run_for(0, turns=300)
        found = [e.message for e in (await client.list(Event)).items if e.reason == "FailedScheduling"]
        assert found == ['running PreBind plugin "VolumeBinding": binding volumes: provisioning failed for PVC "c"']
        await clock.run_for(2, turns=300)
        asked = await client.get(PersistentVolumeClaim, Key("ns", "c"))
        assert asked.metadata.annotations == {"volume.kubernetes.io/selected-node": "a"}


async def test_each_pod_is_placed_by_the_profile_that_it_names_and_events_come_from_that_name(clock):
    more = profiles(read({"profiles": [{"schedulerName": "bold", "plugins": BOLD}]}))
    async with scheduling(clock, more=more) as client:
        await client.create(node("a", taints=(taint("gpu"),)))
        await client.create(pod("p"))
        await client.create(pod("q", scheduler_name="bold"))
        await client.create(pod("r", scheduler_name="of-somebody-else"))
        assert await placed(client, clock, "q") == "a"
        assert await placed(client, clock, "p") == await placed(client, clock, "r") == ""
        found = {e.involved_object.name: e.source.component for e in (await client.list(Event)).items}
        assert found == {"p": "default-scheduler", "q": "bold"}


async def test_a_profile_without_preemption_makes_no_room(clock):
    more = profiles(read({"profiles": [{"schedulerName": "bold", "plugins": BOLD}]}))
    async with scheduling(clock, more=more) as client:
        await client.create(node("a", cpu="1"))
        await client.create(pod("low", cpu="1"))
        await placed(client, clock, "low")
        await client.create(pod("high", cpu="1", priority=10, scheduler_name="bold"))
        assert await placed(client, clock, "high", 5) == ""
        found = (await client.get(Pod, Key("default", "high"))).status
        assert found.nominated_node_name == ""
        assert found.conditions[0].message == "0/1 nodes are available: 1 Insufficient cpu."
        assert (await client.get(Pod, Key("default", "low"))).metadata.deletion_timestamp == ""
