"""Fields of Pods and templates that the server drops or fills in before a Pod is stored."""

from podo.api.field_errors import FieldError
from podo.server.context import Context
from podo.server.strategy import Object
from podo.server.validation.core.security import app_armor_profile
from podo.server.validation.core.windows import every_container

APP_ARMOR = "container.apparmor.security.beta.kubernetes.io/"
DISABLED_PROJECTIONS = ("clusterTrustBundle", "podCertificate")
"""Sources of projected volumes whose features are off in this version of Kubernetes by default."""


def drop_disabled(spec: Object | None, old: Object | None) -> None:
    """Drop the fields of features that are off, unless the stored spec has them already."""
    if spec is None:
        return
    if "schedulingGroup" in spec and "schedulingGroup" not in (old or {}):
        del spec["schedulingGroup"]
    if "volumes" in spec:
        _drop_projections(spec, old)
    for container, _ in every_container(spec, ""):
        lifecycle = container.get("lifecycle")
        if lifecycle is not None and "stopSignal" in lifecycle and not _has_stop_signal(old):
            del lifecycle["stopSignal"]
            if not lifecycle:
                del container["lifecycle"]


def _has_stop_signal(spec: Object | None) -> bool:
    return spec is not None and any("stopSignal" in c.get("lifecycle", {}) for c, _ in every_container(spec, ""))


def _projections(spec: Object | None, kind: str) -> bool:
    volumes = (spec or {}).get("volumes", ())
    return any(kind in source for v in volumes for source in v.get("projected", {}).get("sources") or ())


def _drop_projections(spec: Object, old: Object | None) -> None:
    for volume in spec["volumes"]:
        for source in volume.get("projected", {}).get("sources") or ():
            for kind in DISABLED_PROJECTIONS:
                if kind in source and not _projections(old, kind):
                    del source[kind]


def apply_match_label_keys(pod: Object) -> None:
    """Turn matchLabelKeys into parts of the selectors, with the values of the Pod's own labels."""
    labels, spec = pod["metadata"].get("labels", {}), pod["spec"]
    for key in ("podAffinity", "podAntiAffinity"):
        affinity = spec.get("affinity", {}).get(key, {})
        for term in affinity.get("requiredDuringSchedulingIgnoredDuringExecution", ()):
            _add_keys(term, labels)
        for weighted in affinity.get("preferredDuringSchedulingIgnoredDuringExecution", ()):
            _add_keys(weighted["podAffinityTerm"], labels)
    for constraint in spec.get("topologySpreadConstraints", ()):
        _add_keys(constraint, labels)


def _add_keys(term: Object, labels: dict[str, str]) -> None:
    selector = term.get("labelSelector")
    if selector is None:
        return
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(field, ()):
            if key in labels:
                requirement = {"key": key, "operator": operator, "values": [labels[key]]}
                selector.setdefault("matchExpressions", []).append(requirement)


def sync_app_armor(pod: Object, ctx: Context) -> None:
    """Take AppArmor profiles from the old annotations into the fields that replaced them."""
    annotations, spec = pod["metadata"].get("annotations", {}), pod["spec"]
    if not annotations or spec.get("os", {}).get("name") == "windows":
        return
    for container, _ in every_container(spec, ""):
        key = APP_ARMOR + container["name"]
        if key not in annotations or "appArmorProfile" in container.get("securityContext", {}):
            continue
        profile = _profile(annotations[key])
        if profile is None or profile != spec["securityContext"].get("appArmorProfile"):
            ctx.warn(f'metadata.annotations[{key}]: deprecated since v1.30; use the "appArmorProfile" field instead')
        if profile is not None and profile != spec["securityContext"].get("appArmorProfile"):
            container.setdefault("securityContext", {})["appArmorProfile"] = profile


def _profile(annotation: str) -> Object | None:
    if annotation == "unconfined":
        return {"type": "Unconfined"}
    if annotation == "runtime/default":
        return {"type": "RuntimeDefault"}
    if annotation.startswith("localhost/"):
        profile = {"type": "Localhost", "localhostProfile": annotation.removeprefix("localhost/")}
        errs: list[FieldError] = []
        app_armor_profile(errs, profile, "")
        return None if errs else profile
    return None
