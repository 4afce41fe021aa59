import pytest

from podo.client.base import Key
from podo.network.policy.explain import End, decide
from tests.network.policy.build import facts, pod_fact

NAMESPACES = {"x": {"ns": "x"}, "y": {"ns": "y"}}
A, B = pod_fact("a", address="10.244.1.2"), pod_fact("b", address="10.244.1.3")
Y = pod_fact("a", namespace="y", address="10.244.2.2")


def said(*policies, source=A, target=B, protocol="tcp", port=80):
    """(verdict, words) of egress and of ingress."""
    ends = [End(each.addresses[0], each) if not isinstance(each, str) else End(each) for each in (source, target)]
    findings = decide(policies, NAMESPACES, source=ends[0], target=ends[1], protocol=protocol, port=port)
    return [(finding.allowed, finding.words(str(end))) for finding, end in zip(findings, ends, strict=True)]


def test_without_policies_everything_passes():
    assert said() == [(True, "no policy isolates x/a for egress"), (True, "no policy isolates x/b for ingress")]


def test_the_rule_that_allows_is_named():
    deny = facts("{podSelector: {}}", name="deny")
    allow = facts("{podSelector: {}, ingress: [{ports: [{port: 1}]}, {from: [{podSelector: {}}]}]}", name="allow")
    assert said(deny, allow)[1] == (True, "rule 2 of x/allow allows it")


def test_the_policies_that_refuse_are_named():
    deny = facts("{podSelector: {}, policyTypes: [Ingress, Egress]}", name="deny")
    more = facts("{podSelector: {}, ingress: [{from: [{podSelector: {matchLabels: {pod: c}}}]}]}", name="more")
    assert said(deny, more) == [
        (False, "x/deny isolates x/a for egress, and has no rule that allows this"),
        (False, "x/deny, x/more isolates x/b for ingress, and has no rule that allows this"),
    ]


@pytest.mark.parametrize(
    ("rule", "source", "port", "allowed"),
    [
        pytest.param("{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}", Y, 80, True, id="namespace"),
        pytest.param("{from: [{namespaceSelector: {matchLabels: {ns: y}}}]}", A, 80, False, id="another namespace"),
        pytest.param(
            "{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.7/32]}}]}", "192.0.2.8", 80, True, id="in"
        ),
        pytest.param(
            "{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.7/32]}}]}", "192.0.2.7", 80, False, id="ex"
        ),
        pytest.param("{from: [{podSelector: {}}]}", "192.0.2.7", 80, False, id="an address is no Pod"),
        pytest.param("{ports: [{port: serve-81-tcp}]}", A, 81, True, id="by name"),
        pytest.param("{ports: [{port: serve-81-tcp}]}", A, 80, False, id="another name"),
        pytest.param("{ports: [{port: 79, endPort: 81}]}", A, 80, True, id="range"),
        pytest.param("{ports: [{port: 80, protocol: UDP}]}", A, 80, False, id="another protocol"),
    ],
)
def test_a_rule_decides(rule, source, port, allowed):
    policy = facts(f"{{podSelector: {{}}, ingress: [{rule}]}}")
    assert said(policy, source=source, port=port)[1][0] is allowed


def test_a_pod_always_reaches_itself():
    assert all(allowed for allowed, _ in said(facts("{podSelector: {}, policyTypes: [Ingress, Egress]}"), target=A))


def test_pods_on_the_nodes_network_are_not_isolated():
    host = pod_fact("b", host_network=True)
    assert said(facts("{podSelector: {}}"), target=host)[1][0]


def test_what_isolates_is_told_with_its_namespace():
    ends = [End(A.addresses[0], A), End(B.addresses[0], B)]
    deny = facts("{podSelector: {}}", name="deny")
    ingress = decide([deny], NAMESPACES, source=ends[0], target=ends[1], protocol="tcp", port=80)[1]
    assert (ingress.isolating, ingress.policy) == ((Key("x", "deny"),), None)
