"""Jobs: spec and update. Their policies stand in `policies.py`, their status in `status.py`."""

from copy import deepcopy

from podo.api import names
from podo.api.field_errors import invalid, not_supported, required, too_long
from podo.server.validation.batch.policies import pod_failure_policy, replacement_policy, success_policy
from podo.server.validation.core.options import TEMPLATE, PodOptions
from podo.server.validation.core.ratchet import template_options
from podo.server.validation.core.templates import NOT_SELECTED, pod_template_spec
from podo.server.validation.domain_path import domain_path
from podo.server.validation.fields import IMMUTABLE, Errors, Object, immutable, non_negative
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.selectors import has_bad_value, label_selector, labels_shown, selector_shown, selects

PARALLELISM_MAX = FAILED_INDEXES_MAX = COMPLETIONS_SOFT = 100_000
HIGH_MAX = 10_000
MANAGED_BY_MAX = 63
INDEXED_ONLY = "requires indexed completion mode"
HIGH = f"must be less than or equal to {HIGH_MAX} when completions are above {COMPLETIONS_SOFT} "
HIGH += "and used with backoff limit per index"
UID_LABELS = ("controller-uid", "batch.kubernetes.io/controller-uid")
NAME_LABELS = ("job-name", "batch.kubernetes.io/job-name")


