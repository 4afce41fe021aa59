"""NetworkPolicies on a whole cluster, as users make them."""

import pytest

from tests.e2e.manifests import pod, service, web

pytestmark = pytest.mark.e2e
PAGE = "http://web.{}/cgi-bin/index.cgi"


def deny(name, **spec):
    meta = {"name": name}
    spec = {"podSelector": {}, "policyTypes": ["Ingress"]} | spec
    return {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": meta, "spec": spec}


def fetches(kubectl, client, seconds=2):
    """Whether the client's Pod gets the page through the Service."""
    page = PAGE.format(kubectl.namespace)
    return not kubectl.try_("exec", client, "--", "timeout", str(seconds), "wget", "-qO-", page).status


def test_a_policy_isolates_and_another_one_lets_in_whom_it_names(kubectl, podo):
    kubectl.apply(web("web"), service("web"), pod("friend"), pod("stranger"))
    kubectl.ready("pod/web", "pod/friend", "pod/stranger")
    assert fetches(kubectl, "stranger")
    kubectl.apply(deny("deny"))
    assert not fetches(kubectl, "stranger")
    kubectl.apply(deny("allow", ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}]}]))
    assert fetches(kubectl, "friend")
    assert not fetches(kubectl, "stranger")
    kubectl.ready("pod/web")  # its probes still reach it
    ns = kubectl.namespace
    said = podo("network", "why", f"{ns}/stranger", f"{ns}/web", "--port", "8080")
    assert f"refused   {ns}/allow, {ns}/deny isolates {ns}/web for ingress, and has no rule that allows this" in said
    said = podo("network", "why", f"{ns}/friend", f"{ns}/web", "--port", "8080")
    assert f"rule 1 of {ns}/allow allows it" in said
    kubectl("delete", "networkpolicy", "--all")
    assert fetches(kubectl, "stranger")


def test_pods_that_are_made_after_the_policy_are_isolated_from_the_start(kubectl):
    kubectl.apply(deny("out", policyTypes=["Egress"]))
    kubectl.apply(pod("shut", "nc -w 1 10.96.0.1 443 </dev/null && echo reached || echo refused; sleep 3600"))
    kubectl.ready("pod/shut")
    with kubectl.start("logs", "-f", "shut") as logs:
        logs.expect("refused")


def test_names_of_pods_that_do_not_exist_are_told(podo):
    assert "Pod default/nobody does not exist" in podo.refusal("network", "why", "nobody", "10.96.0.1")
    assert "no protocol" in podo.refusal("network", "why", "10.0.0.1", "10.0.0.2", "--protocol", "ICMP")


def cluster_policy(name, tier, **rules):
    meta = {"name": name}
    spec = {"tier": tier, "priority": 10, "subject": {"namespaces": {}}} | rules
    body = {"apiVersion": "policy.networking.k8s.io/v1alpha2", "kind": "ClusterNetworkPolicy"}
    return body | {"metadata": meta, "spec": spec}


def test_a_policy_of_the_cluster_is_asked_before_those_of_namespaces_and_another_one_after_them(kubectl, podo):
    ns = kubectl.namespace
    here = {"matchLabels": {"kubernetes.io/metadata.name": ns}}
    subject = {"namespaces": here}
    everyone = [{"namespaces": {}}]
    kubectl.apply(web("web"), service("web"), pod("friend"))
    kubectl.ready("pod/web", "pod/friend")
    assert fetches(kubectl, "friend")
    baseline = [{"action": "Deny", "from": everyone}]
    kubectl.apply(cluster_policy(f"base-{ns}", "Baseline", subject=subject, ingress=baseline))
    try:
        assert not fetches(kubectl, "friend")
        kubectl.apply(deny("allow", ingress=[{}]))
        assert fetches(kubectl, "friend")
        locked = [
            {"name": "locked", "action": "Deny", "from": everyone, "protocols": [{"destinationNamedPort": "http"}]}
        ]
        locked[0]["protocols"].append({"tcp": {"destinationPort": {"number": 8080}}})
        kubectl.apply(cluster_policy(f"admin-{ns}", "Admin", subject=subject, ingress=locked))
        assert not fetches(kubectl, "friend")
        said = podo("network", "why", f"{ns}/friend", f"{ns}/web", "--port", "8080")
        assert f'rule "locked" of ClusterNetworkPolicy/admin-{ns} refuses it' in said
        kubectl("delete", "clusternetworkpolicy", f"admin-{ns}")
        assert fetches(kubectl, "friend")
    finally:
        kubectl("delete", "cnp", f"base-{ns}", f"admin-{ns}", "--ignore-not-found")
