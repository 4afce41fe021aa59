"""Which devices a container gets."""

import pytest

from podo.node.devices.allocation import NotAllocated, Offer, amounts, candidates, chosen, wanted
from podo.node.devices.plugins import is_extended
from tests.node.build import container, pod

NAME = "example.com/thing"
ABC = frozenset("abc")


def asking(count, name="main", **fields):
    return container(name=name, resources={"limits": {NAME: str(count)}, "requests": {NAME: str(count)}}, **fields)


def test_what_is_healthy_and_nobodys_is_free():
    assert candidates(NAME, 1, Offer(ABC, frozenset("ab"), frozenset("a")), frozenset()) == ([], ["b"])


@pytest.mark.parametrize(
    ("count", "offer", "why"),
    [
        pytest.param(1, Offer(ABC, frozenset()), "no healthy devices present; cannot allocate unhealthy devices "
                     "example.com/thing", id="none is healthy"),
        pytest.param(2, Offer(ABC, ABC, frozenset("ab")), "requested number of devices unavailable for "
                     "example.com/thing. Requested: 2, Available: 1", id="too few are free"),
    ],
)  # fmt: skip
def test_says_why_there_are_none(count, offer, why):
    with pytest.raises(NotAllocated) as refused:
        candidates(NAME, count, offer, frozenset())
    assert str(refused.value) == why


def test_what_an_init_container_had_comes_first_and_is_enough_even_if_it_is_ill():
    assert candidates(NAME, 1, Offer(ABC, frozenset()), frozenset("c")) == (["c"], [])
    assert candidates(NAME, 2, Offer(ABC, ABC), frozenset("c")) == (["c"], ["a", "b"])


def test_preferred_devices_are_taken_if_they_are_free():
    assert chosen(2, ["c"], ["a", "b"], ["b", "stranger"]) == ["b", "c"]
    assert chosen(2, ["c"], ["a", "b"]) == ["a", "c"]
    assert chosen(1, [], ["a", "b"], ["stranger"]) == ["a"]


def test_containers_are_served_in_the_order_of_their_starts():
    made = pod(asking(1, "main"), asking(2, "other"), initContainers=[{"name": "first", "image": "i", "resources": {
        "limits": {NAME: "3"}}}, {"name": "side", "image": "i", "restartPolicy": "Always", "resources": {
        "limits": {NAME: "4"}}}])  # fmt: skip
    assert [(c.name, again, n) for c, again, _, n in wanted(made, {NAME})] == [
        ("first", True, 3), ("side", False, 4), ("main", False, 1), ("other", False, 2),
    ]  # fmt: skip
    assert not list(wanted(made, {"example.com/other"}))


def test_a_node_has_all_devices_and_gives_those_that_are_healthy():
    assert amounts({NAME: Offer(ABC, frozenset("a"))}) == ({NAME: "3"}, {NAME: "1"})


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("example.com/a", True), ("cpu", False), ("kubernetes.io/a", False), ("x.kubernetes.io/a", False), ("a/", False)],
)
def test_extended_resources_have_a_domain_of_somebody_elses(name, is_one):
    assert is_extended(name) is is_one
