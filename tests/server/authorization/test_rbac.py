"""Roles and bindings decide."""

import pytest

from podo.api.errors import Forbidden, NotFound
from podo.api.types.rbac_v1 import ClusterRoleBinding, Role, RoleBinding
from podo.client.base import Key
from podo.server.authorization.base import Verdict
from podo.server.authorization.policy import Grant
from podo.server.authorization.rbac import RBAC
from tests.server.authorization.build import (
    attempt,
    binding,
    cluster_binding,
    cluster_role,
    node,
    on_path,
    paths,
    role,
    rule,
    subject,
    user,
)

pytestmark = pytest.mark.usefixtures("namespace")
BOB = user("bob")
GET_MAPS = attempt(BOB, "get", "configmaps", namespace="ns", name="c")


class Counting:
    """A policy that counts how often it is asked."""

    def __init__(self, grants):
        self._grants, self.version, self.asked = grants, 0, 0

    def catch_up(self):
        """Nothing changes."""

    def grants(self, user, namespace):
        self.asked += 1
        return iter(self._grants)


async def test_nobody_may_do_anything_by_default(decide):
    assert await decide(GET_MAPS) == (Verdict.NO_OPINION, "")


async def test_masters_may_do_everything(may):
    assert await may(attempt(user("root", "system:masters"), "delete", "nodes"))


async def test_a_role_holds_in_its_namespace_alone(client, decide, may):
    await client.create(role("r", rule(["get"], ["configmaps"])))
    await client.create(binding("b", "r", subject("User", "bob")))
    decision = await decide(GET_MAPS)
    assert decision.reason == 'RBAC: allowed by RoleBinding "b/ns" of Role "r" to User "bob"'
    assert not await may(GET_MAPS._replace(namespace="other"))
    assert not await may(GET_MAPS._replace(namespace=""))
    assert not await may(GET_MAPS._replace(user=user("alice")))


async def test_a_cluster_role_holds_where_it_is_bound(client, may):
    await client.create(cluster_role("r", rule(["get"], ["configmaps", "nodes"])))
    await client.create(binding("b", "r", subject("User", "bob"), kind="ClusterRole"))
    assert await may(GET_MAPS)
    assert not await may(attempt(BOB, "get", "nodes"))
    await client.create(cluster_binding("everywhere", "r", subject("Group", "devs")))
    dev = user("carol", "devs")
    assert await may(attempt(dev, "get", "nodes"))
    assert await may(attempt(dev, "get", "configmaps", namespace="anywhere"))


@pytest.mark.parametrize("namespace_of_subject", ["", "ns"])
async def test_a_service_account_is_bound_by_name_and_namespace(client, may, namespace_of_subject):
    await client.create(role("r", rule(["get"], ["configmaps"])))
    ref = subject("ServiceAccount", "robot", namespace_of_subject or "ns")
    await client.create(binding("b", "r", ref))
    assert await may(GET_MAPS._replace(user=user("system:serviceaccount:ns:robot")))
    assert not await may(GET_MAPS._replace(user=user("system:serviceaccount:other:robot")))


async def test_paths_are_for_cluster_roles(client, may):
    await client.create(cluster_role("r", paths(["get"], "/logs/*")))
    await client.create(cluster_binding("b", "r", subject("User", "bob")))
    assert await may(on_path(BOB, "get", "/logs/x"))
    assert not await may(on_path(BOB, "post", "/logs/x"))


async def test_what_is_taken_away_is_gone_at_once(client, may):
    await client.create(role("r", rule(["get"], ["configmaps"])))
    await client.create(binding("b", "r", subject("User", "bob")))
    assert await may(GET_MAPS)
    await client.delete(RoleBinding, Key("ns", "b"))
    assert not await may(GET_MAPS)
    await client.create(binding("b", "r", subject("User", "bob")))
    assert await may(GET_MAPS)
    await client.delete(Role, Key("ns", "r"))
    assert not await may(GET_MAPS)


async def test_a_binding_without_its_role_says_so(client, decide):
    await client.create(binding("a", "nope", subject("User", "bob")))
    await client.create(binding("b", "neither", subject("User", "bob"), kind="ClusterRole"))
    reason = (await decide(GET_MAPS)).reason
    assert reason == (
        'RBAC: [role.rbac.authorization.k8s.io "nope" not found, '
        'clusterrole.rbac.authorization.k8s.io "neither" not found]'
    )


