"""HorizontalPodAutoscalers: autoscaling/v1 knows one metric, and keeps all else of v2 in annotations."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from podo.server.conversion.shapes import Object
from podo.server.decoding import json_text
from podo.server.decoding.exact import Exact, TypeMismatch
from podo.server.decoding.go_types import struct

_PREFIX = "autoscaling.alpha.kubernetes.io/"
METRICS, CURRENT, BEHAVIOR, CONDITIONS = (
    _PREFIX + name for name in ("metrics", "current-metrics", "behavior", "conditions")
)
ALL = (METRICS, CURRENT, BEHAVIOR, CONDITIONS)
DEFAULT_CPU = 80
FIELDS = {"Object": "object", "Pods": "pods", "Resource": "resource", "External": "external"}
FIELDS["ContainerResource"] = "containerResource"


def to_v2(obj: Object) -> Object:
    """autoscaling/v1 → v2, with what annotations say of metrics, behaviour and conditions."""
    meta, spec, status = dict(obj.get("metadata") or {}), dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = dict(meta.get("annotations") or {})
    known = {name: _read(name, annotations.pop(name, None)) for name in ALL}
    _set(meta, "annotations", annotations)
    target = spec.pop("targetCPUUtilizationPercentage", None)
    metrics = [_typed("MetricSpec", _metric_to_v2(metric)) for metric in known[METRICS] or ()]
    metrics += [_cpu("target", target)] if target is not None else []
    spec["metrics"] = metrics or [_cpu("target", DEFAULT_CPU)]
    if known[BEHAVIOR]:
        spec["behavior"] = _typed("HorizontalPodAutoscalerBehavior", _with_names(known[BEHAVIOR], str.lower))
    used = status.pop("currentCPUUtilizationPercentage", None)
    current = [_typed("MetricStatus", _status_to_v2(metric)) for metric in known[CURRENT] or ()]
    status["currentMetrics"] = current or ([_cpu("current", used)] if used is not None else None)
    if not status.get("currentReplicas"):
        status.pop("currentReplicas", None)
    status.setdefault("desiredReplicas", 0)
    if known[CONDITIONS]:
        status["conditions"] = [_typed("HorizontalPodAutoscalerCondition", c) for c in known[CONDITIONS]]
    return {**obj, "apiVersion": "autoscaling/v2", "metadata": meta, "spec": spec, "status": status}


def from_v2(obj: Object) -> Object:
    """autoscaling/v2 → v1."""
    meta, spec, status = dict(obj["metadata"]), dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = {name: text for name, text in (meta.get("annotations") or {}).items() if name not in ALL}
    metrics, behavior = spec.pop("metrics", None) or [], spec.pop("behavior", None)
    utilizations = [m["resource"]["target"]["averageUtilization"] for m in metrics if _is_cpu_utilization(m)]
    if utilizations:
        spec["targetCPUUtilizationPercentage"] = utilizations[0]
    current, conditions = status.pop("currentMetrics", None) or [], status.pop("conditions", None)
    for metric in current:
        used = ((metric.get("resource") or {}).get("current") or {}).get("averageUtilization")
        if metric.get("type") == "Resource" and metric["resource"].get("name") == "cpu" and used is not None:
            status["currentCPUUtilizationPercentage"] = used
    status = {"currentReplicas": 0, "desiredReplicas": 0} | status
    others = [_metric_to_v1(metric) for metric in metrics if not _is_cpu_utilization(metric)]
    _write(annotations, METRICS, others)
    _write(annotations, CURRENT, [_status_to_v1(metric) for metric in current])
    _write(annotations, BEHAVIOR, _with_names(behavior, _capital) if behavior else None)
    _write(annotations, CONDITIONS, conditions)
    _set(meta, "annotations", annotations)
    return {**obj, "apiVersion": "autoscaling/v1", "metadata": meta, "spec": spec, "status": status}


def _set(target: Object, name: str, value: Any) -> None:
    if value:
        target[name] = value
    else:
        target.pop(name, None)


def _read(name: str, text: str | None) -> Any:
    """What an annotation says, None where it is of another shape. Anyone may write anything there."""
    try:
        return _READERS[name].decode(text) if text else None
    except msgspec.DecodeError:
        return None


_Metrics = list[dict[str, str | dict[str, Any] | None]]
_READERS = {METRICS: msgspec.json.Decoder(_Metrics), CURRENT: msgspec.json.Decoder(_Metrics)}
_READERS |= {BEHAVIOR: msgspec.json.Decoder(Object), CONDITIONS: msgspec.json.Decoder(list[Object])}


def _typed(name: str, value: Any) -> Any:
    """The value as one of that type, an empty one if it does not fit."""
    go_type = struct(f"autoscaling.v2.{name}")
    try:
        return Exact().decode(go_type, json_text.parse(msgspec.json.encode(value)))
    except TypeMismatch:
        return Exact().decode(go_type, None)


def _write(annotations: dict[str, str], name: str, value: Sequence[Any] | Object | None) -> None:
    if value:
        annotations[name] = msgspec.json.encode(value).decode()


def _cpu(field: str, utilization: int) -> Object:
    amount: Object = {"averageUtilization": utilization}
    if field == "target":
        amount = {"type": "Utilization"} | amount
    return {"type": "Resource", "resource": {"name": "cpu", field: amount}}


def _is_cpu_utilization(metric: Object) -> bool:
    resource = metric.get("resource") or {}
    target = resource.get("target") or {}
    return metric.get("type") == "Resource" and resource.get("name") == "cpu" and "averageUtilization" in target


def _without_none(obj: Object) -> Object:
    return {name: value for name, value in obj.items() if value is not None}


def _source(metric: Object) -> tuple[str, Object]:
    kind = metric.get("type", "")
    field = FIELDS.get(kind, "") if isinstance(kind, str) else ""
    source = metric.get(field)
    return field, source if isinstance(source, dict) else {}


def _metric_to_v1(metric: Object) -> Object:
    field, source = _source(metric)
    target, identity = source.get("target") or {}, source.get("metric") or {}
    if field in ("resource", "containerResource"):
        shown = {
            "name": source.get("name"),
            "targetAverageUtilization": target.get("averageUtilization"),
            "targetAverageValue": target.get("averageValue"),
            "container": source.get("container"),
        }
    elif field == "object":
        shown = {
            "target": source.get("describedObject"),
            "metricName": identity.get("name"),
            "targetValue": target.get("value", "0"),
            "selector": identity.get("selector"),
            "averageValue": target.get("averageValue"),
        }
    elif field == "pods":
        shown = {"metricName": identity.get("name"), "targetAverageValue": target.get("averageValue", "0")}
        shown["selector"] = identity.get("selector")
    else:
        shown = {"metricName": identity.get("name"), "metricSelector": identity.get("selector")}
        shown |= {"targetValue": target.get("value"), "targetAverageValue": target.get("averageValue")}
    return {"type": metric.get("type"), field: _without_none(shown)}


def _metric_to_v2(metric: Object) -> Object:
    field, source = _source(metric)
    if field in ("resource", "containerResource"):
        used, average = source.get("targetAverageUtilization"), source.get("targetAverageValue")
        target = {"type": "AverageValue" if used is None else "Utilization", "averageValue": average}
        target["averageUtilization"] = used
        named = {"name": source.get("name"), "container": source.get("container"), "target": _without_none(target)}
        return {"type": metric.get("type"), field: _without_none(named)}
    value, average = source.get("targetValue"), source.get("targetAverageValue", source.get("averageValue"))
    if field == "object" and average is not None and value == "0":
        value = None
    plain = field == "pods" or (average is not None if field == "object" else value is None)
    target = {"type": "AverageValue" if plain else "Value", "value": value, "averageValue": average}
    identity = {"name": source.get("metricName"), "selector": source.get("selector", source.get("metricSelector"))}
    named = {"describedObject": source.get("target") if field == "object" else None}
    named |= {"target": _without_none(target), "metric": _without_none(identity)}
    return {"type": metric.get("type"), field: _without_none(named)}


def _status_to_v1(metric: Object) -> Object:
    field, source = _source(metric)
    current, identity = source.get("current") or {}, source.get("metric") or {}
    average = current.get("averageValue")
    if field in ("resource", "containerResource"):
        shown = {"name": source.get("name"), "currentAverageUtilization": current.get("averageUtilization")}
        shown |= {"currentAverageValue": average or "0", "container": source.get("container")}
    elif field == "pods":
        shown = {"metricName": identity.get("name"), "currentAverageValue": average or "0"}
        shown["selector"] = identity.get("selector")
    elif field == "object":
        shown = {"target": source.get("describedObject"), "metricName": identity.get("name")}
        shown |= {"currentValue": current.get("value", "0"), "selector": identity.get("selector")}
        shown["averageValue"] = average
    else:
        shown = {"metricName": identity.get("name"), "metricSelector": identity.get("selector")}
        shown |= {"currentValue": current.get("value", "0"), "currentAverageValue": average}
    return {"type": metric.get("type"), field: _without_none(shown)}


def _status_to_v2(metric: Object) -> Object:
    field, source = _source(metric)
    average = source.get("currentAverageValue", source.get("averageValue"))
    if field in ("resource", "containerResource"):
        current = {"averageValue": average, "averageUtilization": source.get("currentAverageUtilization")}
        named = {"name": source.get("name"), "container": source.get("container"), "current": _without_none(current)}
        return {"type": metric.get("type"), field: _without_none(named)}
    current = {"value": source.get("currentValue"), "averageValue": average}
    identity = {"name": source.get("metricName"), "selector": source.get("selector", source.get("metricSelector"))}
    named = {"describedObject": source.get("target") if field == "object" else None}
    named |= {"current": _without_none(current), "metric": _without_none(identity)}
    return {"type": metric.get("type"), field: _without_none(named)}


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _with_names(value: Any, change: Callable[[str], str]) -> Any:
    """The behaviour annotation has the names of Go's fields: capitals in front."""
    if isinstance(value, dict):
        if change is _capital:
            return {_capital(name): _with_names(item, change) for name, item in value.items()}
        return {
            name[:1].lower() + name[1:]: _with_names(item, change) for name, item in value.items() if item is not None
        }
    return [_with_names(item, change) for item in value] if isinstance(value, list) else value
