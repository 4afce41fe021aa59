"""PodTemplates, ReplicationControllers, and Pod templates wherever they stand."""

from functools import partial

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.core.options import TEMPLATE, PodOptions
from podo.server.validation.core.pod import annotations_match_fields, pod_annotations
from podo.server.validation.core.pod_spec import pod_spec
from podo.server.validation.core.ratchet import template_options
from podo.server.validation.fields import Errors, Object, non_negative
from podo.server.validation.metadata import annotations, changed_meta, labels, new_meta
from podo.server.validation.selectors import labels_shown

NOT_SELECTED = "`selector` does not match template `labels`"


def pod_template_spec(errs: Errors, template: Object, path: str, opts: PodOptions = TEMPLATE) -> None:
    """The template of a Pod."""
    meta, spec = template["metadata"], template["spec"]
    if "labels" in meta:
        labels(errs, meta["labels"], f"{path}.labels")
    if "annotations" in meta:
        annotations(errs, meta["annotations"], f"{path}.annotations")
        pod_annotations(errs, meta["annotations"], spec, f"{path}.annotations", opts)
    pod_spec(errs, spec, None, f"{path}.spec", opts)
    if "annotations" in meta:
        annotations_match_fields(errs, meta["annotations"], spec, f"{path}.spec")
    if spec.get("ephemeralContainers"):
        errs.append(forbidden(f"{path}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"))


def create_pod_template(obj: Object) -> Errors:
    errs: Errors = []
    new_meta(errs, obj)
    pod_template_spec(errs, obj["template"], "template")
    return errs


def update_pod_template(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    pod_template_spec(errs, obj["template"], "template", template_options(obj["template"], old["template"]))
    return errs


def create_controller(obj: Object) -> Errors:
    """What is wrong with a new ReplicationController."""
    errs: Errors = []
    new_meta(errs, obj, check=partial(names.dns1123_subdomain, unit="bytes"))
    _controller_spec(errs, obj["spec"], TEMPLATE)
    return errs


def update_controller(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    spec, stored = obj["spec"], old["spec"]
    _controller_spec(errs, spec, template_options(spec.get("template"), stored.get("template")))
    return errs


def _controller_spec(errs: Errors, spec: Object, opts: PodOptions) -> None:
    non_negative(errs, "spec.minReadySeconds", spec.get("minReadySeconds"))
    selector, template, path = spec.get("selector", {}), spec.get("template"), "spec.template"
    if not selector:
        errs.append(required("spec.selector"))
    non_negative(errs, "spec.replicas", spec.get("replicas"))
    if template is None:
        errs.append(required(path))
        return
    given = template["metadata"].get("labels", {})
    if any(given.get(key) != value for key, value in selector.items()):
        errs.append(invalid(f"{path}.metadata.labels", labels_shown(given), NOT_SELECTED))
    pod_template_spec(errs, template, path, opts)
    always_restarted(errs, template["spec"], path, "ReplicationController")


def always_restarted(errs: Errors, spec: Object, path: str, kind: str) -> None:
    """Pods that are replaced when they end run for ever."""
    policy = spec["restartPolicy"]
    if policy != "Always":
        errs.append(not_supported(f"{path}.spec.restartPolicy", policy, ("Always",)))
    if "activeDeadlineSeconds" in spec:
        message = f"activeDeadlineSeconds in {kind} is not Supported"
        errs.append(forbidden(f"{path}.spec.activeDeadlineSeconds", message))


def status_update_controller(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    replica_status(errs, obj["status"])
    return errs


def replica_status(errs: Errors, status: Object) -> None:
    """Counts of replicas: not negative, and none more than there are."""
    counts = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    for key in (*counts, "observedGeneration"):
        non_negative(errs, f"status.{key}", status.get(key))
    total = status.get("replicas", 0)
    for key in counts[1:]:
        if status.get(key, 0) > total:
            errs.append(invalid(f"status.{key}", status.get(key, 0), "cannot be greater than status.replicas"))
    if status.get("availableReplicas", 0) > status.get("readyReplicas", 0):
        message = "cannot be greater than readyReplicas"
        errs.append(invalid("status.availableReplicas", status.get("availableReplicas", 0), message))
