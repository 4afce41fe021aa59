"""Devices that are made ready before a Pod is bound (KEP-5007): what their drivers say of them."""

from datetime import datetime, timedelta

from podo.api.resource_claims import results
from podo.api.types.meta_v1 import Condition
from podo.api.types.resource_v1 import DeviceRequestAllocationResult, ResourceClaim
from podo.scheduler.devices.view import allocated_at

AT_MOST = timedelta(minutes=10)


class BindingFailed(Exception):
    """A device cannot be made ready, or was not in time; the text says which."""


def waits(claim: ResourceClaim) -> bool:
    """Whether any device of the claim has to be made ready."""
    return any(result.binding_conditions for result in results(claim))


def is_ready(claim: ResourceClaim) -> bool:
    """Whether all devices are ready. Raises BindingFailed if one says that it cannot be."""
    for result in results(claim):
        if not result.binding_conditions:
            continue
        conditions = _conditions(claim, result)
        for name in result.binding_failure_conditions if conditions is not None else ():
            if (failed := (conditions or {}).get(name)) is not None and failed.status == "True":
                why = f'reason={failed.reason}, message="{failed.message}"'
                raise BindingFailed(f"device binding failed: claim={claim.metadata.name}, {why}")
        if conditions is None or any(
            name not in conditions or conditions[name].status != "True" for name in result.binding_conditions
        ):
            return False
    return True


def is_late(claim: ResourceClaim, now: datetime) -> bool:
    """Whether devices should have been ready by now."""
    begun = allocated_at(claim)
    return begun is not None and waits(claim) and begun + AT_MOST < now


def is_usable(claim: ResourceClaim, now: datetime) -> bool:
    """Whether an allocated claim may still become ready."""
    try:
        return is_ready(claim) or not is_late(claim, now)
    except BindingFailed:
        return False


def _conditions(claim: ResourceClaim, result: DeviceRequestAllocationResult) -> dict[str, Condition] | None:
    """What the driver says of a device; None if nothing."""
    for status in claim.status.devices:
        if (status.driver, status.pool, status.device) == (result.driver, result.pool, result.device):
            return {condition.type: condition for condition in status.conditions}
    return None
