"""What a review tells of one's rights, by those who decide."""

import pytest

from podo.server.authorization.configured import modes
from podo.server.authorization.reviews import RulesReviews
from podo.server.context import Context, User
from podo.server.options import GuardOptions

from .build import binding, cluster_binding, node, role, rule, subject

BOB = User("bob", groups=("system:authenticated",))
PODS = {"verbs": ("get",), "apiGroups": ("",), "resources": ("pods",)}
NODES, WEBHOOKS = (
    "node authorizer does not support user rule resolution",
    "webhook authorizer does not support user rule resolution",
)


@pytest.fixture
async def status(core, client, access, namespace):
    await client.create(role("r", rule(["get"], ["pods"])))
    await client.create(binding("r", "r", subject("User", "bob")))
    await core.cache.consistent()
    served = core.catalog.by_path("authorization.k8s.io", "v1", "selfsubjectrulesreviews")

    async def ask(*modes, user=BOB):
        ctx = Context(user, core.clock.now())
        answer = await RulesReviews(access.policy, modes).ask(ctx, served, {"spec": {"namespace": "ns"}})
        return answer["status"]

    return ask


async def test_roles_are_enumerated_and_that_is_all(status):
    assert await status("Node", "RBAC") == {"resourceRules": [PODS], "nonResourceRules": [], "incomplete": False}


async def test_a_web_service_may_allow_more_than_can_be_told(status):
    found = await status("Webhook", "RBAC")
    assert found["resourceRules"] == [PODS]
    assert (found["incomplete"], found["evaluationError"]) == (True, WEBHOOKS)


async def test_several_of_them_say_so_once(status):
    assert (await status("Webhook", "RBAC", "Webhook"))["evaluationError"] == WEBHOOKS


async def test_of_nodes_both_say_that_they_cannot(status):
    found = await status("Node", "Webhook", user=node("n1"))
    assert (found["incomplete"], found["evaluationError"]) == (True, f"[{NODES}, {WEBHOOKS}]")


async def test_a_binding_to_no_role_is_told_and_hides_nothing(status, client, core):
    await client.create(cluster_binding("gone", "gone", subject("User", "bob")))
    await core.cache.consistent()
    found = await status("RBAC")
    assert found["incomplete"] is False
    assert found["evaluationError"] == 'clusterrole.rbac.authorization.k8s.io "gone" not found'
    assert found["resourceRules"] == [PODS]


async def test_where_all_is_allowed_everything_is_told(status):
    found = await status("AlwaysAllow")
    assert found["resourceRules"] == [{"verbs": ("*",), "apiGroups": ("*",), "resources": ("*",)}]
    assert found["nonResourceRules"] == [{"verbs": ("*",), "nonResourceURLs": ("*",)}]


async def test_where_roles_do_not_count_they_are_not_told(status):
    assert (await status("AlwaysDeny"))["resourceRules"] == []


def test_those_who_decide_are_told_by_flags_or_by_file(tmp_path):
    assert modes(GuardOptions(authorization_mode="RBAC,AlwaysAllow")) == ("RBAC", "AlwaysAllow")
    file = tmp_path / "authorization.yaml"
    file.write_text(
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\n"
        "authorizers:\n- {type: RBAC, name: roles}\n- {type: AlwaysDeny, name: nobody}\n"
    )
    assert modes(GuardOptions(authorization_config=str(file))) == ("RBAC", "AlwaysDeny")
