"""JSON values: copies, equality that tells 1 from true and from 1.0, and how Go prints them in messages."""

from typing import Any

from ..decoding.quoting import go_quoted


def copy(value: Any) -> Any:
    """A deep copy of a JSON value."""
    if isinstance(value, dict):
        return {k: copy(v) if isinstance(v, dict | list) else v for k, v in value.items()}
    if isinstance(value, list):
        return [copy(v) if isinstance(v, dict | list) else v for v in value]
    return value


def same(left: Any, right: Any) -> bool:
    """Equality by value and type: 1, 1.0 and true are three values, as in Go."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return len(left) == len(right) and all(k in right and same(v, right[k]) for k, v in left.items())
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right)


def plain(value: Any) -> str:
    """As Go's %v prints it: `map[a:1 b:[x y]]`, map keys sorted, strings bare."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{k}:{plain(value[k])}" for k in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(plain, value)) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, float) else str(value)


def source(value: Any) -> str:
    """As Go's %#v prints it: `map[string]interface {}{"a":1}`."""
    if isinstance(value, dict):
        return "map[string]interface {}{" + ", ".join(f"{go_quoted(k)}:{source(value[k])}" for k in sorted(value)) + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(source, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return go_quoted(value) if isinstance(value, str) else plain(value)


def type_name(value: Any) -> str:
    """As Go's %T prints the type of a decoded JSON value."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    names = {str: "string", int: "int64", float: "float64", dict: "map[string]interface {}", list: "[]interface {}"}
    return names[type(value)]


def number(value: float) -> str:
    """As Go's %v prints a float64: the shortest digits; an exponent below 1e-4 and from 1e21 on."""
    digits, _, exponent = repr(value).partition("e")
    if value == 0 or 1e-4 <= abs(value) < 1e21:
        return f"{value:.0f}" if exponent or value.is_integer() else digits
    power = int(exponent or 0)
    return f"{digits.removesuffix('.0')}e{'-' if power < 0 else '+'}{abs(power):02d}"
