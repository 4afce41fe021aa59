import asyncio

import pytest

from podo.api.types.apps_v1 import ReplicaSet
from podo.api.types.core_v1 import Pod
from podo.api.types.meta_v1 import OwnerReference
from podo.client.base import Key, key_of
from podo.controllers.replicaset import ReplicaSetController
from tests.build import pod, replica_set

from .lab import NOW, NS


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(ReplicaSetController)


async def test_it_makes_as_many_pods_as_it_says_from_its_template(lab):
    rs = await lab.user.create(replica_set(replicas=3))
    await lab.settle()
    made = await lab.all(Pod)
    assert len(made) == 3
    for one in made:
        assert one.metadata.name.startswith("web-")
        assert one.metadata.labels == {"app": "web"}
        assert one.spec.containers == rs.spec.template.spec.containers
        (owner,) = one.metadata.owner_references
        assert owner == OwnerReference(
            api_version="apps/v1",
            kind="ReplicaSet",
            name="web",
            uid=rs.metadata.uid,
            controller=True,
            block_owner_deletion=True,
        )
    lines = await lab.event_lines("SuccessfulCreate")
    assert len(lines) == 3
    assert lines[0].startswith("Normal SuccessfulCreate web: Created pod: web-")


async def test_its_status_counts_what_there_is(lab):
    await lab.user.create(replica_set(replicas=2, min_ready_seconds=10))
    await lab.settle()
    status = (await lab.get(ReplicaSet, "web")).status
    assert (status.replicas, status.ready_replicas, status.fully_labeled_replicas) == (2, None, 2)
    await lab.become((await lab.all(Pod))[:1])
    await lab.settle()
    status = (await lab.get(ReplicaSet, "web")).status
    assert (status.ready_replicas, status.available_replicas, status.observed_generation) == (1, None, 1)
    await lab.run_for(9)
    assert (await lab.get(ReplicaSet, "web")).status.available_replicas is None
    await lab.run_for(1)
    assert (await lab.get(ReplicaSet, "web")).status.available_replicas == 1


async def test_a_deleted_pod_is_replaced_before_it_has_ended(lab):
    await lab.user.create(replica_set(replicas=1))
    await lab.converge()
    (first,) = await lab.all(Pod)
    await lab.change_meta(first, finalizers=("example.com/hold",))
    await lab.user.delete(Pod, key_of(first))
    await lab.settle()
    assert len(await lab.all(Pod)) == 2
    status = (await lab.get(ReplicaSet, "web")).status
    assert (status.replicas, status.terminating_replicas) == (1, 1)


async def test_a_finished_pod_is_replaced(lab):
    await lab.user.create(replica_set(replicas=1))
    await lab.converge()
    await lab.become(await lab.all(Pod), ready=False, phase="Failed")
    await lab.settle()
    assert sorted(p.status.phase for p in await lab.all(Pod)) in (["", "Failed"], ["Failed", "Pending"])


async def test_scaling_down_deletes_those_that_are_missed_least(lab):
    await lab.user.create(replica_set(replicas=3))
    await lab.converge()
    pods = await lab.all(Pod)
    await lab.become(pods[1:2], ready=False)
    await lab.settle()
    await lab.change(await lab.get(ReplicaSet, "web"), replicas=2)
    await lab.converge()
    assert [p.metadata.name for p in await lab.all(Pod)] == [pods[0].metadata.name, pods[2].metadata.name]
    assert await lab.event_lines("SuccessfulDelete") == [
        f"Normal SuccessfulDelete web: Deleted pod: {pods[1].metadata.name}"
    ]


async def test_a_matching_orphan_is_adopted(lab):
    orphan = await lab.user.create(pod("orphan", labels={"app": "web"}))
    stranger = await lab.user.create(pod("stranger", labels={"app": "other"}))
    await lab.user.create(replica_set(replicas=1))
    await lab.settle()
    (owner,) = (await lab.get(Pod, "orphan")).metadata.owner_references
    assert owner.name == "web"
    assert [p.metadata.name for p in await lab.all(Pod)] == ["orphan", "stranger"]
    assert (await lab.get(Pod, "stranger")).metadata == stranger.metadata
    assert orphan.metadata.uid == (await lab.get(Pod, "orphan")).metadata.uid


async def test_an_orphan_that_comes_later_is_adopted_and_one_too_many_goes(lab):
    await lab.user.create(replica_set(replicas=1))
    await lab.converge()
    await lab.user.create(pod("late", labels={"app": "web"}, phase="Pending"))
    await lab.converge()
    assert len(await lab.all(Pod)) == 1


async def test_a_pod_that_does_not_match_any_more_is_released_and_replaced(lab):
    await lab.user.create(replica_set(replicas=1))
    await lab.converge()
    (first,) = await lab.all(Pod)
    await lab.change_meta(first, labels={"app": "debug"})
    await lab.converge()
    assert (await lab.get(Pod, first.metadata.name)).metadata.owner_references == ()
    assert len(await lab.all(Pod, labels="app=web")) == 1


async def test_pods_of_another_owner_are_left_alone(lab):
    await lab.user.create(replica_set("other", 1))
    await lab.settle()
    await lab.user.create(replica_set("web", 1))
    await lab.settle()
    owners = sorted(p.metadata.owner_references[0].name for p in await lab.all(Pod))
    assert owners == ["other", "web"]


async def test_one_that_is_being_deleted_makes_nothing(lab):
    rs = await lab.user.create(replica_set(replicas=1))
    await lab.converge()
    await lab.change_meta(rs, finalizers=("foregroundDeletion",))
    await lab.user.delete(ReplicaSet, key_of(rs))
    (one,) = await lab.all(Pod)
    await lab.user.delete(Pod, key_of(one), NOW)
    await lab.settle()
    assert await lab.all(Pod) == []


async def test_a_hundred_pods_are_made_without_making_one_too_many(lab):
    await lab.user.create(replica_set(replicas=100))
    await lab.settle()
    assert len(await lab.all(Pod)) == 100
    assert (await lab.get(ReplicaSet, "web")).status.replicas == 100


async def test_reconciling_again_writes_nothing(lab):
    await lab.user.create(replica_set(replicas=2))
    await lab.converge()
    before = (await lab.user.list(Pod)).resource_version
    for _ in range(3):
        lab.loops[0].queue.add(Key(NS, "web"))
        await lab.settle()
    await asyncio.sleep(0)
    assert (await lab.user.list(Pod)).resource_version == before
