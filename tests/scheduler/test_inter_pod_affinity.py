from random import Random

import pytest

from podo.api.types.core_v1 import Affinity, PodAffinity, PodAffinityTerm, PodAntiAffinity, WeightedPodAffinityTerm
from podo.api.types.meta_v1 import LabelSelector, LabelSelectorRequirement
from podo.client.base import Key
from podo.scheduler.filters.inter_pod_affinity import ANTI_AFFINITY, NO_AFFINITY, OTHERS_ANTI_AFFINITY, InterPodAffinity
from podo.scheduler.placement import place
from podo.scheduler.profile import DEFAULT
from tests.scheduler.build import info, names, node, snapshot

ZONE, HOST = "zone", "kubernetes.io/hostname"


def term(topology: str, namespaces=(), namespace_selector=None, **labels: str) -> PodAffinityTerm:
    return PodAffinityTerm(
        topology_key=topology,
        label_selector=LabelSelector(match_labels=labels),
        namespaces=namespaces,
        namespace_selector=namespace_selector,
    )


def near(*terms: PodAffinityTerm) -> Affinity:
    return Affinity(pod_affinity=PodAffinity(required_during_scheduling_ignored_during_execution=terms))


def apart(*terms: PodAffinityTerm) -> Affinity:
    return Affinity(pod_anti_affinity=PodAntiAffinity(required_during_scheduling_ignored_during_execution=terms))


def likes(weight: int, wanted: PodAffinityTerm) -> Affinity:
    weighted = (WeightedPodAffinityTerm(weight=weight, pod_affinity_term=wanted),)
    return Affinity(pod_affinity=PodAffinity(preferred_during_scheduling_ignored_during_execution=weighted))


def dislikes(weight: int, wanted: PodAffinityTerm) -> Affinity:
    weighted = (WeightedPodAffinityTerm(weight=weight, pod_affinity_term=wanted),)
    return Affinity(pod_anti_affinity=PodAntiAffinity(preferred_during_scheduling_ignored_during_execution=weighted))


@pytest.fixture
def nodes():
    """Two nodes in zone 1, one in zone 2, one in none."""
    return snapshot(
        node("a", labels={ZONE: "1"}), node("b", labels={ZONE: "1"}), node("c", labels={ZONE: "2"}), node("d")
    )


def fitting(pod, nodes) -> set[str]:
    verdict = InterPodAffinity().filter(pod, nodes)
    return names(nodes, nodes.exists if verdict is None else verdict.fits & nodes.exists)


def test_a_pod_goes_to_the_domain_of_those_it_needs(nodes):
    nodes.set_pod(info("db", labels={"app": "db"}), "b")
    assert fitting(info(affinity=near(term(ZONE, app="db"))), nodes) == {"a", "b"}
    assert fitting(info(affinity=near(term(HOST, app="db"))), nodes) == {"b"}
    assert fitting(info(affinity=near(term(HOST, app="x"))), nodes) == set()


def test_all_terms_must_be_met_by_pods_that_all_terms_mean(nodes):
    nodes.set_pod(info("db", labels={"app": "db", "tier": "1"}), "b")
    nodes.set_pod(info("other", labels={"app": "db"}), "c")
    both = near(term(ZONE, app="db"), term(HOST, tier="1"))
    assert fitting(info(affinity=both), nodes) == {"b"}


def test_the_first_of_a_group_that_wants_to_be_together_may_go_where_the_label_is(nodes):
    first = info(labels={"app": "web"}, affinity=near(term(ZONE, app="web")))
    assert fitting(first, nodes) == {"a", "b", "c"}
    nodes.set_pod(first, "c")
    assert fitting(info("second", labels={"app": "web"}, affinity=near(term(ZONE, app="web"))), nodes) == {"c"}


def test_a_pod_keeps_away_from_those_it_does_not_bear(nodes):
    nodes.set_pod(info("noisy", labels={"app": "noisy"}), "a")
    assert fitting(info(affinity=apart(term(ZONE, app="noisy"))), nodes) == {"c", "d"}
    assert fitting(info(affinity=apart(term(HOST, app="noisy"))), nodes) == {"b", "c", "d"}


def test_pods_that_are_there_keep_others_away(nodes):
    nodes.set_pod(info("shy", affinity=apart(term(ZONE, app="web"))), "a")
    assert fitting(info(labels={"app": "web"}), nodes) == {"c", "d"}
    assert fitting(info(labels={"app": "other"}), nodes) == {"a", "b", "c", "d"}
    nodes.remove_pod(Key("default", "shy"))
    assert fitting(info(labels={"app": "web"}), nodes) == {"a", "b", "c", "d"}


