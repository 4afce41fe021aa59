"""Ingresses, classes, network policies, addresses, endpoint slices."""

import pytest

from .build import built, complaints, update_complaints
from .cases import bad_paths, bad_update_paths, changed

NET = "networking.k8s.io/v1"
SERVICE = {"service": {"name": "s", "port": {"number": 80}}}
INGRESS = built(
    NET,
    "Ingress",
    spec={
        "ingressClassName": "c",
        "defaultBackend": SERVICE,
        "tls": [{"hosts": ["*.a.b"], "secretName": "t"}],
        "rules": [{"host": "a.b", "http": {"paths": [{"path": "/", "pathType": "Exact", "backend": SERVICE}]}}],
    },
)
POLICY = built(
    NET,
    "NetworkPolicy",
    spec={
        "podSelector": {},
        "policyTypes": ["Ingress"],
        "ingress": [
            {
                "ports": [{"port": 80, "endPort": 90}, {"port": "http"}],
                "from": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.1.0.0/16"]}}, {"podSelector": {}}],
            }
        ],
    },
)
SLICE = built(
    "discovery.k8s.io/v1",
    "EndpointSlice",
    addressType="IPv4",
    ports=[{"name": "a", "port": 80}],
    endpoints=[{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "z"}]}}],
)
PATHS = "spec.rules.0.http.paths.0"


def klass(**spec):
    return built(NET, "IngressClass", metadata={"namespace": ""}, spec={"controller": "a.b/c", **spec})


def scoped(**parameters):
    return klass(parameters={"kind": "K", "name": "n", **parameters})


@pytest.mark.parametrize("obj", [INGRESS, POLICY, SLICE, klass(), scoped(scope="Cluster")])
def test_plain_ones_are_good(obj):
    assert complaints(obj) == []
    assert update_complaints(changed(obj, "metadata.labels", {"a": "b"}), obj) == []


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("spec", {}, "spec"),
        ("spec.ingressClassName", "A", "spec.ingressClassName"),
        ("spec.defaultBackend", {}, "spec.defaultBackend"),
        ("spec.defaultBackend.service.name", "", "spec.defaultBackend.service.name"),
        ("spec.defaultBackend.service.port", {}, "spec.defaultBackend"),
        ("spec.defaultBackend.service.port", {"name": "a", "number": 1}, "spec.defaultBackend"),
        ("spec.defaultBackend.service.port.number", 70000, "spec.defaultBackend.service.port.number"),
        ("spec.defaultBackend.service.port", {"name": "-"}, "spec.defaultBackend.service.port.name"),
        ("spec.defaultBackend.resource", {"kind": "K", "name": "n"}, "spec.defaultBackend"),
        ("spec.defaultBackend", {"resource": {"kind": "", "name": "n"}}, "spec.defaultBackend.resource.kind"),
        ("spec.rules.0.host", "1.1.1.1", "spec.rules[0].host"),
        ("spec.rules.0.host", "a.*", "spec.rules[0].host"),
        ("spec.rules.0.http.paths", [], "spec.rules[0].http.paths"),
        (f"{PATHS}.pathType", None, "spec.rules[0].http.paths[0].pathType"),
        (f"{PATHS}.pathType", "X", "spec.rules[0].http.paths[0].pathType"),
        (f"{PATHS}.path", "a", "spec.rules[0].http.paths[0].path"),
        (f"{PATHS}.path", "/a//b", "spec.rules[0].http.paths[0].path"),
        (f"{PATHS}.path", "/a/..", "spec.rules[0].http.paths[0].path"),
        ("spec.tls.0.hosts.0", "A", "spec.tls[0].hosts[0]"),
        ("spec.tls.0.secretName", "A", "spec.tls[0].secretName"),
        ("metadata.annotations", {"kubernetes.io/ingress.class": "x"}, "annotations.kubernetes.io/ingress.class"),
    ],
)
def test_bad_ingresses(path, value, bad):
    assert bad in bad_paths(changed(INGRESS, path, value))


def test_the_status_of_an_ingress_names_addresses():
    assert bad_update_paths(INGRESS, "status.loadBalancer.ingress", [{"ip": "x", "hostname": "1.1.1.1"}], "status") == [
        "status.loadBalancer.ingress[0].ip",
        "status.loadBalancer.ingress[0].hostname",
    ]


@pytest.mark.parametrize(
    ("obj", "bad"),
    [
        (klass(controller=""), "spec.controller"),
        (klass(controller="a"), "spec.controller"),
        (klass(controller="a.b/" + "x" * 250), "spec.controller"),
        (scoped(scope="X"), "spec.parameters.scope"),
        (scoped(scope="Namespace"), "spec.parameters.namespace"),
        (scoped(scope="Cluster", namespace="n"), "spec.parameters.namespace"),
        (scoped(scope="Namespace", namespace="A"), "spec.parameters.namespace"),
        (scoped(scope="Cluster", apiGroup="A"), "spec.parameters.apiGroup"),
    ],
)
def test_bad_classes(obj, bad):
    assert bad in bad_paths(obj)


def test_the_controller_of_a_class_stays():
    assert bad_update_paths(klass(), "spec.controller", "a.b/d") == ["spec.controller"]


