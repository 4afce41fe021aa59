"""Turn a checked tree into closures, one a node. A closure takes the frame and gives the value."""

import math
from collections.abc import Callable
from typing import Any

from ..errors import EvalError
from ..functions import Functions
from ..syntax.tree import (
    Call,
    Comprehension,
    Ident,
    ListLiteral,
    Literal,
    MapLiteral,
    Node,
    Select,
    StructLiteral,
)
from ..values import NONE, Optional, Struct
from . import folds
from .calls import call_step
from .frame import Frame, Step
from .operators import BINARY, UNARY, has_key, is_in, shown_key

LIST_COST, MAP_COST, STRUCT_COST = 10, 30, 40


class Compiler:
    """Compiles one tree; `slots` is how many slots its folds need."""

    def __init__(self, functions: Functions, constants: dict[str, Any]) -> None:
        self.functions = functions
        self.slots = 0
        self._constants = constants
        self._places: dict[str, list[int]] = {}

    def step(self, node: Node) -> Step:
        """The closure of a node; a constant is made once and costs nothing."""
        step = STEPS[type(node)](self, node)
        return folded(step) if constant(node) else step

    def place(self, name: str) -> int:
        """A slot for a fold's variable, until `leave`."""
        slot = self.slots
        self.slots += 1
        self._places.setdefault(name, []).append(slot)
        return slot

    def leave(self, *names: str) -> None:
        for name in names:
            if name:
                self._places[name].pop()

    def _literal(self, node: Literal) -> Step:
        value = node.value
        return lambda frame: value

    def _ident(self, node: Ident) -> Step:
        return self._variable(node.name)

    def _variable(self, name: str) -> Step:
        places = self._places.get(name)
        if places:
            return _slot(places[-1])
        if name in self._constants:
            value = self._constants[name]
            return lambda frame: value

        def read(frame: Frame) -> Any:
            frame.cost += 1
            try:
                return frame.variables[name]
            except KeyError:
                raise EvalError(f"no such attribute(s): {name}") from None

        return read

    def _select(self, node: Select) -> Step:
        if node.resolved:
            return self._variable(node.resolved)
        operand, field = self.step(node.operand), node.field
        return _presence(operand, field) if node.test else _selection(operand, field)

    def _call(self, node: Call) -> Step:
        if node.name in LAZY:
            return LAZY[node.name](self, node)
        if node.name == "@in" and constant(node.args[1]):
            return _member_of_constant(self.step(node.args[0]), self.step(node.args[1]))
        binary = BINARY.get(node.name)
        if binary is not None and len(node.args) == 2 and node.target is None:
            run, cost = binary
            if node.name == "_[_]" and isinstance(node.args[1], Ident):
                cost = free
            return _binary(run, cost, self.step(node.args[0]), self.step(node.args[1]))
        unary = UNARY.get(node.name)
        if unary is not None:
            return _unary(unary, self.step(node.args[0]))
        args = [self.step(arg) for arg in ((node.target, *node.args) if node.target else node.args)]
        return call_step(self.functions[node.name], node, args)

    def _list(self, node: ListLiteral) -> Step:
        elements = [self.step(element) for element in node.elements]
        if node.optional:
            return _list_with_optionals(elements, node.optional)

        def build(frame: Frame) -> Any:
            frame.spend(LIST_COST)
            return [element(frame) for element in elements]

        return build

    def _map(self, node: MapLiteral) -> Step:
        entries = [(self.step(entry.key), self.step(entry.value), entry.optional) for entry in node.entries]

        def build(frame: Frame) -> Any:
            frame.spend(MAP_COST)
            made: dict[Any, Any] = {}
            for key_step, value_step, optional in entries:
                key, value = key_step(frame), value_step(frame)
                if has_key(made, key):
                    raise EvalError(f"Failed with repeated key '{shown_key(key)}'")
                if not optional:
                    made[key] = value
                elif _given(shown_key(key), value):
                    made[key] = value.value
            return made

        return build

    def _struct(self, node: StructLiteral) -> Step:
        fields = [(field.key, self.step(field.value), field.optional) for field in node.fields]
        type_name = node.name

        def build(frame: Frame) -> Any:
            frame.spend(STRUCT_COST)
            made: dict[Any, Any] = {}
            for name, value_step, optional in fields:
                value = value_step(frame)
                if not optional:
                    made[name] = value
                elif _given(name, value):
                    made[name] = value.value
            return Struct(type_name, made)

        return build

    def _comprehension(self, node: Comprehension) -> Step:
        return folds.fold_step(self, node)

    def _conditional(self, node: Call) -> Step:
        condition, if_true, if_false = (self.step(arg) for arg in node.args)

        def choose(frame: Frame) -> Any:
            value = condition(frame)
            if value is True:
                return if_true(frame)
            if value is False:
                return if_false(frame)
            raise EvalError("no such overload")

        return choose

    def _and(self, node: Call) -> Step:
        return _logic([self.step(arg) for arg in flat(node, "_&&_")], decides=False)

    def _or(self, node: Call) -> Step:
        return _logic([self.step(arg) for arg in flat(node, "_||_")], decides=True)

    def _not_strictly_false(self, node: Call) -> Step:
        inner = self.step(node.args[0])

        def look(frame: Frame) -> bool:
            frame.cost += 1
            try:
                return inner(frame) is not False
            except EvalError:
                return True

        return look

    def _opt_select(self, node: Call) -> Step:
        operand, field = self.step(node.args[0]), node.args[1]
        assert isinstance(field, Literal)
        name = field.value

        def select(frame: Frame) -> Any:
            value = operand(frame)
            if isinstance(value, Optional):
                value = value.value if value.present else None
            if not isinstance(value, dict) or name not in value:
                return NONE
            frame.cost += 1
            return Optional(value[name])

        return select

    def _optional_or(self, node: Call) -> Step:
        assert node.target is not None
        left, right = self.step(node.target), self.step(node.args[0])
        unwrap = node.name == "orValue"

        def choose(frame: Frame) -> Any:
            value = left(frame)
            if not isinstance(value, Optional):
                raise EvalError("no such overload")
            if not value.present:
                return right(frame)
            return value.value if unwrap else value

        return choose


