import msgspec
import pytest

from podo.api import scheme
from podo.api.errors import NotFound
from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.api.types.core_v1 import ConfigMap, Node, Pod, Secret
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.client.base import BACKGROUND, FOREGROUND, ORPHAN, DeleteOptions, key_of
from podo.controllers.dependents import reduced
from podo.controllers.deployment import DeploymentController
from podo.controllers.garbage_collector import GarbageCollector
from podo.controllers.replicaset import ReplicaSetController
from tests.build import deployment, meta, node

HOLD = ("example.com/hold",)


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(GarbageCollector)


def owner_of(obj, *, block: bool = False, **other) -> OwnerReference:
    kind = type(obj).__name__
    api_version = "apps/v1" if kind in ("Deployment", "ReplicaSet") else "v1"
    fields = {"api_version": api_version, "kind": kind, "name": obj.metadata.name, "uid": obj.metadata.uid}
    return OwnerReference(**(fields | {"block_owner_deletion": block or None} | other))


async def config(lab, name: str, *owners: OwnerReference, **fields) -> ConfigMap:
    return await lab.user.create(ConfigMap(metadata=meta(name, owner_references=owners, **fields)))


async def delete(lab, obj, policy: str = BACKGROUND) -> None:
    await lab.user.delete(type(obj), key_of(obj), DeleteOptions(propagation=policy))
    await lab.settle()


async def names(lab, cls=ConfigMap) -> list[str]:
    return sorted(o.metadata.name for o in await lab.all(cls))


async def test_what_an_owner_leaves_behind_goes_all_the_way_down(lab):
    top = await config(lab, "top")
    middle = await config(lab, "middle", owner_of(top))
    await lab.user.create(Secret(metadata=meta("bottom", owner_references=(owner_of(middle),))))
    await config(lab, "other")
    await lab.settle()
    await delete(lab, top)
    assert await names(lab) == ["other"]
    assert await names(lab, Secret) == []


async def test_with_two_owners_it_goes_with_the_last_and_forgets_the_first(lab):
    one, two = await config(lab, "one"), await config(lab, "two")
    await config(lab, "child", owner_of(one), owner_of(two))
    await lab.settle()
    await delete(lab, one)
    child = await lab.get(ConfigMap, "child")
    assert [r.name for r in child.metadata.owner_references] == ["two"]
    await delete(lab, two)
    assert await names(lab) == []


async def test_orphans_stay_without_their_reference(lab):
    top = await config(lab, "top")
    await config(lab, "child", owner_of(top))
    await lab.settle()
    await delete(lab, top, ORPHAN)
    assert await names(lab) == ["child"]
    assert (await lab.get(ConfigMap, "child")).metadata.owner_references == ()


async def test_in_the_foreground_an_owner_waits_for_those_that_block_it(lab):
    top = await config(lab, "top")
    await config(lab, "blocks", owner_of(top, block=True), finalizers=HOLD)
    await config(lab, "does-not", owner_of(top), finalizers=HOLD)
    await lab.settle()
    await delete(lab, top, FOREGROUND)
    assert await names(lab) == ["blocks", "does-not", "top"]
    assert (await lab.get(ConfigMap, "blocks")).metadata.deletion_timestamp
    await lab.change_meta(await lab.get(ConfigMap, "blocks"), finalizers=())
    await lab.settle()
    assert await names(lab) == ["does-not"]


async def test_the_foreground_goes_down_the_tree_from_the_leaves(lab):
    top = await config(lab, "a")
    middle = await config(lab, "b", owner_of(top, block=True))
    leaf = await config(lab, "c", owner_of(middle, block=True), finalizers=HOLD)
    await lab.settle()
    await delete(lab, top, FOREGROUND)
    assert await names(lab) == ["a", "b", "c"]
    assert "foregroundDeletion" in (await lab.get(ConfigMap, "b")).metadata.finalizers
    await lab.change_meta(leaf, finalizers=())
    await lab.settle()
    assert await names(lab) == []


async def test_a_circle_does_not_wait_for_itself(lab):
    one = await config(lab, "one")
    two = await config(lab, "two", owner_of(one, block=True))
    await lab.change_meta(one, owner_references=(owner_of(two, block=True),))
    await lab.settle()
    await delete(lab, one, FOREGROUND)
    await lab.run_for(5)
    assert await names(lab) == []


async def test_a_reference_taken_off_lets_the_owner_go(lab):
    top = await config(lab, "top")
    child = await config(lab, "child", owner_of(top, block=True), finalizers=HOLD)
    await lab.settle()
    await delete(lab, top, FOREGROUND)
    await lab.change_meta(child, owner_references=())
    await lab.settle()
    assert await names(lab) == ["child"]