def create(obj: Object) -> Errors:
    """What is wrong with a new Job, whose selector has been generated already."""
    errs: Errors = []
    _job(errs, obj, TEMPLATE, prefixed_labels=True)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Job. Like upstream, all of the spec is looked at twice."""
    errs: Errors = []
    opts = template_options(obj["spec"]["template"], old["spec"]["template"])
    labels = old["spec"]["template"]["metadata"].get("labels", {})
    lenient = opts.allow_bad_selector_values or has_bad_value(old["spec"].get("selector"))
    _job(errs, obj, opts, prefixed_labels=UID_LABELS[1] in labels and NAME_LABELS[1] in labels, lenient=lenient)
    changed_meta(errs, obj, old)
    spec, stored = obj["spec"], old["spec"]
    job_spec_and_selector(errs, spec, opts, lenient)
    _completions(errs, spec, stored)
    if spec.get("selector") != stored.get("selector"):
        errs.append(invalid("spec.selector", selector_shown(spec.get("selector")), IMMUTABLE))
    _changed_template(errs, obj, old)
    immutable(errs, "spec.completionMode", spec.get("completionMode"), stored.get("completionMode"))
    for key, form in (
        ("podFailurePolicy", "PodFailurePolicy"),
        ("backoffLimitPerIndex", ""),
        ("managedBy", ""),
        ("successPolicy", "SuccessPolicy"),
    ):
        values = (one.get(key) for one in (spec, stored))
        immutable(errs, f"spec.{key}", *(internal_form(form, one) if form and one else one for one in values))
    return errs


def _as_sent(job: Object) -> Object:
    """Without the labels that it has only because the server put them on its template."""
    meta = job["metadata"]
    if meta.get("labels", {}).keys() <= set(UID_LABELS + NAME_LABELS):
        return {**job, "metadata": {key: value for key, value in meta.items() if key != "labels"}}
    return job


def _job(errs: Errors, obj: Object, opts: PodOptions, *, prefixed_labels: bool, lenient: bool = False) -> None:
    meta, spec = obj["metadata"], obj["spec"]
    new_meta(errs, _as_sent(obj))
    _generated_selector(errs, obj, prefixed_labels)
    job_spec_and_selector(errs, spec, opts, lenient)
    completions = spec.get("completions") or 0
    if spec.get("completionMode") == "Indexed" and completions > 0:
        host = f"{meta.get('name', '')}-{completions - 1}"
        if names.dns1123_label(host):
            message = f"will not able to create pod with invalid DNS label: {host}"
            errs.append(invalid("metadata.name", meta.get("name", ""), message))


def _generated_selector(errs: Errors, obj: Object, prefixed: bool) -> None:
    meta, spec = obj["metadata"], obj["spec"]
    if spec.get("manualSelector") or spec.get("selector") is None:
        return
    uid, name = meta.get("uid", ""), meta.get("name", "")
    if not uid:
        errs.append(required("metadata.uid"))
    given = spec["template"]["metadata"].get("labels", {})
    expected: dict[str, str] = {}
    for position in range(2 if prefixed else 1):
        expected |= {UID_LABELS[position]: uid, NAME_LABELS[position]: name}
    for key, wanted in expected.items():
        path = f"spec.template.metadata.labels[{key}]"
        if key not in given:
            errs.append(required(path, f"must be '{wanted}'"))
        elif given[key] != wanted:
            errs.append(invalid(path, labels_shown(given), f"must be '{wanted}'"))
    problems: Errors = []
    label_selector(problems, spec["selector"], "")
    if not problems and not selects(spec["selector"], expected):
        errs.append(invalid("spec.selector", selector_shown(spec["selector"]), "`selector` not auto-generated"))


def job_spec_and_selector(errs: Errors, spec: Object, opts: PodOptions, lenient: bool) -> None:
    """A JobSpec with the selector that a Job has and a template has not."""
    job_spec(errs, spec, "spec", opts)
    selector = spec.get("selector")
    before = len(errs)
    if selector is None:
        errs.append(required("spec.selector"))
    else:
        label_selector(errs, selector, "spec.selector", lenient_values=lenient)
    given = spec["template"]["metadata"].get("labels", {})
    usable = selector is None or len(errs) == before
    if usable and (selector is None or not selects(selector, given)):
        errs.append(invalid("spec.template.metadata.labels", labels_shown(given), NOT_SELECTED))


def job_spec(errs: Errors, spec: Object, path: str, opts: PodOptions) -> None:
    """A JobSpec, wherever it stands."""
    numbers = ("parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished")
    for key in (*numbers, "backoffLimitPerIndex", "maxFailedIndexes"):
        non_negative(errs, f"{path}.{key}", spec.get(key))
    if "maxFailedIndexes" in spec and "backoffLimitPerIndex" not in spec:
        errs.append(required(f"{path}.backoffLimitPerIndex", "when maxFailedIndexes is specified"))
    if "managedBy" in spec:
        domain_path(errs, f"{path}.managedBy", spec["managedBy"])
        if len(spec["managedBy"]) > MANAGED_BY_MAX:
            errs.append(too_long(f"{path}.managedBy", MANAGED_BY_MAX))
    mode = spec.get("completionMode")
    if mode not in (None, "NonIndexed", "Indexed"):
        errs.append(not_supported(f"{path}.completionMode", mode, ("NonIndexed", "Indexed")))
    if mode == "Indexed":
        _indexed(errs, spec, path)
    elif mode in (None, "NonIndexed"):
        for key in ("backoffLimitPerIndex", "maxFailedIndexes"):
            if key in spec:
                errs.append(invalid(f"{path}.{key}", spec[key], INDEXED_ONLY))
    if "podFailurePolicy" in spec:
        pod_failure_policy(errs, spec, f"{path}.podFailurePolicy")
    if "successPolicy" in spec:
        if mode == "Indexed":
            success_policy(errs, spec, f"{path}.successPolicy")
        else:
            errs.append(
                invalid(f"{path}.successPolicy", internal_form("SuccessPolicy", spec["successPolicy"]), INDEXED_ONLY)
            )
    replacement_policy(errs, spec, f"{path}.podReplacementPolicy")
    pod_template_spec(errs, spec["template"], f"{path}.template", opts)
    _restart_policy(errs, spec, f"{path}.template.spec.restartPolicy")


def _indexed(errs: Errors, spec: Object, path: str) -> None:
    completions, parallelism = spec.get("completions"), spec.get("parallelism")
    failed, per_index = spec.get("maxFailedIndexes"), "backoffLimitPerIndex" in spec
    at_failed, at_parallelism = f"{path}.maxFailedIndexes", f"{path}.parallelism"
    if completions is None:
        errs.append(required(f"{path}.completions", "when completion mode is Indexed"))
    if parallelism is not None and parallelism > PARALLELISM_MAX:
        message = f"must be less than or equal to {PARALLELISM_MAX} when completion mode is Indexed"
        errs.append(invalid(at_parallelism, parallelism, message))
    if completions is not None and failed is not None and failed > completions:
        errs.append(invalid(at_failed, failed, "must be less than or equal to completions"))
    if failed is not None and failed > FAILED_INDEXES_MAX:
        errs.append(invalid(at_failed, failed, f"must be less than or equal to {FAILED_INDEXES_MAX}"))
    if completions is not None and completions > COMPLETIONS_SOFT and per_index:
        if failed is None:
            message = f"must be specified when completions is above {COMPLETIONS_SOFT}"
            errs.append(required(at_failed, message))
        if parallelism is not None and parallelism > HIGH_MAX:
            errs.append(invalid(at_parallelism, parallelism, HIGH))
        if failed is not None and failed > HIGH_MAX:
            errs.append(invalid(at_failed, failed, HIGH))


def _restart_policy(errs: Errors, spec: Object, path: str) -> None:
    policy = spec["template"]["spec"]["restartPolicy"]
    if policy in ("Always", ""):
        errs.append(required(path, 'valid values: "OnFailure", "Never"'))
    elif policy not in ("OnFailure", "Never"):
        errs.append(not_supported(path, policy, ("OnFailure", "Never")))
    elif "podFailurePolicy" in spec and policy != "Never":
        message = 'only "Never" is supported when podFailurePolicy is specified'
        errs.append(invalid(path, policy, message))


def _completions(errs: Errors, spec: Object, old: Object) -> None:
    """Only an indexed Job can be resized, and then as a whole."""
    completions = spec.get("completions")
    if spec.get("completionMode") != "Indexed":
        immutable(errs, "spec.completions", completions, old.get("completions"))
    elif completions not in (old.get("completions"), None) and completions != spec.get("parallelism"):
        errs.append(invalid("spec.completions", completions, "can only be modified in tandem with spec.parallelism"))


def _changed_template(errs: Errors, obj: Object, old: Object) -> None:
    """The template stays, but for what a suspended Job may still change: where its Pods run and what they need."""
    template, stored = obj["spec"]["template"], deepcopy(old["spec"]["template"])
    if is_resting(old):
        _allow_scheduling(template, stored)
    if not (old["spec"].get("suspend") and is_resting(old)):
        immutable(errs, "spec.template", *(internal_form("PodTemplateSpec", one) for one in (template, stored)))
        return
    for key in ("containers", "initContainers"):
        mine, theirs = template["spec"].get(key) or [], stored["spec"].get(key) or []
        if len(mine) == len(theirs):
            for container, other in zip(mine, theirs, strict=True):
                if container["name"] == other["name"]:
                    other["resources"] = container["resources"]
    immutable(errs, "spec.template.spec", *(internal_form("PodSpec", one["spec"]) for one in (template, stored)))


def is_resting(job: Object) -> bool:
    """Whether a Job is suspended and has no Pods, so that their template may change."""
    status = job["status"]
    paused = any(c["type"] == "Suspended" and c["status"] == "True" for c in status.get("conditions", ()))
    rests = "startTime" not in status or paused
    return bool(job["spec"].get("suspend")) and rests and not status.get("active")


def _allow_scheduling(template: Object, stored: Object) -> None:
    new, old = template["spec"], stored["spec"]
    node_affinity = new.get("affinity", {}).get("nodeAffinity")
    kept = {k: v for k, v in old.get("affinity", {}).items() if k != "nodeAffinity"}
    if node_affinity is not None:
        kept["nodeAffinity"] = node_affinity
    if kept or "affinity" in new:
        old["affinity"] = kept
    else:
        old.pop("affinity", None)
    for key in ("nodeSelector", "tolerations", "schedulingGates"):
        _copy(key, new, old)
    for key in ("annotations", "labels"):
        _copy(key, template["metadata"], stored["metadata"])


def _copy(key: str, source: Object, target: Object) -> None:
    if key in source:
        target[key] = source[key]
    else:
        target.pop(key, None)
