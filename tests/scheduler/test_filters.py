import pytest

from podo.api.types.core_v1 import (
    Container,
    ContainerPort,
    NodeSelectorRequirement,
    Toleration,
    TopologySpreadConstraint,
)
from podo.api.types.meta_v1 import LabelSelector
from podo.scheduler.filters.node_affinity import NodeAffinity
from podo.scheduler.filters.node_name import NodeName
from podo.scheduler.filters.node_ports import NodePorts
from podo.scheduler.filters.node_resources import NodeResources
from podo.scheduler.filters.node_unschedulable import NodeUnschedulable
from podo.scheduler.filters.taint_toleration import TaintToleration
from podo.scheduler.filters.topology_spread import TopologySpread
from tests.scheduler.build import container, info, names, node, required, snapshot, taint


def fitting(plugin, pod, nodes) -> set[str]:
    verdict = plugin.filter(pod, nodes)
    return names(nodes, nodes.exists if verdict is None else verdict.fits & nodes.exists)


def test_a_named_node_is_the_only_one():
    nodes = snapshot(node("a"), node("b"))
    assert fitting(NodeName(), info(node_name="b"), nodes) == {"b"}
    assert fitting(NodeName(), info(node_name="x"), nodes) == set()
    assert fitting(NodeName(), info(), nodes) == {"a", "b"}


def test_a_cordoned_node_needs_a_toleration():
    nodes = snapshot(node("a"), node("b", unschedulable=True))
    assert fitting(NodeUnschedulable(), info(), nodes) == {"a"}
    anything = Toleration(operator="Exists")
    assert fitting(NodeUnschedulable(), info(tolerations=(anything,)), nodes) == {"a", "b"}


@pytest.mark.parametrize(
    ("toleration", "fits"),
    [
        (Toleration(key="k", operator="Equal", value="v", effect="NoSchedule"), True),
        (Toleration(key="k", operator="Equal", value="x", effect="NoSchedule"), False),
        (Toleration(key="k", operator="Exists"), True),
        (Toleration(key="k", operator="Exists", effect="NoExecute"), False),
        (Toleration(operator="Exists"), True),
        (Toleration(key="other", operator="Exists"), False),
        (Toleration(key="k", value="v"), True),
    ],
)
def test_a_taint_needs_its_toleration(toleration, fits):
    nodes = snapshot(node("a", taints=(taint("k", value="v"),)))
    assert fitting(TaintToleration(), info(tolerations=(toleration,)), nodes) == ({"a"} if fits else set())


@pytest.mark.parametrize(("operator", "value", "fits"), [("Lt", "10", True), ("Gt", "10", False), ("Gt", "x", False)])
def test_a_toleration_may_compare_numbers(operator, value, fits):
    nodes = snapshot(node("a", taints=(taint("k", value="5"),)))
    toleration = Toleration(key="k", operator=operator, value=value)
    assert fitting(TaintToleration(), info(tolerations=(toleration,)), nodes) == ({"a"} if fits else set())


def test_a_soft_taint_keeps_nobody_away():
    nodes = snapshot(node("a", taints=(taint("k", "PreferNoSchedule"),)))
    assert fitting(TaintToleration(), info(), nodes) == {"a"}


@pytest.mark.parametrize(
    ("operator", "values", "fits"),
    [
        ("In", ("ssd", "nvme"), {"a"}),
        ("NotIn", ("ssd",), {"b", "c"}),
        ("Exists", (), {"a", "b"}),
        ("DoesNotExist", (), {"c"}),
        ("In", ("unknown",), set()),
    ],
)
def test_node_affinity_by_label(operator, values, fits):
    nodes = snapshot(node("a", labels={"disk": "ssd"}), node("b", labels={"disk": "hdd"}), node("c"))
    wanted = required(NodeSelectorRequirement(key="disk", operator=operator, values=values))
    assert fitting(NodeAffinity(), info(affinity=wanted), nodes) == fits


