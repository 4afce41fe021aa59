import json
from ipaddress import ip_address

import msgspec
import pytest
import yaml

from podo.client.base import Key
from podo.client.definitions import short_definitions
from podo.network import policy
from podo.network.policy.cluster_kinds import KINDS, AdminNetworkPolicy, BaselineAdminNetworkPolicy
from podo.network.policy.explain import End, decide
from podo.network.policy.model import Direction
from podo.network.policy.rules import pod_chains
from podo.network.policy.tiers import Action, cluster_policy_facts, tiers_of
from podo.network.ruleset import ItemKind
from tests.network.policy.build import cluster_policy, facts, pod_fact

IN, OUT = Direction.INGRESS, Direction.EGRESS
NAMESPACES = {"x": {"ns": "x"}, "y": {"ns": "y"}}
A, B = pod_fact("a", address="10.244.1.2"), pod_fact("b", address="10.244.1.3")
Y = pod_fact("a", namespace="y", address="10.244.2.2")
EVERYONE, FROM_Y = "{namespaces: {}}", "{namespaces: {matchLabels: {ns: y}}}"


def admin(action, peer=EVERYONE, *, more="", name="p", priority=10, tier="Admin", side="ingress"):
    peers = "from" if side == "ingress" else "to"
    rule = f"{{action: {action}, {peers}: [{peer}]{more}}}"
    spec = f"{{tier: {tier}, priority: {priority}, subject: {{namespaces: {{}}}}, {side}: [{rule}]}}"
    return cluster_policy_facts(cluster_policy(spec, name=name))


def verdict(*cluster, policies=(), source=Y, target=B, port=80, protocol="tcp"):
    """(whether ingress is allowed, why)."""
    ends = [End(str(ip_address(each)) if isinstance(each, str) else each.addresses[0]) for each in (source, target)]
    ends = [
        end._replace(pod=None if isinstance(each, str) else each)
        for end, each in zip(ends, (source, target), strict=True)
    ]
    finding = decide(
        policies, NAMESPACES, source=ends[0], target=ends[1], protocol=protocol, port=port, cluster=cluster
    )[1]
    return finding.allowed, finding.words("it")


DENY_ALL, ALLOW_ALL = facts("{podSelector: {}}"), facts("{podSelector: {}, ingress: [{}]}")


@pytest.mark.parametrize(
    ("cluster", "policies", "allowed"),
    [
        pytest.param([admin("Deny")], [ALLOW_ALL], False, id="the first tier refuses what a NetworkPolicy allows"),
        pytest.param([admin("Accept")], [DENY_ALL], True, id="the first tier allows what a NetworkPolicy refuses"),
        pytest.param([admin("Pass")], [DENY_ALL], False, id="a NetworkPolicy decides what is passed on"),
        pytest.param([admin("Pass"), admin("Deny", name="z")], [], True, id="the rest of the tier is not asked then"),
        pytest.param([admin("Deny", priority=5), admin("Accept", name="a")], [], False, id="the lower priority first"),
        pytest.param([admin("Deny", tier="Baseline")], [], False, id="the last tier, where nothing isolates"),
        pytest.param([admin("Deny", tier="Baseline")], [ALLOW_ALL], True, id="but not where a NetworkPolicy does"),
        pytest.param([admin("Deny", "{pods: {namespaceSelector: {}, podSelector: {}}}")], [], False, id="Pods"),
        pytest.param([admin("Deny", FROM_Y)], [], False, id="a namespace by its labels"),
        pytest.param([admin("Deny", "{namespaces: {matchLabels: {ns: z}}}")], [], True, id="another namespace"),
        pytest.param([admin("Deny", "{}")], [], False, id="peers that we do not know are refused"),
        pytest.param([admin("Pass", "{}")], [], False, id="and not passed on"),
        pytest.param([admin("Accept", "{}")], [DENY_ALL], False, id="nor allowed"),
    ],
)
def test_tiers_are_asked_one_after_the_other(cluster, policies, allowed):
    assert verdict(*cluster, policies=policies)[0] is allowed


@pytest.mark.parametrize(
    ("protocols", "port", "protocol", "met"),
    [
        pytest.param("[{tcp: {destinationPort: {number: 80}}}]", 80, "tcp", True, id="a number"),
        pytest.param("[{tcp: {destinationPort: {number: 80}}}]", 80, "udp", False, id="another protocol"),
        pytest.param("[{udp: {destinationPort: {range: {start: 79, end: 90}}}}]", 80, "udp", True, id="a range"),
        pytest.param("[{sctp: {destinationPort: {number: 81}}}, {tcp: {}}]", 80, "tcp", True, id="one of several"),
        pytest.param("[{destinationNamedPort: dns}]", 81, "udp", True, id="a name"),
        pytest.param("[{destinationNamedPort: dns}]", 81, "tcp", False, id="a name is of the port's protocol"),
    ],
)
def test_rules_may_be_about_ports(protocols, port, protocol, met):
    deny = admin("Deny", more=f", protocols: {protocols}")
    assert verdict(deny, port=port, protocol=protocol)[0] is not met


