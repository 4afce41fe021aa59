import msgspec
import pytest

from podo.api.timestamps import format_microtime, format_time
from podo.api.types.coordination_v1 import Lease, LeaseSpec
from podo.api.types.core_v1 import Namespace, Node, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key, find
from podo.controllers.node_lifecycle import NodeLifecycle
from tests.build import node, pod

LEASES = "kube-node-lease"


@pytest.fixture(autouse=True)
async def running(lab):
    await lab.user.create(Namespace(metadata=ObjectMeta(name=LEASES)))
    lab.start(NodeLifecycle)


async def join(lab, name: str, ready: str = "True", **labels: str) -> None:
    made = node(name, ready=ready, **labels)
    stored = await lab.user.create(made)
    await lab.user.update(msgspec.structs.replace(stored, status=made.status), subresource="status")
    await renew(lab, name)


async def renew(lab, *names: str) -> None:
    now = format_microtime(lab.clock.now())
    for name in names:
        lease = await find(lab.user, Lease, Key(LEASES, name))
        meta = lease.metadata if lease else ObjectMeta(name=name, namespace=LEASES)
        changed = Lease(metadata=meta, spec=LeaseSpec(holder_identity=name, renew_time=now, lease_duration_seconds=40))
        await (lab.user.update(changed) if lease else lab.user.create(changed))
    await lab.settle()


async def live(lab, seconds: float, *names: str) -> None:
    """Let time pass while these nodes renew their Leases every ten seconds."""
    for _ in range(int(seconds // 10)):
        await lab.run_for(10)
        await renew(lab, *names)


async def readiness(lab, name: str) -> str:
    found = await lab.get(Node, name, "")
    return next(c.status for c in found.status.conditions if c.type == "Ready")


async def taints(lab, name: str) -> list[str]:
    found = await lab.get(Node, name, "")
    return [f"{t.key.rpartition('/')[2]}:{t.effect}" for t in found.spec.taints]


async def bound(lab, name: str, on: str) -> None:
    one = pod(name, node=on, ready=True)
    made = await lab.user.create(one)
    await lab.user.update(msgspec.structs.replace(made, status=one.status), subresource="status")
    await lab.settle()


async def pod_ready(lab, name: str) -> str:
    return next(c.status for c in (await lab.get(Pod, name)).status.conditions if c.type == "Ready")


async def test_a_node_that_renews_its_lease_stays_ready(lab):
    await join(lab, "n1")
    await live(lab, 300, "n1")
    assert await readiness(lab, "n1") == "True"
    assert "Normal RegisteredNode n1: Node n1 event: Registered Node n1 in Controller" in await lab.event_lines()


async def test_a_silent_node_turns_unknown_after_the_grace_and_its_pods_are_not_ready(lab):
    for name in ("n1", "n2"):
        await join(lab, name)
    await bound(lab, "p", "n1")
    await live(lab, 40, "n2")
    assert await readiness(lab, "n1") == "True"
    await live(lab, 20, "n2")
    assert await readiness(lab, "n1") == "Unknown"
    assert await taints(lab, "n1") == ["unreachable:NoExecute", "unreachable:NoSchedule"]
    assert await pod_ready(lab, "p") == "False"
    lines = await lab.event_lines("NodeNotReady")
    assert "Normal NodeNotReady n1: Node n1 status is now: NodeNotReady" in lines
    assert "Warning NodeNotReady p: Node is not ready" in lines


async def test_a_node_that_comes_back_loses_its_taints(lab):
    for name in ("n1", "n2"):
        await join(lab, name)
    await live(lab, 60, "n2")
    await renew(lab, "n1")
    found = await lab.get(Node, "n1", "")
    await lab.change_status(found, conditions=node(ready="True").status.conditions)
    await lab.settle()
    assert await taints(lab, "n1") == []
    await live(lab, 100, "n1", "n2")
    assert await readiness(lab, "n1") == "True"


async def test_a_heartbeat_in_the_status_is_a_sign_of_life_too(lab):
    await join(lab, "n1")
    for _ in range(12):
        await lab.run_for(10)
        beat = msgspec.structs.replace(
            node(ready="True").status.conditions[0], last_heartbeat_time=format_time(lab.clock.now())
        )
        await lab.change_status(await lab.get(Node, "n1", ""), conditions=(beat,))
    assert await readiness(lab, "n1") == "True"


async def test_when_no_node_answers_nobody_is_driven_away(lab):
    for name in ("n1", "n2"):
        await join(lab, name)
    await lab.run_for(120)
    for name in ("n1", "n2"):
        assert await readiness(lab, name) == "Unknown"
        assert await taints(lab, name) == ["unreachable:NoSchedule"]


async def test_nodes_are_emptied_one_after_another(lab):
    for name in ("n1", "n2", "n3", "n4", "n5"):
        await join(lab, name)
    await live(lab, 50, "n3", "n4", "n5")
    emptied = [name for name in ("n1", "n2") if "unreachable:NoExecute" in await taints(lab, name)]
    assert len(emptied) == 1
    await live(lab, 20, "n3", "n4", "n5")
    for name in ("n1", "n2"):
        assert "unreachable:NoExecute" in await taints(lab, name)


async def test_a_node_that_is_said_to_be_down_has_no_ready_pods(lab):
    for name in ("n1", "n2"):
        await join(lab, name)
    await bound(lab, "p", "n1")
    await lab.change_status(await lab.get(Node, "n1", ""), conditions=node(ready="Unknown").status.conditions)
    await lab.settle()
    assert await pod_ready(lab, "p") == "False"
    assert await taints(lab, "n1") == ["unreachable:NoExecute", "unreachable:NoSchedule"]


async def test_a_pod_that_comes_to_a_dead_node_is_not_ready(lab):
    for name in ("n1", "n2"):
        await join(lab, name)
    await live(lab, 60, "n2")
    await bound(lab, "late", "n1")
    assert await pod_ready(lab, "late") == "False"


async def test_a_node_that_never_reported_gets_a_little_longer(lab):
    await lab.user.create(node("n1"))
    await lab.run_for(59)
    assert (await lab.get(Node, "n1", "")).status.conditions == ()
    await lab.run_for(2)
    found = {c.type: c.reason for c in (await lab.get(Node, "n1", "")).status.conditions}
    assert set(found.values()) == {"NodeStatusNeverUpdated"}


async def test_a_node_that_is_deleted_is_told_of(lab):
    await join(lab, "n1")
    await lab.user.delete(Node, Key("", "n1"))
    lines = await lab.event_lines("RemovingNode")
    assert lines == ["Normal RemovingNode n1: Node n1 event: Removing Node n1 from Controller"]


async def test_a_cordon_is_a_taint(lab):
    await join(lab, "n1")
    await lab.change(await lab.get(Node, "n1", ""), unschedulable=True)
    await lab.settle()
    assert await taints(lab, "n1") == ["unschedulable:NoSchedule"]


async def test_a_quiet_cluster_is_left_alone(lab):
    await join(lab, "n1")
    before = (await lab.get(Node, "n1", "")).metadata.resource_version
    await live(lab, 100, "n1")
    assert (await lab.get(Node, "n1", "")).metadata.resource_version == before
