"""Service account tokens: who they are of, and whether what they are bound to is there still."""

from dataclasses import dataclass

import msgspec

from podo.api.errors import Unauthorized
from podo.api.timestamps import parse
from podo.api.types.core_v1 import Node, Pod, Secret, ServiceAccount
from podo.clock import Clock
from podo.server.authentication.base import Credentials, Find, InvalidToken
from podo.server.authentication.keys import TokenKey
from podo.server.context import User

PREFIX = "system:serviceaccount:"
GROUP = "system:serviceaccounts"
REMEMBERED, MOST_REMEMBERED = 10.0, 4096
"""For how many seconds it is remembered that a token is well signed and in time, and of how many."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
EXTRA = "authentication.kubernetes.io/"
STALE = "authentication.k8s.io/stale-token"


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


class _Issued(msgspec.Struct):
    iss: str = ""


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


class ServiceAccountTokens:
    """Authenticates by tokens that `issuer` has issued."""

    def __init__(self, issuer: Issuer, find: Find, clock: Clock) -> None:
        self._issuer, self._find, self._clock = issuer, find, clock
        self._known: dict[str, tuple[float, Claims, User]] = {}

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Raises Unauthorized for a token of ours that is good no more: also when what it is bound to has just gone."""
        token, now = credentials.token, self._clock.monotonic()
        if token.count(".") != 2:
            return None
        known = self._known.get(token)
        try:
            if known is not None and known[0] > now:
                claims, user = known[1:]
                self._check_bound(claims.kubernetes)
            else:
                fresh = self.claims(token, self._issuer.audiences)
                if fresh is None:
                    return None
                claims, user = fresh, user_of(fresh)
                if len(self._known) >= MOST_REMEMBERED:
                    self._known.clear()
                self._known[token] = (now + REMEMBERED, claims, user)
        except InvalidToken as error:
            raise Unauthorized("Unauthorized") from error
        self._note_stale(claims, credentials)
        return user

    def _note_stale(self, claims: Claims, credentials: Credentials) -> None:
        """Say in the audit log who uses a token that lives on only for clients that never read it again."""
        warn = claims.kubernetes.warnafter
        if warn and (late := int(self._clock.now().timestamp()) - warn) > 0:
            credentials.annotations[STALE] = f"subject: {claims.sub}, seconds after warning threshold: {late}"

    async def judge(self, token: str, audiences: tuple[str, ...]) -> tuple[User, tuple[str, ...]] | None:
        """The user, and which of the audiences the token is for. Raises InvalidToken."""
        claims = self.claims(token, audiences) if token.count(".") == 2 else None
        if claims is None:
            return None
        return user_of(claims), tuple(audience for audience in audiences if audience in claims.aud)

    def claims(self, token: str, audiences: tuple[str, ...]) -> Claims | None:
        """The claims of a good token for one of `audiences`; None if it is not ours. Raises InvalidToken."""
        payload = self._issuer.key.verify(token)
        if payload is None:
            return None
        try:
            if msgspec.json.decode(payload, type=_Issued).iss != self._issuer.name:
                return None
            claims = msgspec.json.decode(payload, type=Claims)
        except msgspec.ValidationError as error:
            raise InvalidToken(str(error)) from error
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
        self._check(ServiceAccount, bound.namespace, bound.serviceaccount)
        if bound.secret is not None:
            self._check(Secret, bound.namespace, bound.secret)
        if bound.pod is not None:
            self._check(Pod, bound.namespace, bound.pod)
        elif bound.node is not None:
            self._check(Node, "", bound.node)

    def _check(self, cls: type[ServiceAccount] | type[Secret] | type[Pod] | type[Node], place: str, ref: Ref) -> None:
        found = self._find(cls, place, ref.name)
        if found is None or found.metadata.uid != ref.uid:
            raise InvalidToken("service account token has been invalidated")
        deleted = found.metadata.deletion_timestamp
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
