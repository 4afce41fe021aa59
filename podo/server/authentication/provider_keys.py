"""The keys of an identity provider: found by OpenID Connect discovery, fetched when a token names one that is new."""

import asyncio
import logging
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import msgspec

from podo.api.errors import APIError
from podo.client.kubeconfig import Credentials
from podo.client.transport import Request, Transport
from podo.clock import Clock

if TYPE_CHECKING:
    from joserfc.jwk import KeySet

PAUSE = 10.0
"""Seconds between two looks for a key, however many tokens name unknown ones."""
log = logging.getLogger(__name__)


class ProviderError(Exception):
    """The provider cannot be reached, or is not what it says; the message says which."""


class Fetch(Protocol):
    """Gets a JSON document. Raises ProviderError."""

    async def __call__(self, url: str) -> bytes: ...


class _Discovery(msgspec.Struct):
    issuer: str = ""
    jwks_uri: str = ""


class ProviderKeys:
    """What a provider signs with. `discovery` is where its description is."""

    def __init__(self, issuer: str, discovery: str, fetch: Fetch, clock: Clock) -> None:
        self._issuer, self._discovery, self._fetch, self._clock = issuer, discovery, fetch, clock
        self._keys: KeySet | None = None
        self._ids: frozenset[str] = frozenset()
        self._looked: float | None = None
        self._lock = asyncio.Lock()

    async def of(self, key_id: str) -> "KeySet | None":
        """The provider's keys, fetched again if `key_id` is not among them; None while there are none."""
        if key_id in self._ids or (self._keys is not None and not key_id):
            return self._keys
        async with self._lock:
            now = self._clock.monotonic()
            if key_id in self._ids or (self._looked is not None and now < self._looked + PAUSE):
                return self._keys
            self._looked = now
            try:
                await self._look()
            except ProviderError as error:
                log.warning("identity provider %s: %s", self._issuer, error)
        return self._keys

    async def _look(self) -> None:
        from joserfc.errors import JoseError
        from joserfc.jwk import KeySet

        try:
            found = msgspec.json.decode(await self._fetch(self._discovery), type=_Discovery)
            if found.issuer != self._issuer:
                raise ProviderError(f"it says that it is {found.issuer!r}")
            keys = msgspec.json.decode(await self._fetch(found.jwks_uri))
            signing = [key for key in keys["keys"] if key.get("use", "sig") == "sig"]
            self._keys = KeySet.import_key_set({"keys": signing})
            self._ids = frozenset(key.get("kid", "") for key in signing)
        except (msgspec.DecodeError, JoseError, KeyError, TypeError, AttributeError, ValueError) as error:
            raise ProviderError(f"its keys cannot be read: {error}") from error


class HTTPSFetch:
    """A `Fetch` over HTTPS. `authority` (PEM) must have signed the servers' certificates; "": those of the machine."""

    def __init__(self, authority: str) -> None:
        self._authority = authority
        self._transports: dict[str, Transport] = {}

    async def __call__(self, url: str) -> bytes:
        parts = urlsplit(url)
        if parts.scheme != "https":
            raise ProviderError(f"{url} is not served over https")
        server = f"https://{parts.netloc}"
        if server not in self._transports:
            self._transports[server] = Transport(Credentials(server=server, ca=self._authority), agent="podo-oidc")
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        try:
            answer = await self._transports[server].send(Request("GET", path))
        except (APIError, OSError) as error:
            raise ProviderError(str(error)) from error
        if answer.status != 200:
            raise ProviderError(f"{url} answers {answer.status}")
        return answer.body

    async def close(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            await transport.close()
