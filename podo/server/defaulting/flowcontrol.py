"""Defaults of flow schemas and priority levels."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
PRECEDENCE, SHARES = 1000, 30


def flow_schema(obj: Object) -> None:
    spec = obj["spec"]
    spec["matchingPrecedence"] = spec.get("matchingPrecedence") or PRECEDENCE


def priority_level(obj: Object) -> None:
    spec = obj["spec"]
    if (limited := spec.get("limited")) is not None:
        if limited["nominalConcurrencyShares"] is None:
            limited["nominalConcurrencyShares"] = SHARES
        limited.setdefault("lendablePercent", 0)
        queuing = limited["limitResponse"].get("queuing")
        if queuing is not None:
            for key, value in (("handSize", 8), ("queues", 64), ("queueLengthLimit", 50)):
                queuing[key] = queuing.get(key) or value
    if (exempt := spec.get("exempt")) is not None:
        exempt.setdefault("nominalConcurrencyShares", 0)
        exempt.setdefault("lendablePercent", 0)


DEFAULTS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("flowcontrol.apiserver.k8s.io/v1", "FlowSchema"): flow_schema,
    ("flowcontrol.apiserver.k8s.io/v1", "PriorityLevelConfiguration"): priority_level,
}
