"""A web service decides: each attempt is sent to it in a SubjectAccessReview, and the answer remembered."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from podo.api.errors import APIError
from podo.api.selectors import EXISTS, IN, NOT_EXISTS, NOT_IN, SelectorError, parse_fields, parse_labels
from podo.client.transport import Request, Transport
from podo.clock import Clock
from podo.server.authentication.reviews import user_info
from podo.server.authorization.base import Attempt, Decision, Verdict

if TYPE_CHECKING:
    from podo.cel.environment import Program

GROUP = "authorization.k8s.io"
MOST_REMEMBERED = 8192
OPERATORS = {IN: "In", NOT_IN: "NotIn", EXISTS: "Exists", NOT_EXISTS: "DoesNotExist"}
NO_OPINION = Decision(Verdict.NO_OPINION)
log = logging.getLogger(__name__)
Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a service is asked. Times are in seconds; `denies`: where it cannot be asked, the answer is no."""

    name: str = "webhook"
    version: str = "v1"
    allowed_for: float = 300.0
    refused_for: float = 30.0
    timeout: float = 30.0
    denies: bool = False


class _Status(msgspec.Struct):
    allowed: bool = False
    denied: bool = False
    reason: str = ""


class _Review(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


class WebhookAuthorizer:
    """Asks a service about what all of `conditions` (CEL over `request`) say that it is to be asked about."""

    def __init__(
        self, transport: Transport, settings: Settings, clock: Clock, conditions: Sequence["Program"] = ()
    ) -> None:
        self._transport, self._settings, self._clock = transport, settings, clock
        self._conditions = tuple(conditions)
        self._known: dict[bytes, tuple[float, Decision]] = {}

    async def authorize(self, attempt: Attempt) -> Decision:
        spec = spec_of(attempt)
        try:
            if not self._concerns(spec):
                return NO_OPINION
        except ValueError as error:
            return self._failed(str(error))
        body = msgspec.json.encode(
            {"apiVersion": f"{GROUP}/{self._settings.version}", "kind": "SubjectAccessReview", "spec": self._sent(spec)}
        )
        now = self._clock.monotonic()
        known = self._known.get(body)
        if known is not None and known[0] > now:
            return known[1]
        decision = await self._ask(body)
        if decision is None:
            return self._failed("it cannot be asked")
        seconds = self._settings.allowed_for if decision.verdict is Verdict.ALLOW else self._settings.refused_for
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[body] = (now + seconds, decision)
        return decision

    def _sent(self, spec: Object) -> Object:
        """The spec in the service's version: v1beta1 has `group` where v1 has `groups`."""
        if self._settings.version == "v1beta1" and "groups" in spec:
            return {("group" if name == "groups" else name): value for name, value in spec.items()}
        return spec

    def _concerns(self, spec: Object) -> bool:
        """Raises ValueError where a condition fails, and none of the others is false."""
        if not self._conditions:
            return True
        from podo.cel import identity

        try:
            return identity.matches(self._conditions, spec)
        except identity.IdentityError as error:
            raise ValueError(str(error)) from error

    async def _ask(self, body: bytes) -> Decision | None:
        """The answer; None where there is none."""
        try:
            async with asyncio.timeout(self._settings.timeout):
                answer = await self._transport.send(Request("POST", "", body=body))
            if answer.status >= 300:
                log.warning("authorizer %s answers %d", self._settings.name, answer.status)
                return None
            status = msgspec.json.decode(answer.body, type=_Review).status
        except (APIError, TimeoutError, msgspec.DecodeError) as error:
            log.warning("authorizer %s: %s", self._settings.name, error)
            return None
        if status.denied:
            return Decision(Verdict.DENY, status.reason)
        return Decision(Verdict.ALLOW if status.allowed else Verdict.NO_OPINION, status.reason)

    def _failed(self, why: str) -> Decision:
        log.warning("authorizer %s: %s", self._settings.name, why)
        return (
            Decision(Verdict.DENY, f"authorizer {self._settings.name} failed") if self._settings.denies else NO_OPINION
        )


def spec_of(attempt: Attempt) -> Object:
    """An attempt as a SubjectAccessReviewSpec."""
    user = user_info(attempt.user)
    spec: Object = {"user": user["username"]} | {
        name: user[name] for name in ("uid", "groups", "extra") if name in user
    }
    if not attempt.resource:
        return spec | {"nonResourceAttributes": {"path": attempt.path, "verb": attempt.verb}}
    given = {
        "namespace": attempt.namespace,
        "verb": attempt.verb,
        "group": attempt.group,
        "version": attempt.version,
        "resource": attempt.resource,
        "subresource": attempt.subresource,
        "name": attempt.name,
    }
    attributes: Object = {name: value for name, value in given.items() if value}
    if labels := _labels(attempt.label_selector):
        attributes["labelSelector"] = {"requirements": labels}
    if fields := _fields(attempt.field_selector):
        attributes["fieldSelector"] = {"requirements": fields}
    return spec | {"resourceAttributes": attributes}


def _labels(text: str) -> list[Object]:
    """What cannot be said is left out, which makes an attempt seem wider than it is."""
    try:
        found = parse_labels(text).requirements if text else ()
    except SelectorError:
        return []
    return [_requirement(each.key, each.operator, each.values) for each in found if each.operator in OPERATORS]


def _fields(text: str) -> list[Object]:
    try:
        found = parse_fields(text).terms if text else ()
    except SelectorError:
        return []
    return [_requirement(each.path, NOT_IN if each.negated else IN, (each.value,)) for each in found]


def _requirement(key: str, operator: str, values: Sequence[str]) -> Object:
    shown = {"key": key, "operator": OPERATORS[operator]}
    return shown | ({"values": sorted(values)} if values else {})
