"""Nodes."""

import re

from podo.api import names
from podo.api.field_errors import DUPLICATE, FieldError, duplicate, forbidden, invalid, not_supported, required
from podo.server.validation import ip
from podo.server.validation.core.resources import resource_value
from podo.server.validation.core.scheduling import TAINT_EFFECTS
from podo.server.validation.fields import Errors, Object, named, needed_name, positive
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta

FEATURE = re.compile(r"[A-Z][a-zA-Z0-9]*(/[a-zA-Z][a-zA-Z0-9]*)*")
CIDR_ONCE = 'node updates may not change podCIDR except from "" to valid'
ONE_REFERENCE = "exactly one reference subfield must be non-nil"


def create(obj: Object) -> Errors:
    """What is wrong with a new Node. Taints are reported under metadata, as upstream does."""
    errs: Errors = []
    spec, status = obj["spec"], obj["status"]
    new_meta(errs, obj, namespaced=False)
    taints(errs, spec.get("taints", ()), "metadata.taints")
    _resources(errs, status)
    capacity = status["nodeInfo"].get("swap", {}).get("capacity") if "nodeInfo" in status else None
    if capacity is not None:
        positive(errs, "metadata.nodeSwapStatus.capacity", capacity)
    _declared_features(errs, status.get("declaredFeatures", ()))
    cidrs = spec.get("podCIDRs", [])
    for index, cidr in enumerate(cidrs):
        ip.legacy_cidr(errs, f"spec.podCIDRs[{index}]", cidr)
    if len(cidrs) > 1 and (len(cidrs) > 2 or len({_family(c) for c in cidrs}) < 2):
        errs.append(invalid("spec.podCIDRs", cidrs, "may specify no more than one CIDR for each IP family"))
    return errs


def _family(cidr: str) -> int:
    parsed = ip.parse_cidr_sloppy(cidr)
    return parsed[0].version if parsed else 0


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed Node."""
    return [*create(obj), *status_update(obj, old)]


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status of a Node, or with a change of the Node as such."""
    errs: Errors = []
    spec, status = obj["spec"], obj["status"]
    changed_meta(errs, obj, old)
    _resources(errs, status)
    _declared_features(errs, status.get("declaredFeatures", ()))
    seen: list[Object] = []
    for index, address in enumerate(status.get("addresses", ())):
        if address in seen:
            errs.append(duplicate(f"status.addresses[{index}]", internal_form("NodeAddress", address)))
        seen.append(address)
    stored, given = old["spec"].get("podCIDRs", []), spec.get("podCIDRs", [])
    if stored and len(stored) != len(given):
        errs.append(forbidden("spec.podCIDRs", CIDR_ONCE))
    elif stored:
        for cidr, other in zip(stored, given, strict=True):
            if cidr != other:
                errs.append(forbidden("spec.podCIDRs", CIDR_ONCE))
    provider = old["spec"].get("providerID")
    if provider and provider != spec.get("providerID"):
        message = 'node updates may not change providerID except from "" to valid'
        errs.append(forbidden("spec.providerID", message))
    if "configSource" in spec:
        _config_source(errs, spec["configSource"], "spec.configSource", in_spec=True)
    for key in ("assigned", "active", "lastKnownGood"):
        if source := status.get("config", {}).get(key):
            _config_source(errs, source, f"status.config.{key}", in_spec=False)
    taints(errs, spec.get("taints", ()), "metadata.taints")
    if spec.get("externalID") != old["spec"].get("externalID"):
        errs.append(forbidden("spec.externalID", "may not be updated"))
    return errs


def taints(errs: Errors, values: list[Object] | tuple[()], path: str) -> None:
    """What keeps Pods away."""
    seen: set[tuple[str, str]] = set()
    for index, taint in enumerate(values):
        where, key, effect = f"{path}[{index}]", taint["key"], taint["effect"]
        named(errs, f"{where}.key", key, names.qualified_name)
        if problems := names.label_value(taint.get("value", "")):
            errs.append(invalid(f"{where}.value", taint["value"], ";".join(problems)))
        if not effect:
            errs.append(required(f"{where}.effect"))
        elif effect not in TAINT_EFFECTS:
            errs.append(not_supported(f"{where}.effect", effect, TAINT_EFFECTS))
        if (key, effect) in seen:
            detail = "taints must be unique by key and effect pair"
            errs.append(FieldError(DUPLICATE, where, internal_form("Taint", taint), detail))
        seen.add((key, effect))


def _resources(errs: Errors, status: Object) -> None:
    for key in ("capacity", "allocatable"):
        for name, text in status.get(key, {}).items():
            resource_value(errs, f"status.{key}.{name}", name, text)


def _declared_features(errs: Errors, features: list[str] | tuple[()]) -> None:
    path = "status.declaredFeatures"
    for index, feature in enumerate(features):
        problem = ""
        if len(feature) > names.DNS1123_SUBDOMAIN_MAX:
            problem = f"must be no more than {names.DNS1123_SUBDOMAIN_MAX} characters"
        elif not FEATURE.fullmatch(feature):
            problem = (
                "must start with an UpperCamelCase segment, with subsequent segments separated by '/' "
                "(e.g., MyFeature or MyFeature/mySubFeature), and contain only alphanumeric characters and slashes"
            )
        if problem:
            message = f'invalid feature name "{feature}": {problem}'
            errs.append(invalid(f"{path}[{index}]", feature, message))
        if index and features[index - 1] == feature:
            errs.append(duplicate(f"{path}[{index}]", feature))
        elif index and features[index - 1] > feature:
            errs.append(invalid(f"{path}[{index}]", feature, "list must be sorted alphabetically"))


def _config_source(errs: Errors, source: Object, path: str, *, in_spec: bool) -> None:
    config = source.get("configMap")
    if config is None:
        errs.append(invalid(path, internal_form("NodeConfigSource", source), ONE_REFERENCE))
        return
    where = f"{path}.configMap"
    for key in ("uid", "resourceVersion"):
        if in_spec and config.get(key):
            errs.append(forbidden(f"{where}.{key}", f"{key} must not be set in spec"))
        elif not in_spec and not config.get(key):
            errs.append(required(f"{where}.{key}"))
    needed_name(errs, f"{where}.namespace", config["namespace"], names.dns1123_label)
    needed_name(errs, f"{where}.name", config["name"], names.dns1123_subdomain)
    needed_name(errs, f"{where}.kubeletConfigKey", config["kubeletConfigKey"], names.config_key)