CONVERSIONS = frozenset({"bool", "bytes", "double", "duration", "dyn", "int", "string", "timestamp", "type", "uint"})


def constant(node: Node) -> bool:
    """Whether the node is made of literals only, in lists, maps and conversions."""
    if isinstance(node, ListLiteral):
        return not node.optional and all(map(constant, node.elements))
    if isinstance(node, MapLiteral):
        return all(not one.optional and constant(one.key) and constant(one.value) for one in node.entries)
    if isinstance(node, Call):
        return node.name in CONVERSIONS and len(node.args) == 1 and node.target is None and constant(node.args[0])
    return isinstance(node, Literal)


def folded(step: Step) -> Step:
    """The constant that a closure gives; what fails does so each time it is asked."""
    try:
        value = step(Frame({}, 0, math.inf))
    except EvalError:
        return step
    return lambda frame: value


def flat(node: Node, name: str) -> list[Node]:
    """The terms of a chain of one logical operator."""
    if isinstance(node, Call) and node.name == name:
        return [term for arg in node.args for term in flat(arg, name)]
    return [node]


def _slot(place: int) -> Step:
    def read(frame: Frame) -> Any:
        frame.cost += 1
        value = frame.slots[place]
        if value.__class__ is EvalError:
            raise value
        return value

    return read


def _selection(operand: Step, field: str) -> Step:
    def select(frame: Frame) -> Any:
        value = operand(frame)
        frame.cost += 1
        if isinstance(value, dict):
            try:
                return value[field]
            except KeyError:
                pass
        elif isinstance(value, Optional):
            inner = value.value
            return Optional(inner[field]) if value.present and isinstance(inner, dict) and field in inner else NONE
        raise EvalError(f"no such key: {field}")

    return select


def _presence(operand: Step, field: str) -> Step:
    def present(frame: Frame) -> bool:
        value: Any = operand(frame)
        if isinstance(value, Optional):
            value = value.value if value.present else None
        return isinstance(value, dict) and field in value

    return present


def _binary(run: Callable[[Any, Any], Any], cost: Callable[[Any, Any], int], left: Step, right: Step) -> Step:
    def call(frame: Frame) -> Any:
        try:
            one, other = left(frame), right(frame)
        except EvalError:
            frame.cost += 1
            raise
        frame.cost += cost(one, other)
        return run(one, other)

    return call


def free(target: Any, key: Any) -> int:
    """An index that is a variable costs what reading the variable costs."""
    return 0


def _member_of_constant(value_step: Step, within_step: Step) -> Step:
    """`x in ["a", "b"]`: the list is no argument but part of the expression, and costs nothing."""

    def test(frame: Frame) -> bool:
        return is_in(value_step(frame), within_step(frame))

    return test


def _unary(run: Callable[[Any], Any], inner: Step) -> Step:
    def call(frame: Frame) -> Any:
        value = inner(frame)
        frame.cost += 1
        return run(value)

    return call


def _logic(terms: list[Step], *, decides: bool) -> Step:
    """`&&` and `||`: a deciding term wins over the errors of others, whatever their order."""

    def combine(frame: Frame) -> bool:
        fault: EvalError | None = None
        for term in terms:
            try:
                value = term(frame)
            except EvalError as error:
                fault = fault or error
                continue
            if value is decides:
                return bool(decides)
            if value is not (not decides):
                fault = fault or EvalError("no such overload")
        if fault is not None:
            raise fault
        return not decides

    return combine


def _list_with_optionals(elements: list[Step], optional: frozenset[int]) -> Step:
    def build(frame: Frame) -> Any:
        frame.spend(LIST_COST)
        made: list[Any] = []
        for index, element in enumerate(elements):
            value = element(frame)
            if index not in optional:
                made.append(value)
            elif not isinstance(value, Optional):
                raise EvalError(f"cannot initialize optional list element from non-optional value {value}")
            elif value.present:
                made.append(value.value)
        return made

    return build


def _given(name: str, value: Any) -> bool:
    if not isinstance(value, Optional):
        raise EvalError(f"cannot initialize optional entry '{name}' from non-optional value {value}")
    return value.present


LAZY: dict[str, Callable[[Compiler, Any], Step]] = {
    "_?_:_": Compiler._conditional,
    "_&&_": Compiler._and,
    "_||_": Compiler._or,
    "@not_strictly_false": Compiler._not_strictly_false,
    "_?._": Compiler._opt_select,
    "or": Compiler._optional_or,
    "orValue": Compiler._optional_or,
}
STEPS: dict[type[Node], Callable[[Compiler, Any], Step]] = {
    Literal: Compiler._literal,
    Ident: Compiler._ident,
    Select: Compiler._select,
    Call: Compiler._call,
    ListLiteral: Compiler._list,
    MapLiteral: Compiler._map,
    StructLiteral: Compiler._struct,
    Comprehension: Compiler._comprehension,
}
