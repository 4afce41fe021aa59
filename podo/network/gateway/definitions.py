"""The definitions by which the Gateway API is served: release 1.6.1, the standard channel.

`definitions.json` has them in short: facts of the published ones without their prose, each part once; where it stands
elsewhere too there is {"$": its number}. `tools/gateway_definitions.py` makes it.
"""

from collections.abc import Iterator
from importlib import resources
from typing import Any

import msgspec

from podo.network.gateway.kinds import API_VERSION

CLASS_NAME, CONTROLLER = "podo", "podo/gateway"


def definitions() -> Iterator[dict[str, Any]]:
    """Each as the body of a CustomResourceDefinition. Parts may be shared: do not change them."""
    found = msgspec.json.decode((resources.files(__package__) / "definitions.json").read_bytes())
    parts = found["parts"]
    for each in found["definitions"]:
        whole = _expand(each, parts)
        names, group = whole["spec"]["names"], whole["spec"]["group"]
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{names['plural']}.{group}", "annotations": whole["annotations"]},
            "spec": whole["spec"],
        }


def podo_class() -> dict[str, Any]:
    """The class whose Gateways podo serves."""
    return {
        "apiVersion": API_VERSION,
        "kind": "GatewayClass",
        "metadata": {"name": CLASS_NAME},
        "spec": {"controllerName": CONTROLLER},
    }


def _expand(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_expand(each, parts) for each in node]
    if not isinstance(node, dict):
        return node
    if (number := node.get("$")) is not None:
        return _expand(parts[number], parts)
    return {key: _expand(value, parts) for key, value in node.items()}
