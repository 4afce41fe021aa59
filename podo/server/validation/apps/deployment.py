"""Deployments and ReplicaSets."""

from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation import int_or_percent
from podo.server.validation.apps import selected
from podo.server.validation.core.options import TEMPLATE, PodOptions
from podo.server.validation.core.ratchet import template_options
from podo.server.validation.fields import IMMUTABLE, Errors, Object, non_negative
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.selectors import selector_shown


def create(obj: Object) -> Errors:
    """What is wrong with a new Deployment."""
    errs: Errors = []
    new_meta(errs, obj)
    _spec(errs, obj["spec"], TEMPLATE)
    return errs


def update(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    _spec(errs, obj["spec"], template_options(obj["spec"]["template"], old["spec"]["template"]))
    fixed_selector(errs, obj, old)
    return errs


def fixed_selector(errs: Errors, obj: Object, old: Object) -> None:
    """The selector stays."""
    if obj["spec"].get("selector") != old["spec"].get("selector"):
        errs.append(invalid("spec.selector", selector_shown(obj["spec"].get("selector")), IMMUTABLE))


def _spec(errs: Errors, spec: Object, opts: PodOptions) -> None:
    non_negative(errs, "spec.replicas", spec.get("replicas"))
    selected.replica_set_template(errs, spec, opts)
    _strategy(errs, spec["strategy"])
    for key in ("minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"):
        non_negative(errs, f"spec.{key}", spec.get(key))
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None and deadline <= spec.get("minReadySeconds", 0):
        errs.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))


def _strategy(errs: Errors, strategy: Object) -> None:
    kind, rolling, path = strategy.get("type"), strategy.get("rollingUpdate"), "spec.strategy.rollingUpdate"
    if kind == "Recreate":
        if rolling is not None:
            errs.append(forbidden(path, "may not be specified when strategy `type` is 'Recreate'"))
    elif kind == "RollingUpdate":
        if rolling is None:
            errs.append(required(path, "this should be defaulted and never be nil"))
        else:
            _rolling_update(errs, rolling, path)
    else:
        errs.append(not_supported("spec.strategy", strategy_shown(strategy), ("Recreate", "RollingUpdate")))


def strategy_shown(strategy: Object) -> Object:
    """A strategy as messages show it."""
    rolling = strategy.get("rollingUpdate")
    shown = rolling and {"MaxUnavailable": rolling.get("maxUnavailable", 0), "MaxSurge": rolling.get("maxSurge", 0)}
    return {"Type": strategy.get("type", ""), "RollingUpdate": shown}


def _rolling_update(errs: Errors, rolling: Object, path: str) -> None:
    unavailable, surge = rolling["maxUnavailable"], rolling["maxSurge"]
    int_or_percent.non_negative(errs, f"{path}.maxUnavailable", unavailable)
    int_or_percent.non_negative(errs, f"{path}.maxSurge", surge)
    if int_or_percent.number_of(unavailable) == 0 and int_or_percent.number_of(surge) == 0:
        errs.append(invalid(f"{path}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    int_or_percent.at_most_all(errs, f"{path}.maxUnavailable", unavailable)


def status_update(obj: Object, old: Object) -> Errors:
    errs = selected.status_meta(obj, old)
    status = obj["status"]
    parts = ("updatedReplicas", "readyReplicas", "availableReplicas")
    selected.counts(errs, status, "observedGeneration", "replicas", *parts)
    selected.counts(errs, status, "unavailableReplicas", "terminatingReplicas", "collisionCount")
    selected.not_more_than_replicas(errs, status, parts)
    selected.collisions(errs, obj, old)
    return errs


def create_replica_set(obj: Object) -> Errors:
    """What is wrong with a new ReplicaSet."""
    errs: Errors = []
    new_meta(errs, obj)
    _replica_set_spec(errs, obj["spec"], TEMPLATE)
    return errs


def update_replica_set(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    _replica_set_spec(errs, obj["spec"], template_options(obj["spec"]["template"], old["spec"]["template"]))
    fixed_selector(errs, obj, old)
    return errs


def _replica_set_spec(errs: Errors, spec: Object, opts: PodOptions) -> None:
    non_negative(errs, "spec.replicas", spec.get("replicas"))
    non_negative(errs, "spec.minReadySeconds", spec.get("minReadySeconds"))
    selected.replica_set_template(errs, spec, opts)


def replica_set_status_update(obj: Object, old: Object) -> Errors:
    errs = selected.status_meta(obj, old)
    parts = ("fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    selected.counts(errs, obj["status"], "replicas", *parts, "observedGeneration", "terminatingReplicas")
    selected.not_more_than_replicas(errs, obj["status"], parts)
    return errs
