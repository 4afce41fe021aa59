import msgspec
import pytest

from podo.api.types.core_v1 import Node, Pod, Taint
from podo.client.base import Key, key_of
from podo.controllers.pod_gc import PodGC, is_nobodys, removal_order
from tests.build import node, pod

OUT = Taint(key="node.kubernetes.io/out-of-service", value="nodeshutdown", effect="NoExecute")
HOLD = ("example.com/hold",)


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(lambda client, clock, events: PodGC(client, clock, events, threshold=3))


async def create(lab, name: str, phase: str = "Running", **fields) -> Pod:
    given = pod(name, phase=phase, **fields)
    made = await lab.user.create(given)
    return await lab.user.update(msgspec.structs.replace(made, status=given.status), subresource="status")


async def names(lab) -> list[str]:
    await lab.settle()
    return [p.metadata.name for p in await lab.all(Pod)]


async def test_a_pod_on_a_node_that_is_gone_is_removed_after_a_while(lab):
    await lab.user.create(node("n1"))
    await create(lab, "p", node="n1", finalizers=HOLD)
    await lab.settle()
    await lab.user.delete(Node, Key("", "n1"))
    await lab.run_for(39)
    assert not (await lab.get(Pod, "p")).metadata.deletion_timestamp
    await lab.run_for(2)
    found = await lab.get(Pod, "p")
    assert found.metadata.deletion_timestamp
    assert found.status.phase == "Failed"
    (condition,) = [c for c in found.status.conditions if c.type == "DisruptionTarget"]
    assert (condition.reason, condition.message) == ("DeletionByPodGC", "PodGC: node no longer exists")


async def test_a_node_that_comes_back_in_time_keeps_its_pods(lab):
    await lab.user.create(node("n1"))
    await create(lab, "p", node="n1")
    await lab.user.delete(Node, Key("", "n1"))
    await lab.run_for(20)
    await lab.user.create(node("n1"))
    await lab.run_for(100)
    assert await names(lab) == ["p"]


async def test_a_pod_that_was_never_bound_goes_when_it_is_deleted(lab):
    await create(lab, "p", phase="Pending")
    await lab.user.delete(Pod, key_of(pod("p")))
    assert await names(lab) == []


async def test_on_a_node_out_of_service_pods_that_are_being_deleted_go_at_once(lab):
    down = node("n1", taints=(OUT,), ready="Unknown")
    made = await lab.user.create(down)
    await lab.user.update(msgspec.structs.replace(made, status=down.status), subresource="status")
    for name in ("going", "staying"):
        await create(lab, name, node="n1")
    await lab.settle()
    await lab.user.delete(Pod, key_of(pod("going")))
    assert await names(lab) == ["staying"]


async def test_a_pod_that_was_being_deleted_goes_when_its_node_is_put_out_of_service(lab):
    up = node("n1", ready="True")
    made = await lab.user.create(up)
    made = await lab.user.update(msgspec.structs.replace(made, status=up.status), subresource="status")
    await create(lab, "p", node="n1")
    await lab.user.delete(Pod, key_of(pod("p")))
    assert await names(lab) == ["p"]
    await lab.change(made, taints=(OUT,))
    assert await names(lab) == ["p"], "the node is ready: its agent ends the Pod"
    await lab.change_status(made, conditions=node(ready="Unknown").status.conditions)
    assert await names(lab) == []


async def test_of_too_many_finished_pods_the_oldest_go(lab):
    for number in range(6):
        await create(lab, f"p{number}", phase="Succeeded")
        await lab.run_for(1)
    await create(lab, "running")
    assert await names(lab) == ["p3", "p4", "p5", "running"]


def test_evicted_pods_go_before_older_ones():
    evicted = pod("e", phase="Failed", status={"reason": "Evicted"}, creation_timestamp="2026-01-02T00:00:00Z")
    older = pod("o", phase="Succeeded", creation_timestamp="2026-01-01T00:00:00Z")
    assert sorted([older, evicted], key=removal_order) == [evicted, older]


@pytest.mark.parametrize(
    ("given", "on", "expected"),
    [
        (pod(), None, True),
        (pod(node="n1"), None, False),
        (pod(node="n1"), node(taints=(OUT,), ready="Unknown"), True),
        (pod(node="n1"), node(taints=(OUT,), ready="True"), False),
        (pod(node="n1"), node(ready="Unknown"), False),
    ],
)
def test_whose_end_nobody_will_see_to(given, on, expected):
    assert is_nobodys(given, on) is expected