@pytest.mark.parametrize(("operator", "fits"), [("Gt", {"b"}), ("Lt", {"a"})])
def test_node_affinity_compares_numbers(operator, fits):
    nodes = snapshot(node("a", labels={"gen": "1"}), node("b", labels={"gen": "9"}), node("c", labels={"gen": "x"}))
    wanted = required(NodeSelectorRequirement(key="gen", operator=operator, values=("5",)))
    assert fitting(NodeAffinity(), info(affinity=wanted), nodes) == fits


def test_a_node_selector_follows_a_change_of_labels():
    nodes = snapshot(node("a"), node("b"))
    chooser = info(node_selector={"disk": "ssd"})
    assert fitting(NodeAffinity(), chooser, nodes) == set()
    nodes.set_node(node("b", labels={"disk": "ssd"}))
    assert fitting(NodeAffinity(), chooser, nodes) == {"b"}
    nodes.set_node(node("b"))
    assert fitting(NodeAffinity(), chooser, nodes) == set()


def test_a_taken_port_is_not_free():
    web = Container(name="w", ports=(ContainerPort(container_port=80, host_port=80),))
    nodes = snapshot(node("a"), node("b"))
    nodes.set_pod(info("first", containers=(web,)), "a")
    assert fitting(NodePorts(), info("second", containers=(web,)), nodes) == {"b"}


def test_what_is_requested_must_be_left():
    nodes = snapshot(node("small", cpu="1"), node("big", cpu="4"))
    nodes.set_pod(info("x", cpu="600m"), "small")
    verdict = NodeResources().filter(info("y", cpu="500m"), nodes)
    assert names(nodes, verdict.fits) == {"big"}
    assert names(nodes, verdict.reasons["Insufficient cpu"] & nodes.exists) == {"small"}


def test_a_full_node_takes_no_pod():
    nodes = snapshot(node("a", pods="1"))
    nodes.set_pod(info("x"), "a")
    assert names(nodes, NodeResources().filter(info("y"), nodes).reasons["Too many pods"] & nodes.exists) == {"a"}


def test_a_resource_that_no_node_offers():
    nodes = snapshot(node("a"))
    wanted = info(containers=(container(**{"example.com/gpu": "1"}),))
    assert fitting(NodeResources(), wanted, nodes) == set()


def spread(skew: int = 1, **more) -> TopologySpreadConstraint:
    return TopologySpreadConstraint(
        max_skew=skew,
        topology_key="zone",
        when_unsatisfiable="DoNotSchedule",
        label_selector=LabelSelector(match_labels={"app": "x"}),
        **more,
    )


def test_no_zone_may_be_ahead_by_more_than_the_skew():
    nodes = snapshot(node("a", labels={"zone": "1"}), node("b", labels={"zone": "2"}), node("c"))
    nodes.set_pod(info("x1", labels={"app": "x"}), "a")
    pod = info("x2", labels={"app": "x"}, topology_spread_constraints=(spread(),))
    assert fitting(TopologySpread(), pod, nodes) == {"b"}
    pod = info("x2", labels={"app": "x"}, topology_spread_constraints=(spread(2),))
    assert fitting(TopologySpread(), pod, nodes) == {"a", "b"}


def test_pods_of_other_namespaces_and_labels_do_not_count():
    nodes = snapshot(node("a", labels={"zone": "1"}), node("b", labels={"zone": "2"}))
    nodes.set_pod(info("x1", labels={"app": "x"}, namespace="other"), "a")
    nodes.set_pod(info("y1", labels={"app": "y"}), "a")
    pod = info("x2", labels={"app": "x"}, topology_spread_constraints=(spread(),))
    assert fitting(TopologySpread(), pod, nodes) == {"a", "b"}


def test_with_too_few_domains_the_minimum_is_zero():
    nodes = snapshot(node("a", labels={"zone": "1"}))
    nodes.set_pod(info("x1", labels={"app": "x"}), "a")
    pod = info("x2", labels={"app": "x"}, topology_spread_constraints=(spread(min_domains=2),))
    assert fitting(TopologySpread(), pod, nodes) == set()