def test_what_decides_is_named():
    assert verdict(admin("Deny", name="locked")) == (False, "rule 1 of ClusterNetworkPolicy/locked refuses it")
    named = admin("Accept", more=', name: "by friends"', name="open")
    assert verdict(named) == (True, 'rule "by friends" of ClusterNetworkPolicy/open allows it')


def test_pods_on_the_nodes_network_are_no_subjects():
    host = pod_fact("b", host_network=True)
    assert tiers_of([admin("Deny")], host, {}) == {}


def test_only_subjects_have_rules_and_only_in_directions_with_any():
    assert tiers_of([admin("Deny")], B, {}).keys() == {IN}
    some = cluster_policy(
        "{priority: 1, subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {pod: a}}}}}"
    )
    assert tiers_of([cluster_policy_facts(some)], A, {}) == {}


def chains(*cluster, policies=(), direction=IN):
    """The lines of each chain, that which the Pod's link leads to first."""
    tiers = tiers_of(cluster, A, NAMESPACES["x"])
    found = pod_chains(A, "pod-1", {direction: list(policies)}, (4,), tiers).fragment.items
    texts = {item.name: content.splitlines() for item, content in found.items() if item.kind is ItemKind.CHAIN}
    (first,) = [content.removeprefix("jump ") for item, content in found.items() if item.kind is ItemKind.ELEMENT]
    return [texts.pop(first), *texts.values()], set(found)


def block(action, cidr, **more):
    return admin(action, f"{{networks: [{cidr}]}}", side="egress", **more)


def test_rules_are_written_in_the_order_in_which_they_are_asked():
    first, last = block("Deny", "10.0.0.0/8", priority=1), block("Accept", "'fd00::/8', 0.0.0.0/0", priority=2)
    (lines,), _ = chains(last, first, direction=OUT)
    assert lines == ["ip daddr 10.0.0.0/8 drop", "ip daddr 0.0.0.0/0 return"]


def test_what_is_passed_on_goes_to_the_chain_of_the_next_tiers():
    deny = facts("{podSelector: {}, policyTypes: [Egress]}")
    (lines, rest), items = chains(
        block("Pass", "10.0.0.0/8"), block("Deny", "0.0.0.0/0"), policies=[deny], direction=OUT
    )
    (target,) = {item.name for item in items if item.kind is ItemKind.CHAIN and f"goto {item.name}" in lines}
    assert lines == [f"ip daddr 10.0.0.0/8 goto {target}", "ip daddr 0.0.0.0/0 drop", f"goto {target}"]
    assert rest == ["drop"]


def test_what_is_passed_on_to_nothing_passes():
    (_, rest), _ = chains(block("Pass", "10.0.0.0/8"), block("Pass", "10.0.0.0/9", tier="Baseline"), direction=OUT)
    assert rest == ["ip daddr 10.0.0.0/9 return"]
    (lines,), _ = chains(block("Pass", "10.0.0.0/8"), direction=OUT)
    assert lines == ["ip daddr 10.0.0.0/8 return"]


def old(cls, spec, name="p"):
    found = {"metadata": {"name": name}, "spec": yaml.safe_load(spec)}
    return cluster_policy_facts(msgspec.json.decode(json.dumps(found), type=cls))


def test_the_policies_of_before_are_understood():
    rule = "{action: Allow, from: [{namespaces: {}}], ports: [{portNumber: {protocol: UDP, port: 53}}]}"
    asked = old(AdminNetworkPolicy, f"{{priority: 3, subject: {{namespaces: {{}}}}, ingress: [{rule}]}}")
    assert verdict(asked, policies=[DENY_ALL], port=53, protocol="udp")[0]
    assert not verdict(asked, policies=[DENY_ALL], port=53)[0]
    assert asked.rules[IN][0].action is Action.ACCEPT
    rule = "{action: Deny, from: [{namespaces: {}}], ports: [{portRange: {start: 1, end: 90}}, {namedPort: dns}]}"
    last = old(BaselineAdminNetworkPolicy, f"{{subject: {{namespaces: {{}}}}, ingress: [{rule}]}}", "default")
    assert last.key == Key("BaselineAdminNetworkPolicy", "default")
    assert not verdict(last)[0]
    assert verdict(last, policies=[ALLOW_ALL])[0]


def test_each_kind_has_a_definition():
    served = {
        (each["spec"]["names"]["plural"], version["name"], each["spec"]["scope"])
        for each in short_definitions(policy.__name__)
        for version in each["spec"]["versions"]
    }
    assert served == {(each.resource.plural, each.resource.version, "Cluster") for each in KINDS}
