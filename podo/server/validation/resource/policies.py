"""How much of a device's capacity may be asked for."""

from podo.api.field_errors import forbidden, invalid, required
from podo.api.quantity import like
from podo.server.validation.fields import Errors, Object, amount
from podo.server.validation.resource.lists import distinct

OPTIONS_MAX = 10
ONE = 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time'


def request_policy(errs: Errors, capacity: str, policy: Object, path: str) -> None:
    """Either some values, or a range with a step."""
    values, bounds, default = (policy.get(key) for key in ("validValues", "validRange", "default"))
    if values and bounds is not None:
        errs.append(forbidden(path, ONE))
    elif values:
        if default is None:
            errs.append(required(f"{path}.default", "required when validValues is defined"))
        else:
            _values(errs, default, capacity, values, f"{path}.validValues")
    elif bounds is not None:
        if default is None:
            errs.append(required(f"{path}.default", "required when validRange is defined"))
        else:
            _range(errs, default, capacity, bounds, f"{path}.validRange")


def _values(errs: Errors, default: str, capacity: str, values: list[str], path: str) -> None:
    for index in range(1, len(values)):
        if amount(values[index - 1]) > amount(values[index]):
            errs.append(invalid(f"{path}[{index}]", values[index], "values must be sorted in ascending order"))

    def fits(errs: Errors, value: str, where: str) -> None:
        if amount(value) > amount(capacity):
            errs.append(invalid(where, value, f"option is larger than capacity value: {capacity}"))

    distinct(errs, values, OPTIONS_MAX, fits, path, lambda value: str(int(amount(value))))
    if not any(amount(value) == amount(default) for value in values):
        errs.append(invalid(path, default, "default value is not valid according to the requestPolicy"))


def _range(errs: Errors, default: str, capacity: str, bounds: Object, path: str) -> None:
    low, high, step = (bounds.get(key) for key in ("min", "max", "step"))
    if low is None:
        errs.append(required(f"{path}.min", "required when validRange is defined"))
        return

    def ordered(field: str, less: str, more: str, shown: str, message: str) -> None:
        if amount(less) > amount(more):
            errs.append(invalid(f"{path}.{field}", shown, message))

    ordered("min", low, capacity, low, f"min is larger than capacity value: {capacity}")
    ordered("min", low, default, default, f"default is less than min: {low}")
    if high is not None:
        ordered("max", low, high, low, f"min is larger than max: {high}")
        ordered("max", high, capacity, high, f"max is larger than capacity value: {capacity}")
        ordered("max", default, high, default, f"default is more than max: {high}")
    if step is not None:
        total = amount(low) + amount(step)
        if total > amount(capacity):
            message = f"one step {like(total, low)} is larger than capacity value: {capacity}"
            errs.append(invalid(f"{path}.step", step, message))
        for value in (default,) if high is None else (default, high):
            if amount(step) and int(amount(value) - amount(low)) % int(amount(step) or 1):
                message = f"value is not a multiple of a given step ({step}) from ({low})"
                errs.append(invalid(f"{path}.step", value, message))
