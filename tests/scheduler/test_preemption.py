from random import Random

import numpy as np
import pytest
from msgspec.structs import replace

from podo.api.types.core_v1 import Affinity, PodAffinityTerm, PodAntiAffinity, PodCondition
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.api.types.policy_v1 import PodDisruptionBudget, PodDisruptionBudgetSpec, PodDisruptionBudgetStatus
from podo.scheduler.placement import Nomination, place
from podo.scheduler.preemption import NEVER, TERMINATING, preempt
from podo.scheduler.profile import DEFAULT
from podo.scheduler.requests import PodInfo
from tests.scheduler.build import info, node, snapshot, taint


def preempted(pod, nodes, **more):
    """(the node, the names of the victims, the words)."""
    placement = place(pod, nodes, DEFAULT, Random(1), more.get("nominations", ()))
    assert placement.node == ""
    before = {name: column.copy() for name, column in nodes.requested.items()}
    found = preempt(pod, placement, nodes, DEFAULT, Random(1), **more)
    assert all(np.array_equal(before[n], nodes.requested[n]) for n in before), "the snapshot is as before"
    if found.candidate is None:
        return "", [], found.why
    return found.candidate.node, [v.pod.metadata.name for v in found.candidate.victims], found.why


def since(pod: PodInfo, start: str, **changes) -> PodInfo:
    return PodInfo(replace(pod.pod, status=replace(pod.pod.status, start_time=start, **changes)))


def going(pod: PodInfo) -> PodInfo:
    condition = PodCondition(type="DisruptionTarget", status="True", reason="PreemptionByScheduler")
    return PodInfo(
        replace(
            pod.pod,
            metadata=replace(pod.pod.metadata, deletion_timestamp="2026-01-01T00:00:00Z"),
            status=replace(pod.pod.status, conditions=(condition,)),
        )
    )


def budget(name: str, allowed: int, **labels: str) -> PodDisruptionBudget:
    return PodDisruptionBudget(
        metadata=ObjectMeta(name=name, namespace="default"),
        spec=PodDisruptionBudgetSpec(selector=LabelSelector(match_labels=labels)),
        status=PodDisruptionBudgetStatus(disruptions_allowed=allowed),
    )


def test_only_as_many_go_as_must_and_the_least_important_first():
    nodes = snapshot(node("a", cpu="4"))
    for priority in (5, 1, 3, 2):
        nodes.set_pod(info(f"p{priority}", cpu="1", priority=priority), "a")
    assert preempted(info("big", cpu="2", priority=9), nodes) == ("a", ["p2", "p1"], "")


def test_of_equal_priority_the_one_that_started_last_goes():
    nodes = snapshot(node("a", cpu="2"))
    nodes.set_pod(since(info("old", cpu="1"), "2026-01-01T00:00:00Z"), "a")
    nodes.set_pod(since(info("new", cpu="1"), "2026-01-02T00:00:00Z"), "a")
    assert preempted(info("x", cpu="1", priority=1), nodes)[1] == ["new"]


def test_a_pod_never_makes_its_equals_go():
    nodes = snapshot(node("a", cpu="1"), node("b", cpu="1"), node("c", taints=(taint("k"),)))
    nodes.set_pod(info("p", cpu="1", priority=5), "a")
    nodes.set_pod(info("q", cpu="1", priority=5), "b")
    words = (
        "0/3 nodes are available: 1 Preemption is not helpful for scheduling, "
        "2 No preemption victims found for incoming pod."
    )
    assert preempted(info("x", cpu="1", priority=5), nodes) == ("", [], words)


def test_a_pod_that_is_larger_than_the_node_cannot_be_helped():
    nodes = snapshot(node("a", cpu="1"))
    nodes.set_pod(info("p", cpu="1"), "a")
    words = "0/1 nodes are available: 1 Preemption is not helpful for scheduling."
    assert preempted(info("x", cpu="2", priority=5), nodes) == ("", [], words)


