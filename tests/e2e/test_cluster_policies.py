"""Policies of the whole cluster in the kernel: who reaches whom while tiers and priorities decide."""

import itertools

import pytest

from tests.e2e.network_world import world
from tests.e2e.policy_world import PORTS, Table
from tests.e2e.test_network_policy import EVERYTHING, but, of, others
from tests.network.policy import build

pytestmark = pytest.mark.e2e
NUMBERS = itertools.count(1)
X, Y = "{namespaces: {matchLabels: {ns: x}}}", "{namespaces: {matchLabels: {ns: y}}}"
ANYONE, TCP_80 = "{namespaces: {}}", (("tcp", 80),)


@pytest.fixture
async def four(tmp_path):
    async with world(tmp_path) as net:
        made = Table(net)
        await made.fill()
        yield made


@pytest.fixture
async def six(tmp_path):
    async with world(tmp_path, dual=True) as net:
        made = Table(net, family=1)
        await made.fill()
        yield made


class Policies:
    """The cluster's policies, told to all keepers."""

    def __init__(self, table):
        self.table, self.known = table, {}

    async def set(self, name, tier, priority, subject, **directions):
        """Rules are YAML, in each direction."""
        rules = ", ".join(f"{direction}: [{rules}]" for direction, rules in directions.items())
        spec = f"{{tier: {tier}, priority: {priority}, subject: {subject}, {rules}}}"
        new = build.cluster_policy(spec, name=name, revision=next(NUMBERS))
        await self._tell(self.known.get(name), new)
        self.known[name] = new

    async def remove(self, name):
        await self._tell(self.known.pop(name), None)

    async def _tell(self, old, new):
        for keeper in self.table.keepers.values():
            keeper.cluster_policy_changed(old, new)
        await self.table.sync()


def rule(action, peer, *, to=False, more=""):
    return f"{{action: {action}, {'to' if to else 'from'}: [{peer}]{more}}}"


async def check_tiers(table):
    """Deny, pass and accept, each with what a NetworkPolicy and the last tier make of it."""
    policies, into_x = Policies(table), but(to=of("x"), source=others(of("x")))
    await policies.set("base", "Baseline", 10, X, ingress=f"{rule('Accept', X)}, {rule('Deny', ANYONE)}")
    assert await table.reached(into_x) == into_x
    await table.apply(("x", "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}]}"))
    only_y = but(to=of("x"), source=others(of("y")))
    assert await table.reached(only_y) == only_y  # the NetworkPolicy in the last tier's place
    passing = f"{rule('Pass', Y)}, {rule('Accept', ANYONE)}"
    await policies.set("admin", "Admin", 10, X, ingress=passing)
    assert await table.reached(EVERYTHING) == EVERYTHING  # y by the NetworkPolicy, others before it
    await table.apply(("x", "{podSelector: {}}"))
    not_y = but(to=of("x"), source=of("y"))
    assert await table.reached(not_y) == not_y  # what is passed on is refused by the NetworkPolicy
    await table.apply()
    assert await table.reached(not_y) == not_y  # and then by the last tier
    await policies.remove("base")
    assert await table.reached(EVERYTHING) == EVERYTHING
    await policies.remove("admin")


async def test_tiers_decide_one_after_the_other(four):
    await check_tiers(four)


async def test_tiers_decide_one_after_the_other_by_ipv6(six):
    await check_tiers(six)


async def test_priorities_ports_and_both_directions(four):
    policies = Policies(four)
    port = ", protocols: [{tcp: {destinationPort: {number: 80}}}]"
    await policies.set("late", "Admin", 20, X, egress=rule("Deny", ANYONE, to=True))
    await policies.set("early", "Admin", 10, X, egress=rule("Accept", ANYONE, to=True, more=port))
    not_80 = tuple(each for each in PORTS if each not in TCP_80)
    wanted = but(source=of("x"), ports=not_80)
    assert await four.reached(wanted) == wanted
    named = ", protocols: [{destinationNamedPort: serve-81-udp}]"
    await policies.set("late", "Admin", 20, X, egress=rule("Deny", Y, to=True, more=named))
    await policies.remove("early")
    wanted = but(source=of("x"), to=of("y"), ports=(("udp", 81),))
    assert await four.reached(wanted) == wanted
    await policies.set("late", "Admin", 20, X, egress=rule("Deny", "{networks: [10.244.0.0/16]}", to=True))
    wanted = but(source=of("x"))
    assert await four.reached(wanted) == wanted
