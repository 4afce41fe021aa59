"""HorizontalPodAutoscalers, in the terms of autoscaling/v2; and Scales."""

from collections.abc import Callable

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.core.resources import container_resource_name
from podo.server.validation.fields import Errors, Object, amount, named, needed_name, non_negative
from podo.server.validation.fields import non_negative_quantity as positive_or_zero
from podo.server.validation.metadata import changed_meta, new_meta

VersionCheck = Callable[[str], str]
PERIOD_MAX, WINDOW_MAX = 1800, 3600
SELECT_POLICIES = ("Disabled", "Max", "Min")
POLICY_TYPES = ("Percent", "Pods")
SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}
LOOKED_AT = ("object", "external", "pods", "resource", "containerResource")
POPULATE = "must populate information for the given metric source"
RAW_OR_SHARE = "must set either a target raw value or a target utilization"
NOT_BOTH = "may not set both a target raw value and a target utilization"


def create(obj: Object) -> Errors:
    """What is wrong with a new autoscaler."""
    errs: Errors = []
    new_meta(errs, obj)
    ref = obj["spec"]["scaleTargetRef"]
    _spec(errs, obj["spec"], 1, _versions_for(ref), no_group)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed autoscaler."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    ref, before = obj["spec"]["scaleTargetRef"], old["spec"]["scaleTargetRef"]
    same = all(ref.get(key) == before.get(key) for key in ("apiVersion", "kind"))
    objects = (m["object"]["describedObject"] for m in old["spec"].get("metrics") or () if "object" in m)
    any_object = any(no_group(o.get("apiVersion", "")) for o in objects)
    bound = 0 if old["spec"].get("minReplicas") == 0 else 1
    _spec(errs, obj["spec"], bound, anything if same else _versions_for(ref), anything if any_object else no_group)
    return errs


def anything(version: str) -> str:
    """Any text will do as the apiVersion of what is referred to."""
    return ""


def no_group(version: str) -> str:
    """What is wrong with an apiVersion that may lack a group."""
    return f"unexpected GroupVersion string: {version}" if version.count("/") > 1 else ""


def with_group(version: str) -> str:
    """What is wrong with an apiVersion that must name a group."""
    return no_group(version) or ("" if "/" in version.lstrip("/") else "apiVersion must specify API group")


def _versions_for(ref: Object) -> VersionCheck:
    return no_group if ref.get("kind") == "ReplicationController" else with_group


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    for key in ("currentReplicas", "desiredReplicas"):
        non_negative(errs, f"status.{key}", obj["status"].get(key, 0))
    return errs


def _spec(errs: Errors, spec: Object, bound: int, target_version: VersionCheck, version: VersionCheck) -> None:
    low, high = spec.get("minReplicas"), spec.get("maxReplicas", 0)
    if low is not None and low < bound:
        errs.append(invalid("spec.minReplicas", low, f"must be greater than or equal to {bound}"))
    if high == 0:
        errs.append(required("spec.maxReplicas", "must be set and greater than 0"))
    elif high < 0:
        errs.append(invalid("spec.maxReplicas", high, "must be greater than or equal to 1"))
    if low is not None and high < low:
        errs.append(invalid("spec.maxReplicas", high, "must be greater than or equal to `minReplicas`"))
    _reference(errs, spec["scaleTargetRef"], "spec.scaleTargetRef", target_version)
    metrics = spec.get("metrics") or []
    for index, metric in enumerate(metrics):
        _metric(errs, metric, f"spec.metrics[{index}]", version)
    if low == 0 and not any(m["type"] in ("Object", "External") for m in metrics):
        message = "must specify at least one Object or External metric to support scaling to zero replicas"
        errs.append(forbidden("spec.metrics", message))
    for key in ("scaleUp", "scaleDown"):
        if (rules := spec.get("behavior", {}).get(key)) is not None:
            _rules(errs, rules, f"spec.behavior.{key}")


def _reference(errs: Errors, ref: Object, path: str, version: VersionCheck) -> None:
    for key in ("kind", "name"):
        needed_name(errs, f"{path}.{key}", ref.get(key, ""), names.path_segment)
    given = ref.get("apiVersion", "")
    if problem := version(given):
        errs.append(invalid(f"{path}.apiVersion", given, problem))


