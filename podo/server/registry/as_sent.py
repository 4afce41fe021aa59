"""What messages show of empty lists and maps: `{}` where the client sent an empty one, `null` where it sent none.

Decoding makes no difference between the two, and neither does anything else.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from podo.api import schema
from podo.api.field_errors import FieldError
from podo.api.resources import split_api_version
from podo.server.decoding import yaml_body
from podo.server.decoding.go_types import LIST, MAP, STRUCT, GoType, struct
from podo.server.decoding.json_text import plain
from podo.server.strategy import Object

_STEP = re.compile(r"([^.\[\]]+)|\[([^\]]*)\]")


def as_sent(errors: Sequence[FieldError], body: bytes | Object) -> Sequence[FieldError]:
    """The errors, with what `body` has where they show null, if that is an empty list or map; b"" has nothing."""
    if not body or all(error.value is not None for error in errors):
        return errors
    try:
        sent = body if isinstance(body, dict) else _read(body)
        group, version = split_api_version(sent["apiVersion"])
        kind = struct(schema.type_for(group, version, sent["kind"]).name)
    except (RecursionError, LookupError, TypeError, ValueError, OverflowError):
        return errors
    return [_shown_as_sent(error, sent, kind) if error.value is None else error for error in errors]


def _read(body: bytes) -> Any:
    """JSON, or else YAML. Raises ValueError."""
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        return plain(yaml_body.parse(body)[0])


def _shown_as_sent(error: FieldError, sent: Any, kind: GoType) -> FieldError:
    found = _at(sent, kind, error.field)
    return replace(error, value=found) if found == {} or found == [] else error


def _at(value: Any, go_type: GoType, path: str) -> Any:
    """The list or map at a path such as `spec.containers[0].args`; None if something else, or nothing, is there."""
    for name, index in _STEP.findall(path):
        if go_type.kind == STRUCT and isinstance(value, dict) and name in go_type.fields:
            value, go_type = value.get(name), go_type.fields[name].type
        elif go_type.kind == MAP and isinstance(value, dict):
            value, go_type = value.get(name or index), go_type.element
        elif go_type.kind == LIST and isinstance(value, list) and index.isdigit() and int(index) < len(value):
            value, go_type = value[int(index)], go_type.element
        else:
            return None
    return value if go_type.kind in (LIST, MAP) else None
