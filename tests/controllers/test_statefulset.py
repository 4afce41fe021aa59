import pytest

from podo.api.types.apps_v1 import (
    ControllerRevision,
    RollingUpdateStatefulSetStrategy,
    StatefulSet,
    StatefulSetOrdinals,
    StatefulSetPersistentVolumeClaimRetentionPolicy,
    StatefulSetUpdateStrategy,
)
from podo.api.types.core_v1 import (
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    Pod,
    VolumeResourceRequirements,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import key_of
from podo.controllers.statefulset import StatefulSetController
from tests.build import pod, selector, stateful_set, template

from .lab import NOW

PARALLEL = {"pod_management_policy": "Parallel"}
DATA = PersistentVolumeClaim(
    metadata=ObjectMeta(name="data"),
    spec=PersistentVolumeClaimSpec(
        access_modes=("ReadWriteOnce",), resources=VolumeResourceRequirements(requests={"storage": "1Gi"})
    ),
)


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(StatefulSetController)


async def names(lab) -> list[str]:
    await lab.settle()
    return [p.metadata.name for p in await lab.all(Pod) if not p.metadata.deletion_timestamp]


async def images(lab) -> dict[str, str]:
    await lab.settle()
    return {p.metadata.name: p.spec.containers[0].image for p in await lab.all(Pod)}


async def ready(lab, *which: str) -> None:
    await lab.settle()
    await lab.become([p for p in await lab.all(Pod) if p.metadata.name in which])
    await lab.settle()


async def status(lab):
    await lab.settle()
    return (await lab.get(StatefulSet, "db")).status


async def test_pods_are_made_one_after_another_with_names_of_their_own(lab):
    await lab.user.create(stateful_set())
    assert await names(lab) == ["db-0"]
    one = await lab.get(Pod, "db-0")
    assert (one.spec.hostname, one.spec.subdomain) == ("db-0", "db")
    assert one.metadata.labels["statefulset.kubernetes.io/pod-name"] == "db-0"
    assert one.metadata.labels["apps.kubernetes.io/pod-index"] == "0"
    (revision,) = await lab.all(ControllerRevision)
    assert one.metadata.labels["controller-revision-hash"] == revision.metadata.name
    await ready(lab, "db-0")
    assert await names(lab) == ["db-0", "db-1"]
    await ready(lab, "db-1")
    assert await names(lab) == ["db-0", "db-1", "db-2"]
    await ready(lab, "db-2")
    s = await status(lab)
    assert (s.replicas, s.ready_replicas, s.available_replicas, s.current_replicas, s.updated_replicas) == (3,) * 5
    assert s.current_revision == s.update_revision == revision.metadata.name
    assert "Normal SuccessfulCreate db: Create Pod db-0 in StatefulSet db successful" in await lab.event_lines()


async def test_in_parallel_all_are_made_at_once(lab):
    await lab.user.create(stateful_set(**PARALLEL))
    assert await names(lab) == ["db-0", "db-1", "db-2"]


async def test_numbers_may_start_elsewhere(lab):
    await lab.user.create(stateful_set(replicas=2, ordinals=StatefulSetOrdinals(start=5), **PARALLEL))
    assert await names(lab) == ["db-5", "db-6"]


async def test_a_pod_that_goes_comes_back_with_its_name_once_it_is_gone(lab):
    await lab.user.create(stateful_set())
    await lab.converge()
    first = await lab.get(Pod, "db-1")
    await lab.user.delete(Pod, key_of(first))
    await lab.settle()
    assert (await lab.get(Pod, "db-1")).metadata.uid == first.metadata.uid
    await lab.finish_deletions()
    await lab.settle()
    assert (await lab.get(Pod, "db-1")).metadata.uid != first.metadata.uid


async def test_a_finished_pod_is_replaced(lab):
    await lab.user.create(stateful_set())
    await lab.converge()
    await lab.become([await lab.get(Pod, "db-2")], ready=False, phase="Failed")
    await lab.converge()
    assert await names(lab) == ["db-0", "db-1", "db-2"]
    assert "Normal SuccessfulDelete db: Delete Pod db-2 in StatefulSet db successful" in await lab.event_lines()


async def test_scaling_down_goes_from_the_last_and_waits_for_each(lab):
    s = await lab.user.create(stateful_set())
    await lab.converge()
    await lab.change(s, replicas=1)
    assert await names(lab) == ["db-0", "db-1"]
    await lab.finish_deletions()
    assert await names(lab) == ["db-0"]
    await lab.converge()
    assert (await status(lab)).replicas == 1


async def test_nothing_goes_while_another_is_not_available(lab):
    s = await lab.user.create(stateful_set())
    await lab.converge()
    await lab.become([await lab.get(Pod, "db-0")], ready=False)
    await lab.change(s, replicas=2)
    assert await names(lab) == ["db-0", "db-1", "db-2"]
    await ready(lab, "db-0")
    assert await names(lab) == ["db-0", "db-1"]


async def test_an_update_goes_from_the_last_to_the_first(lab):
    s = await lab.user.create(stateful_set())
    await lab.converge()
    await lab.change(s, template=template("db", "app:v2", node_name="n1"))
    assert await names(lab) == ["db-0", "db-1"]
    await lab.finish_deletions()
    assert (await images(lab))["db-2"] == "app:v2"
    assert await names(lab) == ["db-0", "db-1", "db-2"]
    now = await status(lab)
    assert now.current_revision != now.update_revision
    assert (now.current_replicas, now.updated_replicas) == (2, 1)
    await ready(lab, "db-2")
    assert await names(lab) == ["db-0", "db-2"]
    await lab.converge()
    assert set((await images(lab)).values()) == {"app:v2"}
    now = await status(lab)
    assert now.current_revision == now.update_revision
    assert now.current_replicas == 3


async def test_a_partition_keeps_the_first_ones_as_they_were_also_when_they_are_replaced(lab):
    s = await lab.user.create(stateful_set(partition=2))
    await lab.converge()
    await lab.change(s, template=template("db", "app:v2", node_name="n1"))
    await lab.converge()
    assert list((await images(lab)).values()) == ["app:v1", "app:v1", "app:v2"]
    await lab.user.delete(Pod, key_of(await lab.get(Pod, "db-0")), NOW)
    await lab.converge()
    assert (await images(lab))["db-0"] == "app:v1"


async def test_several_may_be_unavailable_where_that_is_asked_for(lab):
    rolling = RollingUpdateStatefulSetStrategy(partition=0, max_unavailable=2)
    strategy = StatefulSetUpdateStrategy(type="RollingUpdate", rolling_update=rolling)
    s = await lab.user.create(stateful_set(replicas=4, update_strategy=strategy, **PARALLEL))
    await lab.converge()
    if (await lab.get(StatefulSet, "db")).spec.update_strategy.rolling_update.max_unavailable is None:
        return  # the server does not have the field switched on
    await lab.change(s, template=template("db", "app:v2", node_name="n1"))
    assert await names(lab) == ["db-0", "db-1"]


async def test_on_delete_leaves_it_to_the_user(lab):
    s = await lab.user.create(stateful_set(update_strategy=StatefulSetUpdateStrategy(type="OnDelete")))
    await lab.converge()
    await lab.change(s, template=template("db", "app:v2", node_name="n1"))
    await lab.converge()
    assert set((await images(lab)).values()) == {"app:v1"}
    await lab.user.delete(Pod, key_of(await lab.get(Pod, "db-1")), NOW)
    await lab.converge()
    assert list((await images(lab)).values()) == ["app:v1", "app:v2", "app:v1"]


async def test_going_back_uses_the_old_revision_again(lab):
    s = await lab.user.create(stateful_set(replicas=1))
    await lab.converge()
    (first,) = await lab.all(ControllerRevision)
    assert first.data["spec"]["template"]["$patch"] == "replace"
    await lab.change(s, template=template("db", "app:v2", node_name="n1"))
    await lab.converge()
    await lab.change(s, template=template("db", "app:v1", node_name="n1"))
    await lab.converge()
    revisions = {r.metadata.name: r.revision for r in await lab.all(ControllerRevision)}
    assert revisions[first.metadata.name] == 3
    assert sorted(revisions.values()) == [2, 3]
    assert (await status(lab)).current_revision == first.metadata.name


async def test_old_revisions_beyond_the_limit_go(lab):
    s = await lab.user.create(stateful_set(replicas=1, revision_history_limit=1))
    await lab.converge()
    for number in range(2, 6):
        await lab.change(s, template=template("db", f"app:v{number}", node_name="n1"))
        await lab.converge()
    assert sorted(r.revision for r in await lab.all(ControllerRevision)) == [4, 5]


async def test_each_pod_has_claims_of_its_own_that_stay(lab):
    s = await lab.user.create(stateful_set(replicas=2, volume_claim_templates=(DATA,), **PARALLEL))
    await lab.converge()
    claims = await lab.all(PersistentVolumeClaim)
    assert [c.metadata.name for c in claims] == ["data-db-0", "data-db-1"]
    assert claims[0].metadata.labels == {"app": "db"}
    assert claims[0].metadata.owner_references == ()
    volumes = {v.name: v for v in (await lab.get(Pod, "db-0")).spec.volumes}
    assert volumes["data"].persistent_volume_claim.claim_name == "data-db-0"
    await lab.change(s, replicas=0)
    await lab.converge()
    assert len(await lab.all(PersistentVolumeClaim)) == 2
    lines = await lab.event_lines("SuccessfulCreate")
    assert "Normal SuccessfulCreate db: Create Claim data-db-0 Pod db-0 in StatefulSet db success" in lines


@pytest.mark.parametrize(
    ("deleted", "scaled", "before", "after"),
    [
        ("Retain", "Retain", [], []),
        ("Delete", "Retain", ["StatefulSet"], ["StatefulSet"]),
        ("Retain", "Delete", [], ["Pod"]),
        ("Delete", "Delete", ["StatefulSet"], ["Pod"]),
    ],
)
async def test_claims_are_owned_as_the_retention_policy_says(lab, deleted, scaled, before, after):
    policy = StatefulSetPersistentVolumeClaimRetentionPolicy(when_deleted=deleted, when_scaled=scaled)
    options = {"volume_claim_templates": (DATA,), "persistent_volume_claim_retention_policy": policy}
    s = await lab.user.create(stateful_set(replicas=2, **options, **PARALLEL))
    await lab.converge()

    async def owners() -> list[str]:
        await lab.settle()
        claim = await lab.get(PersistentVolumeClaim, "data-db-1")
        return [r.kind for r in claim.metadata.owner_references]

    assert await owners() == before
    await lab.change_meta(await lab.get(Pod, "db-1"), finalizers=("example.com/hold",))
    await lab.change(s, replicas=1)
    assert await owners() == after


async def test_minimum_ready_seconds_are_waited_for(lab):
    await lab.user.create(stateful_set(replicas=2, min_ready_seconds=10))
    await ready(lab, "db-0")
    await lab.run_for(9)
    assert await names(lab) == ["db-0"]
    await lab.run_for(1)
    assert await names(lab) == ["db-0", "db-1"]


async def test_an_orphan_of_the_right_name_is_adopted_and_mended_and_others_are_not(lab):
    for name in ("db-0", "other-0"):
        await lab.user.create(pod(name, labels={"app": "db"}, ready=True, node="n1"))
    await lab.user.create(stateful_set(replicas=1, selector=selector("db")))
    await ready(lab, "db-0")
    found = await lab.get(Pod, "db-0")
    assert found.metadata.owner_references[0].kind == "StatefulSet"
    assert found.metadata.labels["statefulset.kubernetes.io/pod-name"] == "db-0"
    assert (await lab.get(Pod, "other-0")).metadata.owner_references == ()


async def test_what_is_being_deleted_makes_nothing(lab):
    s = await lab.user.create(stateful_set(replicas=1))
    await lab.converge()
    await lab.change_meta(s, finalizers=("example.com/hold",))
    await lab.user.delete(StatefulSet, key_of(s))
    await lab.user.delete(Pod, key_of(await lab.get(Pod, "db-0")), NOW)
    await lab.converge()
    assert await names(lab) == []


async def test_a_set_at_rest_is_left_alone(lab):
    s = await lab.user.create(stateful_set(volume_claim_templates=(DATA,)))
    await lab.converge()
    before = (await lab.user.list(Pod)).resource_version
    lab.loops[0].queue.add(key_of(s))
    await lab.run_for(100)
    assert (await lab.user.list(Pod)).resource_version == before
