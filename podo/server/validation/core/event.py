"""Events of both groups. What the newer group calls otherwise is looked at under the names of the older."""

from podo.api import names
from podo.api.field_errors import invalid, required
from podo.server.validation.fields import Errors, Object, immutable, named
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta

SHORT_MAX, MESSAGE_MAX = 128, 1024
RENAMED = {  # events.k8s.io/v1 → v1
    "regarding": "involvedObject",
    "note": "message",
    "reportingController": "reportingComponent",
    "deprecatedSource": "source",
    "deprecatedFirstTimestamp": "firstTimestamp",
    "deprecatedLastTimestamp": "lastTimestamp",
    "deprecatedCount": "count",
}
STRUCTURES = {"involvedObject": "ObjectReference", "related": "ObjectReference", "source": "EventSource"}
IMMUTABLE = (
    *("involvedObject", "reason", "message", "source", "firstTimestamp", "lastTimestamp", "count", "reason", "type"),
    *("eventTime", "action", "related", "reportingController", "reportingInstance"),
)


def create(obj: Object) -> Errors:
    """What is wrong with a new Event of v1."""
    errs: Errors = []
    _legacy(errs, obj, "reportingComponent")
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Event of v1."""
    return create(obj)


def _as_core(obj: Object) -> Object:
    return {RENAMED.get(key, key): value for key, value in obj.items()}


def create_new(obj: Object) -> Errors:
    """What is wrong with a new Event of events.k8s.io/v1, which is checked strictly."""
    errs: Errors = []
    event = _as_core(obj)
    _legacy(errs, event, "reportingController")
    new_meta(errs, event)
    _series(errs, event)
    if not event.get("eventTime"):
        errs.append(required("eventTime"))
    if event.get("type") not in ("Normal", "Warning"):
        errs.append(invalid("type", "", f"has invalid value: {event.get('type', '')}"))
    for key in ("firstTimestamp", "lastTimestamp", "count"):
        if event.get(key):
            errs.append(invalid(key, "", "needs to be unset"))
    if any(event.get("source", {}).values()):
        errs.append(invalid("source", "", "needs to be unset"))
    return errs


def update_new(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Event of events.k8s.io/v1: only its series may change."""
    errs: Errors = []
    event, stored = _as_core(obj), _as_core(old)
    _legacy(errs, event, "reportingController")
    changed_meta(errs, event, stored)
    if event.get("series") != stored.get("series"):
        _series(errs, event)
    for key in IMMUTABLE:
        core_key = RENAMED.get(key, key)
        new, before = event.get(core_key), stored.get(core_key)
        if core_key in STRUCTURES:
            new, before = (None if v is None else internal_form(STRUCTURES[core_key], v) for v in (new, before))
            immutable(errs, key, new, before)
        else:
            immutable(errs, key, new or "", before or "")
    return errs


def _series(errs: Errors, event: Object) -> None:
    series = event.get("series")
    if series is None:
        return
    if series.get("count", 0) < 2:
        errs.append(invalid("series.count", "", "should be at least 2"))
    if not series.get("lastObservedTime"):
        errs.append(required("series.lastObservedTime"))


def _legacy(errs: Errors, event: Object, controller_field: str) -> None:
    namespace = event["metadata"].get("namespace", "")
    involved = event.get("involvedObject", {}).get("namespace", "")
    mismatch = invalid("involvedObject.namespace", involved, "does not match event.namespace")
    if not event.get("eventTime"):
        if (involved and namespace != involved) or (not involved and namespace not in ("", "default")):
            errs.append(mismatch)
    else:
        if not involved and namespace not in ("default", "kube-system"):
            errs.append(mismatch)
        controller = event.get("reportingComponent", "")
        if not controller:
            errs.append(required(controller_field))
        named(errs, controller_field, controller, names.qualified_name)
        for key in ("reportingInstance", "action", "reason"):
            value = event.get(key, "")
            if not value:
                errs.append(required(key))
            if len(value) > SHORT_MAX:
                errs.append(invalid(key, "", f"can have at most {SHORT_MAX} characters"))
        if len(event.get("message", "")) > MESSAGE_MAX:
            errs.append(invalid("message", "", f"can have at most {MESSAGE_MAX} characters"))
    named(errs, "namespace", namespace, names.dns1123_subdomain)
