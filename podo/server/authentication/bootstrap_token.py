"""Bootstrap tokens: short secrets by which new nodes come in."""

from hmac import compare_digest

from podo.api import bootstrap_tokens as tokens
from podo.api.types.core_v1 import Secret
from podo.clock import Clock
from podo.server.authentication.base import Credentials, Find
from podo.server.context import User


class BootstrapTokens:
    """Authenticates by the tokens in the Secrets of kube-system."""

    def __init__(self, find: Find, clock: Clock) -> None:
        self._find, self._clock = find, clock

    async def authenticate(self, credentials: Credentials) -> User | None:
        parts = tokens.parse_token(credentials.token) if len(credentials.token) == 23 else None
        if parts is None:
            return None
        secret = self._find(Secret, tokens.NAMESPACE, f"{tokens.PREFIX}{parts[0]}")
        if secret is None or secret.type != tokens.SECRET_TYPE or secret.metadata.deletion_timestamp:
            return None
        token = tokens.read(secret.metadata.name, secret.data)
        if token is None or not token.authenticates or not compare_digest(token.secret.encode(), parts[1].encode()):
            return None
        if token.expires is not None and token.expires <= self._clock.now():
            return None
        return User(f"{tokens.USER_PREFIX}{token.id}", groups=token.groups)
