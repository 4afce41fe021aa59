"""Profiles of a configuration, on nodes."""

from random import Random

import pytest

from podo.scheduler.configured import profiles
from podo.scheduler.placement import place
from podo.scheduler.settings import read
from tests.scheduler.build import container, info, node, snapshot, taint

CHANCE = Random(1)


def only(**fields):
    """The one profile of a file."""
    (found,) = profiles(read({"profiles": [fields]})).values()
    return found


def told(plugin, **args):
    return only(pluginConfig=[{"name": plugin, "args": args}])


def filters(found):
    return {each.name for each in found.filters}


def weights(found):
    return {each.name: weight for each, weight in found.scores}


def goes_to(found, nodes, pod):
    return place(pod, nodes, found, CHANCE).node


def filled(*nodes, **taken):
    """Nodes, some of whose CPUs are taken: by name, how many."""
    found = snapshot(*nodes)
    for name, cpu in taken.items():
        found.set_pod(info(f"on-{name}", cpu=cpu), name)
    return found


def test_without_any_word_all_is_as_it_is():
    found = only()
    assert {"NodeResourcesFit", "PodTopologySpread", "NodeAffinity", "VolumeZone"} <= filters(found)
    assert weights(found)["TaintToleration"] == 3
    assert found.preempts


def test_each_name_gets_its_profile():
    found = profiles(read({"profiles": [{"schedulerName": "default-scheduler"}, {"schedulerName": "packer"}]}))
    assert sorted(found) == ["default-scheduler", "packer"]


def test_plugins_are_left_out_and_weighed():
    found = only(
        plugins={
            "multiPoint": {"disabled": [{"name": "ImageLocality"}], "enabled": [{"name": "NodeAffinity", "weight": 7}]},
            "filter": {"disabled": [{"name": "TaintToleration"}]},
            "score": {"disabled": [{"name": "InterPodAffinity"}], "enabled": [{"name": "TaintToleration"}]},
            "postFilter": {"disabled": [{"name": "*"}]},
        }
    )
    assert "TaintToleration" not in filters(found)
    assert "InterPodAffinity" in filters(found)
    assert weights(found)["NodeAffinity"] == 7
    assert weights(found)["TaintToleration"] == 1, "said anew, it has the weight that is said, or 1"
    assert not {"ImageLocality", "InterPodAffinity"} & weights(found).keys()
    assert not found.preempts


def test_all_but_one_score_can_be_left_out():
    found = only(
        plugins={"score": {"disabled": [{"name": "*"}], "enabled": [{"name": "NodeResourcesFit", "weight": 5}]}}
    )
    assert weights(found) == {"NodeResourcesFit": 5}


def test_without_the_filter_for_taints_a_pod_goes_where_it_should_not():
    nodes = snapshot(node("a", taints=(taint("gpu"),)))
    assert goes_to(only(), nodes, info()) == ""
    assert goes_to(only(plugins={"filter": {"disabled": [{"name": "TaintToleration"}]}}), nodes, info()) == "a"


@pytest.mark.parametrize(("strategy", "where"), [("LeastAllocated", "b"), ("MostAllocated", "a")])
def test_nodes_are_filled_or_spared(strategy, where):
    found = told("NodeResourcesFit", scoringStrategy={"type": strategy, "resources": [{"name": "cpu", "weight": 9}]})
    nodes = filled(node("a"), node("b"), a="2")
    assert goes_to(found, nodes, info(cpu="1")) == where


def test_a_curve_says_how_full_a_node_should_be():
    shape = [{"utilization": 0, "score": 0}, {"utilization": 50, "score": 10}, {"utilization": 100, "score": 0}]
    strategy = {"type": "RequestedToCapacityRatio", "resources": [{"name": "cpu"}]}
    found = told("NodeResourcesFit", scoringStrategy=strategy | {"requestedToCapacityRatio": {"shape": shape}})
    nodes = filled(node("empty"), node("half"), node("full"), half="1", full="3")
    assert goes_to(found, nodes, info(cpu="1")) == "half"


def test_a_device_that_nobody_asks_for_does_not_count():
    strategy = {"type": "MostAllocated", "resources": [{"name": "example.com/gpu", "weight": 5}, {"name": "cpu"}]}
    found = told("NodeResourcesFit", scoringStrategy=strategy)
    assert goes_to(found, filled(node("a"), node("b"), b="2"), info(cpu="1")) == "b"


def test_resources_can_be_left_to_others():
    asking = info(containers=(container(**{"example.com/gpu": "1"}),))
    nodes = snapshot(node("a"))
    assert goes_to(only(), nodes, asking) == ""
    assert goes_to(told("NodeResourcesFit", ignoredResources=["example.com/gpu"]), nodes, asking) == "a"
    assert goes_to(told("NodeResourcesFit", ignoredResourceGroups=["example.com"]), nodes, asking) == "a"


def test_an_affinity_holds_for_all_pods_of_a_profile():
    term = {"matchExpressions": [{"key": "pool", "operator": "In", "values": ["ours"]}]}
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    found = told("NodeAffinity", addedAffinity=required)
    nodes = snapshot(node("a"), node("b", labels={"pool": "ours"}))
    assert goes_to(found, nodes, info()) == "b"
    refused = place(info(), snapshot(node("a")), found, CHANCE)
    assert refused.message().startswith(
        "0/1 nodes are available: 1 node(s) didn't match scheduler-enforced node affinity."
    )


def test_a_preference_holds_for_all_pods_of_a_profile():
    term = {"matchExpressions": [{"key": "pool", "operator": "Exists"}]}
    preferred = {"preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "preference": term}]}
    found = told("NodeAffinity", addedAffinity=preferred)
    assert goes_to(found, snapshot(node("a"), node("b", labels={"pool": "x"})), info()) == "b"


def spread_over_zones(unsatisfiable):
    constraint = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": unsatisfiable}
    return told("PodTopologySpread", defaultingType="List", defaultConstraints=[constraint])


def test_pods_without_constraints_get_those_of_the_profile():
    nodes = snapshot(node("a", labels={"zone": "1"}), node("b", labels={"zone": "2"}, cpu="1"))
    nodes.set_pod(info("first", owner="rs"), "a")
    found = spread_over_zones("DoNotSchedule")
    assert goes_to(found, nodes, info("second", owner="rs")) == "b"
    nodes.set_pod(info("second", owner="rs"), "b")
    nodes.set_pod(info("third", owner="rs"), "a")
    assert goes_to(found, nodes, info("fourth", owner="rs", cpu="2")) == "", (
        "b is too small, and a has one more already"
    )
    assert goes_to(found, nodes, info("alone", cpu="2")) == "a", (
        "a Pod without a controller has nobody to keep away from"
    )


def test_a_listed_preference_takes_the_place_of_the_usual_one():
    nodes = snapshot(node("a", labels={"zone": "1"}), node("b", labels={"zone": "2"}))
    nodes.set_pod(info("first", owner="rs"), "a")
    assert goes_to(spread_over_zones("ScheduleAnyway"), nodes, info("second", owner="rs")) == "b"
    none = told("PodTopologySpread", defaultingType="List")
    (score,) = [each for each, _ in none.scores if each.name == "PodTopologySpread"]
    assert score.score(info("second", owner="rs"), nodes, nodes.exists) is None
