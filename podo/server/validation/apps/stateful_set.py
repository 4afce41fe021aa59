"""StatefulSets and ControllerRevisions."""

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation import int_or_percent
from podo.server.validation.apps import selected
from podo.server.validation.core.claim import claim_spec
from podo.server.validation.core.options import TEMPLATE, PodOptions
from podo.server.validation.core.pod import pod_annotations
from podo.server.validation.core.ratchet import template_options
from podo.server.validation.core.templates import always_restarted, pod_template_spec
from podo.server.validation.fields import IMMUTABLE, Errors, Object, named, non_negative
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import annotations, changed_meta, labels, new_meta
from podo.server.validation.selectors import selector_shown

CHANGEABLE = (
    *("replicas", "template", "updateStrategy", "minReadySeconds", "ordinals", "revisionHistoryLimit"),
    "persistentVolumeClaimRetentionPolicy",
)
FIXED = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)


def create(obj: Object) -> Errors:
    """What is wrong with a new StatefulSet."""
    errs: Errors = []
    new_meta(errs, obj, check=names.dns1123_label)
    _spec(errs, obj["spec"], TEMPLATE, new=True)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed StatefulSet. A template that was bad before is not looked at."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    opts = template_options(obj["spec"]["template"], old["spec"]["template"])
    old_errs: Errors = []
    _spec(old_errs, old["spec"], opts, new=False)
    _spec(errs, obj["spec"], opts, new=False, check_template=not old_errs)
    kept = {key: value for key, value in obj["spec"].items() if key not in CHANGEABLE}
    if kept != {key: value for key, value in old["spec"].items() if key not in CHANGEABLE}:
        errs.append(forbidden("spec", FIXED))
    return errs


def _spec(errs: Errors, spec: Object, opts: PodOptions, *, new: bool, check_template: bool = True) -> None:
    management = spec.get("podManagementPolicy", "")
    if not management:
        errs.append(required("spec.podManagementPolicy"))
    elif management not in ("OrderedReady", "Parallel"):
        errs.append(invalid("spec.podManagementPolicy", management, "must be 'OrderedReady' or 'Parallel'"))
    _strategy(errs, spec["updateStrategy"])
    for key, policy in spec.get("persistentVolumeClaimRetentionPolicy", {}).items():
        if policy not in ("Retain", "Delete"):
            path = f"spec.persistentVolumeClaimRetentionPolicy.{key}"
            errs.append(not_supported(path, policy, ("Retain", "Delete")))
    if new:
        for index, claim in enumerate(spec.get("volumeClaimTemplates", ())):
            claim_spec(errs, claim["spec"], f"spec.volumeClaimTemplates[{index}].spec")
    non_negative(errs, "spec.replicas", spec.get("replicas"))
    non_negative(errs, "spec.minReadySeconds", spec.get("minReadySeconds"))
    non_negative(errs, "spec.ordinals.start", spec.get("ordinals", {}).get("start"))
    if new and spec.get("serviceName"):
        named(errs, "spec.serviceName", spec["serviceName"], names.dns1123_label)
    if not selected.selector(errs, spec, "statefulset"):
        errs.append(invalid("spec.selector", selector_shown(spec["selector"]), ""))
    else:
        selected.selected(errs, spec)
        _template(errs, spec, opts, check_template)
    always_restarted(errs, spec["template"]["spec"], "spec.template", "StatefulSet")


def _strategy(errs: Errors, strategy: Object) -> None:
    path, kind, rolling = "spec.updateStrategy", strategy.get("type", ""), strategy.get("rollingUpdate")
    if not kind:
        errs.append(required(path))
    elif kind == "OnDelete":
        if rolling is not None:
            message = "only allowed for updateStrategy 'RollingUpdate'"
            errs.append(
                invalid(f"{path}.rollingUpdate", internal_form("RollingUpdateStatefulSetStrategy", rolling), message)
            )
    elif kind != "RollingUpdate":
        errs.append(
            invalid(path, internal_form("StatefulSetUpdateStrategy", strategy), "must be 'RollingUpdate' or 'OnDelete'")
        )
    elif rolling is not None:
        non_negative(errs, f"{path}.rollingUpdate.partition", rolling.get("partition"))
        if "maxUnavailable" in rolling:
            where, value = f"{path}.rollingUpdate.maxUnavailable", rolling["maxUnavailable"]
            int_or_percent.non_negative(errs, where, value)
            if int_or_percent.number_of(value) == 0:
                errs.append(invalid(where, value, "cannot be 0"))
            int_or_percent.at_most_all(errs, where, value)


def _template(errs: Errors, spec: Object, opts: PodOptions, check_spec: bool) -> None:
    """The template as its Pods will be: with the claims as volumes, and host names of their own."""
    template = spec["template"]
    claims = {c["metadata"].get("name", "") for c in spec.get("volumeClaimTemplates", ())}
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in sorted(claims)]
    volumes += [v for v in template["spec"].get("volumes", ()) if v["name"] not in claims]
    pod = {k: v for k, v in template["spec"].items() if k not in ("hostname", "subdomain", "volumes")}
    pod |= {"volumes": volumes} if volumes else {}
    if check_spec:
        pod_template_spec(errs, template | {"spec": pod}, "spec.template", opts)
    meta = template["metadata"]
    labels(errs, meta.get("labels", {}), "spec.template.labels")
    annotations(errs, meta.get("annotations", {}), "spec.template.annotations")
    pod_annotations(errs, meta.get("annotations", {}), pod, "spec.template.annotations", opts)


def status_update(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    status = obj["status"]
    parts = ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas")
    selected.counts(errs, status, "replicas", *parts, "observedGeneration", "collisionCount")
    selected.not_more_than_replicas(errs, status, parts, "status.readyReplicas")
    changed_meta(errs, obj, old)
    selected.collisions(errs, obj, old)
    return errs


def create_revision(obj: Object) -> Errors:
    """What is wrong with a new ControllerRevision."""
    errs: Errors = []
    new_meta(errs, obj)
    non_negative(errs, "revision", obj.get("revision"))
    data = obj.get("data")
    if data is None:
        errs.append(required("data", "data is mandatory"))
    elif not isinstance(data, dict):
        errs.append(required("data", "data must be a valid JSON object"))
    return errs


def update_revision(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    changed_meta(errs, obj, old)
    new_meta(errs, obj)
    non_negative(errs, "revision", obj.get("revision"))
    if obj.get("data") != old.get("data"):
        errs.append(invalid("data", obj.get("data"), IMMUTABLE))
    return errs
