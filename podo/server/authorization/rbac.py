"""Role based access control."""

from podo.server.authorization.base import Attempt, Decision, Verdict
from podo.server.authorization.policy import Missing, Policy
from podo.server.authorization.rules import allows

REMEMBERED = 20_000
"""How many decisions are remembered until the policy changes."""


class RBAC:
    """Allows what a rule allows; denies nothing."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._version, self._known = -1, dict[tuple[object, ...], Decision]()

    async def authorize(self, attempt: Attempt) -> Decision:
        policy = self._policy
        policy.catch_up()
        if policy.version != self._version or len(self._known) > REMEMBERED:
            self._version = policy.version
            self._known.clear()
        user = attempt.user
        key = (user.name, user.groups, *attempt[1:9])
        decision = self._known.get(key)
        if decision is None:
            decision = self._known[key] = self._decide(attempt)
        return decision

    def _decide(self, attempt: Attempt) -> Decision:
        missing: list[str] = []
        for grant in self._policy.grants(attempt.user, attempt.namespace):
            if isinstance(grant, Missing):
                missing.append(grant.why)
            elif allows(grant.rule, attempt):
                return Decision(Verdict.ALLOW, f"RBAC: allowed by {grant.source}")
        if not missing:
            return Decision(Verdict.NO_OPINION)
        different = list(dict.fromkeys(missing))
        why = different[0] if len(different) == 1 else f"[{', '.join(different)}]"
        return Decision(Verdict.NO_OPINION, f"RBAC: {why}")