async def test_a_node_falls_back_on_roles(client, decide, may):
    asked = attempt(node("n1"), "list", "nodes")
    assert "cannot read all nodes" in (await decide(asked)).reason
    await client.create(cluster_role("proxies", rule(["list"], ["nodes"])))
    await client.create(cluster_binding("proxies", "proxies", subject("Group", "system:nodes")))
    assert await may(asked)


class TestEscalation:
    """Rights do not grow by those who write roles."""

    @pytest.fixture
    async def bob(self, core, client, access):
        writing = rule(["create"], ["roles", "rolebindings"], groups=["rbac.authorization.k8s.io"])
        await client.create(role("keeper", rule(["*"], ["pods"]), writing))
        await client.create(binding("keeper", "keeper", subject("User", "bob")))
        await core.cache.consistent()
        return core.client(BOB)

    async def test_a_role_may_grant_what_its_writer_has(self, bob):
        assert await bob.create(role("r", rule(["get", "delete"], ["pods"])))

    async def test_a_role_may_not_grant_more(self, bob):
        with pytest.raises(Forbidden) as caught:
            await bob.create(role("r", rule(["get", "list"], ["pods", "secrets"])))
        assert str(caught.value) == (
            'roles.rbac.authorization.k8s.io "r" is forbidden: user "bob" (groups=["system:authenticated"]) is '
            "attempting to grant RBAC permissions not currently held:\n"
            '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
        )

    async def test_a_binding_may_not_grant_more(self, client, bob):
        await client.create(role("strong", rule(["*"], ["*"], groups=["*"])))
        with pytest.raises(Forbidden, match="not currently held"):
            await bob.create(binding("b", "strong", subject("User", "bob")))
        with pytest.raises(NotFound, match='"nope" not found'):
            await bob.create(binding("b", "nope", subject("User", "bob")))

    async def test_who_may_escalate_or_bind_may(self, core, client, bob):
        verbs = rule(["escalate", "bind"], ["roles"], groups=["rbac.authorization.k8s.io"])
        await client.create(role("trusted", verbs))
        await client.create(binding("trusted", "trusted", subject("User", "bob")))
        await core.cache.consistent()
        await bob.create(role("r", rule(["*"], ["secrets"])))
        await bob.create(binding("r", "r", subject("User", "bob")))

    async def test_the_garbage_collector_may_touch_what_it_could_not_write(self, client, core, bob):
        touching = rule(["update"], ["clusterrolebindings"], groups=["rbac.authorization.k8s.io"])
        await client.create(cluster_role("touching", touching))
        await client.create(cluster_binding("touching", "touching", subject("User", "bob")))
        await client.create(cluster_binding("b", "admin", subject("User", "bob")))
        await core.cache.consistent()
        found = await client.get(ClusterRoleBinding, Key("", "b"))
        assert await bob.update(found)


async def test_what_is_decided_of_one_name_is_not_of_another_where_names_matter(client, may, decide):
    named = rule(["get"], ["configmaps"], names=("c",))
    await client.create(role("r", named))
    await client.create(binding("b", "r", subject("User", "bob")))
    assert not await may(GET_MAPS._replace(name="other"))
    assert await may(GET_MAPS)
    assert not await may(GET_MAPS._replace(name="third"))
    await client.create(role("s", rule(["get"], ["configmaps"])))
    await client.create(binding("s", "s", subject("User", "bob")))
    assert (await decide(GET_MAPS)).reason == 'RBAC: allowed by RoleBinding "b/ns" of Role "r" to User "bob"'
    assert (await decide(GET_MAPS._replace(name="third"))).reason.startswith('RBAC: allowed by RoleBinding "s/ns"')


async def test_what_is_decided_is_remembered_once_for_all_names():
    policy = Counting([Grant(rule(["get"], ["configmaps"]), "a binding")])
    rbac = RBAC(policy)
    for number in range(5):
        assert (await rbac.authorize(GET_MAPS._replace(name=f"c{number}"))).verdict is Verdict.ALLOW
    assert policy.asked == 1
