"""Tokens of an identity provider (OpenID Connect ID tokens, RFC 7519)."""

import base64
from typing import Any

import msgspec

from podo.api.errors import Unauthorized
from podo.clock import Clock
from podo.server.authentication.base import Credentials, InvalidToken
from podo.server.authentication.configuration import JWT
from podo.server.authentication.provider_keys import Fetch, ProviderKeys
from podo.server.authentication.provider_rules import Rules
from podo.server.context import User

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"]
"""Asymmetric ones alone: a public key must never be taken for a shared secret."""
REMEMBERED, MOST_REMEMBERED, LEEWAY = 10.0, 4096, 300
"""Seconds that an answer is remembered, how many are, and by how many seconds a token may lie in the future."""


class Provider:
    """Authenticates by the tokens of one provider. Others' are left to others."""

    def __init__(self, config: JWT, fetch: Fetch, clock: Clock, audiences: tuple[str, ...] = ()) -> None:
        """`audiences` are the API's own, for which the provider's tokens are taken. Raises OptionError."""
        issuer = config.issuer
        self._issuer, self._wanted, self._clock = issuer.url, frozenset(issuer.audiences), clock
        discovery = issuer.discovery_url or f"{issuer.url.rstrip('/')}/.well-known/openid-configuration"
        self._keys, self._rules, self._audiences = (
            ProviderKeys(issuer.url, discovery, fetch, clock),
            Rules(config),
            audiences,
        )
        self._known: dict[str, tuple[float, User]] = {}

    async def authenticate(self, credentials: Credentials) -> User | None:
        """Raises Unauthorized for a token of the provider that is not good."""
        token, now = credentials.token, self._clock.monotonic()
        known = self._known.get(token)
        if known is not None and known[0] > now:
            return known[1]
        try:
            found = await self._user(token)
        except InvalidToken as error:
            raise Unauthorized("Unauthorized") from error
        if found is None:
            return None
        user, expires = found
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        self._known[token] = (now + min(REMEMBERED, expires - self._clock.now().timestamp()), user)
        return user

    async def judge(self, token: str, audiences: tuple[str, ...]) -> tuple[User, tuple[str, ...]] | None:
        """The user, if the token is meant for the API and the API is asked for. Raises InvalidToken."""
        found = await self._user(token)
        if found is None:
            return None
        fitting = tuple(audience for audience in audiences if audience in self._audiences)
        if not fitting:
            raise InvalidToken(f"the token is not for {list(audiences)}")
        return found[0], fitting

    async def _user(self, token: str) -> tuple[User, float] | None:
        """The user, and until when (seconds since 1970)."""
        if token.count(".") != 2 or _part(token, 1).get("iss") != self._issuer:
            return None
        claims = await self._verified(token)
        now = self._clock.now().timestamp()
        expires, begins = claims.get("exp"), claims.get("nbf", 0)
        if not isinstance(expires, int | float) or expires <= now:
            raise InvalidToken("oidc: token is expired")
        if not isinstance(begins, int | float) or begins > now + LEEWAY:
            raise InvalidToken("oidc: token is not valid yet")
        given = claims.get("aud", [])
        if not self._wanted & ({given} if isinstance(given, str) else {a for a in given if isinstance(a, str)}):
            raise InvalidToken(f"oidc: expected audience in {sorted(self._wanted)} got {given}")
        return self._rules.user(claims), float(expires)

    async def _verified(self, token: str) -> dict[str, Any]:
        from joserfc import jws
        from joserfc.errors import JoseError

        header = _part(token, 0)
        key_id = header.get("kid", "")
        keys = await self._keys.of(key_id if isinstance(key_id, str) else "")
        if keys is None:
            raise InvalidToken("oidc: the provider's keys are not known yet")
        try:
            found = jws.deserialize_compact(token, keys, algorithms=ALGORITHMS)
        except (JoseError, ValueError) as error:
            raise InvalidToken(f"oidc: failed to verify signature: {error}") from error
        claims = msgspec.json.decode(found.payload)
        if not isinstance(claims, dict) or claims.get("iss") != self._issuer:
            raise InvalidToken("oidc: the claims are no object")
        return claims


def _part(token: str, index: int) -> dict[str, Any]:
    """The header or the claims of a token, unverified; {} for what is neither."""
    text = token.split(".")[index]
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return found if isinstance(found, dict) else {}
