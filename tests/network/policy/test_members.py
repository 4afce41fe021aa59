import pytest

from podo.api.selectors import EVERYTHING, parse_labels
from podo.client.base import Key
from podo.network.policy.members import Members
from podo.network.policy.model import NamedPort, PodPeer
from podo.network.policy.rules import MemberSet
from podo.network.ruleset import ItemKind, Ruleset
from tests.network.policy.build import pod_fact

X, A = Key("x", "a"), pod_fact("a", address="10.244.1.2")
IN_X = MemberSet(PodPeer("x", None, EVERYTHING))
OF_TEAM = MemberSet(PodPeer("", parse_labels("team=red"), EVERYTHING))


@pytest.fixture
def ruleset():
    return Ruleset()


@pytest.fixture
def members(ruleset):
    made = Members(ruleset, (4,))
    made.put_pod(X, A)
    made.put_namespace("x", {"team": "red"})
    return made


def changes(ruleset):
    """What changed since the last time: + and - with the elements' keys."""
    return [
        ("+" if change.after is not None else "-") + change.item.key
        for change in ruleset.take()
        if change.item.kind is ItemKind.ELEMENT
    ]


def test_a_set_is_filled_when_it_is_first_used_and_emptied_when_nobody_uses_it(members, ruleset):
    members.use("one", frozenset({IN_X}))
    assert changes(ruleset) == ["+10.244.1.2"]
    members.use("two", frozenset({IN_X}))
    members.use("one", frozenset())
    assert changes(ruleset) == []
    members.use("two", frozenset())
    assert changes(ruleset) == ["-10.244.1.2"]


def test_a_pod_that_comes_moves_or_goes_is_only_that(members, ruleset):
    members.use("one", frozenset({IN_X}))
    changes(ruleset)
    members.put_pod(Key("x", "b"), pod_fact("b", address="10.244.1.3"))
    assert changes(ruleset) == ["+10.244.1.3"]
    members.put_pod(Key("x", "b"), pod_fact("b", address="10.244.1.4"))
    assert sorted(changes(ruleset)) == ["+10.244.1.4", "-10.244.1.3"]
    members.put_pod(Key("x", "b"), None)
    assert changes(ruleset) == ["-10.244.1.4"]


def test_pods_elsewhere_and_pods_that_ended_are_no_members(members, ruleset):
    members.use("one", frozenset({IN_X}))
    changes(ruleset)
    members.put_pod(Key("y", "a"), pod_fact("a", namespace="y", address="10.244.1.9"))
    assert changes(ruleset) == []
    members.put_pod(X, pod_fact("a", address="10.244.1.2", phase="Succeeded"))
    assert changes(ruleset) == ["-10.244.1.2"]


def test_labels_of_a_namespace_decide_over_all_of_its_pods(members, ruleset):
    members.use("one", frozenset({OF_TEAM}))
    assert changes(ruleset) == ["+10.244.1.2"]
    members.put_namespace("x", {"team": "blue"})
    assert changes(ruleset) == ["-10.244.1.2"]
    members.put_namespace("x", {"team": "red"})
    assert changes(ruleset) == ["+10.244.1.2"]
    members.put_namespace("x", None)
    assert changes(ruleset) == ["-10.244.1.2"]


def test_named_ports_of_anyone(members, ruleset):
    members.use("one", frozenset({MemberSet(None, NamedPort("tcp", "serve-81-tcp"))}))
    assert changes(ruleset) == ["+10.244.1.2 . 81"]


def test_two_pods_may_have_had_the_same_address(members, ruleset):
    members.use("one", frozenset({IN_X}))
    changes(ruleset)
    members.put_pod(Key("x", "later"), pod_fact("later", address="10.244.1.2"))
    members.put_pod(X, None)
    assert changes(ruleset) == []