RULE = "spec.ingress.0"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("spec.podSelector", {"matchLabels": {"a": "-"}}, "spec.podSelector.matchLabels"),
        (f"{RULE}.from.0", {}, "spec.ingress[0].from[0]"),
        (f"{RULE}.from.0.podSelector", {}, "spec.ingress[0].from[0]"),
        (f"{RULE}.from.0.ipBlock.cidr", "", "spec.ingress[0].from[0].ipBlock.cidr"),
        (f"{RULE}.from.0.ipBlock.cidr", "x", "spec.ingress[0].from[0].ipBlock.cidr"),
        (f"{RULE}.from.0.ipBlock.except.0", "11.0.0.0/8", "spec.ingress[0].from[0].ipBlock.except[0]"),
        (f"{RULE}.ports.0.endPort", 70, "spec.ingress[0].ports[0].endPort"),
        (f"{RULE}.ports.0.port", None, "spec.ingress[0].ports[0].endPort"),
        (f"{RULE}.ports.1.endPort", 5, "spec.ingress[0].ports[1].endPort"),
        (f"{RULE}.ports.1.port", "-", "spec.ingress[0].ports[1].port"),
        (f"{RULE}.ports.0.protocol", "X", "spec.ingress[0].ports[0].protocol"),
        ("spec.policyTypes", ["Ingress", "Egress", "Egress"], "spec.policyTypes"),
        ("spec.policyTypes", ["X"], "spec.policyTypes[0]"),
    ],
)
def test_bad_policies(path, value, bad):
    assert bad in bad_paths(changed(POLICY, path, value))


def test_a_sloppy_cidr_that_is_stored_may_stay():
    old = changed(POLICY, f"{RULE}.from.0.ipBlock", {"cidr": "010.0.0.0/8"})
    assert complaints(old)
    assert bad_update_paths(old, "metadata.labels", {"a": "b"}) == []


ENDPOINT = "endpoints.0"


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("addressType", "", "addressType"),
        ("addressType", "X", "addressType"),
        ("addressType", "IPv6", "endpoints[0].addresses"),
        (f"{ENDPOINT}.addresses", [], "endpoints[0].addresses"),
        (f"{ENDPOINT}.addresses", ["10.0.0.1"] * 101, "endpoints[0].addresses"),
        (f"{ENDPOINT}.addresses.0", "127.0.0.1", "endpoints[0].addresses[0]"),
        (f"{ENDPOINT}.addresses.0", "::1", "endpoints[0].addresses"),
        (f"{ENDPOINT}.nodeName", "A", "endpoints[0].nodeName"),
        (f"{ENDPOINT}.hostname", "a.b", "endpoints[0].hostname"),
        (f"{ENDPOINT}.deprecatedTopology", {"topology.kubernetes.io/zone": "z"}, "endpoints[0].deprecatedTopology"),
        (f"{ENDPOINT}.hints.forZones", [{"name": "z"}] * 2, "endpoints[0].hints.forZones[1].name"),
        (f"{ENDPOINT}.hints.forNodes", [{"name": "A"}], "endpoints[0].hints.forNodes[0].name"),
        (f"{ENDPOINT}.hints.forZones", [{"name": "z"}] * 9, "endpoints[0].hints.forZones"),
        ("endpoints", [{"addresses": ["10.0.0.1"]}] * 1001, "endpoints"),
        ("ports.0.name", "A", "ports[0].name"),
        ("ports.0.protocol", "X", "ports[0].protocol"),
        ("ports.0.appProtocol", "-", "ports[0].appProtocol"),
        ("ports", [{"name": "a", "protocol": "TCP"}] * 2, "ports[1].name"),
    ],
)
def test_bad_endpoint_slices(path, value, bad):
    assert any(found.startswith(bad) for found in bad_paths(changed(SLICE, path, value)))


def test_the_type_of_the_addresses_of_a_slice_stays():
    assert bad_update_paths(SLICE, "addressType", "FQDN") == ["addressType"]


def cluster(kind, name, **spec):
    obj = built(NET, kind, metadata={"name": name}, spec=spec)
    obj["metadata"].pop("namespace")
    return obj


PARENT = {"resource": "services", "name": "s", "namespace": "n"}


@pytest.mark.parametrize(
    ("obj", "bad"),
    [
        (cluster("IPAddress", "10.0.0.1", parentRef=PARENT), ""),
        (cluster("IPAddress", "x", parentRef=PARENT), "metadata.name"),
        (cluster("IPAddress", "10.0.0.1"), "spec.parentRef"),
        (cluster("IPAddress", "10.0.0.1", parentRef={"resource": "", "name": "a/b"}), "spec.parentRef.resource"),
        (cluster("ServiceCIDR", "x", cidrs=["10.0.0.0/24", "fd00::/64"]), ""),
        (cluster("ServiceCIDR", "x", cidrs=[]), "spec.cidrs"),
        (cluster("ServiceCIDR", "x", cidrs=["10.0.0.0/24"] * 3), "spec.cidrs"),
        (cluster("ServiceCIDR", "x", cidrs=["10.0.0.0/24", "10.1.0.0/24"]), "spec.cidrs"),
        (cluster("ServiceCIDR", "x", cidrs=["10.0.0.1/24"]), "spec.cidrs[0]"),
    ],
)
def test_addresses_and_ranges(obj, bad):
    assert bad_paths(obj)[:1] == ([bad] if bad else [])


def test_a_range_gets_a_second_family_and_nothing_else():
    old = cluster("ServiceCIDR", "x", cidrs=["10.0.0.0/24"])
    assert bad_update_paths(old, "spec.cidrs", ["10.0.0.0/24", "fd00::/64"]) == []
    assert bad_update_paths(old, "spec.cidrs", ["10.0.1.0/24"]) == ["spec.cidrs[0]"]
    assert bad_update_paths(old, "spec.cidrs", []) == ["spec.cidrs"]
