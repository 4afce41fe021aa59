"""Events of events.k8s.io are Events of the core group with other names for the same fields."""

from podo.server.conversion.shapes import Object, renamed

NAMES = {
    "regarding": "involvedObject",
    "note": "message",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
    "reportingController": "reportingComponent",
}
BACK = {new: old for old, new in NAMES.items()}


def to_core(obj: Object) -> Object:
    """events.k8s.io/v1 → v1, with the fields that v1 always shows."""
    found = renamed(obj, NAMES) | {"apiVersion": "v1"}
    for name in ("involvedObject", "source"):
        found.setdefault(name, {})
    for name in ("firstTimestamp", "lastTimestamp", "eventTime"):
        found.setdefault(name, None)
    for name in ("reportingComponent", "reportingInstance"):
        found.setdefault(name, "")
    return found


def from_core(obj: Object) -> Object:
    """v1 → events.k8s.io/v1, where empty fields are left out but for eventTime and the deprecated ones."""
    found = renamed(obj, BACK) | {"apiVersion": "events.k8s.io/v1"}
    for name in ("note", "reportingController", "reportingInstance"):
        if not found.get(name):
            found.pop(name, None)
    return found
