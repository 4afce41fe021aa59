import random

import pytest

from podo.api.errors import BadRequest, ServiceUnavailable
from podo.server.connect.nodes import place_of
from podo.server.connect.proxy import ProxyName, Target, node_target, parse_name, pod_target, service_target

POD = {
    "metadata": {"name": "p"},
    "spec": {"containers": [{"ports": [{"name": "dns", "containerPort": 53, "protocol": "UDP"}]}]},
    "status": {"podIP": "10.0.0.5"},
}
POD["spec"]["containers"].append({"ports": [{"name": "web", "containerPort": 8080}]})


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("web", ProxyName("", "web", "")),
        ("web:80", ProxyName("", "web", "80")),
        ("https:web:443", ProxyName("https", "web", "443")),
        ("https:web:", ProxyName("https", "web", "")),
    ],
)
def test_a_name_says_scheme_and_port(text, name):
    assert parse_name(text) == name


@pytest.mark.parametrize("text", ["ftp:web:1", "a:b:c:d"])
def test_what_is_no_name_is_refused(text):
    with pytest.raises(BadRequest):
        parse_name(text)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("p", Target("http", "10.0.0.5", 8080)),
        ("p:web", Target("http", "10.0.0.5", 8080)),
        ("https:p:9", Target("https", "10.0.0.5", 9)),
    ],
)
def test_a_pods_port(name, target):
    assert pod_target(POD, parse_name(name)) == target


def test_a_pod_without_that_port_or_without_address_is_unavailable():
    with pytest.raises(ServiceUnavailable):
        pod_target(POD, parse_name("p:none"))
    with pytest.raises(ServiceUnavailable):
        pod_target(POD | {"status": {}}, parse_name("p"))


def anything(target, address):
    return True


def slices(*ready: bool):
    endpoints = [{"addresses": [f"10.0.0.{i}"], "conditions": {"ready": r}} for i, r in enumerate(ready)]
    return [{"ports": [{"name": "http", "port": 8080}], "endpoints": endpoints}]


SERVICE = {"metadata": {"name": "s"}, "spec": {"ports": [{"name": "http", "port": 80}]}}


@pytest.mark.parametrize("name", ["s", "s:http", "s:80"])
def test_a_service_gives_one_of_its_ready_endpoints(name):
    found = service_target(SERVICE, slices(False, True), parse_name(name), random.Random(1), anything)
    assert found == Target("http", "10.0.0.1", 8080)


@pytest.mark.parametrize(("name", "ready"), [("s", (False,)), ("s:81", (True,))])
def test_a_service_without_endpoint_or_port_is_unavailable(name, ready):
    with pytest.raises(ServiceUnavailable):
        service_target(SERVICE, slices(*ready), parse_name(name), random.Random(1), anything)


def test_a_service_does_not_lead_to_what_is_no_pod():
    with pytest.raises(ServiceUnavailable, match="no endpoints available"):
        service_target(SERVICE, slices(True), parse_name("s"), random.Random(1), lambda target, address: False)


def test_a_nodes_api_is_its_default_port_and_other_ports_are_plain():
    node = {"metadata": {"name": "n"}, "status": {"addresses": [{"type": "Hostname", "address": "n"}]}}
    node["status"]["addresses"].append({"type": "InternalIP", "address": "10.1.0.2"})
    assert place_of(node) == ("10.1.0.2", 10250)
    assert node_target(node, parse_name("n")) == Target("https", "10.1.0.2", 10250)
    assert node_target(node, parse_name("n:9100")) == Target("http", "10.1.0.2", 9100)


def test_a_node_without_address_is_unavailable():
    with pytest.raises(ServiceUnavailable):
        place_of({"metadata": {"name": "n"}})
