"""Requests for groups of other servers, carried there with the name of the user.

The other server believes the names because our certificate is from the front-proxy authority (which it reads from the
ConfigMap `extension-apiserver-authentication`). So no header of a client may come through that looks like one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import quote

from aiohttp import ClientError, ClientSession, ClientTimeout, web
from yarl import URL

from podo.api.errors import APIError
from podo.api.types.apiregistration_v1 import APIService
from podo.server.answer import Answer, text_answer
from podo.server.context import User
from podo.server.outgoing.failures import why
from podo.server.outgoing.forwarding import Backend, Unreachable, client_headers, forward
from podo.server.outgoing.services import Place
from podo.server.outgoing.trust import BundleError, ClientCertificate, showing

from .registered import Registered, group_version_of, is_available

SELF = User("system:kube-aggregator", groups=("system:masters",))
PREFIX = "x-remote-"
UNAVAILABLE = "service unavailable\n"
LIMIT = 64 << 20
HTTPS = 443
SAFE_KEY = "!#$&'*+-.^_`|~"


class Resolver(Protocol):
    """Finds endpoints of Services."""

    async def resolve(self, namespace: str, name: str, port: int) -> Place: ...


@dataclass(frozen=True)
class Fetched:
    """An answer read whole."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Carrier:
    """Carries requests; `own` is the certificate of the front proxy (None: other servers cannot know our word)."""

    def __init__(self, registered: Registered, services: Resolver, own: ClientCertificate | None) -> None:
        self.registered, self._services, self._own = registered, services, own

    def service_for(self, path: str) -> APIService | None:
        """The APIService by which another server answers for a path; None: this server does."""
        remote = self.registered.remote()
        if not remote:
            return None
        wanted = group_version_of(path)
        return remote.get(wanted) if wanted is not None else None

    async def carry(self, request: web.BaseRequest, service: APIService, user: User) -> Answer | web.StreamResponse:
        """The other server's answer. Where it does not answer, a text that says so."""
        if not is_available(service):
            return text_answer(UNAVAILABLE, 503)
        try:
            backend = await self.backend(service)
        except BundleError as error:
            return text_answer(f"{error}\n", 500)
        except APIError:
            return text_answer(UNAVAILABLE, 503)
        headers = [(k, v) for k, v in client_headers(request) if not is_identity(k)]
        headers += identity(user)
        headers.append(("Host", backend.place))
        try:
            return await forward(request, backend, request.raw_path, headers, refuse_redirects=True)
        except Unreachable as error:
            return text_answer(f"error trying to reach service: {error}\n", 503)

    async def backend(self, service: APIService) -> Backend:
        """Where the server is. Raises APIError, BundleError."""
        where = service.spec.service
        assert where is not None
        name = f"{where.name}.{where.namespace}.svc"
        insecure = bool(service.spec.insecure_skip_tls_verify)
        tls = showing(self._own, service.spec.ca_bundle, name, insecure=insecure)
        place = await self._services.resolve(where.namespace, where.name, where.port or HTTPS)
        return Backend(place.host, place.port, tls, name)

    async def fetch(
        self, service: APIService, path: str, headers: Mapping[str, str], user: User = SELF, *, within: float = 5.0
    ) -> Fetched:
        """What the server answers to a GET, read whole. Raises APIError, BundleError, Unreachable."""
        backend = await self.backend(service)
        sent = [*headers.items(), *identity(user), ("Host", backend.place)]
        url = URL(f"https://{backend.place}{path}", encoded=True)
        try:
            async with (
                ClientSession(timeout=ClientTimeout(total=within)) as session,
                session.get(
                    url, headers=sent, ssl=backend.tls or False, server_hostname=backend.server_name,
                    allow_redirects=False,
                ) as answer,
            ):  # fmt: skip
                body = bytearray()
                async for piece in answer.content.iter_any():
                    body += piece
                    if len(body) > LIMIT:
                        raise Unreachable(f"the answer to {path} is too large")
                return Fetched(answer.status, bytes(body), answer.headers)
        except (TimeoutError, ClientError, OSError) as error:
            shown = f"https://{backend.place}{path}"
            raise Unreachable(f'Get "{shown}": {why(error, backend.place)}') from error


def is_identity(header: str) -> bool:
    """Whether a server may take a header for one of `identity`: many read underscores as dashes."""
    return header.lower().replace("_", "-").startswith(PREFIX)


def identity(user: User) -> list[tuple[str, str]]:
    """The headers that tell another server who asks."""
    found = [("X-Remote-User", user.name)]
    if user.uid:
        found.append(("X-Remote-Uid", user.uid))
    found += [("X-Remote-Group", group) for group in user.groups]
    found += [
        (f"X-Remote-Extra-{quote(key, safe=SAFE_KEY)}", value)
        for key, values in sorted(user.extra.items())
        for value in values
    ]
    return found
