"""Gateways: requests from the host to Pods, by the Gateway API."""

from collections import Counter

import pytest

from tests.e2e.manifests import service, web
from tests.e2e.network.test_ingress import PATH, authority, eventually, request, secret, trusting

pytestmark = pytest.mark.e2e
API = "gateway.networking.k8s.io/v1"
HTTP = {"name": "http", "port": 80, "protocol": "HTTP"}


def gateway(*listeners, name="edge"):
    spec = {"gatewayClassName": "podo", "listeners": list(listeners)}
    return {"apiVersion": API, "kind": "Gateway", "metadata": {"name": name}, "spec": spec}


def route(*rules, host="", name="r"):
    spec = {"parentRefs": [{"name": "edge"}], "rules": list(rules)} | ({"hostnames": [host]} if host else {})
    return {"apiVersion": API, "kind": "HTTPRoute", "metadata": {"name": name}, "spec": spec}


def to(*backends, **more):
    """A rule; each backend is (Service, weight)."""
    return {"backendRefs": [{"name": name, "port": 80, "weight": weight} for name, weight in backends]} | more


def at(path):
    return [{"path": {"type": "PathPrefix", "value": path}}]


def served(kubectl):
    """The Gateway's address, once it is served and the route is accepted."""
    kubectl.wait("condition=Programmed", "gateway/edge")
    accepted = '{.status.parents[0].conditions[?(@.type=="Accepted")].status}=True'
    kubectl.wait(f"jsonpath={accepted}", "httproute/r")
    return kubectl.get("gateway", "edge")["status"]["addresses"][0]["value"]


def answers(address, host):
    """The name of the Pod that answers."""
    return request(address, host)[1].partition("from pod ")[2].partition(" ")[0]


def test_hosts_and_paths_lead_to_services_by_an_address_of_the_gateways_own(kubectl):
    kubectl.apply(web("one"), web("two"), service("one"), service("two"), gateway(HTTP))
    kubectl.apply(
        route(
            to(("one", 1)),
            to(("two", 1), matches=at("/cgi-bin/")),
            to(("absent", 1), matches=at("/gone")),
            host="a.example",
        )
    )
    kubectl.ready("pod/one", "pod/two")
    address = served(kubectl)
    eventually(lambda: answers(address, "a.example") == "two")
    assert request(address, "a.example", "/gone")[0] == 500
    assert request(address, "b.example")[0] == 404
    assert kubectl.get("gateway", "edge")["status"]["listeners"][0]["attachedRoutes"] == 1


def test_weights_share_requests_out(kubectl):
    kubectl.apply(
        web("one"), web("two"), service("one"), service("two"), gateway(HTTP), route(to(("one", 75), ("two", 25)))
    )
    kubectl.ready("pod/one", "pod/two")
    address = served(kubectl)
    eventually(lambda: request(address, "a")[0] == 200)
    counts = Counter(answers(address, "a") for _ in range(120))
    assert counts["one"] + counts["two"] == 120
    assert 10 <= counts["two"] <= 55


def test_tls_ends_with_the_certificate_of_the_listeners_secret(kubectl):
    made, listener = authority(), {"name": "https", "port": 443, "protocol": "HTTPS", "hostname": "a.example"}
    listener["tls"] = {"certificateRefs": [{"name": "tls"}]}
    kubectl.apply(web("one"), service("one"), gateway(listener), route(to(("one", 1))))
    resolved = '{.status.listeners[0].conditions[?(@.type=="ResolvedRefs")].reason}=InvalidCertificateRef'
    kubectl.wait(f"jsonpath={resolved}", "gateway/edge")
    kubectl.apply(secret("tls", made, "a.example"))
    kubectl.ready("pod/one")
    address = served(kubectl)
    eventually(lambda: request(address, "a.example", tls=trusting(made))[0] == 200)


def test_a_redirect_needs_no_backend(kubectl):
    redirect = {"type": "RequestRedirect", "requestRedirect": {"scheme": "https", "statusCode": 301}}
    kubectl.apply(gateway(HTTP), route({"filters": [redirect]}))
    address = served(kubectl)
    eventually(lambda: request(address, "a.example", PATH)[0] == 301)
