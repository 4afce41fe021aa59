"""Macros: calls that stand for folds. Standard ones, optionals', two-variable ones, and sortBy."""

import copy
from collections.abc import Callable
from typing import TypeAlias

from .tree import ACCUMULATOR, Call, Comprehension, Ident, ListLiteral, Literal, MapLiteral, Node, Select

Macro: TypeAlias = Callable[[int, Node | None, list[Node]], Node]
UNUSED = "#unused"
SORT_INPUT = "@__sortBy_input__"


class MacroError(Exception):
    """A macro with arguments that it cannot use."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at


def _accu(at: int) -> Ident:
    return Ident(at, ACCUMULATOR)


def _variable(node: Node, message: str) -> str:
    if not isinstance(node, Ident):
        raise MacroError(node.at, message)
    if node.name in (ACCUMULATOR, "__result__"):
        raise MacroError(node.at, "iteration variable overwrites accumulator variable")
    return node.name


def _has(at: int, target: Node | None, args: list[Node]) -> Node:
    if isinstance(args[0], Select):
        return Select(at, args[0].operand, args[0].field, test=True)
    raise MacroError(args[0].at, "invalid argument to has() macro")


class _Fold:
    """What the folds have in common: their variables, one or two, and their place."""

    def __init__(self, at: int, target: Node | None, args: list[Node], *, two: bool, words: str) -> None:
        assert target is not None
        self.at, self.target = at, target
        self.first = _variable(args[0], words)
        self.second = _variable(args[1], words) if two else ""
        if two and self.first == self.second:
            raise MacroError(args[1].at, f"duplicate variable name: {self.first}")
        self.rest = args[2:] if two else args[1:]

    def build(self, macro: str, init: Node, condition: Node, step: Node, result: Node | None = None) -> Comprehension:
        return Comprehension(
            self.at, over=self.target, first=self.first, second=self.second, accu=ACCUMULATOR, init=init,
            condition=condition, step=step, result=result or _accu(self.at), macro=macro,
        )  # fmt: skip

    def literal(self, value: object) -> Literal:
        return Literal(self.at, value)

    def call(self, name: str, *args: Node) -> Call:
        return Call(self.at, name, args)

    def accu(self) -> Ident:
        return _accu(self.at)

    def append(self, element: Node) -> Call:
        return self.call("_+_", self.accu(), ListLiteral(self.at, [element]))

    def when(self, condition: Node | None, step: Node) -> Node:
        return step if condition is None else self.call("_?_:_", condition, step, self.accu())


SIMPLE = "argument must be a simple name"
IDENTIFIER = "argument is not an identifier"


def _all(fold: _Fold) -> Node:
    condition = fold.call("@not_strictly_false", fold.accu())
    return fold.build("all", fold.literal(True), condition, fold.call("_&&_", fold.accu(), fold.rest[0]))


def _exists(fold: _Fold) -> Node:
    condition = fold.call("@not_strictly_false", fold.call("!_", fold.accu()))
    return fold.build("exists", fold.literal(False), condition, fold.call("_||_", fold.accu(), fold.rest[0]))


def _exists_one(fold: _Fold) -> Node:
    one = fold.call("_+_", fold.accu(), fold.literal(1))
    step = fold.call("_?_:_", fold.rest[0], one, fold.accu())
    result = fold.call("_==_", fold.accu(), fold.literal(1))
    return fold.build("exists_one", fold.literal(0), fold.literal(True), step, result)


def _transform_list(fold: _Fold) -> Node:
    keep = fold.rest[0] if len(fold.rest) == 2 else None
    step = fold.when(keep, fold.append(fold.rest[-1]))
    return fold.build("map", ListLiteral(fold.at, []), fold.literal(True), step)


def _filter(fold: _Fold) -> Node:
    step = fold.when(fold.rest[0], fold.append(Ident(fold.at, fold.first)))
    return fold.build("filter", ListLiteral(fold.at, []), fold.literal(True), step)


def _transform_map(fold: _Fold) -> Node:
    keep = fold.rest[0] if len(fold.rest) == 2 else None
    step = fold.call("cel.@mapInsert", fold.accu(), Ident(fold.at, fold.first), fold.rest[-1])
    return fold.build("", MapLiteral(fold.at, []), fold.literal(True), fold.when(keep, step))


def _transform_map_entry(fold: _Fold) -> Node:
    keep = fold.rest[0] if len(fold.rest) == 2 else None
    step = fold.call("cel.@mapInsert", fold.accu(), fold.rest[-1])
    return fold.build("", MapLiteral(fold.at, []), fold.literal(True), fold.when(keep, step))


def _folding(build: Callable[[_Fold], Node], words: str, *, two: bool = False) -> Macro:
    def expand(at: int, target: Node | None, args: list[Node]) -> Node:
        return build(_Fold(at, target, args, two=two, words=words))

    return expand


def _bind(at: int, name: str, value: Node, result: Node) -> Comprehension:
    return Comprehension(
        at, over=ListLiteral(at, []), first=UNUSED, accu=name, init=value, condition=Literal(at, False),
        step=Ident(at, name), result=result,
    )  # fmt: skip


def _opt_map(at: int, target: Node | None, args: list[Node], *, flat: bool = False) -> Node:
    assert target is not None
    if not isinstance(args[0], Ident):
        macro = "optFlatMap" if flat else "optMap"
        raise MacroError(args[0].at, f"{macro}() variable name must be a simple identifier")
    value = Call(at, "value", [], copy.deepcopy(target))
    bound: Node = _bind(at, args[0].name, value, args[1])
    if not flat:
        bound = Call(at, "of", [bound], Ident(at, "optional"))
    none = Call(at, "none", [], Ident(at, "optional"))
    return Call(at, "_?_:_", [Call(at, "hasValue", [], target), bound, none])


def _opt_flat_map(at: int, target: Node | None, args: list[Node]) -> Node:
    return _opt_map(at, target, args, flat=True)


def _sort_by(at: int, target: Node | None, args: list[Node]) -> Node:
    assert target is not None
    if isinstance(target, Literal | MapLiteral):
        words = "sortBy can only be applied to a list, identifier, comprehension, call or select expression"
        raise MacroError(target.at, words)
    keys = MACROS["map", 2, True](at, Ident(at, SORT_INPUT), args)
    sort = Call(at, "@sortByAssociatedKeys", [keys], Ident(at, SORT_INPUT))
    return _bind(at, SORT_INPUT, target, sort)


def _cel_bind(at: int, target: Node | None, args: list[Node]) -> Node:
    """`cel.bind(name, value, expression)`; `bind` of anything else is an ordinary call."""
    if not isinstance(target, Ident) or target.name != "cel":
        return Call(at, "bind", args, target)
    if not isinstance(args[0], Ident):
        raise MacroError(args[0].at, "cel.bind() variable names must be simple identifiers")
    return _bind(at, args[0].name, args[1], args[2])


MACROS: dict[tuple[str, int, bool], Macro] = {
    ("has", 1, False): _has,
    ("all", 2, True): _folding(_all, SIMPLE),
    ("exists", 2, True): _folding(_exists, SIMPLE),
    ("exists_one", 2, True): _folding(_exists_one, SIMPLE),
    ("existsOne", 2, True): _folding(_exists_one, SIMPLE),
    ("map", 2, True): _folding(_transform_list, IDENTIFIER),
    ("map", 3, True): _folding(_transform_list, IDENTIFIER),
    ("filter", 2, True): _folding(_filter, IDENTIFIER),
    ("optMap", 2, True): _opt_map,
    ("optFlatMap", 2, True): _opt_flat_map,
    ("sortBy", 2, True): _sort_by,
    ("all", 3, True): _folding(_all, SIMPLE, two=True),
    ("exists", 3, True): _folding(_exists, SIMPLE, two=True),
    ("existsOne", 3, True): _folding(_exists_one, SIMPLE, two=True),
    ("exists_one", 3, True): _folding(_exists_one, SIMPLE, two=True),
    ("transformList", 3, True): _folding(_transform_list, SIMPLE, two=True),
    ("transformList", 4, True): _folding(_transform_list, SIMPLE, two=True),
    ("transformMap", 3, True): _folding(_transform_map, SIMPLE, two=True),
    ("transformMap", 4, True): _folding(_transform_map, SIMPLE, two=True),
    ("transformMapEntry", 3, True): _folding(_transform_map_entry, SIMPLE, two=True),
    ("transformMapEntry", 4, True): _folding(_transform_map_entry, SIMPLE, two=True),
}
BINDINGS: dict[tuple[str, int, bool], Macro] = {**MACROS, ("bind", 3, True): _cel_bind}
"""The macros with `cel.bind`."""
