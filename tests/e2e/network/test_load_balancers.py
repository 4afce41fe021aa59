"""Services of type LoadBalancer: an address that answers on the host, on nodes and in Pods."""

import json
import urllib.request

import pytest

from tests.e2e.manifests import pod, service, web

pytestmark = pytest.mark.e2e
PATH = "/cgi-bin/index.cgi"


def page(address):
    with urllib.request.urlopen(f"http://{address}{PATH}", timeout=5) as answer:
        return answer.read().decode()


def address_of(kubectl, name="web"):
    kubectl.wait("jsonpath={.status.loadBalancer.ingress[0].ip}", f"service/{name}")
    (ingress,) = kubectl.get("service", name)["status"]["loadBalancer"]["ingress"]
    assert ingress["ipMode"] == "VIP"
    return ingress["ip"]


def test_the_address_answers_from_the_host_and_from_pods(kubectl):
    kubectl.apply(web("web"), service("web", type="LoadBalancer"), pod("client"))
    kubectl.ready("pod/web", "pod/client")
    address = address_of(kubectl)
    assert "hello v1" in page(address)
    assert "hello v1" in kubectl("exec", "client", "--", "wget", "-qO-", f"http://{address}{PATH}")
    assert address in kubectl("get", "service", "web")
    kubectl("patch", "service", "web", "-p", json.dumps({"spec": {"type": "ClusterIP"}}))
    assert "ingress" not in kubectl.get("service", "web")["status"]["loadBalancer"]


def test_source_ranges_are_kept_to_and_other_classes_are_left_alone(kubectl):
    kubectl.apply(
        web("web"),
        service("web", type="LoadBalancer", loadBalancerSourceRanges=["203.0.113.0/24"]),
        service("theirs", type="LoadBalancer", loadBalancerClass="example.com/theirs"),
    )
    kubectl.ready("pod/web")
    address = address_of(kubectl)
    with pytest.raises(OSError, match="timed out"):
        page(address)
    assert kubectl.get("service", "theirs")["status"]["loadBalancer"] == {}
