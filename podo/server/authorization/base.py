"""What an authorizer is asked, and what it answers."""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from podo.api.errors import Forbidden
from podo.server.context import User


class Attempt(NamedTuple):
    """What a user wants to do: a verb on a resource, or (where `resource` is "") on a path.

    `version` is "*" where any will do. Selectors are in their text form, for those who decide by them.
    """

    user: User
    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""
    label_selector: str = ""
    field_selector: str = ""


class Verdict(Enum):
    """DENY is final; after NO_OPINION the next authorizer is asked, and at the end the answer is no."""

    ALLOW = "allow"
    DENY = "deny"
    NO_OPINION = "no opinion"


class Decision(NamedTuple):
    """A verdict, and why."""

    verdict: Verdict
    reason: str = ""


class Authorizer(Protocol):
    """Decides; never raises for a refusal."""

    async def authorize(self, attempt: Attempt) -> Decision: ...


@dataclass(frozen=True)
class AllowAll:
    """Everyone may do everything."""

    async def authorize(self, attempt: Attempt) -> Decision:
        return _YES


_YES = Decision(Verdict.ALLOW)


def forbidden(attempt: Attempt, reason: str) -> Forbidden:
    """The 403 for a refused attempt, in Kubernetes' words."""
    user = attempt.user.name
    if not attempt.resource:
        text = f'forbidden: User "{user}" cannot {attempt.verb} path "{attempt.path}"'
        return Forbidden(f"{text}: {reason}" if reason else text)
    qualified = f"{attempt.resource}.{attempt.group}" if attempt.group else attempt.resource
    what = f"{attempt.resource}/{attempt.subresource}" if attempt.subresource else attempt.resource
    where = f'in the namespace "{attempt.namespace}"' if attempt.namespace else "at the cluster scope"
    text = f'User "{user}" cannot {attempt.verb} resource "{what}" in API group "{attempt.group}" {where}'
    shown = f'{qualified} "{attempt.name}"' if attempt.name else qualified
    details = {"name": attempt.name} if attempt.name else {}
    details |= {"group": attempt.group} if attempt.group else {}
    message = f"{shown} is forbidden: {text}" + (f": {reason}" if reason else "")
    return Forbidden(message, **details, kind=attempt.resource)
