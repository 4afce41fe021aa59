"""Gateways: requests from the host to Pods, by the Gateway API."""

from collections import Counter
from http.client import HTTPConnection

import pytest

from tests.e2e.manifests import pod, service, web
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


def test_paths_and_headers_may_be_met_by_regular_expressions(kubectl):
    path = {"path": {"type": "RegularExpression", "value": "/cgi-[a-z]{3}/.*"}}
    kubectl.apply(web("one"), service("one"), gateway(HTTP), route(to(("one", 1), matches=[path])))
    kubectl.ready("pod/one")
    address = served(kubectl)
    eventually(lambda: request(address, "a")[0] == 200)
    assert request(address, "a", "/cgi-binn/index.cgi")[0] == 404


def test_copies_of_requests_go_to_the_mirror(kubectl):
    mirror = {"type": "RequestMirror", "requestMirror": {"backendRef": {"name": "two", "port": 80}}}
    rule = to(("one", 1), filters=[mirror])
    kubectl.apply(web("one"), logging("two"), service("one"), service("two"), gateway(HTTP), route(rule))
    kubectl.ready("pod/one", "pod/two")
    address = served(kubectl)
    eventually(lambda: answers(address, "a") == "one")
    eventually(lambda: f"GET {PATH}" in kubectl("logs", "two"))


def logging(name):
    """A Pod that writes down what it is asked."""
    return pod(name, "while true; do printf 'HTTP/1.0 200 OK\\r\\n\\r\\n' | nc -l -p 8080 | head -1; done")


def test_scripts_of_other_origins_are_told_what_they_may_ask_for(kubectl):
    cors = {"type": "CORS", "cors": {"allowOrigins": ["https://*.friends.example"], "allowMethods": ["GET"]}}
    kubectl.apply(web("one"), service("one"), gateway(HTTP), route(to(("one", 1), filters=[cors])))
    kubectl.ready("pod/one")
    address = served(kubectl)
    eventually(lambda: request(address, "a")[0] == 200)
    assert allowed(address, "https://app.friends.example") == "https://app.friends.example"
    assert allowed(address, "https://app.strangers.example") is None


def allowed(address, origin):
    """The origin that an answer may be shown to."""
    connection = HTTPConnection(address, timeout=5)
    connection.request("GET", PATH, headers={"Host": "a", "Origin": origin})
    return connection.getresponse().headers["Access-Control-Allow-Origin"]
