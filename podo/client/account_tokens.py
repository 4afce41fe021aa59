"""Tokens of a service account for a part of podo that asks the API over HTTP under that account, as its peers do."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from podo.api import timestamps
from podo.api.errors import AlreadyExists, NotFound, Unauthorized
from podo.api.types.authentication_v1 import TokenRequest, TokenRequestSpec
from podo.api.types.core_v1 import ServiceAccount
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Client, kind_of
from podo.clock import Clock

NAMESPACE, SECONDS, RENEW_AT = "kube-system", 3600, 0.8
T = TypeVar("T")


class AccountTokens:
    """Makes the account where it is missing, and keeps a token of it until four fifths of its life are over."""

    def __init__(self, client: Client, clock: Clock, account: str) -> None:
        """`client` may create accounts and their tokens."""
        self._client, self._clock, self._account = client, clock, account
        self._token, self._renew_at = "", datetime.min

    async def token(self) -> str:
        """A token that is good for a while. Raises APIError."""
        if not self._token or self._clock.now() >= self._renew_at:
            self._token, self._renew_at = await self._request()
        return self._token

    async def trying(self, ask: Callable[[], Awaitable[T]]) -> T:
        """What `ask` gives; asked again with a new token if its own is refused: the account was deleted."""
        try:
            return await ask()
        except Unauthorized:
            self._token = ""
            return await ask()

    async def _request(self) -> tuple[str, datetime]:
        wanted = TokenRequest(
            metadata=ObjectMeta(name=self._account, namespace=NAMESPACE),
            spec=TokenRequestSpec(expiration_seconds=SECONDS),
        )
        try:
            made = await self._made(wanted)
        except NotFound:
            try:
                await self._client.create(ServiceAccount(metadata=wanted.metadata))
            except AlreadyExists:
                pass  # another server was faster
            made = await self._made(wanted)
        life = timestamps.parse(made.status.expiration_timestamp) - self._clock.now()
        return made.status.token, self._clock.now() + timedelta(seconds=life.total_seconds() * RENEW_AT)

    async def _made(self, wanted: TokenRequest) -> TokenRequest:
        return await self._client.create(wanted, of=kind_of(ServiceAccount), subresource="token")
