"""Defaults of CustomResourceDefinitions."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


def definition(obj: Object) -> None:
    spec, status = obj["spec"], obj["status"]
    names = spec["names"]
    kind = names.get("kind", "")
    if kind:
        names.setdefault("singular", kind.lower())
        names.setdefault("listKind", f"{kind}List")
    conversion = spec.setdefault("conversion", {"strategy": "None"})
    if service := conversion.get("webhook", {}).get("clientConfig", {}).get("service"):
        service.setdefault("port", 443)
    if not status.get("storedVersions"):
        stored = [v["name"] for v in spec["versions"] or () if v["storage"]]
        if stored:
            status["storedVersions"] = stored[:1]


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"): definition,
}
