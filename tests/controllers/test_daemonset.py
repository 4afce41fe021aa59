import json

import msgspec
import pytest

from podo.api.types.apps_v1 import ControllerRevision, DaemonSet, DaemonSetUpdateStrategy
from podo.api.types.core_v1 import Binding, Node, ObjectReference, Pod, Taint, Toleration
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key, key_of, kind_of
from podo.controllers.daemonset import DaemonSetController
from podo.controllers.daemonset_plan import target_of
from tests.build import daemon_set, node, pod, template

from .lab import NOW, NS

BAD = Taint(key="bad", value="", effect="NoSchedule")
WORSE = Taint(key="worse", value="", effect="NoExecute")


@pytest.fixture(autouse=True)
async def running(lab):
    for name in ("n1", "n2", "n3"):
        await lab.user.create(node(name, ready="True", disk="ssd" if name == "n1" else "hdd"))
    lab.start(DaemonSetController)


async def places(lab) -> list[str]:
    await lab.settle()
    return sorted(target_of(p) for p in await lab.all(Pod) if not p.metadata.deletion_timestamp)


async def images(lab) -> dict[str, str]:
    await lab.settle()
    alive = [p for p in await lab.all(Pod) if not p.metadata.deletion_timestamp]
    return {target_of(p): p.spec.containers[0].image for p in alive}


async def run_all(lab, *, ready: bool = True) -> None:
    """Bind each Pod to its node and run it; remove what is being deleted."""
    for _ in range(60):
        await lab.settle()
        gone = await lab.finish_deletions()
        await lab.settle()
        new = [p for p in await lab.all(Pod) if p.status.phase in ("", "Pending")]
        for one in new:
            if not one.spec.node_name:
                binding = Binding(
                    metadata=ObjectMeta(namespace=NS, name=one.metadata.name),
                    target=ObjectReference(kind="Node", name=target_of(one)),
                )
                await lab.user.create(binding, of=kind_of(Pod), subresource="binding")
        await lab.become(new, ready=ready)
        if not gone and not new:
            return
    raise AssertionError("the Pods never come to rest")


async def status(lab):
    await lab.settle()
    return (await lab.get(DaemonSet, "agent")).status


async def test_each_node_has_one(lab):
    await lab.user.create(daemon_set())
    assert await places(lab) == ["n1", "n2", "n3"]
    one = (await lab.all(Pod))[0]
    assert one.spec.node_name == "", "the scheduler binds it"
    tolerated = {(t.key.rpartition("/")[2], t.effect) for t in one.spec.tolerations}
    assert ("unreachable", "NoExecute") in tolerated
    assert ("unschedulable", "NoSchedule") in tolerated
    (revision,) = await lab.all(ControllerRevision)
    mark = revision.metadata.labels["controller-revision-hash"]
    assert revision.metadata.name == f"agent-{mark}"
    assert one.metadata.labels["controller-revision-hash"] == mark
    await run_all(lab)
    s = await status(lab)
    assert (s.desired_number_scheduled, s.current_number_scheduled, s.number_ready) == (3, 3, 3)
    assert (s.number_available, s.number_unavailable, s.updated_number_scheduled) == (3, None, 3)


async def test_a_revision_holds_the_template_with_its_keys_in_order_as_clients_make_it_to_compare(lab):
    stored = await lab.user.create(daemon_set())
    await lab.settle()
    (revision,) = await lab.all(ControllerRevision)
    template = msgspec.to_builtins(stored.spec.template) | {"$patch": "replace"}
    wanted = json.dumps({"spec": {"template": template}}, sort_keys=True)
    assert json.dumps(revision.data) == wanted


async def test_nodes_come_and_go(lab):
    await lab.user.create(daemon_set())
    await run_all(lab)
    await lab.user.create(node("n4", ready="True"))
    assert await places(lab) == ["n1", "n2", "n3", "n4"]
    await lab.user.delete(Node, Key("", "n4"))
    assert (await status(lab)).desired_number_scheduled == 3


async def test_a_selector_chooses_nodes_and_labels_may_change(lab):
    ds = daemon_set(template=template("agent", node_selector={"disk": "ssd"}))
    await lab.user.create(ds)
    assert await places(lab) == ["n1"]
    await run_all(lab)
    await lab.change_meta(await lab.get(Node, "n2", ""), labels={"disk": "ssd"})
    await lab.change_meta(await lab.get(Node, "n1", ""), labels={"disk": "hdd"})
    assert await places(lab) == ["n2"]


async def test_a_taint_keeps_new_ones_away_and_only_no_execute_drives_out(lab):
    await lab.user.create(daemon_set())
    await run_all(lab)
    await lab.change(await lab.get(Node, "n1", ""), taints=(BAD,))
    await lab.change(await lab.get(Node, "n2", ""), taints=(WORSE,))
    assert await places(lab) == ["n1", "n3"]
    s = await status(lab)
    assert (s.desired_number_scheduled, s.number_misscheduled) == (1, 2)
    await run_all(lab)
    assert (await status(lab)).number_misscheduled == 1


