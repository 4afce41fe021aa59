import pytest

from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.api.types.rbac_v1 import AggregationRule, ClusterRole, PolicyRule
from podo.client.base import key_of
from podo.controllers.cluster_role_aggregation import ClusterRoleAggregation


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(ClusterRoleAggregation)


def rule(*resources: str) -> PolicyRule:
    return PolicyRule(api_groups=("",), resources=resources, verbs=("get",))


def role(name: str, *rules: PolicyRule, **labels: str) -> ClusterRole:
    return ClusterRole(metadata=ObjectMeta(name=name, labels=labels), rules=rules)


ALL = AggregationRule(cluster_role_selectors=(LabelSelector(match_labels={"to": "all"}),))


async def resources(lab) -> list[str]:
    await lab.settle()
    return [r.resources[0] for r in (await lab.get(ClusterRole, "all", "")).rules]


async def test_it_has_the_rules_of_those_that_it_selects(lab):
    await lab.user.create(ClusterRole(metadata=ObjectMeta(name="all"), aggregation_rule=ALL))
    await lab.user.create(role("b", rule("pods"), to="all"))
    await lab.user.create(role("a", rule("nodes"), rule("pods"), to="all"))
    await lab.user.create(role("c", rule("secrets"), to="none"))
    assert await resources(lab) == ["nodes", "pods"]
    await lab.user.delete(ClusterRole, key_of(role("a")))
    assert await resources(lab) == ["pods"]
    await lab.change_meta(role("c"), labels={"to": "all"})
    assert await resources(lab) == ["pods", "secrets"]


async def test_what_somebody_writes_into_it_is_put_right(lab):
    await lab.user.create(role("b", rule("pods"), to="all"))
    broken = ClusterRole(metadata=ObjectMeta(name="all"), aggregation_rule=ALL, rules=(rule("secrets"),))
    await lab.user.create(broken)
    assert await resources(lab) == ["pods"]


async def test_a_role_without_the_rule_is_left_alone(lab):
    made = await lab.user.create(role("plain", rule("pods"), to="all"))
    await lab.settle()
    assert (await lab.get(ClusterRole, "plain", "")).metadata.resource_version == made.metadata.resource_version
