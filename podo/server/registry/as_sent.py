"""What messages show of empty lists and maps: `{}` where the client sent an empty one, `null` where it sent none.

Decoding makes no difference between the two, and neither does anything else.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from podo.api.field_errors import FieldError

_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def as_sent(errors: Sequence[FieldError], body: bytes) -> Sequence[FieldError]:
    """The errors, with what `body` has where they show null, if that is an empty list or map; b"" has nothing."""
    if not body or all(error.value is not None for error in errors):
        return errors
    try:
        sent = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError):
        return errors
    return [_shown_as_sent(error, sent) if error.value is None else error for error in errors]


def _shown_as_sent(error: FieldError, sent: Any) -> FieldError:
    found = _at(sent, error.field)
    return replace(error, value=found) if found == {} or found == [] else error


def _at(value: Any, path: str) -> Any:
    """What stands at a path such as `spec.containers[0].args`; None if there is nothing."""
    for name, index in _STEP.findall(path):
        if isinstance(value, dict):
            value = value.get(name or index)
        elif isinstance(value, list) and index.isdigit() and int(index) < len(value):
            value = value[int(index)]
        else:
            return None
    return value
