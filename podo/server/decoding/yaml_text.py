"""YAML bodies: the first document as the JSON that Kubernetes makes of it, members sorted by name.

Scalars are resolved as go-yaml 2 does (`yes` and `y` are booleans, `017` is octal, dates are strings). Aliases are
expanded under go-yaml's own limits, so a small text cannot become a large object.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from math import isinf
from typing import Any

import yaml

from .json_text import MAX_DEPTH, Number, Pairs
from .quoting import go_quoted
from .yaml_body import YAMLError

_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUE = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"}
_FALSE = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"}
_INT = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"
_PLAIN = "!plain"
_MERGE = object()
MAX_NODES = 200_000
"""A definition of 1 MB has about 50,000. Each takes some 10 µs, in which the server does nothing else."""
_INDENT = re.compile("(?:^|[\r\n\x85\u2028\u2029])[ \t?:-]*")


class _Loader(yaml.CSafeLoader):
    """Leaves plain scalars to us, and tells them from those that are tagged as strings."""


_Loader.yaml_implicit_resolvers = {None: [(_PLAIN, re.compile(""))]}


def parse(body: bytes) -> tuple[Any, list[str]]:
    """(the value as `json_text.parse` gives it, what repeated members strict validation reports). Raises YAMLError."""
    text = body.decode("utf-8", "podo-byte-by-byte")
    check_size(text)
    loader = _Loader(text)
    try:
        node = loader.get_node() if loader.check_node() else None
    except yaml.YAMLError as error:
        raise YAMLError(f"yaml: {_problem(error)}") from error
    except (ValueError, RecursionError) as error:
        raise YAMLError(f"yaml: {error}") from error
    finally:
        loader.dispose()
    if node is None:
        return None, []
    reader = _Reader()
    try:
        value = reader.value(node)
    except RecursionError as error:
        raise YAMLError("yaml: exceeded max depth") from error
    return value, reader.repeated


def check_size(text: str) -> None:
    """Raises YAMLError where the first document nests deeper, or has more nodes, than any of use. Cheap where none can.

    The library composes by recursion in C, and would take the whole process down. Its events come without.
    """
    brackets = text.count("[") + text.count("{")
    nodes = 2 * (brackets + text.count(",") + text.count(":") + text.count("- ") + text.count("\n") + text.count("\r"))
    # a block is deeper only further right; a list may stand right below its key
    if brackets + 2 * max(map(len, _INDENT.findall(text))) + 2 <= MAX_DEPTH and nodes <= MAX_NODES:
        return
    loader, depth, nodes = _Loader(text), 0, 0
    try:
        while not isinstance(event := loader.get_event(), yaml.DocumentEndEvent | yaml.StreamEndEvent):
            nodes += isinstance(event, yaml.NodeEvent)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise YAMLError("yaml: exceeded max depth")
            if nodes > MAX_NODES:
                raise YAMLError(f"yaml: document has more than {MAX_NODES} nodes: send it as JSON")
    except yaml.YAMLError:
        pass  # what is wrong with it, whoever composes it will say: no deeper than here
    finally:
        loader.dispose()


def _problem(error: yaml.YAMLError) -> str:
    if "maximum nesting depth" in str(error):  # newer versions of the library look for themselves
        return "exceeded max depth"
    if not isinstance(error, yaml.MarkedYAMLError):
        return str(error).partition("\n")[0]
    mark = error.problem_mark or error.context_mark
    line = mark.line if mark else 0
    if line and isinstance(error, yaml.scanner.ScannerError):
        line += 1
    return (f"line {line}: " if line else "") + (error.problem or "unknown problem parsing YAML content")


class _Reader:
    """Turns nodes into values. Counts what it reads, and what of it through aliases."""

    def __init__(self) -> None:
        self.repeated: list[str] = []
        self._read, self._aliased, self._alias_depth = 0, 0, 0
        self._seen: set[int] = set()
        self._open: set[int] = set()

    def value(self, node: yaml.Node) -> Any:
        with self._reading(node):
            return self._node(node)

    @contextmanager
    def _reading(self, node: yaml.Node) -> Iterator[None]:
        """Count a node, and all that is read meanwhile as coming through an alias if this one has been read before."""
        key = id(node)
        if key in self._open:
            raise YAMLError(f"yaml: anchor '{_anchor(node)}' value contains itself")
        alias = key in self._seen
        self._seen.add(key)
        self._alias_depth += alias
        self._count()
        self._open.add(key)
        yield
        self._open.discard(key)
        self._alias_depth -= alias

    def _count(self) -> None:
        self._read += 1
        self._aliased += self._alias_depth > 0
        if self._aliased > 100 and self._read > 1000 and self._aliased / self._read > _allowed(self._read):
            raise YAMLError("yaml: document contains excessive aliasing")

    def _node(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            members = self._members(node)
            return Pairs(sorted(members.items()))
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item) for item in node.value]
        return _scalar(node)

    def _members(self, node: yaml.MappingNode) -> dict[str, Any]:
        own: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            self._count()
            key = _key(key_node)
            if key is _MERGE:
                merged = self._merged(value_node) | merged
                continue
            assert isinstance(key, str)
            if key in own:
                self.repeated.append(f"line {key_node.start_mark.line + 1}: key {_shown(key_node)} already set in map")
            own[key] = self.value(value_node)
        return merged | own

    def _merged(self, node: yaml.Node) -> dict[str, Any]:
        """What `<<` brings in: a map, or several, of which the first that has a member counts."""
        if isinstance(node, yaml.MappingNode):
            with self._reading(node):
                return self._members(node)
        if not isinstance(node, yaml.SequenceNode) or not all(isinstance(n, yaml.MappingNode) for n in node.value):
            raise YAMLError("yaml: map merge requires map or sequence of maps as the value")
        result: dict[str, Any] = {}
        for inner in node.value:
            result = self._merged(inner) | result
        return result


def _anchor(node: yaml.Node) -> str:
    return getattr(node, "anchor", None) or "value"


def _allowed(count: int) -> float:
    """Which part of all that is read may come through aliases."""
    if count <= 400_000:
        return 0.99
    return 0.1 if count >= 4_000_000 else 0.99 - 0.89 * (count - 400_000) / 3_600_000


def _key(node: yaml.Node) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        kind = "map" if isinstance(node, yaml.MappingNode) else "sequence"
        raise YAMLError(f"yaml: invalid map key: {kind}")
    if node.value == "<<" and node.tag == _PLAIN:
        return _MERGE
    value = _scalar(node)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        raise YAMLError("unsupported map key of type: %!s(<nil>), key: <nil>, value: <nil>")
    return str(value)


def _shown(node: yaml.Node) -> str:
    value = _scalar(node)
    return go_quoted(value) if isinstance(value, str) and not isinstance(value, Number) else str(value).lower()


def _scalar(node: yaml.Node) -> Any:
    text, tag = str(node.value), str(node.tag)
    typed = tag in (_PLAIN, *(_TAG + name for name in ("null", "bool", "int", "float")))
    return _resolved(text) if typed else text


def _resolved(text: str) -> Any:
    """A plain scalar by go-yaml's rules."""
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    digits = text.replace("_", "")
    if digits and digits[-1:].isalnum() and (digits[0] in "+-.0123456789"):
        if _INT.fullmatch(digits) and (whole := _whole(digits)) is not None:
            return whole
        if _FLOAT.fullmatch(digits) and not isinf(number := float(digits)):
            return Number(repr(int(number)) if number.is_integer() and abs(number) < 1e21 else repr(number))
    if text.lstrip("+-") in (".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"):
        raise YAMLError(f"json: unsupported value: {text}")
    return text


def _whole(digits: str) -> Number | None:
    """A whole number of 64 bits; None for a longer one, which may still be read as another kind of number."""
    sign = "-" if digits[0] == "-" else ""
    body = digits.lstrip("+-")
    if len(body) > 1 and body[0] == "0" and body[1].isdigit():
        body = f"0o{body[1:]}"
    if not body.strip("0"):
        return Number("0")
    if len(body.lstrip("0")) > 67 or int(body, 0) >= 1 << 64:
        return None
    return Number(sign + str(int(body, 0)))
