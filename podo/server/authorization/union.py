"""Several authorizers as one."""

from collections.abc import Sequence
from dataclasses import dataclass

from podo.server.authorization.base import Attempt, Authorizer, Decision, Verdict

MASTERS = "system:masters"


class Union:
    """The first that has an opinion counts."""

    def __init__(self, authorizers: Sequence[Authorizer]) -> None:
        self._authorizers = tuple(authorizers)

    async def authorize(self, attempt: Attempt) -> Decision:
        reasons = []
        for authorizer in self._authorizers:
            decision = await authorizer.authorize(attempt)
            if decision.verdict is not Verdict.NO_OPINION:
                return decision
            if decision.reason:
                reasons.append(decision.reason)
        return Decision(Verdict.NO_OPINION, "\n".join(reasons))


@dataclass(frozen=True)
class PrivilegedGroup:
    """Members of one group may do everything."""

    group: str = MASTERS

    async def authorize(self, attempt: Attempt) -> Decision:
        return _YES if self.group in attempt.user.groups else _NO_OPINION


_YES, _NO_OPINION = Decision(Verdict.ALLOW), Decision(Verdict.NO_OPINION)
