"""ResourceSlices: the devices of a driver, and where they are."""

import re
from functools import partial
from typing import Any

from podo.api import names
from podo.api.field_errors import FieldError, forbidden, invalid, not_found, not_supported, required, too_long, too_many
from podo.server.validation.core.resources import is_native
from podo.server.validation.core.scheduling import node_selector
from podo.server.validation.core.volume_sources import driver_name
from podo.server.validation.fields import Errors, Object, amount, immutable, named
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta
from podo.server.validation.resource.claim_status import binding_conditions
from podo.server.validation.resource.claims import EFFECTS
from podo.server.validation.resource.lists import (
    DOMAIN_MAX,
    ID_MAX,
    by_name,
    distinct,
    label,
    label_name,
    pool_name,
    qualified,
    shortened,
    sized,
)
from podo.server.validation.resource.policies import request_policy

DEVICES_MAX, ADVANCED_MAX = 128, 64
COUNTER_SETS_MAX, COUNTERS_MAX, CONSUMED_MAX = 8, 32, 2
ATTRIBUTES_MAX, VALUES_MAX, VALUE_MAX, TAINTS_MAX = 32, 48, 64, 16
KEY_MAX = DOMAIN_MAX + 1 + ID_MAX
LISTS = ("bools", "ints", "strings", "versions")
WHERE = ("nodeName", "nodeSelector", "allNodes")
ONE_PLACE = "exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required"
DEVICE_PLACE = (
    "exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true "
    "in the ResourceSlice spec"
)
NO_DEVICE_PLACE = (
    "`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the "
    "ResourceSlice spec"
)
_NUMBER, _PRE, _BUILD = r"(0|[1-9]\d*)", r"(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)", r"[0-9a-zA-Z-]+"
_VERSION = re.compile(rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-{_PRE}(\.{_PRE})*)?(\+{_BUILD}(\.{_BUILD})*)?", re.A)