async def test_an_object_whose_owner_was_never_there_goes(lab):
    await config(lab, "child", OwnerReference(api_version="v1", kind="ConfigMap", name="ghost", uid="u"))
    await lab.settle()
    assert await names(lab) == []


async def test_an_owner_of_the_same_name_but_another_uid_is_none(lab):
    top = await config(lab, "top")
    await config(lab, "child", owner_of(top, uid="another"))
    await lab.settle()
    assert await names(lab) == ["top"]


async def test_an_owner_in_another_namespace_is_none_and_one_of_the_cluster_is(lab):
    elsewhere = await lab.user.create(ConfigMap(metadata=meta("top", namespace="default")))
    await config(lab, "lost", owner_of(elsewhere))
    top = await lab.user.create(node("n1"))
    await config(lab, "kept", owner_of(top))
    await lab.settle()
    assert await names(lab) == ["kept", "top"]
    await delete(lab, top)
    assert await names(lab) == ["top"]


async def test_a_cluster_scoped_object_with_a_namespaced_owner_is_left_alone(lab):
    top = await config(lab, "top")
    await lab.user.create(Node(metadata=ObjectMeta(name="n1", owner_references=(owner_of(top),))))
    await lab.settle()
    await delete(lab, top)
    assert await names(lab, Node) == ["n1"]


async def test_an_owner_of_a_kind_that_is_not_known_keeps_what_it_owns(lab):
    await config(lab, "child", OwnerReference(api_version="example.com/v1", kind="Thing", name="t", uid="u"))
    await lab.run_for(100)
    assert await names(lab) == ["child"]


async def test_objects_from_before_the_collector_started_are_judged_too(lab):
    top = await config(lab, "top")
    await config(lab, "child", owner_of(top))
    await config(lab, "lost", OwnerReference(api_version="v1", kind="Secret", name="ghost", uid="u"))
    lab.loops.clear()
    lab.start(GarbageCollector)
    await lab.settle()
    assert await names(lab) == ["child", "top"]


async def test_deleting_a_deployment_leaves_nothing(lab):
    lab.start(DeploymentController, ReplicaSetController)
    await lab.user.create(deployment(replicas=3))
    await lab.converge()
    for policy in (BACKGROUND, FOREGROUND):
        d = await lab.get(Deployment, "web") or await lab.user.create(deployment(replicas=3))
        await lab.converge()
        await delete(lab, d, policy)
        await lab.converge()
        await lab.run_for(2)
        for cls in (Deployment, ReplicaSet, Pod):
            assert await names(lab, cls) == []


async def test_an_orphaned_deployment_leaves_its_pods_running(lab):
    lab.start(DeploymentController, ReplicaSetController)
    d = await lab.user.create(deployment(replicas=2))
    await lab.converge()
    pods = await names(lab, Pod)
    await delete(lab, d, ORPHAN)
    await lab.converge()
    assert await names(lab, Pod) == pods
    (rs,) = await lab.all(ReplicaSet)
    assert rs.metadata.owner_references == ()
    await lab.user.create(deployment(replicas=2))
    await lab.converge()
    assert await names(lab, Pod) == pods, "it is adopted again"


async def test_of_objects_of_no_interest_nothing_is_held(lab):
    await config(lab, "plain", labels={"a": "b"})
    await lab.settle()
    held = [
        len(monitor.informer)
        for monitor in lab.loops[0].controller._graph.monitors.values()
        if monitor.resource.plural == "configmaps"
    ]
    assert held == [0]


async def test_what_another_holds_whole_is_not_held_twice_though_there_was_none_of_it_at_the_start(lab):
    whole = lab.informers.of(Pod)
    assert not len(whole)
    lab.start(GarbageCollector)
    monitors = lab.loops[-1].controller._graph.monitors
    assert monitors["", "pods"].informer is whole
    assert monitors["", "pods"].whole


def test_of_others_only_what_is_needed_is_kept():
    plain = scheme.PartialObject(metadata=meta("a", finalizers=HOLD, labels={"x": "y"}))
    assert reduced(plain) is None
    owner = OwnerReference(kind="K", name="n", uid="u")
    kept = reduced(msgspec.structs.replace(plain, metadata=meta("a", owner_references=(owner,), labels={"x": "y"})))
    assert kept.metadata.labels == {}
    assert kept.metadata.owner_references == (owner,)


async def test_what_is_gone_already_is_no_failure(lab):
    top = await config(lab, "top")
    child = await config(lab, "child", owner_of(top))
    await lab.settle()
    await lab.user.delete(ConfigMap, key_of(top))
    await lab.user.delete(ConfigMap, key_of(child))
    await lab.settle()
    with pytest.raises(NotFound):
        await lab.user.get(ConfigMap, key_of(child))
