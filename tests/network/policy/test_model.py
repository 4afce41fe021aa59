import pytest

from podo.network.policy.model import NOBODY, BlockPeer, Direction, NamedPort, PortRange, policy_facts, selecting
from tests.network.policy.build import facts, pod_fact, policy

IN, OUT = Direction.INGRESS, Direction.EGRESS


@pytest.mark.parametrize(
    ("spec", "directions"),
    [
        pytest.param("{podSelector: {}}", {IN}, id="always ingress"),
        pytest.param("{podSelector: {}, egress: [{}]}", {IN, OUT}, id="egress if it has such rules"),
        pytest.param("{podSelector: {}, policyTypes: [Egress]}", {OUT}, id="as it says"),
        pytest.param("{podSelector: {}, policyTypes: [Egress], ingress: [{}]}", {OUT}, id="rules without their type"),
    ],
)
def test_the_directions_that_a_policy_isolates_in(spec, directions):
    assert facts(spec).rules.keys() == directions


def test_a_rule_without_peers_and_ports_is_for_all_and_no_rule_is_for_none():
    everything, nothing = facts("{podSelector: {}, ingress: [{}]}"), facts("{podSelector: {}, ingress: []}")
    (rule,) = everything.rules[IN]
    assert (rule.peers, rule.ports) == (None, None)
    assert nothing.rules[IN] == ()


def test_ports_by_number_range_name_and_protocol():
    ports = "[{port: 80}, {port: 80, endPort: 90, protocol: UDP}, {port: web}, {protocol: SCTP}]"
    (rule,) = facts(f"{{podSelector: {{}}, ingress: [{{ports: {ports}}}]}}").rules[IN]
    assert rule.ports == (
        PortRange("tcp", 80, 80),
        PortRange("udp", 80, 90),
        NamedPort("tcp", "web"),
        PortRange("sctp", 0, 65535),
    )


def test_blocks_are_networks_whose_exceptions_do_not_overlap():
    block = "{cidr: 10.0.0.5/8, except: [10.1.0.0/16, 10.1.2.0/24, 10.2.0.0/16]}"
    (rule,) = facts(f"{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}").rules[IN]
    assert rule.peers == (BlockPeer("10.0.0.0/8", ("10.1.0.0/16", "10.2.0.0/16")),)


@pytest.mark.parametrize(
    ("block", "peer"),
    [
        ("{cidr: 010.001.0.0/16}", BlockPeer("10.1.0.0/16")),
        ("{cidr: nonsense}", NOBODY),
        ("{cidr: 10.0.0.0/8, except: [nonsense]}", NOBODY),
    ],
)
def test_blocks_of_objects_that_no_server_would_take_today_never_mean_more_than_they_say(block, peer):
    (rule,) = facts(f"{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}").rules[IN]
    assert rule.peers == (peer,)


PEERS = {
    "pods of the policy's namespace": ("podSelector: {matchLabels: {pod: b}}", {"x/b"}),
    "all pods of some namespaces": ("namespaceSelector: {matchLabels: {ns: y}}", {"y/a", "y/b"}),
    "all pods of all namespaces": ("namespaceSelector: {}", {"x/a", "x/b", "y/a", "y/b"}),
    "both": ("namespaceSelector: {matchLabels: {ns: y}}, podSelector: {matchLabels: {pod: b}}", {"y/b"}),
    "an expression": ("podSelector: {matchExpressions: [{key: pod, operator: NotIn, values: [b]}]}", {"x/a"}),
}


@pytest.mark.parametrize(("peer", "meant"), PEERS.values(), ids=PEERS)
def test_which_pods_a_peer_means(peer, meant):
    ((rule),) = facts(f"{{podSelector: {{}}, ingress: [{{from: [{{{peer}}}]}}]}}").rules[IN]
    pods = [pod_fact(name, namespace=namespace) for namespace in "xy" for name in "ab"]
    assert {str(each.key) for each in pods if rule.peers[0].selects(each, {"ns": each.key.namespace})} == meant


@pytest.mark.parametrize("differs", [{"host_network": True}, {"phase": "Succeeded"}, {"phase": "Failed"}], ids=str)
def test_pods_on_the_nodes_network_and_pods_that_have_ended_are_no_peers(differs):
    (rule,) = facts("{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}").rules[IN]
    assert not rule.peers[0].selects(pod_fact(**differs), {})


def test_policies_select_pods_of_their_own_namespace_by_label():
    mine, other = facts("{podSelector: {matchLabels: {pod: a}}}"), facts("{podSelector: {}}", namespace="y")
    egress = facts("{podSelector: {}, policyTypes: [Egress]}", name="e")
    assert selecting([mine, other, egress], pod_fact("a"), IN) == [mine]
    assert selecting([mine, other, egress], pod_fact("b"), IN) == []
    assert selecting([mine, other, egress], pod_fact("b"), OUT) == [egress]


def test_a_policy_that_names_no_pods_is_for_all_of_its_namespace():
    assert policy_facts(policy("{policyTypes: [Ingress]}")).pods.matches({"any": "thing"})
