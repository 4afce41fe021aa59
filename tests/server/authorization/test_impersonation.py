"""Acting as others."""

import pytest

from podo.api.errors import BadRequest, Forbidden
from podo.server.authorization.base import Attempt, Decision, Verdict
from podo.server.authorization.impersonation import Impersonation, Wanted, wanted_of
from tests.server.authorization.build import attempt, user

ROBOT = user("system:serviceaccount:ns:robot", **{"authentication.kubernetes.io/node-name": ("n1",)})


class Only:
    """Allows what it is told, as (verb, resource, name)."""

    def __init__(self, *allowed):
        self.allowed, self.asked = set(allowed), []

    async def authorize(self, attempt: Attempt) -> Decision:
        what = (attempt.verb, attempt.resource, attempt.name)
        self.asked.append(what)
        return Decision(Verdict.ALLOW if what in self.allowed else Verdict.NO_OPINION)


LIST = attempt(ROBOT, "list", "pods", namespace="ns")


async def test_headers_say_whom():
    headers = {
        "Impersonate-User": "bob",
        "IMPERSONATE-GROUP": "dev",
        "Impersonate-Uid": "7",
        "Impersonate-Extra-acme.com%2fproject": "x",
        "Accept": "*/*",
    }
    assert wanted_of(headers) == Wanted("bob", "7", ("dev",), {"acme.com/project": ("x",)})
    assert wanted_of({"Accept": "*/*"}) is None


def test_a_group_without_a_user_is_refused():
    with pytest.raises(BadRequest) as caught:
        wanted_of({"Impersonate-Group": "x"})
    assert str(caught.value) == (
        'requested &user.DefaultInfo{Name:"", UID:"", Groups:[]string{"x"}, Extra:map[string][]string(nil)} '
        "without impersonating a user name"
    )


async def test_the_old_verb_needs_each_part():
    only = Only(("impersonate", "users", "bob"), ("impersonate", "groups", "dev"))
    impersonation = Impersonation(only)
    acting = (await impersonation.resolve(Wanted("bob", groups=("dev",)), LIST)).user
    assert (acting.name, acting.groups) == ("bob", ("dev", "system:authenticated"))
    with pytest.raises(Forbidden, match='groups "ops" is forbidden: User "system:serviceaccount:ns:robot" cannot'):
        await impersonation.resolve(Wanted("bob", groups=("ops",)), LIST)


async def test_a_refusal_names_the_first_mode_that_was_tried():
    with pytest.raises(Forbidden, match=r"cannot impersonate-on:user-info:list resource"):
        await Impersonation(Only()).resolve(Wanted("bob"), LIST)


async def test_a_constrained_mode_needs_the_verb_too():
    only = Only(("impersonate-on:user-info:list", "pods", ""), ("impersonate:user-info", "users", "bob"))
    impersonation = Impersonation(only)
    assert (await impersonation.resolve(Wanted("bob"), LIST)).user.name == "bob"
    with pytest.raises(Forbidden):
        await impersonation.resolve(Wanted("bob"), LIST._replace(verb="delete"))


async def test_the_mode_that_served_last_is_tried_first():
    only = Only(("impersonate", "users", "bob"))
    impersonation = Impersonation(only)
    await impersonation.resolve(Wanted("bob"), LIST)
    only.asked.clear()
    await impersonation.resolve(Wanted("bob"), LIST)
    assert only.asked == [("impersonate", "users", "bob")]


async def test_an_account_may_act_as_its_own_node():
    only = Only(
        ("impersonate-on:associated-node:list", "pods", ""),
        ("impersonate:associated-node", "nodes", "*"),
    )
    acting = (await Impersonation(only).resolve(Wanted("system:node:n1"), LIST)).user
    assert acting.groups == ("system:nodes", "system:authenticated")
    with pytest.raises(Forbidden):
        await Impersonation(only).resolve(Wanted("system:node:n2"), LIST)


async def test_accounts_have_their_groups_and_the_anonymous_have_theirs():
    only = Only(("impersonate", "serviceaccounts", "b"), ("impersonate", "users", "system:anonymous"))
    account = (await Impersonation(only).resolve(Wanted("system:serviceaccount:a:b"), LIST)).user
    assert account.groups == ("system:serviceaccounts", "system:serviceaccounts:a", "system:authenticated")
    anonymous = (await Impersonation(only).resolve(Wanted("system:anonymous"), LIST)).user
    assert anonymous.groups == ("system:unauthenticated",)


async def test_nobody_becomes_a_master_by_a_constrained_mode():
    only = Only(
        ("impersonate-on:user-info:list", "pods", ""),
        ("impersonate:user-info", "users", "bob"),
        ("impersonate:user-info", "groups", "system:masters"),
    )
    with pytest.raises(Forbidden, match="impersonating the system:masters group is not allowed"):
        await Impersonation(only).resolve(Wanted("bob", groups=("system:masters",)), LIST)


@pytest.mark.parametrize(
    ("extra", "fault"),
    [
        ({"": ("a",)}, "the empty string key"),
        ({"scopes": ("a",)}, "must be a domain-prefixed path"),
        ({"example.com/Scopes": ("a",)}, "a non-lowercase key"),
        ({"example.com/scopes": ("a", "")}, "the empty string value"),
    ],
)
async def test_constrained_modes_allow_extras_of_good_form_alone(extra, fault):
    only = Only(("impersonate-on:user-info:list", "pods", ""), ("impersonate:user-info", "users", "bob"))
    with pytest.raises(Forbidden, match=fault):
        await Impersonation(only).resolve(Wanted("bob", extra=extra), LIST)


async def test_which_verb_has_allowed_it_is_told():
    only = Only(("impersonate-on:user-info:list", "pods", ""), ("impersonate:user-info", "users", "bob"))
    assert (await Impersonation(only).resolve(Wanted("bob"), LIST)).constraint == "impersonate:user-info"
    assert (await Impersonation(Only(("impersonate", "users", "bob"))).resolve(Wanted("bob"), LIST)).constraint == ""
