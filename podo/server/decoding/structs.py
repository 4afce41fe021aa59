"""The short way: types of the field tables as msgspec structs, which check and normalise a clean object in C.

What Go leaves out of JSON (zero values of fields with omitempty) is left out, what it always writes (`resources: {}`)
is filled in. Whatever is not clean (unknown fields, wrong types, nulls, times and quantities that need thought) raises
`NotClean`, and takes the exact way.
"""

import sys
from functools import cache
from typing import Annotated, Any

import msgspec

from podo.api import quantity

from .go_types import ANY, LIST, MAP, STRUCT, GoField, GoType, struct, zero

_DAY = r"(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d"


class Quantity(str):
    """A quantity on its way through msgspec."""


_SCALARS: dict[str, Any] = {
    "string": str,
    "bool": bool,
    "double": float,
    "bytes": bytes,
    "int32": Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)],
    "int64": Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)],
    "time": Annotated[str, msgspec.Meta(pattern=rf"^\d{{4}}-{_DAY}T{_CLOCK}Z$")],
    "microtime": Annotated[str, msgspec.Meta(pattern=rf"^\d{{4}}-{_DAY}T{_CLOCK}\.\d{{6}}Z$")],
    "quantity": Quantity,
    "intorstring": Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)] | str,
}
_ANNOTATIONS = {  # of the fields in which that type contains itself
    "jsonschemapropsorarray": "list[{0}] | {0} | None",
    "jsonschemapropsorbool": "bool | {0} | None",
    "jsonschemapropsorstringarray": "list[str] | {0} | None",
}


class NotClean(Exception):
    """The object must take the exact way."""


def normalised(table: str, value: Any) -> dict[str, Any]:
    """The object as Go would write it. Raises NotClean."""
    try:
        found = msgspec.convert(value, _struct(table), dec_hook=_read)
    except (msgspec.ValidationError, RecursionError, quantity.QuantityError) as error:
        raise NotClean from error
    result: dict[str, Any] = msgspec.to_builtins(found, enc_hook=str)
    return result


def _read(wanted: type, value: Any) -> Any:
    if wanted is Quantity and isinstance(value, str | int) and not isinstance(value, bool):
        return Quantity(quantity.canonical(str(value)))
    raise NotClean


@cache
def _struct(table: str) -> Any:
    """The struct of a type; types that contain themselves refer to it by its name in this module."""
    name = table.replace(".", "_")
    fields = [_field(f, table) for f in struct(table).fields.values()]
    made = msgspec.defstruct(
        name, fields, module=__name__, kw_only=True, omit_defaults=True, forbid_unknown_fields=True, gc=False
    )
    setattr(sys.modules[__name__], name, made)
    return made


def _field(field: GoField, within: str) -> tuple[str, Any, Any]:
    attribute = "f_" + "".join(c if c.isalnum() else "_" for c in field.name)
    wanted = _type(field.type, within)
    if field.always:
        return attribute, *_filled(field, wanted)
    if field.type.kind in (LIST, MAP) and not field.pointer:
        factory = list if field.type.kind == LIST else dict
        return attribute, wanted, msgspec.field(default_factory=factory, name=field.name)
    if field.pointer or field.type.kind not in ("string", "bool", "bytes", "int32", "int64", "double"):
        return attribute, _or_null(wanted), msgspec.field(default=None, name=field.name)
    default = b"" if field.type.kind == "bytes" else zero(field.type)
    return attribute, wanted, msgspec.field(default=default, name=field.name)


def _filled(field: GoField, wanted: Any) -> tuple[Any, Any]:
    """(type, default) of a field that is always written: msgspec leaves out only what it knows to be constant."""
    if field.type.kind == STRUCT and not field.pointer:
        return wanted, msgspec.field(default_factory=wanted, name=field.name)
    blank = None if field.pointer else zero(field.type)
    default = msgspec.field(default_factory=lambda: blank, name=field.name)
    return (_or_null(wanted) if blank is None else wanted), default


def _or_null(wanted: Any) -> Any:
    return f"{wanted} | None" if isinstance(wanted, str) else wanted | None


def _type(go_type: GoType, within: str) -> Any:
    """The type for msgspec, as text where it mentions the struct that is being made."""
    if go_type.kind == STRUCT:
        return within.replace(".", "_") if go_type.table == within else _struct(go_type.table)
    if go_type.kind in (LIST, MAP):
        inner = _type(go_type.element, within)
        if isinstance(inner, str):
            return f"list[{inner}]" if go_type.kind == LIST else f"dict[str, {inner}]"
        return list[inner] if go_type.kind == LIST else dict[str, inner]  # type: ignore[valid-type]
    if go_type.kind in _ANNOTATIONS:
        return _ANNOTATIONS[go_type.kind].format(within.replace(".", "_"))
    return Any if go_type.kind in ANY else _SCALARS[go_type.kind]
