"""The tree of an expression. A node knows where it stands; the checker writes its type and overloads on it."""

from collections.abc import Sequence
from typing import Any

from ..types import Type


class Node:
    """Shared by all nodes: `at` is the offset in the source, `type` and `overloads` come from the checker."""

    __slots__ = ("at", "overloads", "type")

    def __init__(self, at: int) -> None:
        self.at = at
        self.type: Type | None = None
        self.overloads: tuple[str, ...] = ()

    @property
    def known(self) -> Type:
        """The type, once checked."""
        assert self.type is not None, "the tree was not checked"
        return self.type


class Literal(Node):
    __slots__ = ("value",)

    def __init__(self, at: int, value: Any) -> None:
        super().__init__(at)
        self.value = value


class Ident(Node):
    __slots__ = ("name",)

    def __init__(self, at: int, name: str) -> None:
        super().__init__(at)
        self.name = name


class Select(Node):
    """`operand.field`; with `test`, `has(operand.field)`. The checker may find that it names a variable: `resolved`."""

    __slots__ = ("field", "operand", "resolved", "test")

    def __init__(self, at: int, operand: Node, field: str, *, test: bool = False) -> None:
        super().__init__(at)
        self.operand, self.field, self.test = operand, field, test
        self.resolved = ""


class Call(Node):
    """A call; with a target, `target.name(args)`. The checker takes the target away from a namespaced function."""

    __slots__ = ("args", "name", "target")

    def __init__(self, at: int, name: str, args: Sequence[Node], target: Node | None = None) -> None:
        super().__init__(at)
        self.name, self.args, self.target = name, list(args), target


class ListLiteral(Node):
    __slots__ = ("elements", "optional")

    def __init__(self, at: int, elements: Sequence[Node], optional: frozenset[int] = frozenset()) -> None:
        super().__init__(at)
        self.elements, self.optional = list(elements), optional


class Entry:
    """An entry of a map or a field of a struct; `key` is a node or a field's name."""

    __slots__ = ("at", "key", "optional", "value")

    def __init__(self, at: int, key: Any, value: Node, *, optional: bool) -> None:
        self.at, self.key, self.value, self.optional = at, key, value, optional


class MapLiteral(Node):
    __slots__ = ("entries",)

    def __init__(self, at: int, entries: Sequence[Entry]) -> None:
        super().__init__(at)
        self.entries = list(entries)


class StructLiteral(Node):
    __slots__ = ("fields", "name")

    def __init__(self, at: int, name: str, fields: Sequence[Entry]) -> None:
        super().__init__(at)
        self.name, self.fields = name, list(fields)


class Comprehension(Node):
    """A fold over a list or map. `second` is empty with one variable; `macro` names the macro it was written as."""

    __slots__ = ("accu", "condition", "first", "init", "macro", "over", "result", "second", "step")

    def __init__(
        self, at: int, *, over: Node, first: str, second: str = "", accu: str, init: Node, condition: Node,
        step: Node, result: Node, macro: str = "",
    ) -> None:  # fmt: skip
        super().__init__(at)
        self.over, self.first, self.second, self.accu = over, first, second, accu
        self.init, self.condition, self.step, self.result = init, condition, step, result
        self.macro = macro

    @property
    def binds(self) -> bool:
        """Whether it only gives a value a name (cel.bind, optMap): the range is empty and never walked."""
        return (
            isinstance(self.over, ListLiteral)
            and not self.over.elements
            and isinstance(self.condition, Literal)
            and self.condition.value is False
            and self.accu != ACCUMULATOR
        )


ACCUMULATOR = "@result"


def qualified(node: Node) -> str | None:
    """`a.b.c` when the node is a chain of plain selections from an identifier."""
    if isinstance(node, Ident):
        return node.name
    if isinstance(node, Select) and not node.test:
        prefix = qualified(node.operand)
        return None if prefix is None else f"{prefix}.{node.field}"
    return None
