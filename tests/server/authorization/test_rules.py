"""What rules allow, and what they cover."""

import pytest

from podo.server.authorization.rules import allows, compact, shown, uncovered
from tests.server.authorization.build import attempt, on_path, paths, rule, user

BOB = user("bob")


@pytest.mark.parametrize(
    ("own", "asked", "allowed"),
    [
        pytest.param(rule(["get"], ["pods"]), attempt(BOB, "get", "pods"), True, id="plain"),
        pytest.param(rule(["*"], ["pods"]), attempt(BOB, "watch", "pods"), True, id="all verbs"),
        pytest.param(rule(["get"], ["pods"]), attempt(BOB, "list", "pods"), False, id="other verb"),
        pytest.param(rule(["get"], ["pods"]), attempt(BOB, "get", "pods", group="apps"), False, id="other group"),
        pytest.param(
            rule(["get"], ["pods"], groups=["*"]), attempt(BOB, "get", "pods", group="apps"), True, id="all groups"
        ),
        pytest.param(rule(["get"], ["pods"]), attempt(BOB, "get", "pods", subresource="log"), False, id="subresource"),
        pytest.param(
            rule(["get"], ["pods/log"]), attempt(BOB, "get", "pods", subresource="log"), True, id="its subresource"
        ),
        pytest.param(
            rule(["get"], ["*/scale"]), attempt(BOB, "get", "x", subresource="scale"), True, id="everyone's scale"
        ),
        pytest.param(rule(["get"], ["*"]), attempt(BOB, "get", "x", subresource="y"), True, id="all resources"),
        pytest.param(rule(["get"], ["pods"], names=["a"]), attempt(BOB, "get", "pods", name="a"), True, id="name"),
        pytest.param(rule(["get"], ["pods"], names=["a"]), attempt(BOB, "get", "pods"), False, id="no name"),
        pytest.param(paths(["get"], "/healthz"), on_path(BOB, "get", "/healthz"), True, id="path"),
        pytest.param(paths(["get"], "/apis/*"), on_path(BOB, "get", "/apis/apps"), True, id="paths below"),
        pytest.param(paths(["get"], "/apis/*"), on_path(BOB, "get", "/apis"), False, id="not the path itself"),
        pytest.param(paths(["get"], "*"), on_path(BOB, "get", "/x"), True, id="all paths"),
        pytest.param(paths(["get"], "*"), attempt(BOB, "get", "pods"), False, id="paths are no resources"),
    ],
)
def test_a_rule_allows_what_it_says(own, asked, allowed):
    assert allows(own, asked) is allowed


def test_rights_are_covered_piece_by_piece():
    held = [rule(["get", "list"], ["pods", "services"]), rule(["get"], ["secrets"], names=["a"])]
    assert uncovered(held, [rule(["get"], ["pods"]), rule(["list"], ["services"])]) == []
    assert uncovered(held, [rule(["get", "delete"], ["pods"])]) == [rule(["delete"], ["pods"])]
    assert uncovered(held, [rule(["get"], ["secrets"])]) == [rule(["get"], ["secrets"])]
    assert uncovered(held, [rule(["get"], ["secrets"], names=["a"])]) == []
    assert uncovered([rule(["*"], ["*"], groups=["*"])], [rule(["x"], ["y"], groups=["z"])]) == []
    assert uncovered([rule(["get"], ["*"])], [rule(["get"], ["pods/log"])]) == []
    assert uncovered([paths(["get"], "/a/*")], [paths(["get"], "/a/b", "/c")]) == [paths(["get"], "/c")]


def test_pieces_are_joined_by_their_verbs_to_be_shown():
    joined = compact([rule(["get"], ["pods"]), rule(["list"], ["pods"]), rule(["get"], ["nodes"])])
    assert [shown(one) for one in joined] == [
        '{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}',
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get"]}',
    ]
