"""How much of a device's capacities a request takes (KEP-5075), and whether that is left."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from podo.api import quantity
from podo.api.types.resource_v1 import CapacityRequestPolicy, CapacityRequestPolicyRange, Device, DeviceCapacity
from podo.scheduler.devices.taken import Amounts


def consumed(requests: Mapping[str, str], device: Device) -> dict[str, str]:
    """What a request takes of each capacity, as quantities: more than it asks for where a policy rounds up."""
    return {name: _consumed(requests.get(name), capacity) for name, capacity in device.capacity.items()}


def has_room(requests: Mapping[str, str], device: Device, used: Iterable[Amounts]) -> bool:
    """Whether a request keeps to the policies of the device's capacities, and fits in what others leave of them."""
    if not requests.keys() <= device.capacity.keys():
        return False
    shares = list(used)
    for name, text in consumed(requests, device).items():
        capacity = device.capacity[name]
        if not _allowed(text, capacity.request_policy):
            return False
        together = sum((share[name] for share in shares if name in share), quantity.parse(text))
        if together > quantity.parse(capacity.value):
            return False
    return True


def _consumed(requested: str | None, capacity: DeviceCapacity) -> str:
    policy = capacity.request_policy
    if requested is None:
        return policy.default if policy and policy.default else capacity.value
    if policy is None:
        return requested
    if policy.valid_range is not None and policy.valid_range.min:
        return _rounded(requested, policy.valid_range)
    if policy.valid_values:
        enough = (value for value in policy.valid_values if quantity.parse(requested) <= quantity.parse(value))
        return next(enough, requested)
    return requested


def _rounded(requested: str, valid: CapacityRequestPolicyRange) -> str:
    """The least allowed amount that is enough."""
    if quantity.parse(requested) < quantity.parse(valid.min):
        return valid.min
    if not valid.step:
        return requested
    least, step = quantity.to_int(valid.min), quantity.to_int(valid.step)
    steps = -(-(quantity.to_int(requested) - least) // step)
    return quantity.format_binary(Decimal(least + step * steps))


def _allowed(text: str, policy: CapacityRequestPolicy | None) -> bool:
    if policy is None or (policy.default and text == policy.default):
        return True
    valid = policy.valid_range
    if valid is not None:
        if valid.max and quantity.parse(text) > quantity.parse(valid.max):
            return False
        least = quantity.to_int(valid.min) if valid.min else 0
        return not valid.step or (quantity.to_int(text) - least) % quantity.to_int(valid.step) == 0
    if policy.valid_values:
        return quantity.parse(text) in map(quantity.parse, policy.valid_values)
    return True
