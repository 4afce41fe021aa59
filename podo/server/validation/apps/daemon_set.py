"""DaemonSets."""

from podo.api.field_errors import invalid, not_supported, required
from podo.server.validation import int_or_percent
from podo.server.validation.apps import selected
from podo.server.validation.apps.deployment import fixed_selector, strategy_shown
from podo.server.validation.core.options import TEMPLATE, PodOptions
from podo.server.validation.core.ratchet import template_options
from podo.server.validation.core.templates import NOT_SELECTED, always_restarted, pod_template_spec
from podo.server.validation.fields import Errors, Object, non_negative
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.selectors import is_empty, label_selector, labels_shown, selector_shown, selects


def create(obj: Object) -> Errors:
    """What is wrong with a new DaemonSet."""
    errs: Errors = []
    new_meta(errs, obj)
    _spec(errs, obj["spec"], TEMPLATE)
    return errs


def update(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    fixed_selector(errs, obj, old)
    _spec(errs, obj["spec"], template_options(obj["spec"]["template"], old["spec"]["template"]))
    return errs


def _spec(errs: Errors, spec: Object, opts: PodOptions) -> None:
    selector, template = spec.get("selector"), spec["template"]
    before = len(errs)
    label_selector(errs, selector, "spec.selector", lenient_values=opts.allow_bad_selector_values)
    given = template["metadata"].get("labels", {})
    if len(errs) == before and (selector is None or not selects(selector, given)):
        errs.append(invalid("spec.template.metadata.labels", labels_shown(given), NOT_SELECTED))
    if selector is not None and is_empty(selector):
        errs.append(invalid("spec.selector", selector_shown(selector), "empty selector is invalid for daemonset"))
    pod_template_spec(errs, template, "spec.template", opts)
    always_restarted(errs, template["spec"], "spec.template", "DaemonSet")
    non_negative(errs, "spec.minReadySeconds", spec.get("minReadySeconds"))
    _strategy(errs, spec["updateStrategy"])
    non_negative(errs, "spec.revisionHistoryLimit", spec.get("revisionHistoryLimit"))


def _strategy(errs: Errors, strategy: Object) -> None:
    path, kind, rolling = "spec.updateStrategy", strategy.get("type"), strategy.get("rollingUpdate")
    if kind == "OnDelete":
        return
    if kind != "RollingUpdate":
        errs.append(not_supported(path, strategy_shown(strategy), ("RollingUpdate", "OnDelete")))
        return
    path = f"{path}.rollingUpdate"
    if rolling is None:
        errs.append(required(path))
        return
    values = {key: rolling[key] for key in ("maxUnavailable", "maxSurge")}
    for key, value in values.items():
        int_or_percent.non_negative(errs, f"{path}.{key}", value)
    for key, value in values.items():
        int_or_percent.at_most_all(errs, f"{path}.{key}", value)
    numbers = [int_or_percent.number_of(value) for value in values.values()]
    if all(numbers):
        message = "may not be set when maxUnavailable is non-zero"
        errs.append(invalid(f"{path}.maxSurge", rolling["maxSurge"], message))
    elif not any(numbers):
        errs.append(required(f"{path}.maxUnavailable", "cannot be 0 when maxSurge is 0"))


def status_update(obj: Object, old: Object) -> Errors:
    errs = selected.status_meta(obj, old)
    fields = (
        *("currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady"),
        *("observedGeneration", "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount"),
    )
    selected.counts(errs, obj["status"], *fields)
    selected.collisions(errs, obj, old)
    return errs
