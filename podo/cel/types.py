"""CEL's types as values, how they are written in messages, and which stands for which."""

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

Substitution: TypeAlias = "dict[str, Type]"


class Type(NamedTuple):
    """One type: `kind` says what sort; `name` is what messages call it; `params` are element, key and value types."""

    kind: str
    name: str
    params: "tuple[Type, ...]" = ()

    def __str__(self) -> str:
        if self.name == "function" and self.kind == "opaque":
            inner = ", ".join(str(param) for param in self.params[1:])
            return f"({inner}) -> {self.params[0]}"
        if not self.params:
            return self.name
        return f"{self.name}({', '.join(str(param) for param in self.params)})"


DYN = Type("dyn", "dyn")
ERROR = Type("error", "!error!")
NULL = Type("null", "null")
BOOL = Type("bool", "bool")
INT = Type("int", "int")
UINT = Type("uint", "uint")
DOUBLE = Type("double", "double")
STRING = Type("string", "string")
BYTES = Type("bytes", "bytes")
DURATION = Type("duration", "duration")
TIMESTAMP = Type("timestamp", "timestamp")
TYPE = Type("type", "type")

SCALARS = frozenset({"bool", "double", "duration", "int", "timestamp", "uint"})


def list_of(element: Type) -> Type:
    return Type("list", "list", (element,))


def map_of(key: Type, value: Type) -> Type:
    return Type("map", "map", (key, value))


def optional_of(value: Type) -> Type:
    return Type("opaque", "optional_type", (value,))


def type_of(value: Type) -> Type:
    return Type("type", "type", (value,))


def param(name: str) -> Type:
    return Type("param", name)


def struct(name: str) -> Type:
    return Type("struct", name)


def opaque(name: str) -> Type:
    return Type("opaque", name)


def is_optional(of: Type) -> bool:
    return of.kind == "opaque" and of.name == "optional_type"


def unwrap_optional(of: Type) -> tuple[Type, bool]:
    """The type inside an optional, and whether it was one."""
    return (of.params[0], True) if is_optional(of) else (of, False)


def is_scalar(of: Type) -> bool:
    """Whether values of the type always have the same size."""
    return of.kind in SCALARS or (is_optional(of) and is_scalar(of.params[0]))


def params_of(types: tuple[Type, ...]) -> frozenset[str]:
    """The names of the type parameters that occur in the types."""
    found: set[str] = set()
    for of in types:
        if of.kind == "param":
            found.add(of.name)
        elif of.params:
            found |= params_of(of.params)
    return frozenset(found)


def substitute(by: Mapping[str, Type], of: Type, *, free_is_dyn: bool = False) -> Type:
    """The type with every bound parameter replaced; a free one becomes dyn when asked."""
    while of.kind == "param" and of.name in by:
        of = by[of.name]
    if of.kind == "param":
        return DYN if free_is_dyn else of
    if not of.params:
        return of
    return Type(of.kind, of.name, tuple(substitute(by, inner, free_is_dyn=free_is_dyn) for inner in of.params))


def less_specific(first: Type, second: Type) -> bool:
    """Whether the first says no more than the second: equal, or wilder."""
    if first.kind in ("dyn", "param"):
        return True
    if second.kind in ("dyn", "param") or first.kind != second.kind:
        return False
    if first.kind == "type":
        return True
    if first.kind in ("list", "map", "opaque"):
        return first.name == second.name and all(map(less_specific, first.params, second.params))
    return first == second


def most_general(first: Type, second: Type) -> Type:
    return first if less_specific(first, second) else second


NULLABLE = frozenset({"opaque", "struct", "duration", "timestamp", "null"})
EXACT = frozenset({"bool", "bytes", "double", "int", "string", "uint", "duration", "timestamp", "struct"})


def assignable(by: Substitution, first: Type, second: Type) -> bool:
    """Whether one stands where the other is wanted; binds type parameters in `by` as it finds them."""
    if second.kind == "param":
        bound = second.name in by
        if _binds(by, first, second):
            return True
        if bound:
            return False
    if first.kind == "param":
        return _binds(by, second, first)
    if first.kind in ("dyn", "error") or second.kind in ("dyn", "error"):
        return True
    if first.kind == "null":
        return second.kind in NULLABLE
    if second.kind == "null":
        return first.kind in NULLABLE
    if first.kind in EXACT:
        return first == second
    if first.kind == "type":
        return second.kind == "type"
    return (
        first.kind == second.kind
        and first.name == second.name
        and len(first.params) == len(second.params)
        and all(assignable(by, *pair) for pair in zip(first.params, second.params, strict=True))
    )


def _binds(by: Substitution, value: Type, to: Type) -> bool:
    """Try to bind the parameter `to` to the type `value`."""
    if value == to:
        return True
    known = by.get(to.name)
    if known is None:
        if _occurs(by, to, value):
            return False
        by[to.name] = value
        return True
    if value == known:
        return True
    if not assignable(by, value, known):
        return False
    wider = most_general(value, known)
    if not _occurs(by, to, wider):
        by[to.name] = wider
    return True


def _occurs(by: Substitution, what: Type, within: Type) -> bool:
    if what == within:
        return True
    if within.kind == "param":
        known = by.get(within.name)
        return known is not None and _occurs(by, what, known)
    return any(_occurs(by, what, inner) for inner in within.params)
