"""A patched value into a type, as strategic merge patch does it: not by way of JSON, with other complaints."""

from typing import Any

from .exact import ABSENT, Exact, TypeMismatch, complete, put
from .go_types import ANY, LIST, MAP, NUMBERS, STRUCT, GoType, zero
from .scalars import ScalarError, canonical_bytes, canonical_microtime, canonical_quantity, canonical_time

_READERS = {"time": canonical_time, "microtime": canonical_microtime, "quantity": canonical_quantity}
_GO_KINDS = {"double": "float64"}


class ConvertError(ValueError):
    """The value does not fit the type; the message is Kubernetes' own."""


def convert(go_type: GoType, value: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """(the object as Go would write it, sorted findings on unknown fields). Raises ConvertError."""
    unknown: list[str] = []
    result: dict[str, Any] = _struct(go_type, value, "", unknown)
    return result, sorted(unknown)


def _value(go_type: GoType, value: Any, path: str, unknown: list[str]) -> Any:
    if value is None:
        return ABSENT
    kind = go_type.kind
    if kind == STRUCT:
        return _struct(go_type, value, path, unknown)
    if kind == MAP:
        return _map(go_type, value, path, unknown)
    if kind == LIST:
        return _list(go_type, value, path, unknown)
    if kind in ANY:
        return value
    if kind.startswith("jsonschema"):
        return _own_json(go_type, value)
    if kind in _READERS or kind == "intorstring":
        return _read(kind, value)
    return _bytes(value) if kind == "bytes" else _scalar(go_type, value)


def _own_json(go_type: GoType, value: Any) -> Any:
    """A type that reads JSON itself."""
    try:
        read = Exact().decode(go_type, value)
    except TypeMismatch as error:
        raise ConvertError(str(error)) from error
    return ABSENT if read is None else read


def _struct(go_type: GoType, value: Any, path: str, unknown: list[str]) -> Any:
    if not isinstance(value, dict):
        raise ConvertError(f"cannot restore struct from: {_kind(value)}")
    prefix, result = f"{path}." if path else "", dict[str, Any]()
    for field in go_type.fields.values():
        if field.name in value:
            put(result, field, _value(field.type, value[field.name], prefix + field.name, unknown))
    unknown += [f'unknown field "{prefix}{key}"' for key in value if key not in go_type.fields]
    return complete(go_type, result)


def _map(go_type: GoType, value: Any, path: str, unknown: list[str]) -> Any:
    if not isinstance(value, dict):
        raise ConvertError(f"cannot restore map from {_kind(value)}")
    element = go_type.element
    decoded = ((key, _value(element, item, path, unknown)) for key, item in value.items())
    return {key: zero(element) if item is ABSENT else item for key, item in decoded}


def _list(go_type: GoType, value: Any, path: str, unknown: list[str]) -> Any:
    if not isinstance(value, list):
        raise ConvertError(f"cannot restore slice from {_kind(value)}")
    element = go_type.element
    decoded = (_value(element, item, f"{path}[{index}]", unknown) for index, item in enumerate(value))
    return [zero(element) if item is ABSENT else item for item in decoded]


def _read(kind: str, value: Any) -> Any:
    if kind == "intorstring":
        if isinstance(value, str) or (_is_int(value) and -(1 << 31) <= value < 1 << 31):
            return value
        raise ConvertError(f"json: cannot unmarshal {_json(value)} into Go value of type int32")
    if kind != "quantity" and not isinstance(value, str):
        raise ConvertError(f"json: cannot unmarshal {_json(value).partition(' ')[0]} into Go value of type string")
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, int | float) else "{}"
    try:
        return _READERS[kind](text)
    except ScalarError as error:
        raise ConvertError(str(error)) from error


def _bytes(value: Any) -> Any:
    if not isinstance(value, str):
        raise ConvertError(f"cannot restore slice from {_kind(value)}")
    try:
        return canonical_bytes(value)
    except ScalarError as error:
        raise ConvertError(f"error decoding from json: {error}") from error


def _scalar(go_type: GoType, value: Any) -> Any:
    kind = go_type.kind
    if kind == "string" and isinstance(value, str):
        return value
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind in NUMBERS:
        if _is_int(value) or (isinstance(value, float) and value.is_integer()):
            return _wrapped(int(value), NUMBERS[kind])
        if isinstance(value, float):
            raise ConvertError(f"cannot convert float64 to {go_type.name}")
    if kind == "double" and isinstance(value, int | float) and not isinstance(value, bool):
        return value
    if kind == "string" and _is_int(value):
        raise ConvertError(f"cannot convert int64 to {go_type.name}")
    raise ConvertError(f"unrecognized type: {_GO_KINDS.get(kind, kind)}")


def _wrapped(value: int, bits: int) -> int:
    """As a Go conversion between integer types: what does not fit is cut off."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _is_int(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    names: dict[type, str] = {str: "string", int: "int64", float: "float64", dict: "map", list: "slice"}
    return names[type(value)]


def _json(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return f"number {value}"
    names: dict[type, str] = {str: "string", dict: "object", list: "array"}
    return names[type(value)]
