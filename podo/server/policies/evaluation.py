"""Run expressions within the budget of one policy."""

import asyncio
from typing import Any, NamedTuple

from podo.cel.environment import PER_CALL_LIMIT
from podo.cel.errors import CostExceeded, EvalError
from podo.cel.policies import Compiled
from podo.server.policies.activation import Activation, Undecided, Variables

POLICY_BUDGET, CONDITIONS_BUDGET = 10_000_000, 2_500_000
"""Cost units for all expressions of a policy on one request, and for a set of match conditions."""
LONG = 50_000
"""Cost units after which others that wait for the server get their turn: some milliseconds."""
SPENT = "validation failed due to running out of cost budget, no further validation rules will be run"


UNCOMPILED = "compilation error: "


class OutOfBudget(Exception):
    """The expressions together cost more than they may."""

    def __init__(self) -> None:
        super().__init__(SPENT)


class Outcome(NamedTuple):
    """What an expression gave, or why it failed."""

    value: Any
    error: str = ""


class Budget:
    """What is left to spend."""

    def __init__(self, limit: int) -> None:
        self.left = limit

    def spend(self, cost: int) -> None:
        """Raises OutOfBudget."""
        if cost > self.left:
            raise OutOfBudget
        self.left -= cost


async def evaluate(expression: Compiled, activation: Activation, budget: Budget) -> Outcome:
    """Run an expression; failures are outcomes. Raises OutOfBudget."""
    if expression.program is None:
        return Outcome(None, f"{UNCOMPILED}{expression.error}")
    while True:
        try:
            result = expression.program.run(activation)
        except Undecided as question:
            await activation.decisions.make(question.check)
            continue
        except (EvalError, CostExceeded) as error:
            budget.spend(PER_CALL_LIMIT if isinstance(error, CostExceeded) else 0)
            await asyncio.sleep(0)
            _spend_on_variables(activation, budget)
            return Outcome(None, f"expression '{expression.source}' resulted in error: {error}")
        _spend_on_variables(activation, budget)
        budget.spend(result.cost)
        if result.cost > LONG:
            await asyncio.sleep(0)  # it is others' turn
        return Outcome(result.value)


def _spend_on_variables(activation: Activation, budget: Budget) -> None:
    variables = activation.get("variables")
    if isinstance(variables, Variables):
        spent, variables.cost = variables.cost, 0
        budget.spend(spent)
