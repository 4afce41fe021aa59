"""Builders of the Gateway API's objects, of YAML, with good defaults; and what a cluster of them comes to."""

import json
from base64 import b64decode

import msgspec
import yaml

from podo.api.types.core_v1 import ConfigMap, ServicePort
from podo.client.base import Key
from podo.network.gateway.kinds import BackendTLSPolicy, Gateway, GatewayClass, ListenerSet, ReferenceGrant
from podo.network.gateway.routes import GRPCRoute, HTTPRoute, TCPRoute, TLSRoute
from podo.network.gateway.translation import Cluster, RouteKey, translate
from tests.network.build import port, service
from tests.network.certificates import tls_secret

CLASSES = (
    Gateway,
    GatewayClass,
    ReferenceGrant,
    BackendTLSPolicy,
    ListenerSet,
    HTTPRoute,
    GRPCRoute,
    TLSRoute,
    TCPRoute,
)
KINDS = {cls.__name__: cls for cls in CLASSES}
SERVICES = [
    service("web", namespace="ns", ports=[port(80), port(81, name="other")]),
    service("v2", namespace="ns"),
    service("away", namespace="other"),
    service("h2c", namespace="ns", ports=[ServicePort(name="g", port=80, app_protocol="kubernetes.io/h2c")]),
]
LABELS = {"ns": {"team": "a"}, "other": {"team": "b"}}
SECRETS = (tls_secret(), tls_secret("tls", "other"))
AUTHORITY = b64decode(SECRETS[0].data["tls.crt"]).decode()
CONFIG_MAPS = {
    Key("ns", "ca"): ConfigMap(data={"ca.crt": AUTHORITY}),
    Key("ns", "broken"): ConfigMap(data={"ca.crt": "no certificate"}),
    Key("ns", "empty"): ConfigMap(),
    Key("other", "ca"): ConfigMap(data={"ca.crt": AUTHORITY}),
}
HTTP_LISTENER = "{name: http, port: 80, protocol: HTTP}"
EDGE = Key("ns", "edge")


def made(kind, name, spec, *, namespace="ns", created="2026-01-01T00:00:00Z"):
    meta = {"name": name, "namespace": namespace, "creationTimestamp": created, "generation": 1}
    body = {"metadata": meta, "spec": yaml.safe_load(spec)}
    return msgspec.json.decode(json.dumps(body), type=KINDS[kind])


def gateway(*listeners, name="edge", **more):
    spec = {"gatewayClassName": "podo", "listeners": [yaml.safe_load(each) for each in listeners or (HTTP_LISTENER,)]}
    return made("Gateway", name, json.dumps(spec | more))


def http_route(rules="[{backendRefs: [{name: web, port: 80}]}]", *, name="r", hosts=(), parent="{name: edge}", **more):
    spec = {
        "parentRefs": [yaml.safe_load(parent)],
        "hostnames": list(hosts),
        "rules": yaml.safe_load(rules),
    }
    return made("HTTPRoute", name, json.dumps(spec), **more)


def route(kind, rules, *, name="r", hosts=(), parent="{name: edge}", **more):
    spec = {"parentRefs": [yaml.safe_load(parent)], "hostnames": list(hosts), "rules": yaml.safe_load(rules)}
    return made(kind, name, json.dumps(spec), **more)


def grant(namespace="other", *, source="HTTPRoute", of="ns", to="Service", name=""):
    spec = {
        "from": [{"group": "gateway.networking.k8s.io", "kind": source, "namespace": of}],
        "to": [{"group": "", "kind": to, "name": name}],
    }
    return made("ReferenceGrant", "g", json.dumps(spec), namespace=namespace)


def policy(name="p", *, target="{name: web}", created="2026-01-01T00:00:00Z", **validation):
    """A BackendTLSPolicy for a Service."""
    ref = {"group": "", "kind": "Service"} | yaml.safe_load(target)
    checks = {"caCertificateRefs": [{"group": "", "kind": "ConfigMap", "name": "ca"}], "hostname": "web.example"}
    spec = {"targetRefs": [ref], "validation": checks | validation}
    return made("BackendTLSPolicy", name, json.dumps(spec), created=created)


def listener_set(*listeners, name="more", parent="{name: edge}", **more):
    """A ListenerSet; each listener is YAML."""
    ref = {"group": "gateway.networking.k8s.io", "kind": "Gateway"} | yaml.safe_load(parent)
    spec = {"parentRef": ref, "listeners": [yaml.safe_load(each) for each in listeners]}
    return made("ListenerSet", name, json.dumps(spec), **more)


def come_to(gateways, routes=(), grants=(), secrets=SECRETS, policies=(), sets=()):
    """The outcome, with the address 192.0.2.1 for the first Gateway and so on."""
    services = {Key(each.metadata.namespace, each.metadata.name): each for each in SERVICES}
    known = {Key(each.metadata.namespace, each.metadata.name): each for each in secrets}
    cluster = Cluster(
        gateways,
        routes,
        grants,
        services.get,
        known.get,
        LABELS.get,
        config_map=CONFIG_MAPS.get,
        policies=policies,
        sets=sets,
    )
    addresses = {Key("ns", each.metadata.name): f"192.0.2.{n}" for n, each in enumerate(gateways, 1)}
    return translate(cluster, addresses)


def found_of(outcome, *, name="r", kind="HTTPRoute", namespace="ns"):
    """The conditions of a route at its first parent, as type -> reason."""
    (first, *_) = outcome.parents[RouteKey(kind, Key(namespace, name))]
    return {each.type: each.reason for each in first.findings}


def rules_of(outcome, listener="http"):
    """The rules of a listener, in their order."""
    (found,) = [b for door in outcome.plan.doors for b in door.bound if b.name == listener]
    return found.rules
