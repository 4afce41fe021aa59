"""Nodes, namespaces, events, leases, and what else the cluster itself is made of."""

from datetime import datetime

from podo.server.strategy import Object
from podo.server.table.texts import NONE, UNKNOWN, Cells, age, condition, name, since, spec, status

ROLE_PREFIX, ROLE_LABEL = "node-role.kubernetes.io/", "kubernetes.io/role"


def node(obj: Object, now: datetime) -> Cells:
    """Name, state, roles, age, version; addresses, system, kernel, runtime."""
    info = status(obj).get("nodeInfo") or {}
    ready = condition(obj, "Ready")
    state = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    if spec(obj).get("unschedulable"):
        state += ",SchedulingDisabled"
    kernel = info.get("kernelVersion") or UNKNOWN
    if info.get("architecture"):
        kernel += f" ({info['architecture']})"
    shown = [name(obj), state, roles(obj) or NONE, age(obj, now), info.get("kubeletVersion", "")]
    shown += [_address(obj, "InternalIP"), _address(obj, "ExternalIP"), info.get("osImage") or UNKNOWN]
    return [*shown, kernel, info.get("containerRuntimeVersion") or UNKNOWN]


def _address(obj: Object, type: str) -> str:
    found = status(obj).get("addresses") or ()
    return next((place.get("address", "") for place in found if place.get("type") == type), NONE)


def roles(obj: Object) -> str:
    """The roles that a node's labels name."""
    found = {
        key.removeprefix(ROLE_PREFIX) if key != ROLE_LABEL else value
        for key, value in (obj["metadata"].get("labels") or {}).items()
        if key.startswith(ROLE_PREFIX) or key == ROLE_LABEL
    }
    return ",".join(sorted(found - {""}))


def namespace(obj: Object, now: datetime) -> Cells:
    """Name, phase, age."""
    return [name(obj), status(obj).get("phase", ""), age(obj, now)]


def event(obj: Object, now: datetime) -> Cells:
    """When last, type, reason, object; part of it, source; message; when first, how often, name. Of core/v1."""
    first = since(obj.get("firstTimestamp") or obj.get("eventTime"), now)
    last, count = since(obj["lastTimestamp"], now) if obj.get("lastTimestamp") else first, obj.get("count") or 1
    if (series := obj.get("series")) is not None:
        last, count = since(series.get("lastObservedTime"), now), series.get("count") or 0
    about, source = obj.get("involvedObject") or {}, obj.get("source") or {}
    target = about.get("kind", "").lower() + (f"/{about['name']}" if about.get("name") else "")
    who = source.get("component") or obj.get("reportingComponent") or ""
    where = source.get("host") or obj.get("reportingInstance") or ""
    shown = [last, obj.get("type", ""), obj.get("reason", ""), target, about.get("fieldPath", "")]
    shown += [f"{who}, {where}" if where else who, obj.get("message", "").strip(), first]
    return [*shown, count, name(obj)]


def component_status(obj: Object, now: datetime) -> Cells:
    """Name, state, message, error."""
    conditions = obj.get("conditions") or ()
    found = next((found for found in conditions if found.get("type") == "Healthy"), None)
    if found is None:
        return [name(obj), "Unknown", "", ""]
    state = "Healthy" if found.get("status") == "True" else "Unhealthy"
    return [name(obj), state, found.get("message", ""), found.get("error", "")]


def lease(obj: Object, now: datetime) -> Cells:
    """Name, holder, age."""
    return [name(obj), spec(obj).get("holderIdentity") or "", age(obj, now)]


def priority_class(obj: Object, now: datetime) -> Cells:
    """Name, value, whether it is the default, age; whether it preempts."""
    shown = [name(obj), obj.get("value") or 0, obj.get("globalDefault") or False, age(obj, now)]
    return [*shown, obj.get("preemptionPolicy") or ""]


def runtime_class(obj: Object, now: datetime) -> Cells:
    """Name, handler, age."""
    return [name(obj), obj.get("handler", ""), age(obj, now)]


def flow_schema(obj: Object, now: datetime) -> Cells:
    """Name, priority level, precedence, how flows differ, age, whether the level is missing."""
    wanted, dangling = spec(obj), condition(obj, "Dangling")
    level = (wanted.get("priorityLevelConfiguration") or {}).get("name", "")
    method = (wanted.get("distinguisherMethod") or {}).get("type", NONE)
    missing = "?" if dangling is None else dangling.get("status", "")
    return [name(obj), level, wanted.get("matchingPrecedence") or 0, method, age(obj, now), missing]


def flow_schema_order(obj: Object) -> tuple[int, str]:
    """What FlowSchemas are shown in the order of."""
    return spec(obj).get("matchingPrecedence") or 0, name(obj)


QUEUING = ("queues", "handSize", "queueLengthLimit")


def priority_level(obj: Object, now: datetime) -> Cells:
    """Name, type, shares, three figures of the queues, age."""
    limited = spec(obj).get("limited")
    shares = NONE if limited is None else limited.get("nominalConcurrencyShares")
    queuing = ((limited or {}).get("limitResponse") or {}).get("queuing")
    figures = [NONE if queuing is None else queuing.get(figure) or 0 for figure in QUEUING]
    return [name(obj), spec(obj).get("type", ""), shares, *figures, age(obj, now)]


def api_service(obj: Object, now: datetime) -> Cells:
    """Name, who serves it, whether they do, age."""
    where, available = spec(obj).get("service"), condition(obj, "Available")
    state = "Unknown"
    if available is not None:
        state = available.get("status", "")
        state = state if state == "True" else f"{state} ({available.get('reason', '')})"
    served = "Local" if where is None else f"{where.get('namespace')}/{where.get('name')}"
    return [name(obj), served, state, age(obj, now)]


def named(obj: Object, now: datetime) -> Cells:
    """Name, age: for kinds that say no more."""
    return [name(obj), age(obj, now)]


def created(obj: Object, now: datetime) -> Cells:
    """Name and time of creation: for kinds without a printer."""
    return [name(obj), obj["metadata"].get("creationTimestamp")]


def resource_claim(obj: Object, now: datetime) -> Cells:
    """Name, state, age."""
    states = ["deleted"] if obj["metadata"].get("deletionTimestamp") else []
    if status(obj).get("allocation") is None:
        states += [] if states else ["pending"]
    else:
        states += ["allocated", *(["reserved"] if status(obj).get("reservedFor") else [])]
    return [name(obj), ",".join(states), age(obj, now)]


def resource_slice(obj: Object, now: datetime) -> Cells:
    """Name, node, driver, pool, age."""
    wanted = spec(obj)
    pool = (wanted.get("pool") or {}).get("name", "")
    return [name(obj), wanted.get("nodeName") or "", wanted.get("driver", ""), pool, age(obj, now)]
