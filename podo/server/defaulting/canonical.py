"""The canonical form of an object: what Kubernetes' own typed codec would write after reading it.

A typed field is a pointer (its zero value is kept: `replicas: 0`), a value that is left out when zero (`hostNetwork:
false` vanishes), or a value that is always written (`status: {}`, `resources: {}`, `containers: null`). Which is which
stands in `presence.json`; the rest comes from the field tables. Quantities and times get their canonical spelling.
"""

from collections.abc import Callable
from copy import deepcopy
from functools import cache, partial
from pathlib import Path
from typing import Any

import msgspec

from podo.api import schema
from podo.server.defaulting.scalars import quantity_text, time_text

Object = dict[str, Any]
Convert = Callable[[Any], Any]
SCALARS = {"quantity": quantity_text, "time": time_text}
ZERO = {"string": "", "number": 0, "bool": False, "quantity": "0", "intorstring": 0, "null": None}


class Presence(msgspec.Struct, frozen=True):
    """How the fields of one type are written."""

    pointers: frozenset[str] = frozenset()
    always: dict[str, str] = {}  # JSON name → which zero value


class Plan:
    """What to do with each field of one type; built once, and possibly while a type it contains is being built."""

    __slots__ = ("always", "fields")

    def __init__(self) -> None:
        self.fields: dict[str, tuple[bool, Convert | None]] = {}  # name → (drop if zero, how to convert)
        self.always: list[tuple[str, Callable[[], Any]]] = []  # name → its zero value, fresh


@cache
def _presence() -> dict[str, Presence]:
    raw = (Path(__file__).parent / "presence.json").read_bytes()
    return msgspec.json.decode(raw, type=dict[str, Presence])


_plans: dict[str, Plan] = {}
_NONE = Presence()


def plan_of(name: str) -> Plan:
    """The plan for a type by its full name (`core.v1.Pod`). Raises KeyError for an unknown one."""
    plan = _plans.get(name)
    if plan is not None:
        return plan
    _plans[name] = plan = Plan()
    presence = _presence().get(name, _NONE)
    for key, field in schema.type_of(name).fields.items():
        nullable = presence.always.get(key, "null") == "null"  # an empty list reads back as null, as from the store
        as_it_is = field.shape == "" and field.type in schema.FREE_FORM  # even {} says something
        plan.fields[key] = (nullable and not as_it_is and key not in presence.pointers, _converter(field))
        if key in presence.always:
            plan.always.append((key, _zero(presence.always[key], field.type)))
    return plan


def _zero(kind: str, type_name: str) -> Callable[[], Any]:
    if kind != "struct":
        return partial(ZERO.__getitem__, kind)
    zero = canonical({}, plan_of(type_name))
    return partial(deepcopy, zero) if any(isinstance(v, dict) for v in zero.values()) else zero.copy


def _converter(field: schema.Field) -> Convert | None:
    """How a present, non-null value of the field is converted; None if it is taken as it is."""
    one: Convert | None = SCALARS.get(field.type)
    if "." in field.type:
        plan = plan_of(field.type)

        def one(value: Any) -> Any:
            return canonical(value, plan) if isinstance(value, dict) else value

    if field.shape == "":
        return one
    if field.shape == "list":
        return _list_of(one, "." in field.type)
    if field.shape == "map":
        return _map_of(one, ZERO["string"] if field.type in ("string", "bytes") else None)
    return None


def _list_of(one: Convert | None, structs: bool) -> Convert:
    if one is None:
        return lambda value: value
    if structs:
        return lambda value: [one({} if item is None else item) for item in value]
    return lambda value: [one(item) for item in value]


def _map_of(one: Convert | None, zero: Any) -> Convert:
    if one is not None:
        return lambda value: {key: one(item) for key, item in value.items()}
    if zero is None:
        return lambda value: value
    return lambda value: (
        {key: zero if item is None else item for key, item in value.items()} if None in value.values() else value
    )


def canonical(obj: Object, plan: Plan, like: Object = {}) -> Object:  # noqa: B006 - never changed
    """Bring `obj` into canonical form in place, and return it. Unknown fields are dropped.

    `like` is an object in canonical form already: what is equal to its fields is left as it is.
    """
    fields, dropped = plan.fields, None
    for key, value in obj.items():
        rule = fields.get(key)
        if rule is None or value is None or (not value and rule[0]):
            dropped = [key] if dropped is None else [*dropped, key]
            continue
        convert = rule[1]
        if convert is not None and (not like or value != like.get(key)):
            obj[key] = convert(value)
    if dropped is not None:
        for key in dropped:
            del obj[key]
    for key, zero in plan.always:
        if key not in obj:
            obj[key] = zero()
    return obj