def _rules(errs: Errors, rules: Object, path: str) -> None:
    window, policy = rules.get("stabilizationWindowSeconds"), rules.get("selectPolicy")
    where = f"{path}.stabilizationWindowSeconds"
    if window is not None and window < 0:
        errs.append(invalid(where, window, "must be greater than or equal to zero"))
    if window is not None and window > WINDOW_MAX:
        errs.append(invalid(where, window, f"must be less than or equal to {WINDOW_MAX}"))
    if policy is not None and policy not in SELECT_POLICIES:
        errs.append(not_supported(f"{path}.selectPolicy", policy, SELECT_POLICIES))
    if not rules.get("policies"):
        errs.append(required(f"{path}.policies", "must specify at least one Policy"))
    for index, one in enumerate(rules.get("policies") or ()):
        _policy(errs, one, f"{path}.policies[{index}]")
    if "tolerance" in rules:
        positive_or_zero(errs, f"{path}.tolerance", rules["tolerance"])


def _policy(errs: Errors, policy: Object, path: str) -> None:
    if policy["type"] not in POLICY_TYPES:
        errs.append(not_supported(f"{path}.type", policy["type"], POLICY_TYPES))
    for key in ("value", "periodSeconds"):
        if policy[key] <= 0:
            errs.append(invalid(f"{path}.{key}", policy[key], "must be greater than zero"))
    if policy["periodSeconds"] > PERIOD_MAX:
        message = f"must be less than or equal to {PERIOD_MAX}"
        errs.append(invalid(f"{path}.periodSeconds", policy["periodSeconds"], message))


def _metric(errs: Errors, metric: Object, path: str, version: VersionCheck) -> None:
    kind = metric["type"]
    if not kind:
        errs.append(required(f"{path}.type", "must specify a metric source type"))
    if kind not in SOURCES:
        errs.append(not_supported(f"{path}.type", kind, SOURCES))
    present = [key for key in LOOKED_AT if key in metric]
    if present:
        _source(errs, metric[present[0]], present[0], f"{path}.{present[0]}", version)
    expected = SOURCES.get(kind)
    if expected is None:
        errs.append(not_supported(f"{path}.type", kind, SOURCES))
    elif expected not in metric:
        errs.append(required(f"{path}.{expected}", POPULATE))
    if len(present) != 1:
        for key in present:
            if key != expected:
                errs.append(forbidden(f"{path}.{key}", "must populate the given metric source only"))


def _source(errs: Errors, source: Object, kind: str, path: str, version: VersionCheck) -> None:
    target = source["target"]
    if kind in ("resource", "containerResource"):
        _resource(errs, source, path, in_container=kind == "containerResource")
        return
    if kind == "object":
        _reference(errs, source["describedObject"], f"{path}.describedObject", version)
    needed = source["metric"]["name"]
    if needed:
        named(errs, f"{path}.metric.name", needed, names.path_segment)
    else:
        errs.append(required(f"{path}.metric.name", "must specify a metric name"))
    _target(errs, target, f"{path}.target")
    where, value, average = f"{path}.target.averageValue", target.get("value"), target.get("averageValue")
    if kind == "pods":
        if average is None:
            errs.append(required(where, "must specify a positive target averageValue"))
    elif value is None and average is None:
        which = "value or averageValue" if kind == "object" else "value for metric or a per-pod target"
        errs.append(required(where, f"must set either a target {which}"))
    if kind == "external" and value is not None and average is not None:
        message = "may not set both a target value for metric and a per-pod target"
        errs.append(forbidden(f"{path}.target.value", message))


def _resource(errs: Errors, source: Object, path: str, *, in_container: bool) -> None:
    if not source["name"]:
        errs.append(required(f"{path}.name", "must specify a resource name"))
    elif in_container:
        container_resource_name(errs, f"{path}.name", source["name"])
    if in_container:
        if source["container"]:
            named(errs, f"{path}.container", source["container"], names.dns1123_label)
        else:
            errs.append(required(f"{path}.container", "must specify a container"))
    target = source["target"]
    _target(errs, target, f"{path}.target")
    if "averageUtilization" not in target and "averageValue" not in target:
        errs.append(required(f"{path}.target.averageUtilization", RAW_OR_SHARE))
    if "averageUtilization" in target and "averageValue" in target:
        errs.append(forbidden(f"{path}.target.averageValue", NOT_BOTH))


def _target(errs: Errors, target: Object, path: str) -> None:
    kind = target["type"]
    if not kind:
        errs.append(required(f"{path}.type", "must specify a metric target type"))
    if kind not in ("Utilization", "Value", "AverageValue"):
        errs.append(invalid(f"{path}.type", kind, "must be either Utilization, Value, or AverageValue"))
    for key in ("value", "averageValue"):
        if key in target and amount(target[key]) <= 0:
            errs.append(invalid(f"{path}.{key}", target[key], "must be positive"))
    if target.get("averageUtilization", 1) < 1:
        errs.append(invalid(f"{path}.averageUtilization", target["averageUtilization"], "must be greater than 0"))