def test_what_still_lacks_when_all_went_is_said():
    nodes = snapshot(node("a", cpu="2"))
    nodes.set_pod(info("low", cpu="1"), "a")
    nodes.set_pod(info("high", cpu="1", priority=9), "a")
    words = "0/1 nodes are available: 1 Insufficient cpu."
    assert preempted(info("x", cpu="2", priority=5), nodes) == ("", [], words)


def test_a_policy_of_never_is_respected():
    nodes = snapshot(node("a", cpu="1"))
    nodes.set_pod(info("p", cpu="1"), "a")
    assert preempted(info("x", cpu="1", priority=5, preemption_policy="Never"), nodes) == ("", [], NEVER)


def test_a_pod_waits_for_those_that_are_already_going_for_it():
    nodes = snapshot(node("a", cpu="1"))
    nodes.set_pod(going(info("p", cpu="1")), "a")
    pod = since(info("x", cpu="1", priority=5), "", nominated_node_name="a")
    assert preempted(pod, nodes) == ("", [], TERMINATING)


@pytest.mark.parametrize(
    ("a", "b", "chosen"),
    [
        pytest.param([5], [3], "b", id="the lower priority"),
        pytest.param([3, 3], [3], "b", id="the fewer"),
        pytest.param([3, 2], [3, 1], "b", id="the lower sum"),
    ],
)
def test_the_cheapest_node_is_chosen(a, b, chosen):
    nodes = snapshot(node("a", cpu="2"), node("b", cpu="2"))
    for name, priorities in (("a", a), ("b", b)):
        for number, priority in enumerate(priorities):
            share = 2000 // len(priorities)
            nodes.set_pod(info(f"{name}{number}", cpu=f"{share}m", priority=priority), name)
    assert preempted(info("x", cpu="2", priority=9), nodes)[0] == chosen


def test_pods_that_a_budget_protects_are_spared_where_possible():
    nodes = snapshot(node("a", cpu="1"), node("b", cpu="1"))
    nodes.set_pod(info("kept", cpu="1", labels={"app": "db"}, priority=1), "a")
    nodes.set_pod(info("goes", cpu="1", labels={"app": "web"}, priority=5), "b")
    pod = info("x", cpu="1", priority=9)
    assert preempted(pod, nodes, budgets=[budget("db", 0, app="db")])[:2] == ("b", ["goes"])
    assert preempted(pod, nodes, budgets=[budget("db", 1, app="db")])[:2] == ("a", ["kept"])


def test_a_budget_is_broken_if_nothing_else_helps():
    nodes = snapshot(node("a", cpu="1"))
    nodes.set_pod(info("kept", cpu="1", labels={"app": "db"}), "a")
    assert preempted(info("x", cpu="1", priority=9), nodes, budgets=[budget("db", 0, app="db")])[1] == ["kept"]


def test_pods_go_that_keep_this_one_away():
    shy = PodAntiAffinity(
        required_during_scheduling_ignored_during_execution=(
            PodAffinityTerm(topology_key="kubernetes.io/hostname", label_selector=LabelSelector()),
        )
    )
    nodes = snapshot(node("a"))
    nodes.set_pod(info("shy", affinity=Affinity(pod_anti_affinity=shy)), "a")
    nodes.set_pod(info("other"), "a")
    assert preempted(info("x", priority=9), nodes)[1] == ["shy"]


def test_room_that_was_made_for_one_is_not_taken_by_another_of_lower_priority():
    nodes = snapshot(node("a", cpu="1"))
    nominations = [Nomination(info("first", cpu="1", priority=9), "a")]
    assert place(info("lower", cpu="1", priority=1), nodes, DEFAULT, Random(1), nominations).node == ""
    assert place(info("higher", cpu="1", priority=10), nodes, DEFAULT, Random(1), nominations).node == "a"
    assert nodes.requested["cpu"].sum() == 0


def test_a_nominated_pod_goes_to_its_node_though_another_were_better():
    nodes = snapshot(node("a", cpu="2"), node("b", cpu="64"))
    pod = since(info("x", cpu="1", priority=5), "", nominated_node_name="a")
    assert place(pod, nodes, DEFAULT, Random(1)).node == "a"
