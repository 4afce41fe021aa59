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
        of_any_name = (user.name, user.groups, *attempt[1:7], attempt.path)
        decision = self._known.get(of_any_name)
        if decision is not None:
            return decision
        key = (*of_any_name, attempt.name)
        decision = self._known.get(key)
        if decision is None:
            decision, names_matter = self._decide(attempt)
            self._known[key if names_matter else of_any_name] = decision
        return decision

    def _decide(self, attempt: Attempt) -> tuple[Decision, bool]:
        """The decision, and whether it could be another one about an object of another name."""
        missing: list[str] = []
        names_matter = False
        for grant in self._policy.grants(attempt.user, attempt.namespace):
            if isinstance(grant, Missing):
                missing.append(grant.why)
            elif allows(grant.rule, attempt):
                names_matter = names_matter or bool(attempt.resource and grant.rule.resource_names)
                return Decision(Verdict.ALLOW, f"RBAC: allowed by {grant.source}"), names_matter
            elif grant.rule.resource_names:
                names_matter = names_matter or allows(grant.rule, attempt._replace(name=grant.rule.resource_names[0]))
        if not missing:
            return Decision(Verdict.NO_OPINION), names_matter
        different = list(dict.fromkeys(missing))
        why = different[0] if len(different) == 1 else f"[{', '.join(different)}]"
        return Decision(Verdict.NO_OPINION, f"RBAC: {why}"), names_matter
