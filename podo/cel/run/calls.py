"""Call a library function: the overload is known from the check, or found by the values where types are dynamic."""

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import EvalError
from ..functions import Overload
from ..syntax.tree import Call
from ..types import DYN, Type
from ..values import kind_of, type_name
from .frame import Frame, Step


def call_step(overloads: tuple[Overload, ...], node: Call, args: list[Step]) -> Step:
    """The closure of a call with its arguments' closures; a member's target is the first of them."""
    candidates = [overload for overload in overloads if overload.id in node.overloads]
    given = (node.target, *node.args) if node.target else node.args
    certain = len(candidates) == 1 and all(arg.known.kind not in ("dyn", "error") for arg in given)
    if certain:
        return _direct(candidates[0], args)
    return _dispatching(node.name, candidates, args)


def _direct(overload: Overload, args: list[Step]) -> Step:
    run, cost = overload.run, overload.cost
    assert run is not None, overload.id
    if len(args) == 1 and cost is None:
        only = args[0]

        def single(frame: Frame) -> Any:
            frame.cost += 1
            return run(only(frame))

        return single

    def call(frame: Frame) -> Any:
        values = [arg(frame) for arg in args]
        result = run(*values)
        frame.spend(1 if cost is None else cost(values, result))
        return result

    return call


def _dispatching(name: str, candidates: list[Overload], args: list[Step]) -> Step:
    tests = [(overload, [accepts(arg) for arg in overload.args]) for overload in candidates]

    def call(frame: Frame) -> Any:
        values = [arg(frame) for arg in args]
        for overload, accepted in tests:
            if all(test(value) for test, value in zip(accepted, values, strict=True)):
                assert overload.run is not None, overload.id
                result = overload.run(*values)
                frame.spend(1 if overload.cost is None else overload.cost(values, result))
                return result
        raise no_such_overload(name, values)

    return call


def no_such_overload(name: str, values: Sequence[Any]) -> EvalError:
    return EvalError(f"no such overload: {name}({', '.join(map(type_name, values))})")


def accepts(wanted: Type) -> Callable[[Any], bool]:
    """Whether a value may stand where the type is wanted; of a list only the first element is looked at."""
    if wanted.kind in ("dyn", "param"):
        return lambda value: True
    if wanted.kind == "list":
        inner = wanted.params[0]
        element = accepts(DYN if inner.kind == "list" else inner)
        return lambda value: isinstance(value, list) and (not value or element(value[0]))
    if wanted.kind in ("struct", "opaque"):
        return lambda value: kind_of(value).name == wanted.name
    return lambda value: kind_of(value).kind == wanted.kind
