"""Expressions of the server's own configuration."""

import pytest

from podo.cel.identity import (
    CONDITION,
    TEXT,
    TEXT_OR_LIST,
    IdentityError,
    claims_environment,
    compiled,
    matches,
    review_environment,
    run,
    user_environment,
)

CLAIMS = {"sub": "me", "groups": ["a", "b"], "email_verified": True, "nested": {"x": 1}}


@pytest.mark.parametrize(
    ("source", "wanted", "value"),
    [
        ("claims.sub", TEXT, "me"),
        ("'oidc:' + claims.sub", TEXT, "oidc:me"),
        ("claims.groups", TEXT_OR_LIST, ["a", "b"]),
        ("claims.groups.map(g, 'x:' + g)", TEXT_OR_LIST, ["x:a", "x:b"]),
        ("claims.?none.orValue('d')", TEXT, "d"),
        ("claims.email_verified == true && has(claims.nested)", CONDITION, True),
    ],
)
def test_claims_are_mapped(source, wanted, value):
    assert run(compiled(claims_environment(), source, wanted), {"claims": CLAIMS}) == value


def test_users_are_checked():
    program = compiled(user_environment(), "!user.username.startsWith('system:')", CONDITION)
    assert run(program, {"user": {"username": "system:admin"}}) is False


@pytest.mark.parametrize(
    ("environment", "source", "wanted", "fault"),
    [
        (claims_environment, "claims.sub == ", CONDITION, "compilation failed: ERROR: <input>:1:15: Syntax error"),
        (claims_environment, "1", TEXT, r"must evaluate to one of \[string any\]"),
        (user_environment, "user.nope == ''", CONDITION, "undefined field 'nope'"),
        (review_environment, "request.user", CONDITION, "must evaluate to bool but got string"),
    ],
)
def test_bad_expressions_are_refused(environment, source, wanted, fault):
    with pytest.raises(IdentityError, match=fault):
        compiled(environment(), source, wanted)


REVIEW = {
    "user": "me",
    "groups": ["g"],
    "uid": "",
    "extra": {},
    "resourceAttributes": {"verb": "get", "namespace": "n"},
}


def conditions(*sources):
    return [compiled(review_environment(), source, CONDITION) for source in sources]


@pytest.mark.parametrize(
    ("sources", "wanted"),
    [
        (("has(request.resourceAttributes)", "request.resourceAttributes.namespace == 'n'"), True),
        (("request.user == 'you'",), False),
        (("request.nonResourceAttributes.path == '/x'", "request.user == 'you'"), False),
        (("'g' in request.groups",), True),
        ((), True),
    ],
)
def test_reviews_are_matched(sources, wanted):
    assert matches(conditions(*sources), REVIEW) is wanted


def test_a_failing_condition_is_an_error():
    with pytest.raises(IdentityError, match=r"cel evaluation error: expression '.*' resulted in error: no such key"):
        matches(conditions("request.nonResourceAttributes.path == '/x'"), REVIEW)
