"""What calls cost at run time, in the units of KEP-2876: a character read is a tenth."""

import math
from collections.abc import Sequence
from typing import Any

from ..values import size

TRAVERSAL, REGEX = 0.1, 0.25
LIST_CREATE, CALL = 10, 1


def by_first(factor: float = TRAVERSAL) -> "Any":
    """Proportional to the size of the first argument."""
    return lambda args, result: math.ceil(size(args[0]) * factor)


def by_result(factor: float) -> "Any":
    return lambda args, result: math.ceil(size(result) * factor)


def one(args: Sequence[Any], result: Any) -> int:
    return 1


def traversal(args: Sequence[Any], result: Any) -> int:
    """Reading the first argument to its leaves."""
    return tree_cost(args[0])


def tree_cost(value: Any) -> int:
    if isinstance(value, str | bytes):
        return int(len(value) * TRAVERSAL)
    if isinstance(value, list):
        return sum(map(tree_cost, value))
    if isinstance(value, dict):
        return sum(tree_cost(key) + tree_cost(inner) for key, inner in value.items())
    return 1


def regex(args: Sequence[Any], result: Any) -> int:
    """A text against a pattern: one more than the text, so that an empty one is not free."""
    return math.ceil((1 + len(args[0])) * TRAVERSAL) * math.ceil(len(args[1]) * REGEX)


def substring(args: Sequence[Any], result: Any) -> int:
    return math.ceil(len(args[0]) * TRAVERSAL) * math.ceil(len(args[1]) * TRAVERSAL)


def product(factor: int) -> "Any":
    """Each of the first against each of the second."""
    return lambda args, result: CALL + size(args[0]) * size(args[1]) * factor


def allocated(factor: float, of: int) -> int:
    """A list made of `of` steps."""
    return int(of * factor) + CALL + LIST_CREATE


def list_of_result(args: Sequence[Any], result: Any) -> int:
    return allocated(1, size(result))


def self_compared(which: int) -> "Any":
    """Each element of an argument against each other."""

    def cost(args: Sequence[Any], result: Any) -> int:
        elements = args[which]
        factor = 2.1 if elements and isinstance(elements[0], str | bytes) else 2.0
        return allocated(factor, len(elements) ** 2)

    return cost
