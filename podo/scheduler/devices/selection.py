"""Whether a device is one that an expression selects; asked once for a device and expression."""

from podo.scheduler.devices.constraints import kind_and_value
from podo.scheduler.devices.pools import Offer

REMEMBERED = 200_000


class SelectorFailed(Exception):
    """An expression that cannot be compiled, or that failed; the text says which."""


class Selection:
    """Answers are remembered by slice and its version."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str, str], bool] = {}

    def matches(self, offer: Offer, expression: str) -> bool:
        """Whether the expression is true of the device. Raises SelectorFailed."""
        meta = offer.slice.metadata
        key = meta.name, meta.resource_version, offer.id.device, expression
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[key] = evaluate(offer, expression)
        return known


def evaluate(offer: Offer, expression: str) -> bool:
    """Whether the expression is true of the device. Raises SelectorFailed."""
    from podo.cel import devices  # imported where the first claim is: most clusters have none
    from podo.cel.errors import CostExceeded, EvalError

    try:
        program = devices.selector(expression)
    except (devices.SelectorError, devices.TooExpensive) as error:
        raise SelectorFailed(f"CEL compile error: {error}") from error
    device = offer.device
    attributes = {name: dict([kind_and_value(value)]) for name, value in device.attributes.items()}
    capacity = {name: value.value for name, value in device.capacity.items()}
    try:
        multiple = bool(device.allow_multiple_allocations)
        return devices.matches(program, devices.device_value(offer.id.driver, attributes, capacity, multiple=multiple))
    except (EvalError, CostExceeded) as error:
        raise SelectorFailed(f"CEL runtime error: {error}") from error
