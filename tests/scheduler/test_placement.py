from random import Random

import pytest

from podo.api.types.core_v1 import (
    Affinity,
    NodeAffinity,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    PreferredSchedulingTerm,
    TopologySpreadConstraint,
)
from podo.api.types.meta_v1 import LabelSelector
from podo.scheduler.placement import place
from podo.scheduler.profile import DEFAULT
from tests.scheduler.build import info, node, snapshot, taint


def chosen(pod, nodes) -> str:
    return place(pod, nodes, DEFAULT, Random(1)).node


def test_the_node_with_most_left_is_chosen():
    nodes = snapshot(node("a"), node("b"))
    nodes.set_pod(info("x", cpu="2"), "a")
    assert chosen(info("y", cpu="500m"), nodes) == "b"


def test_replicas_are_spread_even_if_they_request_nothing():
    nodes = snapshot(*(node(f"n{i}") for i in range(3)))
    for number in range(6):
        pod = info(f"p{number}", owner="rs")
        nodes.set_pod(pod, chosen(pod, nodes))
    assert sorted(nodes.controlled_by("rs").values()) == [2, 2, 2]


def test_a_schedule_anyway_constraint_is_preferred():
    constraint = TopologySpreadConstraint(
        max_skew=1,
        topology_key="zone",
        when_unsatisfiable="ScheduleAnyway",
        label_selector=LabelSelector(match_labels={"app": "x"}),
    )
    nodes = snapshot(node("a", labels={"zone": "1"}), node("b", labels={"zone": "1"}), node("c", labels={"zone": "2"}))
    nodes.set_pod(info("x1", labels={"app": "x"}), "a")
    assert chosen(info("x2", labels={"app": "x"}, topology_spread_constraints=(constraint,)), nodes) == "c"


def test_a_soft_taint_is_avoided_where_possible():
    nodes = snapshot(node("a", taints=(taint("k", "PreferNoSchedule"),)), node("b"))
    assert chosen(info(), nodes) == "b"


def test_preferred_affinity_wins_over_load():
    term = NodeSelectorTerm(match_expressions=(NodeSelectorRequirement(key="disk", operator="In", values=("ssd",)),))
    preferred = (PreferredSchedulingTerm(weight=100, preference=term),)
    wish = Affinity(node_affinity=NodeAffinity(preferred_during_scheduling_ignored_during_execution=preferred))
    nodes = snapshot(node("a", labels={"disk": "ssd"}), node("b"))
    nodes.set_pod(info("x", cpu="1"), "a")
    assert chosen(info("y", affinity=wish), nodes) == "a"


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ((), "no nodes available to schedule pods"),
        ((node("a", cpu="1"),), "0/1 nodes are available: 1 Insufficient cpu."),
        (
            (node("a", cpu="1"), node("b", taints=(taint("k"),)), node("c", unschedulable=True)),
            "0/3 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s), "
            "1 node(s) were unschedulable.",
        ),
        (
            (node("a", cpu="1", memory="1Mi"),),
            "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory.",
        ),
    ],
)
def test_why_a_pod_cannot_be_placed(nodes, message):
    from tests.scheduler.build import container

    pod = info(containers=(container(cpu="2", memory="1Gi"),))
    found = place(pod, snapshot(*nodes), DEFAULT, Random(1))
    assert (found.node, found.message()) == ("", message)


def test_a_large_image_that_a_node_has_draws_the_pod():
    from msgspec.structs import replace

    from podo.api.types.core_v1 import Container, ContainerImage

    image = ContainerImage(names=("reg.example/app:latest",), size_bytes=900 * 1024 * 1024)
    has = node("b")
    has = replace(has, status=replace(has.status, images=(image,)))
    pod = info(containers=(Container(name="c", image="reg.example/app"),))
    assert {place(pod, snapshot(node("a"), has), DEFAULT, Random(n)).node for n in range(5)} == {"b"}


def test_a_pod_that_names_its_nodes_counts_the_others_apart():
    from podo.api.types.core_v1 import NodeSelector

    field = NodeSelectorRequirement(key="metadata.name", operator="In", values=("b",))
    terms = (NodeSelectorTerm(match_fields=(field,)),)
    only = Affinity(
        node_affinity=NodeAffinity(
            required_during_scheduling_ignored_during_execution=NodeSelector(node_selector_terms=terms)
        )
    )
    nodes = snapshot(node("a"), node("b", cpu="1"), node("c"))
    found = place(info(cpu="2", affinity=only), nodes, DEFAULT, Random(1))
    assert found.message() == (
        "0/3 nodes are available: 1 Insufficient cpu, 2 node(s) didn't satisfy plugin(s) [NodeAffinity]."
    )
