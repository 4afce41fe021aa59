"""Tables of objects and of where they are bad."""

from copy import deepcopy
from typing import Any

from .build import Object, complaints, update_complaints


def changed(obj: Object, path: str, value: Any) -> Object:
    """`obj` with another value at a path such as `spec.rules.0.host`; None removes what is there."""
    result = deepcopy(obj)
    target: Any = result
    *way, last = path.split(".")
    for step in way:
        target = target[int(step)] if isinstance(target, list) else target.setdefault(step, {})
    if isinstance(target, list):
        target[int(last)] = value
    elif value is None:
        target.pop(last, None)
    else:
        target[last] = value
    return result


def bad_paths(obj: Object) -> list[str]:
    """The paths that the complaints about a new object name."""
    return [text.partition(": ")[0] for text in complaints(obj)]


def bad_update_paths(obj: Object, path: str, value: Any, subresource: str = "") -> list[str]:
    """The paths that the complaints about one change name."""
    return [text.partition(": ")[0] for text in update_complaints(changed(obj, path, value), obj, subresource)]
