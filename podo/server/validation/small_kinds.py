"""Kinds of which there is little to say: disruption budgets, leases, priority classes, runtime classes."""

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from podo.server.validation import int_or_percent
from podo.server.validation.conditions import conditions
from podo.server.validation.core.options import TEMPLATE
from podo.server.validation.core.resources import container_requirements
from podo.server.validation.core.scheduling import tolerations
from podo.server.validation.fields import Errors, Object, immutable, named, non_negative
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, labels, new_meta, object_meta, object_meta_update, plain_meta
from podo.server.validation.selectors import has_bad_value, label_selector

EVICTION_POLICIES = ("AlwaysAllow", "IfHealthyBudget")
HIGHEST_PRIORITY = 1_000_000_000
SYSTEM = "system-"
SYSTEM_CLASSES = {"system-node-critical": 2_000_001_000, "system-cluster-critical": 2_000_000_000}
LEASE_STRATEGIES = ("OldestEmulationVersion",)


def create_budget(obj: Object) -> Errors:
    """What is wrong with a new PodDisruptionBudget."""
    errs: Errors = []
    _budget(errs, obj["spec"], lenient=False)
    return errs


def update_budget(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed PodDisruptionBudget."""
    errs: Errors = []
    _budget(errs, obj["spec"], lenient=has_bad_value(old["spec"].get("selector")))
    return errs


def _budget(errs: Errors, spec: Object, *, lenient: bool) -> None:
    if "minAvailable" in spec and "maxUnavailable" in spec:
        errs.append(
            invalid(
                "spec",
                internal_form("PodDisruptionBudgetSpec", spec),
                "minAvailable and maxUnavailable cannot be both set",
            )
        )
    for key in ("minAvailable", "maxUnavailable"):
        if key in spec:
            int_or_percent.non_negative(errs, f"spec.{key}", spec[key])
            int_or_percent.at_most_all(errs, f"spec.{key}", spec[key])
    label_selector(errs, spec.get("selector"), "spec.selector", lenient_values=lenient)
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in EVICTION_POLICIES:
        errs.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, EVICTION_POLICIES))


def status_update_budget(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    status = obj["status"]
    conditions(errs, status.get("conditions", ()), "status.conditions")
    for key in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        non_negative(errs, f"status.{key}", status.get(key, 0))
    return errs


def create_lease(obj: Object) -> Errors:
    """What is wrong with a new Lease."""
    errs: Errors = []
    object_meta(errs, obj["metadata"], True)
    _lease(errs, obj["spec"])
    return errs


def update_lease(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Lease."""
    errs: Errors = []
    object_meta_update(errs, obj["metadata"], old["metadata"])
    _lease(errs, obj["spec"])
    return errs


def _lease(errs: Errors, spec: Object) -> None:
    seconds, transitions, strategy = (spec.get(k) for k in ("leaseDurationSeconds", "leaseTransitions", "strategy"))
    if seconds is not None and seconds <= 0:
        errs.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    non_negative(errs, "spec.leaseTransitions", transitions)
    if strategy is not None:
        if "/" in strategy:
            named(errs, "spec.strategy.strategy", strategy, names.qualified_name)
        elif strategy not in LEASE_STRATEGIES:
            errs.append(not_supported("spec.strategy.strategy", strategy, LEASE_STRATEGIES))
    if spec.get("preferredHolder") and not strategy:
        errs.append(forbidden("spec.preferredHolder", "may only be specified if `strategy` is defined"))


def create_priority_class(obj: Object) -> Errors:
    """What is wrong with a new PriorityClass."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    name, value = obj["metadata"].get("name", ""), obj["value"]
    if name.startswith(SYSTEM):
        if problem := _not_system(name, value, bool(obj.get("globalDefault"))):
            message = f"priority class names with '{SYSTEM}' prefix are reserved for system use only. error: {problem}"
            errs.append(forbidden("metadata.name", message))
    elif value > HIGHEST_PRIORITY:
        message = f"maximum allowed value of a user defined priority is {HIGHEST_PRIORITY}"
        errs.append(forbidden("value", message))
    if "preemptionPolicy" in obj:
        _preemption(errs, obj["preemptionPolicy"])
    return errs


def _not_system(name: str, value: int, default: bool) -> str:
    known = SYSTEM_CLASSES.get(name)
    if known is None:
        return f"{name} is not a known system priority class"
    if value != known:
        return f"value of {name} PriorityClass must be {known}"
    return f"globalDefault of {name} PriorityClass must be false" if default else ""


def _preemption(errs: Errors, policy: str) -> None:
    if not policy:
        errs.append(required("preemptionPolicy"))
    elif policy not in ("PreemptLowerPriority", "Never"):
        errs.append(not_supported("preemptionPolicy", policy, ("PreemptLowerPriority", "Never")))


def update_priority_class(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed PriorityClass."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    if obj["value"] != old["value"]:
        errs.append(forbidden("value", "may not be changed in an update."))
    immutable(errs, "preemptionPolicy", obj.get("preemptionPolicy"), old.get("preemptionPolicy"))
    return errs


def create_runtime_class(obj: Object) -> Errors:
    """What is wrong with a new RuntimeClass."""
    errs: Errors = []
    plain_meta(errs, obj, namespaced=False)
    _runtime_class(errs, obj)
    return errs


def _runtime_class(errs: Errors, obj: Object) -> None:
    if obj["handler"]:
        named(errs, "handler", obj["handler"], names.dns1123_label)
    else:
        errs.append(required("handler"))
    if overhead := obj.get("overhead"):
        container_requirements(errs, {"limits": overhead.get("podFixed", {})}, set(), "overhead", TEMPLATE)
    if scheduling := obj.get("scheduling"):
        labels(errs, scheduling.get("nodeSelector", {}), "scheduling.nodeSelector")
        _tolerations(errs, scheduling.get("tolerations", []), "scheduling.tolerations")


def _tolerations(errs: Errors, values: list[Object], path: str) -> None:
    tolerations(errs, values, path)
    seen: list[Object] = []
    for index, value in enumerate(values):
        key = {k: v for k, v in value.items() if k != "tolerationSeconds"}
        if key in seen:
            errs.append(duplicate(f"{path}[{index}]", internal_form("Toleration", value)))
        seen.append(key)


def update_runtime_class(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed RuntimeClass."""
    errs: Errors = []
    object_meta_update(errs, obj["metadata"], old["metadata"])
    _runtime_class(errs, obj)
    immutable(errs, "handler", obj["handler"], old["handler"])
    return errs
