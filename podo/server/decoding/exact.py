"""The exact way: a JSON value into a type, with the findings of Go's decoder in its order.

Type errors do not stop the decoder, the first is reported at the end; a value that cannot read itself (a time, a
quantity) stops it at once. Unknown and repeated fields are findings of their own, for strict validation.
"""

from collections.abc import Callable
from typing import Any

from .go_types import ANY, INTERFACE, LIST, MAP, NUMBERS, STRUCT, GoField, GoType, zero
from .json_text import Number, Pairs, plain
from .quoting import go_quoted
from .scalars import ScalarError, canonical_bytes, canonical_microtime, canonical_quantity, canonical_time

MAX_FINDINGS = 100
ABSENT: Any = object()
"""What is decoded from null where Go leaves a zero value."""


class TypeMismatch(ValueError):
    """The value does not fit the type; the message is Go's."""


class Exact:
    """One value being decoded. `findings` are what strict validation reports, in order."""

    def __init__(self, owner: str = "", stack: str = "") -> None:
        """`owner` and `stack` say in which field of which struct the value stands, of one that reads itself."""
        self.findings: list[str] = []
        self._first_error: str | None = None
        self._outer_owner, self._outer_stack = owner, stack
        self._owner, self._stack = "", ""

    def decode(self, go_type: GoType, value: Any) -> Any:
        """The value as Go would write it back. Raises TypeMismatch."""
        result = self._value(go_type, value, "", ABSENT)
        if self._first_error is not None:
            raise TypeMismatch(self._first_error)
        return zero(go_type) if result is ABSENT else result

    def _value(self, go_type: GoType, value: Any, path: str, before: Any) -> Any:
        """The decoded value, ABSENT for none. `before` is what an earlier member of the same name gave."""
        kind = go_type.kind
        if kind == STRUCT:
            return self._struct(go_type, value, path, before)
        if kind == MAP:
            return self._map(go_type, value, path, before)
        if kind == LIST:
            return self._list(go_type, value, path)
        if kind in ANY:
            return _free(value)
        if kind == INTERFACE:
            return self._interface(value, path)
        if kind in _READERS:
            return self._read(go_type, value)
        if kind.startswith("jsonschema"):
            return self._schema_or(kind, value)
        return before if value is None else self._scalar(go_type, value)

    def _mismatch(self, what: str, go_type: GoType) -> str:
        owner = self._outer_owner or self._owner
        if owner:
            stack = ".".join(filter(None, (self._outer_stack, self._stack)))
            return f"json: cannot unmarshal {what} into Go struct field {owner}.{stack} of type {go_type.name}"
        return f"json: cannot unmarshal {what} into Go value of type {go_type.name}"

    def _save(self, what: str, go_type: GoType) -> Any:
        """Note a type error and go on."""
        if self._first_error is None:
            self._first_error = self._mismatch(what, go_type)
        return ABSENT

    def _find(self, text: str) -> None:
        if text not in self.findings and len(self.findings) < MAX_FINDINGS:
            self.findings.append(text)

    def _scalar(self, go_type: GoType, value: Any) -> Any:
        kind = go_type.kind
        if kind == "string" and isinstance(value, str) and not isinstance(value, Number):
            return value
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "bytes" and isinstance(value, str) and not isinstance(value, Number):
            return self._bytes(value)
        if kind in NUMBERS and (text := _spelling(value)) is not None:
            limit = 1 << (NUMBERS[kind] - 1)
            if text.lstrip("-").isdigit() and len(text) < 21 and -limit <= int(text) < limit:
                return int(text)
            return self._save(f"number {text}", go_type)
        if kind == "double" and (text := _spelling(value)) is not None:
            number = float(text)
            return self._save(f"number {text}", go_type) if abs(number) == float("inf") else _whole(number)
        return self._save(_what(value), _BYTES if kind == "bytes" else go_type)

    def _bytes(self, text: str) -> Any:
        try:
            return canonical_bytes(text)
        except ScalarError as error:
            if self._first_error is None:
                self._first_error = str(error)
            return ABSENT

    def _read(self, go_type: GoType, value: Any) -> Any:
        """A value that reads itself: a failure ends the decoding."""
        kind = go_type.kind
        if value is None:
            return ABSENT
        if kind == "intorstring":
            return self._int_or_string(value)
        if kind == "quantity":
            text = value if isinstance(value, str) else _text(value)
        elif isinstance(value, str) and not isinstance(value, Number):
            text = value
        else:
            raise TypeMismatch(self._mismatch(_what(value), _STRING))
        try:
            return _READERS[kind](text)
        except ScalarError as error:
            raise TypeMismatch(str(error)) from error

    def _int_or_string(self, value: Any) -> Any:
        if isinstance(value, str) and not isinstance(value, Number):
            return value
        text = _spelling(value)
        if text is not None and text.lstrip("-").isdigit() and len(text) < 12 and -(1 << 31) <= int(text) < 1 << 31:
            return int(text)
        raise TypeMismatch(self._mismatch(f"number {text}" if text is not None else _what(value), _INT32))

    def _schema_or(self, kind: str, value: Any) -> Any:
        """A JSON schema, or something else, as some fields of JSON schemas allow."""
        stack = ".".join(filter(None, (self._outer_stack, self._stack)))
        inner = Exact(self._outer_owner or self._owner, stack)
        props = GoType(STRUCT, "v1.JSONSchemaProps", table="apiextensions.v1.JSONSchemaProps")
        if _is_object(value):
            return inner.decode(props, value)
        if isinstance(value, bool) and kind == "jsonschemapropsorbool":
            return value
        if isinstance(value, list) and kind == "jsonschemapropsorarray":
            return inner.decode(GoType(LIST, "[]v1.JSONSchemaProps", element=props), value)
        if isinstance(value, list) and kind == "jsonschemapropsorstringarray":
            return inner.decode(GoType(LIST, "[]string", element=_STRING), value)
        if kind == "jsonschemapropsorbool" and value is not None:
            raise TypeMismatch("boolean or JSON schema expected")
        return ABSENT

    def _interface(self, value: Any, path: str) -> Any:
        """Any JSON, in which only repeated members are found fault with."""
        if isinstance(value, Pairs):
            result: dict[str, Any] = {}
            prefix = f"{path}." if path else ""
            for key, member in value:
                if key in result:
                    self._find(f"duplicate field {go_quoted(prefix + key)}")
                result[key] = self._interface(member, prefix + key)
            return result
        if isinstance(value, list):
            return [self._interface(item, f"{path}[{index}]") for index, item in enumerate(value)]
        try:
            return plain(value)
        except OverflowError:
            return self._save(f"number {value}", _FLOAT)

    def _list(self, go_type: GoType, value: Any, path: str) -> Any:
        if value is None:
            return ABSENT
        if not isinstance(value, list) or isinstance(value, Pairs):
            return self._save(_what(value), go_type)
        element, result = go_type.element, []
        for index, item in enumerate(value):
            decoded = self._value(element, item, f"{path}[{index}]", ABSENT)
            result.append(zero(element) if decoded is ABSENT else decoded)
        return result

    def _map(self, go_type: GoType, value: Any, path: str, before: Any) -> Any:
        if value is None:
            return ABSENT
        if not _is_object(value):
            return self._save(_what(value), go_type)
        result = dict(before) if isinstance(before, dict) else {}
        element, seen, prefix = go_type.element, set[str](), f"{path}." if path else ""
        for key, item in value.items():
            if key in seen:
                self._find(f"duplicate field {go_quoted(prefix + key)}")
            seen.add(key)
            decoded = self._value(element, item, prefix + key, ABSENT)
            result[key] = zero(element) if decoded is ABSENT else decoded
        return result

    def _struct(self, go_type: GoType, value: Any, path: str, before: Any) -> Any:
        if value is None:
            return before
        if not _is_object(value):
            return self._save(_what(value), go_type)
        fields, result = go_type.fields, {} if before is ABSENT else dict(before)
        owner, stack = self._owner, self._stack
        prefix, above = f"{path}." if path else "", f"{stack}." if stack else ""
        seen: set[str] = set()
        for key, member in value.items():
            field = fields.get(key)
            if field is None:
                self._find(f"unknown field {go_quoted(prefix + key)}")
                continue
            if key in seen:
                self._find(f"duplicate field {go_quoted(prefix + key)}")
            seen.add(key)
            self._owner, self._stack = go_type.short, f"{above}{field.through}{key}"
            put(result, field, self._value(field.type, member, prefix + key, result.get(key, ABSENT)))
            self._owner, self._stack = owner, stack
        return complete(go_type, result)


