"""What a run of a program carries: variables, the folds' slots, and its cost so far."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from ..errors import CostExceeded

Step: TypeAlias = "Callable[[Frame], Any]"


class Frame:
    """`limit` is the most that this run may cost; closures add to `cost`, loops and costly calls look at the limit."""

    __slots__ = ("cost", "limit", "slots", "variables")

    def __init__(self, variables: Mapping[str, Any], slots: int, limit: float) -> None:
        self.variables = variables
        self.slots: list[Any] = [None] * slots
        self.cost = 0
        self.limit = limit

    def spend(self, cost: int) -> None:
        """Add a cost; raises CostExceeded over the limit."""
        self.cost += cost
        if self.cost > self.limit:
            raise CostExceeded