def test_rules_mean_the_own_namespace_unless_they_name_others(nodes):
    nodes.index.set_namespace("prod", {"env": "prod"})
    nodes.index.set_namespace("dev", {"env": "dev"})
    nodes.set_pod(info("db", labels={"app": "db"}, namespace="prod"), "c")
    by_labels = LabelSelector(match_labels={"env": "prod"})
    assert fitting(info(affinity=near(term(HOST, app="db"))), nodes) == set()
    assert fitting(info(affinity=near(term(HOST, ("prod",), app="db"))), nodes) == {"c"}
    assert fitting(info(affinity=near(term(HOST, namespace_selector=by_labels, app="db"))), nodes) == {"c"}
    assert fitting(info(affinity=near(term(HOST, namespace_selector=LabelSelector(), app="db"))), nodes) == {"c"}


def test_a_namespace_that_changes_its_labels_changes_what_rules_mean(nodes):
    wanted = term(HOST, namespace_selector=LabelSelector(match_labels={"env": "prod"}), app="db")
    nodes.index.set_namespace("x", {"env": "dev"})
    nodes.set_pod(info("db", labels={"app": "db"}, namespace="x", affinity=apart(wanted)), "c")
    assert fitting(info(affinity=near(wanted)), nodes) == set()
    assert fitting(info("y", labels={"app": "db"}, namespace="x"), nodes) == {"a", "b", "c", "d"}
    nodes.index.set_namespace("x", {"env": "prod"})
    assert fitting(info(affinity=near(wanted)), nodes) == {"c"}
    assert fitting(info("y", labels={"app": "db"}, namespace="x"), nodes) == {"a", "b", "d"}


def test_the_reasons_and_where_preemption_cannot_help(nodes):
    nodes.set_pod(info("shy", affinity=apart(term(HOST, app="web"))), "a")
    nodes.set_pod(info("noisy", labels={"app": "noisy"}), "b")
    nodes.set_pod(info("friend", labels={"app": "friend"}), "c")
    for name in "ab":
        nodes.set_pod(info(f"friend-{name}", labels={"app": "friend"}), name)
    rules = Affinity(
        pod_affinity=near(term(HOST, app="friend")).pod_affinity,
        pod_anti_affinity=apart(term(HOST, app="noisy")).pod_anti_affinity,
    )
    verdict = InterPodAffinity().filter(info(labels={"app": "web"}, affinity=rules), nodes)
    refused = {reason: names(nodes, mask & nodes.exists) for reason, mask in verdict.reasons.items()}
    assert refused == {NO_AFFINITY: {"d"}, ANTI_AFFINITY: {"b"}, OTHERS_ANTI_AFFINITY: {"a"}}
    assert names(nodes, verdict.hopeless) == {"d"}
    assert names(nodes, verdict.fits) == {"c"}


@pytest.mark.parametrize(
    ("pod", "there", "chosen"),
    [
        pytest.param(info(affinity=likes(50, term(HOST, app="x"))), info("x", labels={"app": "x"}), "b", id="likes"),
        pytest.param(info(labels={"app": "y"}), info("x", affinity=likes(9, term(HOST, app="y"))), "b", id="is liked"),
        pytest.param(info(labels={"app": "y"}), info("x", affinity=near(term(HOST, app="y"))), "b", id="is needed"),
    ],
)
def test_preferences_draw_pods_together(pod, there, chosen):
    nodes = snapshot(*(node(n) for n in "abc"))
    nodes.set_pod(there, "b")
    assert {place(pod, nodes, DEFAULT, Random(n)).node for n in range(5)} == {chosen}


@pytest.mark.parametrize(
    ("pod", "there"),
    [
        pytest.param(info(affinity=dislikes(9, term(HOST, app="x"))), info("x", labels={"app": "x"}), id="dislikes"),
        pytest.param(info(labels={"app": "y"}), info("x", affinity=dislikes(9, term(HOST, app="y"))), id="is disliked"),
    ],
)
def test_preferences_keep_pods_apart(pod, there):
    nodes = snapshot(node("a"), node("b", cpu="400"))
    nodes.set_pod(there, "b")
    assert {place(pod, nodes, DEFAULT, Random(n)).node for n in range(5)} == {"a"}


def test_expressions_in_a_term_select_too(nodes):
    expression = LabelSelectorRequirement(key="app", operator="NotIn", values=("db",))
    wanted = PodAffinityTerm(topology_key=HOST, label_selector=LabelSelector(match_expressions=(expression,)))
    nodes.set_pod(info("db", labels={"app": "db"}), "a")
    nodes.set_pod(info("web", labels={"app": "web"}), "b")
    assert fitting(info(affinity=near(wanted)), nodes) == {"b"}
