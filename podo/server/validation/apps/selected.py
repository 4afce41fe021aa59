"""What Deployments, ReplicaSets, StatefulSets and DaemonSets share: a selector and the template that it must select."""

from podo.api.field_errors import invalid, required
from podo.server.validation.core.options import PodOptions
from podo.server.validation.core.templates import NOT_SELECTED, always_restarted, pod_template_spec
from podo.server.validation.fields import Errors, Object, non_negative
from podo.server.validation.metadata import changed_meta
from podo.server.validation.selectors import is_empty, label_selector, labels_shown, selector_shown, selects


def selector(errs: Errors, spec: Object, kind: str) -> bool:
    """The selector of a spec; `kind` is what messages call it. Gives whether it can be used."""
    value = spec.get("selector")
    if value is None:
        errs.append(required("spec.selector"))
        return True
    before = len(errs)
    label_selector(errs, value, "spec.selector")
    usable = len(errs) == before
    if is_empty(value):
        errs.append(invalid("spec.selector", selector_shown(value), f"empty selector is invalid for {kind}"))
    return usable


def selected(errs: Errors, spec: Object) -> None:
    """The template must bear the labels that the selector asks for."""
    given, value = spec["template"]["metadata"].get("labels", {}), spec.get("selector")
    if value is None or not selects(value, given):
        errs.append(invalid("spec.template.metadata.labels", labels_shown(given), NOT_SELECTED))


def replica_set_template(errs: Errors, spec: Object, opts: PodOptions) -> None:
    """The template of a ReplicaSet or of a Deployment, with the selector before it."""
    if not selector(errs, spec, "deployment"):
        errs.append(invalid("spec.selector", selector_shown(spec["selector"]), "invalid label selector"))
        return
    selected(errs, spec)
    pod_template_spec(errs, spec["template"], "spec.template", opts)
    always_restarted(errs, spec["template"]["spec"], "spec.template", "ReplicaSet")


def counts(errs: Errors, status: Object, *fields: str) -> None:
    """Numbers in a status: none is negative."""
    for key in fields:
        non_negative(errs, f"status.{key}", status.get(key))


def not_more_than_replicas(errs: Errors, status: Object, fields: tuple[str, ...], ready: str = "readyReplicas") -> None:
    """Parts of the replicas are not more than all of them; `ready` is what messages call those that are."""
    for key in fields:
        if status.get(key, 0) > status.get("replicas", 0):
            errs.append(invalid(f"status.{key}", status.get(key, 0), "cannot be greater than status.replicas"))
    available = status.get("availableReplicas", 0)
    if available > status.get("readyReplicas", 0):
        errs.append(invalid("status.availableReplicas", available, f"cannot be greater than {ready}"))


def collisions(errs: Errors, obj: Object, old: Object) -> None:
    """The count of hash collisions never falls."""
    new_count, old_count = obj["status"].get("collisionCount"), old["status"].get("collisionCount")
    if old_count is not None and (new_count is None or new_count < old_count):
        errs.append(invalid("status.collisionCount", new_count or 0, "cannot be decremented"))


def status_meta(obj: Object, old: Object) -> Errors:
    """The metadata part of a status update."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    return errs
