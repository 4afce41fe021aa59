import pytest

from podo.network.policy.model import Direction, NamedPort, PortRange
from podo.network.policy.rules import MemberSet, fresh_table, member_fragment, pod_chains, port_matches, set_fragment
from podo.network.ruleset import Item, ItemKind
from tests.network.build import CONFIG
from tests.network.policy.build import facts, pod_fact

IN, OUT = Direction.INGRESS, Direction.EGRESS


def written(spec, direction=IN, *, pod=None, versions=(4,)):
    """(lines of the chain of one policy, the sets that it refers to)."""
    chains = pod_chains(pod or pod_fact(), "pod-1", {direction: [facts(spec)]}, versions)
    (lines,) = (content for item, content in chains.fragment.items.items() if item.kind is ItemKind.CHAIN)
    return lines.splitlines(), chains.sets


def ingress(*rules):
    return f"{{podSelector: {{}}, ingress: [{', '.join(rules)}]}}"


def egress(*rules):
    return f"{{podSelector: {{}}, policyTypes: [Egress], egress: [{', '.join(rules)}]}}"


def test_a_pod_that_no_policy_selects_wants_nothing():
    chains = pod_chains(pod_fact(), "pod-1", {IN: [], OUT: []}, (4,))
    assert (chains.fragment.items, chains.sets) == ({}, frozenset())


def test_an_isolated_pod_is_an_element_that_leads_to_a_chain_which_drops():
    chains = pod_chains(pod_fact(), "pod-1", {IN: [facts(ingress())], OUT: []}, (4,))
    ((element, verdict),) = [each for each in chains.fragment.items.items() if each[0].kind is ItemKind.ELEMENT]
    assert (element.name, element.key) == ("ingress", '"pod-1"')
    assert chains.fragment.items[Item(ItemKind.CHAIN, verdict.removeprefix("jump "))] == "drop"


def test_pods_for_which_the_same_holds_share_a_chain_and_others_do_not():
    def chain(spec, link):
        items = pod_chains(pod_fact(), link, {IN: [facts(spec)]}, (4,)).fragment.items
        return next(item.name for item in items if item.kind is ItemKind.CHAIN)

    assert chain(ingress(), "pod-1") == chain(ingress(), "pod-2")
    assert chain(ingress(), "pod-1") != chain(ingress("{}"), "pod-1")


@pytest.mark.parametrize(
    ("spec", "direction", "lines"),
    [
        pytest.param(ingress("{}"), IN, ["return"], id="everything"),
        pytest.param(ingress("{ports: [{port: 80}]}"), IN, ["tcp dport { 80 } return"], id="a port"),
        pytest.param(ingress("{ports: [{port: serve-81-tcp}]}"), IN, ["tcp dport { 81 } return"], id="a name"),
        pytest.param(ingress("{ports: [{port: no-such}]}"), IN, [], id="a name that the Pod does not have"),
        pytest.param(
            ingress("{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}"),
            IN,
            ["ip saddr 10.0.0.0/8 ip saddr != { 10.1.0.0/16 } return"],
            id="a block",
        ),
        pytest.param(ingress("{from: [{ipBlock: {cidr: 'fd00::/8'}}]}"), IN, [], id="a block of a family not in use"),
        pytest.param(
            egress("{to: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{protocol: UDP}]}"),
            OUT,
            ["ip daddr 10.0.0.0/8 meta l4proto udp return"],
            id="egress to a block",
        ),
    ],
)
def test_rules_without_pods(spec, direction, lines):
    assert written(spec, direction) == ([*lines, "drop"], frozenset())


def test_pods_are_sets_of_addresses_in_each_family():
    lines, sets = written(ingress("{from: [{podSelector: {}}], ports: [{port: 80}]}"), versions=(4, 6))
    (peers,) = sets
    assert lines == [
        f"ip saddr @{peers.name(4)} tcp dport {{ 80 }} return",
        f"ip6 saddr @{peers.name(6)} tcp dport {{ 80 }} return",
        "drop",
    ]


def test_rules_that_name_the_same_pods_share_a_set():
    _, sets = written(ingress("{from: [{podSelector: {}}]}", "{from: [{podSelector: {}}], ports: [{port: 1}]}"))
    assert len(sets) == 1


def test_a_named_port_of_others_is_a_set_of_addresses_and_numbers():
    lines, sets = written(egress("{ports: [{port: serve-80-tcp}]}"), OUT)
    (anyone,) = sets
    assert anyone == MemberSet(None, NamedPort("tcp", "serve-80-tcp"))
    assert lines == [f"ip daddr . tcp dport @{anyone.name(4)} return", "drop"]


def test_several_policies_add_up_and_drop_once():
    policies = [facts(ingress(f"{{ports: [{{port: {number}}}]}}"), name=str(number)) for number in (80, 81, 80)]
    items = pod_chains(pod_fact(), "pod-1", {IN: policies}, (4,)).fragment.items
    content = next(content for item, content in items.items() if item.kind is ItemKind.CHAIN)
    assert content.splitlines() == ["tcp dport { 80 } return", "tcp dport { 81 } return", "drop"]


@pytest.mark.parametrize(
    ("ports", "matches"),
    [
        pytest.param([PortRange("tcp", 80, 80), PortRange("udp", 53, 53)], ["tcp dport { 80 }", "udp dport { 53 }"]),
        pytest.param([PortRange("tcp", 85, 90), PortRange("tcp", 80, 86)], ["tcp dport { 80-90 }"]),
        pytest.param([PortRange("tcp", 80, 80), PortRange("tcp", 81, 81)], ["tcp dport { 80-81 }"]),
        pytest.param([PortRange("sctp"), PortRange("sctp", 7, 7)], ["meta l4proto sctp"]),
    ],
    ids=["protocols", "overlapping", "touching", "whole protocol"],
)
def test_ports_that_overlap_are_one_range(ports, matches):
    assert port_matches(ports) == matches


def test_members_are_their_addresses_and_numbers():
    peers, port = MemberSet(None), MemberSet(None, NamedPort("tcp", "serve-81-tcp"))
    dual = pod_fact(address="10.244.1.2,fd00::2")

    def elements(wanted):
        return {(item.name, item.key) for item in member_fragment(wanted, dual, (4, 6)).items}

    assert elements(peers) == {(peers.name(4), "10.244.1.2"), (peers.name(6), "fd00::2")}
    assert elements(port) == {(port.name(4), "10.244.1.2 . 81"), (port.name(6), "fd00::2 . 81")}
    assert set(set_fragment(port, (6,)).items.values()) == {"type ipv6_addr . inet_service;"}


def test_the_fixed_part_lets_pass_what_is_established_and_what_a_pod_sends_itself():
    lines = fresh_table(CONFIG)
    assert lines[1] == "delete table inet podo-test"
    order = [lines.index(each) for each in ("ct state established,related accept", "iifname vmap @egress")]
    assert order == sorted(order)