def create(obj: Object) -> Errors:
    """What is wrong with a new ResourceSlice."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    _spec(errs, obj["spec"], None)
    return errs


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed ResourceSlice."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    _spec(errs, obj["spec"], old["spec"])
    return errs


def _spec(errs: Errors, spec: Object, old: Object | None) -> None:
    pool = spec.get("pool", {})
    driver_name(errs, "spec.driver", spec.get("driver", ""))
    pool_name(errs, pool.get("name", ""), "spec.pool.name")
    if pool.get("resourceSliceCount", 0) <= 0:
        count = pool.get("resourceSliceCount", 0)
        errs.append(invalid("spec.pool.resourceSliceCount", count, "must be greater than zero"))
    if pool.get("generation", 0) < 0:
        errs.append(invalid("spec.pool.generation", pool["generation"], "must be greater than or equal to zero"))
    if old is not None:
        immutable(errs, "spec.pool.name", pool.get("name", ""), old.get("pool", {}).get("name", ""))
        immutable(errs, "spec.driver", spec.get("driver", ""), old.get("driver", ""))
        immutable(errs, "spec.nodeName", spec.get("nodeName"), old.get("nodeName"))
    chosen = _place(errs, spec, "spec", "must be either unset or set to a non-empty string")
    terms = spec.get("nodeSelector", {}).get("nodeSelectorTerms") or []
    if "nodeSelector" in spec and len(terms) != 1:
        message = "must have exactly one node selector term"
        errs.append(
            invalid(
                "spec.nodeSelector.nodeSelectorTerms",
                [internal_form("NodeSelectorTerm", term) for term in terms],
                message,
            )
        )
    per_device = spec.get("perDeviceNodeSelection")
    if per_device is False:
        errs.append(invalid("spec.perDeviceNodeSelection", False, "must be either unset or set to true"))
    chosen += ["`perDeviceNodeSelection`"] if per_device else []
    if not chosen:
        errs.append(required("spec", ONE_PLACE))
    elif len(chosen) > 1:
        message = f"{ONE_PLACE}, but multiple fields are set"
        errs.append(invalid("spec", f"{{{', '.join(chosen)}}}", message))
    devices = spec.get("devices", [])
    if spec.get("sharedCounters") and devices:
        errs.append(invalid("spec", "", "only one of `sharedCounters` or `devices` is allowed"))
    most = ADVANCED_MAX if any(_is_advanced(device) for device in devices) else DEVICES_MAX
    stored = {by_name(device): device for device in (old or {}).get("devices", ())}
    check = partial(_device, stored=stored, per_device=bool(per_device))
    distinct(errs, devices, most, check, "spec.devices", by_name)
    distinct(errs, spec.get("sharedCounters", []), COUNTER_SETS_MAX, _counter_set, "spec.sharedCounters", by_name)


def _place(errs: Errors, place: Object, path: str, no_name: str) -> list[str]:
    """Check where something is; gives which of the fields say so."""
    chosen: list[str] = []
    if (name := place.get("nodeName")) is not None:
        if name:
            chosen.append("`nodeName`")
            named(errs, f"{path}.nodeName", name, names.dns1123_subdomain)
        else:
            errs.append(invalid(f"{path}.nodeName", name, no_name))
    if "nodeSelector" in place:
        chosen.append("`nodeSelector`")
        node_selector(errs, place["nodeSelector"], f"{path}.nodeSelector")
    if place.get("allNodes"):
        chosen.append("`allNodes`")
    elif place.get("allNodes") is False:
        errs.append(invalid(f"{path}.allNodes", False, "must be either unset or set to true"))
    return chosen


def _is_advanced(device: Object) -> bool:
    lists = any(key in attribute for attribute in device.get("attributes", {}).values() for key in LISTS)
    return bool(device.get("taints") or device.get("consumesCounters")) or lists


def _counter_set(errs: Errors, counters: Object, path: str) -> None:
    name = by_name(counters)
    if name:
        label(errs, name, f"{path}.name")
    else:
        errs.append(required(f"{path}.name"))
    _counters(errs, counters.get("counters", {}), f"{path}.counters")


def _counters(errs: Errors, counters: dict[str, Any], path: str) -> None:
    if not counters:
        errs.append(required(path))
    elif len(counters) > COUNTERS_MAX:
        errs.append(too_many(path, len(counters), COUNTERS_MAX))
    else:
        for name in counters:
            label(errs, name, path)


def _consumption(errs: Errors, consumed: Object, path: str) -> None:
    if consumed.get("counterSet"):
        label(errs, consumed["counterSet"], f"{path}.counterSet")
    else:
        errs.append(required(f"{path}.counterSet"))
    _counters(errs, consumed.get("counters", {}), f"{path}.counters")


def _device(errs: Errors, device: Object, path: str, *, stored: dict[str, Object], per_device: bool) -> None:
    label(errs, by_name(device), f"{path}.name")
    attributes, capacity = device.get("attributes", {}), device.get("capacity", {})
    total = len(attributes) + len(capacity)
    if total > ATTRIBUTES_MAX:
        message = f"the total number of attributes and capacities must not exceed {ATTRIBUTES_MAX}"
        errs.append(invalid(path, total, message))
    values = sum(sum(len(a.get(key, ())) for key in LISTS) or 1 for a in attributes.values())
    if values > VALUES_MAX:
        errs.append(invalid(path, values, f"the total number of attribute values must not exceed {VALUES_MAX}"))
    for name, attribute in attributes.items():
        qualified(errs, name, f"{path}.attributes")
        _attribute(errs, attribute, f"{path}.attributes[{shortened(name, KEY_MAX)}]")
    for name, one in capacity.items():
        where = f"{path}.capacity[{shortened(name, KEY_MAX)}].requestPolicy"
        qualified(errs, name, f"{path}.capacity")
        if "requestPolicy" in one and device.get("allowMultipleAllocations"):
            request_policy(errs, one["value"], one["requestPolicy"], where)
        elif "requestPolicy" in one:
            errs.append(forbidden(where, "allowMultipleAllocations must be true"))
    before = stored.get(by_name(device))
    if before is None or before.get("taints") != device.get("taints"):
        sized(errs, device.get("taints", []), TAINTS_MAX, _taint, f"{path}.taints")
    where = f"{path}.consumesCounters"
    distinct(errs, device.get("consumesCounters", []), CONSUMED_MAX, _consumption, where, _counter_set_name)
    if per_device:
        chosen = _place(errs, device, path, "must not be empty")
        if not chosen:
            errs.append(required(path, DEVICE_PLACE))
        elif len(chosen) > 1:
            errs.append(invalid(path, f"{{{', '.join(chosen)}}}", DEVICE_PLACE))
    elif any(key in device for key in WHERE):
        errs.append(invalid(path, None, NO_DEVICE_PLACE))
    binding_conditions(errs, device, path)
    _mappings(errs, device.get("nodeAllocatableResourceMappings", {}), capacity, path)


def _counter_set_name(consumed: Object) -> str:
    return str(consumed.get("counterSet", ""))


def _mappings(errs: Errors, mappings: dict[str, Object], capacity: Object, path: str) -> None:
    for name, mapping in mappings.items():
        where = f"{path}.nodeAllocatableResourceMappings[{name}]"
        if not is_native(name):
            errs.append(invalid(where, name, "must be a node allocatable resource name"))
        factor, key = mapping.get("allocationMultiplier"), mapping.get("capacityKey")
        if factor is None and key is None:
            errs.append(invalid(where, "", "at least one of allocationMultiplier or capacityKey must be set"))
        if factor is not None and amount(factor) <= 0:
            errs.append(invalid(f"{where}.allocationMultiplier", factor, "must be positive"))
        if key == "":
            errs.append(invalid(f"{where}.capacityKey", "", "capacityKey must not be an empty string"))
        elif key is not None and key not in capacity:
            errs.append(not_found(f"{where}.capacityKey", key))


def _attribute(errs: Errors, attribute: Object, path: str) -> None:
    for key, check in (("string", _text), ("version", _version)):
        if key in attribute:
            errs += check(attribute[key], f"{path}.{key}")
        for index, item in enumerate(attribute.get(f"{key}s", ())):
            errs += check(item, f"{path}.{key}s[{index}]")
    if not attribute:
        errs.append(invalid(path, "", "exactly one value must be specified"))
    elif len(attribute) > 1:
        errs.append(invalid(path, internal_form("DeviceAttribute", attribute), "exactly one value must be specified"))


def _text(value: str, path: str) -> list[FieldError]:
    return [too_long(path, VALUE_MAX)] if len(value) > VALUE_MAX else []


def _version(value: str, path: str) -> list[FieldError]:
    message = "must be a string compatible with semver.org spec 2.0.0"
    bad = [] if _VERSION.fullmatch(value) else [invalid(path, value, message)]
    return [*bad, *_text(value, path)]


def _taint(errs: Errors, taint: Object, path: str) -> None:
    label_name(errs, taint.get("key", ""), f"{path}.key")
    if taint.get("value"):
        named(errs, f"{path}.value", taint["value"], names.label_value)
    effect = taint.get("effect", "")
    if not effect:
        errs.append(required(f"{path}.effect"))
    elif effect not in EFFECTS:
        errs.append(not_supported(f"{path}.effect", effect, EFFECTS))
