"""A function's overloads: what each takes, gives, does and costs."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from .types import Type, params_of

Cost: TypeAlias = Callable[[Sequence[Any], Any], int]


class Overload(NamedTuple):
    """One signature. A member's first argument is its target. `cost` of a call (arguments, result); None is 1.

    `lazy` marks what the runner does itself (`&&`, `?:`, indexing): it has no `run`.
    """

    id: str
    args: tuple[Type, ...]
    result: Type
    run: Callable[..., Any] | None = None
    member: bool = False
    cost: Cost | None = None


Functions: TypeAlias = Mapping[str, tuple[Overload, ...]]


@lru_cache(maxsize=4096)
def free_params(overload: Overload) -> frozenset[str]:
    """The type parameters of a signature."""
    return params_of((*overload.args, overload.result))


def declare(*libraries: Mapping[str, Sequence[Overload]]) -> dict[str, tuple[Overload, ...]]:
    """One table of several: a function that several declare has the overloads of all."""
    merged: dict[str, tuple[Overload, ...]] = {}
    for library in libraries:
        for name, overloads in library.items():
            merged[name] = (*merged.get(name, ()), *overloads)
    return merged
