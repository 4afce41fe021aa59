"""ResourceClaims, their templates, and DeviceClasses."""

import json
from functools import partial
from typing import Any

from podo.api import names
from podo.api.field_errors import forbidden, invalid, not_supported, required, too_long
from podo.server.validation.core.resources import is_extended
from podo.server.validation.core.volume_sources import driver_name
from podo.server.validation.fields import Errors, Object, immutable, named
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta, new_meta, template_meta
from podo.server.validation.resource.lists import by_name, distinct, fully_qualified, label, label_name, sized

MOST, ALTERNATIVES_MAX = 32, 8
EXPRESSION_MAX = PARAMETERS_MAX = 10 * 1024
NOT_A_REQUEST = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
ONE_KIND = "exactly one of `exactly` or `firstAvailable` is required"
ONE_ATTRIBUTE = 'exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set'
EFFECTS = ("NoExecute", "NoSchedule", "None")


def create_claim(obj: Object) -> Errors:
    """What is wrong with a new ResourceClaim."""
    errs: Errors = []
    new_meta(errs, obj)
    _claim(errs, obj["spec"].get("devices", {}), "spec.devices")
    return errs


def update_claim(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed ResourceClaim."""
    errs: Errors = []
    new_meta(errs, obj)
    changed_meta(errs, obj, old)
    immutable(errs, "spec", *(internal_form("ResourceClaimSpec", one["spec"]) for one in (obj, old)))
    return errs


def create_template(obj: Object) -> Errors:
    """What is wrong with a new ResourceClaimTemplate."""
    errs: Errors = []
    new_meta(errs, obj)
    template_meta(errs, obj["spec"].get("metadata", {}), "spec.metadata")
    _claim(errs, obj["spec"].get("spec", {}).get("devices", {}), "spec.spec.devices")
    return errs


def update_template(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed ResourceClaimTemplate."""
    errs = create_template(obj)
    changed_meta(errs, obj, old)
    spec, stored = (internal_form("ResourceClaimTemplateSpec", o["spec"]) for o in (obj, old))
    immutable(errs, "spec", spec, stored)
    return errs


def create_class(obj: Object) -> Errors:
    """What is wrong with a DeviceClass."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False, check=partial(names.dns1123_subdomain, unit="bytes"))
    spec = obj["spec"]
    sized(errs, spec.get("selectors", []), MOST, _selector, "spec.selectors")
    sized(errs, spec.get("config", []), MOST, device_configuration, "spec.config")
    name = spec.get("extendedResourceName")
    if name is not None and not is_extended(name):
        errs.append(invalid("spec.extendedResourceName", name, "must be a valid extended resource name"))
    return errs


def update_class(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed DeviceClass."""
    errs = create_class(obj)
    changed_meta(errs, obj, old)
    return errs


RequestNames = dict[str, set[str]]


def request_names(devices: Object) -> RequestNames:
    """The requests of a claim, each with its alternatives."""
    return {by_name(r): {by_name(s) for s in r.get("firstAvailable", ())} for r in devices.get("requests") or ()}


def request_reference(errs: Errors, name: str, path: str, known: RequestNames) -> None:
    """The name of a request, or of an alternative."""
    parts = name.split("/")
    if len(parts) > 2:
        errs.append(invalid(path, name, NOT_A_REQUEST))
        return
    for part in parts:
        label(errs, part, path)
    if parts[0] not in known or (len(parts) == 2 and parts[1] not in known[parts[0]]):
        errs.append(invalid(path, name, NOT_A_REQUEST))


def _claim(errs: Errors, devices: Object, path: str) -> None:
    known = request_names(devices)

    def reference(errs: Errors, name: str, where: str) -> None:
        request_reference(errs, name, where, known)

    def constraint(errs: Errors, one: Object, where: str) -> None:
        distinct(errs, one.get("requests", []), MOST, reference, f"{where}.requests")
        for key in ("matchAttribute", "distinctAttribute"):
            if key in one:
                fully_qualified(errs, one[key], f"{where}.{key}")
                return
        errs.append(required(where, ONE_ATTRIBUTE))

    def configuration(errs: Errors, one: Object, where: str) -> None:
        distinct(errs, one.get("requests", []), MOST, reference, f"{where}.requests")
        device_configuration(errs, one, where)

    distinct(errs, devices.get("requests") or [], MOST, _request, f"{path}.requests", by_name)
    sized(errs, devices.get("constraints", []), MOST, constraint, f"{path}.constraints")
    sized(errs, devices.get("config", []), MOST, configuration, f"{path}.config")


def _request(errs: Errors, request: Object, path: str) -> None:
    label(errs, by_name(request), f"{path}.name")
    exactly, alternatives = request.get("exactly"), request.get("firstAvailable", [])
    if exactly is None and not alternatives:
        errs.append(required(path, ONE_KIND))
    elif exactly is not None and alternatives:
        errs.append(invalid(path, None, f"{ONE_KIND}, but multiple fields are set"))
    elif exactly is not None:
        _devices(errs, exactly, f"{path}.exactly")
    else:
        distinct(errs, alternatives, ALTERNATIVES_MAX, _alternative, f"{path}.firstAvailable", by_name)


def _alternative(errs: Errors, request: Object, path: str) -> None:
    label(errs, by_name(request), f"{path}.name")
    _devices(errs, request, path)


def _devices(errs: Errors, request: Object, path: str) -> None:
    name, mode, count = (request.get(key) for key in ("deviceClassName", "allocationMode", "count"))
    if name:
        named(errs, f"{path}.deviceClassName", name, names.dns1123_subdomain)
    else:
        errs.append(required(f"{path}.deviceClassName"))
    sized(errs, request.get("selectors", []), MOST, _selector, f"{path}.selectors")
    if mode == "All":
        if count:
            errs.append(invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'"))
    elif mode != "ExactCount":
        errs.append(not_supported(f"{path}.allocationMode", mode, ("All", "ExactCount")))
    elif (count or 0) <= 0:
        errs.append(invalid(f"{path}.count", count or 0, "must be greater than zero"))
    for index, toleration in enumerate(request.get("tolerations", ())):
        _toleration(errs, toleration, f"{path}.tolerations[{index}]")


def _selector(errs: Errors, selector: Object, path: str) -> None:
    cel = selector.get("cel")
    if cel is None:
        errs.append(required(f"{path}.cel"))
        return
    text, where = cel.get("expression", ""), f"{path}.cel.expression"
    if len(text) > EXPRESSION_MAX:
        errs.append(too_long(where, EXPRESSION_MAX))
    else:
        _compiled(errs, where, text)


def _compiled(errs: Errors, path: str, text: str) -> None:
    """The compiler is imported with the first selector: few servers see one."""
    from podo.cel.devices import SelectorError, TooExpensive, selector

    try:
        selector(text)
    except SelectorError as error:
        errs.append(invalid(path, text, str(error)))
    except TooExpensive as error:
        errs.append(forbidden(path, str(error)))


def _toleration(errs: Errors, toleration: Object, path: str) -> None:
    operator, value, effect = (toleration.get(key, "") for key in ("operator", "value", "effect"))
    if toleration.get("key"):
        label_name(errs, toleration["key"], f"{path}.key")
    if operator == "Exists":
        if value:
            errs.append(invalid(f"{path}.value", value, "must be empty for operator `Exists`"))
    elif operator == "Equal":
        named(errs, f"{path}.value", value, names.label_value)
    elif not operator:
        errs.append(required(f"{path}.operator"))
    else:
        errs.append(not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    if effect and effect not in EFFECTS:
        errs.append(not_supported(f"{path}.effect", effect, EFFECTS))


def device_configuration(errs: Errors, config: Object, path: str) -> None:
    """What a driver is told."""
    opaque, where = config.get("opaque"), f"{path}.opaque"
    if opaque is None:
        errs.append(required(where))
        return
    driver_name(errs, f"{where}.driver", opaque.get("driver", ""))
    raw_object(errs, opaque.get("parameters"), f"{where}.parameters", PARAMETERS_MAX)


def raw_object(errs: Errors, value: Any, path: str, most: int) -> None:
    """Any JSON object that is not too long."""
    if value is None:
        errs.append(required(path))
    elif len(json.dumps(value)) > most:
        errs.append(too_long(path, most))
    elif not isinstance(value, dict):
        errs.append(invalid(path, "<value omitted>", "must be a valid JSON object"))
