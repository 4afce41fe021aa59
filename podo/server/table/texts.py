"""How cells say things: ages, label sets, selectors, lists that are cut short."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from podo.api import selectors, timestamps
from podo.api.types.meta_v1 import LabelSelector
from podo.server.strategy import Object

Cells = list[Any]
Printer = Callable[[Object, datetime], Cells]
NONE, UNSET, UNKNOWN = "<none>", "<unset>", "<unknown>"
WIDTH = 16
"""Longer lists of load balancer addresses are cut where the output is not wide; ours always is."""
MINUTE, HOUR, DAY = 60, 3600, 86400
YEAR = 365 * DAY


def duration(seconds: float) -> str:
    """About how long, in at most two units (apimachinery's HumanDuration): `5s`, `2m30s`, `3d4h`."""
    whole = int(seconds)
    if whole < -1:
        return "<invalid>"
    if whole < 2 * MINUTE:
        return f"{max(whole, 0)}s"
    for limit, unit, name, part, part_name in _STEPS:
        if whole < limit:
            rest = whole % unit // part if part else 0
            return f"{whole // unit}{name}" + (f"{rest}{part_name}" if rest else "")
    return f"{whole // YEAR}y"


_STEPS = (
    (10 * MINUTE, MINUTE, "m", 1, "s"),
    (3 * HOUR, MINUTE, "m", 0, ""),
    (8 * HOUR, HOUR, "h", MINUTE, "m"),
    (2 * DAY, HOUR, "h", 0, ""),
    (8 * DAY, DAY, "d", HOUR, "h"),
    (2 * YEAR, DAY, "d", 0, ""),
    (8 * YEAR, YEAR, "y", DAY, "d"),
)
"""(below so many seconds, the unit, its name, the smaller unit or 0, its name)."""


def since(moment: str | None, now: datetime) -> str:
    """How long ago a Time or MicroTime was."""
    if not moment:
        return UNKNOWN
    return duration((now - timestamps.parse(moment)).total_seconds())


def age(obj: Object, now: datetime) -> str:
    """How long ago the object was made."""
    return since(obj["metadata"].get("creationTimestamp"), now)


def name(obj: Object) -> str:
    """The object's name."""
    return str(obj["metadata"].get("name", ""))


def spec(obj: Object) -> Object:
    """The spec; empty where there is none."""
    return obj.get("spec") or {}


def status(obj: Object) -> Object:
    """The status; empty where there is none."""
    return obj.get("status") or {}


def going(obj: Object) -> bool:
    """Whether the object is marked for deletion."""
    return bool(obj["metadata"].get("deletionTimestamp"))


def condition(obj: Object, type: str) -> Object | None:
    """The condition of this type in the object's status."""
    return next((found for found in status(obj).get("conditions") or () if found.get("type") == type), None)


def holds(obj: Object, type: str) -> bool:
    """Whether the condition of this type is true."""
    found = condition(obj, type)
    return found is not None and found.get("status") == "True"


def joined(values: Sequence[str] | None, empty: str = NONE) -> str:
    """The values with commas, or `empty`."""
    return ",".join(values) if values else empty


def cut(values: Sequence[str], limit: int = 3, empty: str = UNSET) -> str:
    """The first values, and how many more there are."""
    if len(values) > limit:
        return f"{','.join(values[:limit])} + {len(values) - limit} more..."
    return ",".join(values) or empty


def labels(found: Mapping[str, str] | None) -> str:
    """A set of labels, in order."""
    return ",".join(f"{key}={value}" for key, value in sorted((found or {}).items())) or NONE


def selector(obj: Object | None, empty: str = NONE) -> str:
    """A LabelSelector in text form."""
    try:
        found = selectors.from_object(msgspec.convert(obj, LabelSelector) if obj is not None else None)
    except (KeyError, msgspec.ValidationError):
        return "<error>"
    if not isinstance(found, selectors.LabelSelector):
        return empty
    ordered = sorted(found.requirements, key=lambda requirement: requirement.key)
    return selectors.format_labels(selectors.LabelSelector(tuple(ordered))) or empty


def selector_dump(obj: Object) -> str:
    """A LabelSelector as its generated Go code prints it."""
    pairs = "".join(f"{key}: {value}," for key, value in sorted((obj.get("matchLabels") or {}).items()))
    rules = "".join(
        f"LabelSelectorRequirement{{Key:{rule.get('key', '')},Operator:{rule.get('operator', '')},"
        f"Values:[{' '.join(rule.get('values') or ())}],}},"
        for rule in obj.get("matchExpressions") or ()
    )
    return (
        f"&LabelSelector{{MatchLabels:map[string]string{{{pairs}}},"
        f"MatchExpressions:[]LabelSelectorRequirement{{{rules}}},}}"
    )


def containers(template: Object | None) -> tuple[str, str]:
    """The names and the images of a Pod template's containers."""
    found = ((template or {}).get("spec") or {}).get("containers") or ()
    return ",".join(c.get("name", "") for c in found), ",".join(c.get("image", "") for c in found)


def addresses(balancer: Object | None) -> str:
    """The addresses that a load balancer has given."""
    ingress = (balancer or {}).get("ingress") or ()
    return ",".join(sorted({place.get("ip") or place.get("hostname") or "" for place in ingress} - {""}))
