"""Service account tokens: who they are of, and whether what they are bound to is there still."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from podo.api.errors import Unauthorized
from podo.api.timestamps import parse
from podo.clock import Clock
from podo.server.authentication.base import Credentials
from podo.server.authentication.keys import TokenKey
from podo.server.context import User

PREFIX = "system:serviceaccount:"
GROUP = "system:serviceaccounts"
REMEMBERED, MOST_REMEMBERED = 10.0, 4096
"""For how many seconds an answer is remembered (as in Kubernetes), and how many are."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
EXTRA = "authentication.kubernetes.io/"

Find = Callable[[str, str, str], Mapping[str, Any] | None]
"""(plural of a core kind, namespace, name) → the object's metadata."""


class Ref(msgspec.Struct, omit_defaults=True):
    """An object in claims."""

    name: str = ""
    uid: str = ""


class Bound(msgspec.Struct, omit_defaults=True):
    """The claim `kubernetes.io`."""

    namespace: str
    serviceaccount: Ref
    pod: Ref | None = None
    secret: Ref | None = None
    node: Ref | None = None
    warnafter: int = 0


class Claims(msgspec.Struct, omit_defaults=True):
    """The claims of a token. Times are seconds since 1970."""

    iss: str
    sub: str
    aud: list[str]
    exp: int
    iat: int
    nbf: int
    kubernetes: Bound = msgspec.field(name="kubernetes.io")
    jti: str = ""


@dataclass(frozen=True)
class Issuer:
    """Who issues tokens, with what key, and for whom where a request does not say."""

    name: str
    key: TokenKey
    audiences: tuple[str, ...]


class InvalidToken(ValueError):
    """A token of ours that is good no more; the message says why."""


class ServiceAccountTokens:
    """Authenticates by tokens that `issuer` has issued."""

    def __init__(self, issuer: Issuer, find: Find, clock: Clock) -> None:
        self._issuer, self._find, self._clock = issuer, find, clock
        self._known: dict[str, tuple[float, User]] = {}

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Raises Unauthorized for a token of ours that is good no more."""
        token, now = credentials.token, self._clock.monotonic()
        if token.count(".") != 2:
            return None
        known = self._known.get(token)
        if known is not None and known[0] > now:
            return known[1]
        try:
            claims = self.claims(token, self._issuer.audiences)
        except InvalidToken as error:
            raise Unauthorized("Unauthorized") from error
        if claims is None:
            return None
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        user = user_of(claims)
        self._known[token] = (now + REMEMBERED, user)
        return user

    def claims(self, token: str, audiences: tuple[str, ...]) -> Claims | None:
        """The claims of a good token for one of `audiences`; None if it is not ours. Raises InvalidToken."""
        payload = self._issuer.key.verify(token)
        if payload is None:
            return None
        try:
            claims = msgspec.json.decode(payload, type=Claims)
        except msgspec.ValidationError as error:
            raise InvalidToken(str(error)) from error
        if claims.iss != self._issuer.name:
            return None
        now = self._clock.now().timestamp()
        if claims.exp + LEEWAY < now:
            raise InvalidToken("service account token has expired")
        if claims.nbf - LEEWAY > now:
            raise InvalidToken("service account token is not valid yet")
        if not set(claims.aud) & set(audiences):
            raise InvalidToken(f"token audiences {claims.aud} is invalid for the target audiences {list(audiences)}")
        self._check_bound(claims.kubernetes)
        return claims

    def _check_bound(self, bound: Bound) -> None:
        self._check("serviceaccounts", bound.namespace, bound.serviceaccount)
        if bound.secret is not None:
            self._check("secrets", bound.namespace, bound.secret)
        if bound.pod is not None:
            self._check("pods", bound.namespace, bound.pod)
        elif bound.node is not None:
            self._check("nodes", "", bound.node)

    def _check(self, plural: str, namespace: str, ref: Ref) -> None:
        found = self._find(plural, namespace, ref.name)
        if found is None or found.get("uid") != ref.uid:
            raise InvalidToken("service account token has been invalidated")
        deleted = found.get("deletionTimestamp")
        if deleted and parse(deleted).timestamp() < self._clock.now().timestamp() - LEEWAY:
            raise InvalidToken("service account token has been invalidated")


def user_of(claims: Claims) -> User:
    """The user that a token's claims name."""
    bound = claims.kubernetes
    extra = {}
    if bound.pod is not None:
        extra[f"{EXTRA}pod-name"], extra[f"{EXTRA}pod-uid"] = (bound.pod.name,), (bound.pod.uid,)
    if bound.node is not None:
        extra[f"{EXTRA}node-name"] = (bound.node.name,)
        if bound.node.uid:
            extra[f"{EXTRA}node-uid"] = (bound.node.uid,)
    if claims.jti:
        extra[f"{EXTRA}credential-id"] = (f"JTI={claims.jti}",)
    groups = (GROUP, f"{GROUP}:{bound.namespace}", "system:authenticated")
    return User(f"{PREFIX}{bound.namespace}:{bound.serviceaccount.name}", bound.serviceaccount.uid, groups, extra)
