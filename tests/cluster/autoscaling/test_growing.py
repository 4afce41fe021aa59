"""Which Pods are worth a node, and what is said of the others."""

import msgspec
import pytest

from podo.api.types.core_v1 import Affinity, Node, Pod, PodAffinityTerm, PodAntiAffinity, PodCondition, Taint
from podo.cluster.autoscaling.growing import grow, is_waiting, new_node
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot
from tests.build import selector

from .build import local_node, of_daemon_set, waiting


@pytest.fixture
def snapshot():
    made = Snapshot()
    made.set_node(local_node("node-1"))
    return made


def decide(snapshot, *pods, room=4, arriving=()):
    found = grow(pods, snapshot, local_node("node-1"), arriving=arriving, room=room)
    return found.add, [p.metadata.name for p in found.triggers], {p.metadata.name: why for p, why in found.refused}


def test_pods_that_fit_on_what_is_there_need_no_node(snapshot):
    assert decide(snapshot, waiting("a", cpu="1"), waiting("b", cpu="1")) == (0, [], {})


def test_as_many_nodes_are_added_as_the_pods_fill(snapshot):
    pods = [waiting(f"p{n}", cpu="900m") for n in range(6)]  # two a node of two CPUs
    assert decide(snapshot, *pods) == (2, ["p2", "p3", "p4", "p5"], {})


def test_no_more_than_there_is_room_for(snapshot):
    pods = [waiting(f"p{n}", cpu="1500m") for n in range(4)]
    added, triggers, refused = decide(snapshot, *pods, room=1)
    assert (added, triggers) == (1, ["p1"])
    assert refused == dict.fromkeys(("p2", "p3"), "1 max node group size reached")


def test_a_pod_too_large_for_any_node_triggers_none(snapshot):
    assert decide(snapshot, waiting("huge", cpu="8")) == (0, [], {"huge": "1 Insufficient cpu"})


def test_a_pod_for_other_nodes_triggers_none(snapshot):
    made = waiting("gpu")
    made = msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, node_selector={"gpu": "yes"}))
    assert decide(snapshot, made) == (0, [], {"gpu": "1 node(s) didn't match Pod's node affinity/selector"})


def test_pods_that_avoid_each_other_get_a_node_each(snapshot):
    term = PodAffinityTerm(label_selector=selector("web"), topology_key="kubernetes.io/hostname")
    apart = Affinity(pod_anti_affinity=PodAntiAffinity(required_during_scheduling_ignored_during_execution=(term,)))
    pods = [waiting(f"p{n}", labels={"app": "web"}, affinity=apart) for n in range(3)]
    assert decide(snapshot, *pods)[0] == 2


def test_the_more_important_pods_get_the_room_that_is_left(snapshot):
    pods = [waiting("low", cpu="1500m"), waiting("high", cpu="1500m", priority=10)]
    assert decide(snapshot, *pods, room=0) == (0, [], {"low": "1 max node group size reached"})


def test_a_node_that_is_about_to_be_ready_counts_as_there(snapshot):
    late = local_node("node-2", taints=(Taint(key="node.kubernetes.io/not-ready", effect="NoSchedule"),))
    snapshot.set_node(late)
    pods = [waiting("a", cpu="1500m"), waiting("b", cpu="1500m")]
    assert decide(snapshot, *pods, arriving=[late])[0] == 0
    assert decide(snapshot, *pods)[0] == 1


def test_a_new_node_has_the_pods_of_daemon_sets_as_well(snapshot):
    snapshot.set_pod(PodInfo(of_daemon_set("agent-x", "node-1", cpu="600m")), "node-1")
    assert decide(snapshot, waiting("a", cpu="1500m")) == (0, [], {"a": "1 Insufficient cpu"})
    assert decide(snapshot, waiting("a", cpu="1400m"), waiting("b", cpu="1400m"))[:2] == (1, ["b"])


def test_a_decision_leaves_the_snapshot_as_it_was(snapshot):
    before = snapshot.requested["cpu"].tolist(), [r.node.metadata.name for r in snapshot.nodes()]
    decide(snapshot, *[waiting(f"p{n}", cpu="1500m") for n in range(9)], waiting("huge", cpu="9"))
    assert (snapshot.requested["cpu"].tolist(), [r.node.metadata.name for r in snapshot.nodes()]) == before


def test_a_new_node_has_nothing_that_somebody_has_set_on_the_one_it_is_like():
    like = local_node("node-1", taints=(Taint(key="mine", effect="NoSchedule"),), disk="ssd")
    made: Node = new_node(like, "node-7")
    assert (made.spec.taints, made.metadata.labels) == ((), {"kubernetes.io/hostname": "node-7"})
    assert made.status.allocatable == like.status.allocatable


@pytest.mark.parametrize(
    ("change", "does"),
    [
        ({}, True),
        ({"node_name": "node-1"}, False),
        ({"priority": -11}, False),
        ({"priority": -10}, True),
        ({"scheduler_name": "mine"}, False),
    ],
)
def test_which_pods_wait(change, does):
    made = waiting("a")
    assert is_waiting(msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, **change))) is does


@pytest.mark.parametrize("said", [(), (PodCondition(type="PodScheduled", status="False", reason="SchedulingGated"),)])
def test_a_pod_of_which_the_scheduler_has_not_said_so_does_not_wait(said):
    made: Pod = waiting("a")
    assert not is_waiting(msgspec.structs.replace(made, status=msgspec.structs.replace(made.status, conditions=said)))
