"""Literals that can never work: patterns, durations and timestamps given as constants."""

from collections.abc import Callable
from typing import Any

from ..errors import EvalError, Issue
from ..patterns import compiled
from ..syntax.tree import Call, ListLiteral, Literal, MapLiteral, Node
from ..times import parse_duration, parse_timestamp
from ..types import Type, unwrap_optional
from ..values import SECOND, checked_timestamp
from .walk import children, walk


def literal_issues(tree: Node) -> list[Issue]:
    """One issue for each constant argument that its function refuses."""
    found: list[Issue] = []
    for node in walk(tree):
        if isinstance(node, Call) and node.name in CONSTANTS and node.args:
            argument = node.args[-1] if node.name == "matches" else node.args[0]
            if isinstance(argument, Literal) and not _works(node.name, argument.value):
                found.append(Issue(argument.at, f"invalid {node.name} argument"))
    return found or mixed_literals(tree)


def mixed_literals(tree: Node) -> list[Issue]:
    """List and map literals of several types; only the arguments of format may be."""
    if isinstance(tree, Call) and tree.name == "format":
        return []
    found: list[Issue] = []
    if isinstance(tree, ListLiteral):
        found = _mixed([(node, _inner(node, index in tree.optional)) for index, node in enumerate(tree.elements)])[:1]
    elif isinstance(tree, MapLiteral):
        found = _mixed([(entry.key, entry.key.known) for entry in tree.entries])
        found += _mixed([(entry.value, _inner(entry.value, entry.optional)) for entry in tree.entries])
    for child in children(tree):
        found += mixed_literals(child)
    return found


def _inner(node: Node, optional: bool) -> Type:
    return unwrap_optional(node.known)[0] if optional else node.known


def _mixed(nodes: list[tuple[Node, Type]]) -> list[Issue]:
    return [
        Issue(node.at, f"expected type '{nodes[0][1]}' but found '{of}'") for node, of in nodes[1:] if of != nodes[0][1]
    ]


def _works(function: str, value: Any) -> bool:
    try:
        return not isinstance(value, str | int) or CONSTANTS[function](value) is not False
    except EvalError:
        return False


def bad_pattern(tree: Node) -> str:
    """What is wrong with the first constant pattern that is searched for; "" when all are sound."""
    for node in walk(tree):
        if isinstance(node, Call) and node.name in ("find", "findAll") and node.target is not None and node.args:
            wanted = node.args[0]
            if isinstance(wanted, Literal) and isinstance(wanted.value, str):
                found = compiled(wanted.value)
                if isinstance(found, str):
                    return found
    return ""


CONSTANTS: dict[str, Callable[[Any], Any]] = {
    "matches": lambda text: not isinstance(text, str) or not isinstance(compiled(text), str),
    "duration": lambda value: parse_duration(value) if isinstance(value, str) else True,
    "timestamp": lambda value: parse_timestamp(value) if isinstance(value, str) else checked_timestamp(value * SECOND),
}
