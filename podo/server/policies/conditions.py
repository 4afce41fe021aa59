"""Match conditions, of webhooks and of policies: all must be true for the rest to be asked."""

from collections.abc import Sequence
from typing import NamedTuple

from podo.api.types.admissionregistration_v1 import MatchCondition
from podo.cel.admission import admission_environment
from podo.cel.policies import CONDITION, Compiled, compiled
from podo.server.admission.base import refusal
from podo.server.admission_point import Attributes
from podo.server.authorization.base import Authorizer
from podo.server.policies.activation import Activation, Decisions
from podo.server.policies.evaluation import CONDITIONS_BUDGET, Budget, OutOfBudget, evaluate
from podo.server.webhooks.dispatch import Shown


class Met(NamedTuple):
    """Whether the conditions are met; with an error, that could not be told."""

    met: bool
    error: str = ""


async def met(conditions: Sequence[Compiled], activation: Activation) -> Met:
    """One false condition is enough, whatever the others do."""
    budget, faults = Budget(CONDITIONS_BUDGET), list[str]()
    try:
        for condition in conditions:
            outcome = await evaluate(condition, activation, budget)
            if outcome.error:
                faults.append(outcome.error)
            elif outcome.value is False:
                return Met(False)
    except OutOfBudget as error:
        return Met(False, str(error))
    if faults:
        return Met(False, faults[0] if len(faults) == 1 else f"[{', '.join(dict.fromkeys(faults))}]")
    return Met(True)


class WebhookConditions:
    """A `Matching` of webhooks: compiles a webhook's conditions once."""

    def __init__(self, authorizer: Authorizer) -> None:
        self._authorizer = authorizer
        self._compiled: dict[str, Compiled] = {}

    async def met(
        self, conditions: Sequence[MatchCondition], attributes: Attributes, shown: Shown, *, may_fail: bool
    ) -> bool:
        """Whether all are true. Raises Forbidden where one fails, unless `may_fail`: then it is not met."""
        decisions = Decisions(self._authorizer, attributes.ctx.user)
        activation = Activation(attributes, shown.seen, shown.obj, shown.old, decisions)
        result = await met([self._condition(each.expression) for each in conditions], activation)
        if result.error and not may_fail:
            raise refusal(attributes, result.error)
        return result.met

    def _condition(self, source: str) -> Compiled:
        found = self._compiled.get(source)
        if found is None:
            if len(self._compiled) >= 1000:
                self._compiled.clear()
            found = compiled(admission_environment(params=False, authorizer=True), source, CONDITION)
            self._compiled[source] = found
        return found
