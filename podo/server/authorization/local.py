"""What the server's own parts may do: they are asked about as clients over HTTP are, each as the user that it is."""

from podo.api.resources import Resource
from podo.server.authorization.base import Attempt, Authorizer, Verdict, forbidden
from podo.server.authorization.union import MASTERS
from podo.server.context import User

DECISION, REASON = "authorization.k8s.io/decision", "authorization.k8s.io/reason"


class Rights:
    """Asks the authorizer, once there is one. Members of system:masters are not asked about."""

    def __init__(self) -> None:
        self.authorizer: Authorizer | None = None

    def concern(self, user: User) -> bool:
        """Whether `user` has to be asked about at all."""
        return self.authorizer is not None and MASTERS not in user.groups

    async def check(self, attempt: Attempt, annotations: dict[str, str] | None = None) -> None:
        """Raises Forbidden for what is not allowed. The decision goes into the annotations of the audit log."""
        assert self.authorizer is not None
        decision = await self.authorizer.authorize(attempt)
        allowed = decision.verdict is Verdict.ALLOW
        if annotations is not None:
            annotations[DECISION], annotations[REASON] = "allow" if allowed else "forbid", decision.reason
        if not allowed:
            raise forbidden(attempt, decision.reason)


def attempt_at(user: User, verb: str, resource: Resource, namespace: str, name: str, subresource: str) -> Attempt:
    """What the authorizer is asked. A Namespace that is named is in itself, as its path says it."""
    place = name if resource.plural == "namespaces" and not resource.group and name else namespace
    return Attempt(user, verb, resource.group, resource.version, resource.plural, subresource, place, name)
