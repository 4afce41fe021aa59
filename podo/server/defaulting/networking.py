"""Defaults of the networking and discovery groups."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


def network_policy(obj: Object) -> None:
    spec = obj["spec"]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    for direction in ("ingress", "egress"):
        for rule in spec.get(direction, ()):
            for port in rule.get("ports", ()):
                port.setdefault("protocol", "TCP")


def ingress_class(obj: Object) -> None:
    if parameters := obj["spec"].get("parameters"):
        parameters["scope"] = "Cluster" if parameters["scope"] is None else parameters["scope"]


def endpoint_slice(obj: Object) -> None:
    for port in obj["ports"] or ():
        port.setdefault("name", "")
        port.setdefault("protocol", "TCP")


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("networking.k8s.io/v1", "NetworkPolicy"): network_policy,
    ("networking.k8s.io/v1", "IngressClass"): ingress_class,
    ("discovery.k8s.io/v1", "EndpointSlice"): endpoint_slice,
}