def put(result: dict[str, Any], field: GoField, value: Any) -> None:
    """Set a field, or leave it out where Go would."""
    if value is ABSENT or (not field.always and not field.pointer and value in ("", 0, [], {}) and value is not None):
        result.pop(field.name, None)
    else:
        result[field.name] = value


def complete(go_type: GoType, result: dict[str, Any]) -> dict[str, Any]:
    """In the order of the Go struct, with the fields that are written even when they are zero."""
    ordered = {}
    for field in go_type.fields.values():
        if field.name in result:
            ordered[field.name] = result[field.name]
        elif field.always:
            ordered[field.name] = None if field.pointer else zero(field.type)
    return ordered


_READERS: dict[str, Callable[[str], str]] = {
    "time": canonical_time,
    "microtime": canonical_microtime,
    "quantity": canonical_quantity,
}
_READERS["intorstring"] = str
_STRING, _INT32, _BYTES = GoType("string", "string"), GoType("int32", "int32"), GoType("bytes", "[]uint8")
_FLOAT = GoType("double", "float64")


def _is_object(value: Any) -> bool:
    return isinstance(value, Pairs | dict)


def _spelling(value: Any) -> str | None:
    """How a number is spelled, None for what is no number."""
    if isinstance(value, Number):
        return str(value)
    return repr(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(number: float) -> int | float:
    return int(number) if number.is_integer() and abs(number) < 1e21 else number


def _what(value: Any) -> str:
    """What kind of JSON value this is, as messages call it."""
    if isinstance(value, bool):
        return "bool"
    if _spelling(value) is not None:
        return "number"
    return "object" if _is_object(value) else "array" if isinstance(value, list) else "string"


def _text(value: Any) -> str:
    """Something that should have been a string, as text that no reader takes for one."""
    text = _spelling(value)
    return text if text is not None else str(value).lower() if isinstance(value, bool) else "{}"


def _free(value: Any) -> Any:
    """Free-form JSON: as it is, null as nothing."""
    if value is None:
        return ABSENT
    try:
        return plain(value)
    except OverflowError as error:
        raise TypeMismatch(f"json: cannot unmarshal number {error} into Go value of type float64") from error
