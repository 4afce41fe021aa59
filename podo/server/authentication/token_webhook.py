"""Tokens that a web service knows: each is sent to it in a TokenReview, and the answer remembered."""

import logging
from typing import Any

import msgspec

from podo.api.errors import APIError, Unauthorized
from podo.client.transport import Request, Transport
from podo.clock import Clock
from podo.server.authentication.base import Credentials, InvalidToken
from podo.server.context import User

GROUP = "authentication.k8s.io"
MOST_REMEMBERED = 4096
log = logging.getLogger(__name__)
Judged = tuple[User, tuple[str, ...]]


class _UserInfo(msgspec.Struct):
    username: str = ""
    uid: str = ""
    groups: list[str] = []
    extra: dict[str, list[str]] = {}


class _Status(msgspec.Struct):
    authenticated: bool = False
    user: _UserInfo = msgspec.field(default_factory=_UserInfo)
    audiences: list[str] = []
    error: str = ""


class _Review(msgspec.Struct):
    status: _Status = msgspec.field(default_factory=_Status)


class TokenWebhook:
    """Authenticates by what the service says."""

    def __init__(
        self, transport: Transport, clock: Clock, *, version: str, seconds: float, audiences: tuple[str, ...]
    ) -> None:
        """`version` of TokenReview; an answer is remembered for `seconds`; `audiences` are the API's own."""
        self._transport, self._clock, self._version = transport, clock, version
        self._seconds, self._audiences = seconds, audiences
        self._known: dict[tuple[str, tuple[str, ...]], tuple[float, Judged | None]] = {}

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Raises Unauthorized where the service cannot be asked."""
        if not credentials.token:
            return None
        try:
            found = await self.judge(credentials.token, self._audiences)
        except InvalidToken as error:
            raise Unauthorized("Unauthorized") from error
        return found[0] if found is not None else None

    async def judge(self, token: str, audiences: tuple[str, ...]) -> Judged | None:
        """The user, and which of the audiences the token is for. Raises InvalidToken where nobody can be asked."""
        key, now = (token, audiences), self._clock.monotonic()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        found = await self._ask(token, audiences)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[key] = (now + self._seconds, found)
        return found

    async def _ask(self, token: str, audiences: tuple[str, ...]) -> Judged | None:
        spec: dict[str, Any] = {"token": token, "audiences": audiences}
        body = {"apiVersion": f"{GROUP}/{self._version}", "kind": "TokenReview", "spec": spec}
        try:
            answer = await self._transport.send(Request("POST", "", body=msgspec.json.encode(body)))
            if answer.status >= 300:
                raise InvalidToken(f"the token webhook answers {answer.status}")
            status = msgspec.json.decode(answer.body, type=_Review).status
        except (APIError, msgspec.DecodeError) as error:
            log.warning("the token webhook cannot be asked: %s", error)
            raise InvalidToken(str(error)) from error
        if not status.authenticated or not status.user.username:
            return None
        fitting = tuple(audience for audience in audiences if audience in status.audiences)
        if status.audiences and not fitting:
            return None  # for others: a service that knows no audiences names none, and means the API's
        user = status.user
        extra = {key: tuple(values) for key, values in user.extra.items()}
        return User(user.username, user.uid, tuple(user.groups), extra), fitting or self._audiences
