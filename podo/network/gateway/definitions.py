"""The definitions by which the Gateway API is served: release 1.6.1, the standard channel, without their prose."""

from collections.abc import Iterator
from typing import Any

from podo.client.definitions import short_definitions
from podo.network.gateway.kinds import API_VERSION

CLASS_NAME, CONTROLLER = "podo", "podo/gateway"


def definitions() -> Iterator[dict[str, Any]]:
    """Each as the body of a CustomResourceDefinition. Parts may be shared: do not change them."""
    return short_definitions(__package__)


def podo_class() -> dict[str, Any]:
    """The class whose Gateways podo serves."""
    return {
        "apiVersion": API_VERSION,
        "kind": "GatewayClass",
        "metadata": {"name": CLASS_NAME},
        "spec": {"controllerName": CONTROLLER},
    }