async def test_a_tolerated_taint_does_not_matter(lab):
    tolerant = template("agent", tolerations=(Toleration(key="bad", operator="Exists"),))
    await lab.change(await lab.get(Node, "n1", ""), taints=(BAD,))
    await lab.user.create(daemon_set(template=tolerant))
    assert await places(lab) == ["n1", "n2", "n3"]


async def test_a_pod_that_goes_comes_back_and_a_failed_one_is_replaced_ever_more_slowly(lab):
    await lab.user.create(daemon_set())
    await run_all(lab)
    await lab.user.delete(Pod, key_of((await lab.all(Pod))[0]), NOW)
    await run_all(lab)
    assert await places(lab) == ["n1", "n2", "n3"]
    for wait in (0, 1):
        broken = next(p for p in await lab.all(Pod) if target_of(p) == "n1")
        await lab.become([broken], ready=False, phase="Failed")
        if wait:
            await lab.run_for(wait - 0.5)
            assert (await lab.get(Pod, broken.metadata.name)).metadata.deletion_timestamp == ""
            await lab.run_for(1)
        await run_all(lab)
        assert await lab.get(Pod, broken.metadata.name) is None
    lines = await lab.event_lines("FailedDaemonPod")
    assert lines[0].startswith("Warning FailedDaemonPod agent: Found failed daemon pod ns/agent-")
    assert lines[0].endswith(" on node n1, will try to kill it")


async def test_an_update_replaces_one_after_another(lab):
    ds = await lab.user.create(daemon_set())
    await run_all(lab)
    await lab.change(ds, template=template("agent", "app:v2"))
    assert len(await places(lab)) == 2
    await lab.finish_deletions()
    await lab.settle()
    assert sorted((await images(lab)).values()) == ["app:v1", "app:v1", "app:v2"]
    await run_all(lab)
    assert set((await images(lab)).values()) == {"app:v2"}
    assert (await status(lab)).updated_number_scheduled == 3


async def test_as_many_as_may_be_unavailable_are_replaced_at_a_time(lab):
    ds = await lab.user.create(daemon_set(unavailable="60%"))
    await run_all(lab)
    await lab.change(ds, template=template("agent", "app:v2"))
    assert len(await places(lab)) == 1


async def test_old_pods_that_do_not_work_are_replaced_at_once(lab):
    ds = await lab.user.create(daemon_set())
    await run_all(lab, ready=False)
    await lab.change(ds, template=template("agent", "app:v2"))
    assert await places(lab) == []


async def test_with_surge_a_new_pod_is_ready_before_the_old_one_goes(lab):
    ds = await lab.user.create(daemon_set(unavailable=0, surge=1))
    await run_all(lab)
    await lab.change(ds, template=template("agent", "app:v2"))
    assert len(await places(lab)) == 4
    old = [p for p in await lab.all(Pod) if p.spec.containers[0].image == "app:v1"]
    assert len(old) == 3
    await run_all(lab)
    assert set((await images(lab)).values()) == {"app:v2"}
    assert await places(lab) == ["n1", "n2", "n3"]


async def test_on_delete_leaves_it_to_the_user(lab):
    ds = await lab.user.create(daemon_set(update_strategy=DaemonSetUpdateStrategy(type="OnDelete")))
    await run_all(lab)
    await lab.change(ds, template=template("agent", "app:v2"))
    await run_all(lab)
    assert set((await images(lab)).values()) == {"app:v1"}
    await lab.user.delete(Pod, key_of((await lab.all(Pod))[0]), NOW)
    await run_all(lab)
    assert sorted((await images(lab)).values()) == ["app:v1", "app:v1", "app:v2"]


async def test_going_back_uses_the_old_revision_again_and_old_ones_are_cut(lab):
    ds = await lab.user.create(daemon_set(revision_history_limit=1))
    for number in (1, 2, 3, 2):
        await lab.change(ds, template=template("agent", f"app:v{number}"))
        await run_all(lab)
    revisions = await lab.all(ControllerRevision)
    assert sorted(r.revision for r in revisions) == [3, 4]


async def test_of_two_on_a_node_the_older_stays(lab):
    await lab.user.create(daemon_set())
    await run_all(lab)
    await lab.run_for(5)
    extra = pod("extra", labels={"app": "agent"}, node="n1")
    await lab.user.create(extra)
    await run_all(lab)
    assert await lab.get(Pod, "extra") is None
    assert await places(lab) == ["n1", "n2", "n3"]


async def test_a_set_at_rest_is_left_alone(lab):
    ds = await lab.user.create(daemon_set())
    await run_all(lab)
    before = (await lab.user.list(Pod)).resource_version
    lab.loops[0].queue.add(key_of(ds))
    await lab.run_for(100)
    assert (await lab.user.list(Pod)).resource_version == before
