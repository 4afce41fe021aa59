"""Folds over lists and maps: the macros' loops, each with what an iteration costs, and the general one."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import EvalError
from ..syntax.tree import Call, Comprehension, ListLiteral
from .frame import Frame, Step

if TYPE_CHECKING:
    from .compiler import Compiler

ALL_COST, EXISTS_COST, APPEND_COST = 3, 4, 12


class Loop:
    """The range of a fold and where its variables are kept."""

    __slots__ = ("first", "over", "second")

    def __init__(self, over: Step, first: int, second: int | None) -> None:
        self.over, self.first, self.second = over, first, second

    def walk(self, frame: Frame) -> Iterator[bool]:
        """Set the variables to each element in turn; gives whether it is the last. Stops over the limit."""
        value, slots = self.over(frame), frame.slots
        first, second = self.first, self.second
        if isinstance(value, list):
            pairs: Any = value if second is None else enumerate(value)
        elif isinstance(value, dict):
            pairs = value if second is None else value.items()
        else:
            raise EvalError("no such overload")
        for number, pair in enumerate(pairs, 1):
            frame.spend(0)
            if second is None:
                slots[first] = pair
            else:
                slots[first], slots[second] = pair
            yield number == len(value)


def fold_step(compiler: "Compiler", node: Comprehension) -> Step:
    """The closure of a fold. The range and the first value do not see the fold's variables."""
    if node.binds:
        return _bind(compiler, node)
    over, init = compiler.step(node.over), compiler.step(node.init)
    accu = compiler.place(node.accu)
    loop = Loop(over, compiler.place(node.first), compiler.place(node.second) if node.second else None)
    known = MACRO_LOOPS.get(node.macro)
    if known is not None:
        step = known(compiler, node, loop)
        compiler.leave(node.first, node.second, node.accu)
        return step
    condition, advance = compiler.step(node.condition), compiler.step(node.step)
    compiler.leave(node.first, node.second)
    result = compiler.step(node.result)
    compiler.leave(node.accu)
    return _general(loop, accu, init, condition, advance, result)


def _general(loop: Loop, accu: int, init: Step, condition: Step, advance: Step, result: Step) -> Step:
    def fold(frame: Frame) -> Any:
        frame.slots[accu] = init(frame)
        for _ in loop.walk(frame):
            if condition(frame) is False:
                break
            try:
                frame.slots[accu] = advance(frame)
            except EvalError as error:
                frame.slots[accu] = error
        return result(frame)

    return fold


def _bind(compiler: "Compiler", node: Comprehension) -> Step:
    """A name for a value, evaluated when it is first read."""
    value = compiler.step(node.init)
    slot = compiler.place(node.accu)
    result = compiler.step(node.result)
    compiler.leave(node.accu)

    def bind(frame: Frame) -> Any:
        try:
            frame.slots[slot] = value(frame)
        except EvalError as error:
            frame.slots[slot] = error
        return result(frame)

    return bind


def _predicate(node: Comprehension, at: int) -> Any:
    assert isinstance(node.step, Call)
    return node.step.args[at]


def _all(compiler: "Compiler", node: Comprehension, loop: Loop) -> Step:
    return _quantified(loop, compiler.step(_predicate(node, 1)), decides=False, cost=ALL_COST)


def _exists(compiler: "Compiler", node: Comprehension, loop: Loop) -> Step:
    return _quantified(loop, compiler.step(_predicate(node, 1)), decides=True, cost=EXISTS_COST)


def _quantified(loop: Loop, predicate: Step, *, decides: bool, cost: int) -> Step:
    """all and exists: an element that decides wins over the errors of others."""

    def quantify(frame: Frame) -> bool:
        fault: EvalError | None = None
        for is_last in loop.walk(frame):
            frame.cost += cost
            try:
                value = predicate(frame)
            except EvalError as error:
                fault = fault or error
                continue
            if value is decides:
                frame.cost += 1 if is_last else cost
                return bool(decides)
            if value is not (not decides):
                fault = fault or EvalError("no such overload")
        if fault is not None:
            raise fault
        frame.cost += 1
        return not decides

    return quantify


def _exists_one(compiler: "Compiler", node: Comprehension, loop: Loop) -> Step:
    predicate = compiler.step(_predicate(node, 0))

    def count(frame: Frame) -> bool:
        found = 0
        fault: EvalError | None = None
        for _ in loop.walk(frame):
            try:
                value = predicate(frame)
            except EvalError as error:
                fault = fault or error
                continue
            if value is True:
                frame.cost += 2
                found += 1
            elif value is not False:
                fault = fault or EvalError("no such overload")
        if fault is not None:
            raise fault
        frame.cost += 2
        return found == 1

    return count


def _map(compiler: "Compiler", node: Comprehension, loop: Loop) -> Step:
    """map and transformList, with or without a condition; filter keeps the element itself."""
    call = node.step
    assert isinstance(call, Call)
    keep = None
    if call.name == "_?_:_":
        keep, append = compiler.step(call.args[0]), call.args[1]
    else:
        append = call
    assert isinstance(append, Call)
    assert isinstance(append.args[1], ListLiteral)
    transform = compiler.step(append.args[1].elements[0])

    def collect(frame: Frame) -> list[Any]:
        made: list[Any] = []
        for _ in loop.walk(frame):
            if keep is not None:
                kept = keep(frame)
                if kept is not True:
                    if kept is not False:
                        raise EvalError("no such overload")
                    continue
            frame.spend(APPEND_COST)
            made.append(transform(frame))
        frame.cost += 1
        return made

    return collect


MACRO_LOOPS = {"all": _all, "exists": _exists, "exists_one": _exists_one, "map": _map, "filter": _map}
