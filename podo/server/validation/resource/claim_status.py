"""The status of ResourceClaims: what was allocated, for whom, and how the devices are."""

from typing import Any
from uuid import UUID

from podo.api.field_errors import forbidden, invalid, not_supported, required, too_long, too_many
from podo.server.validation import ip
from podo.server.validation.conditions import conditions
from podo.server.validation.core.scheduling import node_selector
from podo.server.validation.core.volume_sources import driver_name
from podo.server.validation.fields import Errors, Object, immutable
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import changed_meta
from podo.server.validation.resource.claims import (
    MOST,
    RequestNames,
    device_configuration,
    raw_object,
    request_names,
    request_reference,
)
from podo.server.validation.resource.lists import distinct, label, label_name, pool_name, sized

RESERVED_MAX, CONDITIONS_MAX, DATA_MAX, ADDRESSES_MAX = 256, 8, 10 * 1024, 16
INTERFACE_MAX, HARDWARE_MAX, BINDING_MAX = 256, 128, 4
NOT_NORMAL = (
    "uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal "
    "characters"
)


def status_update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed status."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    status, stored = obj["status"], old["status"]
    known = request_names(obj["spec"].get("devices", {}))
    allocation, reserved = status.get("allocation"), status.get("reservedFor", [])
    distinct(errs, reserved, RESERVED_MAX, _consumer, "status.reservedFor", lambda one: one.get("uid", ""))
    results = (allocation or {}).get("devices", {}).get("results", [])
    allocated = {_identity(result) for result in results}

    def device(errs: Errors, one: Object, path: str) -> None:
        _device(errs, one, path, allocated)

    distinct(errs, status.get("devices", []), -1, device, "status.devices", _identity)
    if reserved and allocation is None:
        errs.append(forbidden("status.reservedFor", "may not be specified when `allocated` is not set"))
    elif obj["metadata"].get("deletionTimestamp") and any(one not in stored.get("reservedFor", []) for one in reserved):
        message = "new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set"
        errs.append(forbidden("status.reservedFor", message))
    if allocation is not None:
        if "allocation" in stored:
            shown = (internal_form("AllocationResult", one) for one in (allocation, stored["allocation"]))
            immutable(errs, "status.allocation", *shown)
        else:
            _allocation(errs, allocation, known)
    return errs


def _identity(device: Object) -> tuple[Any, ...]:
    return tuple(device.get(key, "") for key in ("driver", "pool", "device", "shareID"))


def _consumer(errs: Errors, ref: Object, path: str) -> None:
    errs += [required(f"{path}.{key}") for key in ("resource", "name", "uid") if not ref.get(key)]


def _device(errs: Errors, device: Object, path: str, allocated: set[tuple[Any, ...]]) -> None:
    _where(errs, device, path)
    if _identity(device) not in allocated:
        shown = dict(zip(("Driver", "Pool", "Device", "ShareID"), _identity(device), strict=True))
        errs.append(invalid(path, shown, "must be an allocated device in the claim"))
    found = device.get("conditions") or []
    if len(found) > CONDITIONS_MAX:
        errs.append(too_many(f"{path}.conditions", len(found), CONDITIONS_MAX))
    conditions(errs, found, f"{path}.conditions")
    if device.get("data") is not None:
        raw_object(errs, device["data"], f"{path}.data", DATA_MAX)
    if network := device.get("networkData"):
        for key, most in (("interfaceName", INTERFACE_MAX), ("hardwareAddress", HARDWARE_MAX)):
            if len(network.get(key, "")) > most:
                errs.append(too_long(f"{path}.networkData.{key}", most))
        distinct(errs, network.get("ips", []), ADDRESSES_MAX, _interface_address, f"{path}.networkData.ips")


def _interface_address(errs: Errors, address: str, path: str) -> None:
    found = ip.parse_cidr_sloppy(address)
    if found is None:
        message = "must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)"
        errs.append(invalid(path, address, message))
        return
    canonical = f"{found[0]}/{found[1].prefixlen}"
    if canonical != address:
        errs.append(invalid(path, address, f'must be in canonical form ("{canonical}")'))


def _where(errs: Errors, device: Object, path: str) -> None:
    driver_name(errs, f"{path}.driver", device.get("driver", ""))
    pool_name(errs, device.get("pool", ""), f"{path}.pool")
    label(errs, device.get("device", ""), f"{path}.device")
    if (share := device.get("shareID")) is not None:
        _uid(errs, share, f"{path}.shareID")


def _uid(errs: Errors, text: str, path: str) -> None:
    try:
        UUID(text)
    except ValueError:
        errs.append(invalid(path, text, f"error validating uid: invalid UUID length: {len(text)}"))
        return
    if len(text) != 36 or text != text.lower():
        errs.append(invalid(path, text, NOT_NORMAL))


def _allocation(errs: Errors, allocation: Object, known: RequestNames) -> None:
    path, devices = "status.allocation", allocation.get("devices", {})

    def reference(errs: Errors, name: str, where: str) -> None:
        request_reference(errs, name, where, known)

    def result(errs: Errors, one: Object, where: str) -> None:
        request_reference(errs, one.get("request", ""), f"{where}.request", known)
        _where(errs, {k: v for k, v in one.items() if k != "shareID"}, where)
        binding_conditions(errs, one, where)
        if (share := one.get("shareID")) is not None:
            _uid(errs, share, f"{where}.shareID")

    def configuration(errs: Errors, one: Object, where: str) -> None:
        source = one.get("source", "")
        if not source:
            errs.append(required(f"{where}.source"))
        elif source not in ("FromClaim", "FromClass"):
            errs.append(not_supported(f"{where}.source", source, ("FromClaim", "FromClass")))
        distinct(errs, one.get("requests", []), MOST, reference, f"{where}.requests")
        device_configuration(errs, one, where)

    sized(errs, devices.get("results", []), MOST, result, f"{path}.devices.results")
    sized(errs, devices.get("config", []), 2 * MOST, configuration, f"{path}.devices.config")
    if "nodeSelector" in allocation:
        node_selector(errs, allocation["nodeSelector"], f"{path}.nodeSelector")


def binding_conditions(errs: Errors, device: Object, path: str) -> None:
    """The conditions that must be met before, and those that end, the binding of a Pod."""
    wanted, failures = device.get("bindingConditions", []), device.get("bindingFailureConditions", [])
    distinct(errs, wanted, BINDING_MAX, label_name, f"{path}.bindingConditions")
    where = f"{path}.bindingFailureConditions"
    distinct(errs, failures, BINDING_MAX, label_name, where)
    for index, condition in enumerate(failures):
        if condition in wanted:
            message = "bindingFailureConditions must not overlap with bindingConditions"
            errs.append(invalid(f"{where}[{index}]", condition, message))
    if failures and not wanted:
        message = "bindingConditions are required to use bindingFailureConditions"
        errs.append(invalid(f"{path}.bindingConditions", None, message))
    if wanted and not failures:
        message = "bindingFailureConditions are required to use bindingConditions"
        errs.append(invalid(where, None, message))
