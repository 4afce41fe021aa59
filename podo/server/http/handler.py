"""The chain that every request goes through: who is it, may they, what is it, and the answer or the failure."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol
from urllib.parse import unquote

import msgspec
from aiohttp import web

from podo.api.errors import APIError, BadRequest
from podo.api.selectors import SelectorError, parse_fields
from podo.api.types.apiregistration_v1 import APIService
from podo.clock import Clock
from podo.server.answer import Answer, text_answer
from podo.server.authentication.base import Credentials
from podo.server.authorization.base import Attempt, Authorizer, Verdict, forbidden
from podo.server.authorization.impersonation import Impersonation, wanted_of
from podo.server.context import User
from podo.server.http.encoding import formed
from podo.server.http.negotiation import form_of_failures
from podo.server.http.query import parse_query
from podo.server.http.request_info import RequestInfo, request_info
from podo.server.http.responses import whole
from podo.server.metrics import Requests

log = logging.getLogger("podo.server.http")


class Identify(Protocol):
    """Who a request is from; everyone is someone. Raises Unauthorized."""

    async def authenticate(self, credentials: Credentials) -> User: ...


class PathRequest(NamedTuple):
    """A request for a path that is no resource."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    user: User


PathHandler = Callable[[PathRequest], Awaitable[Answer]]
"""Answers for a path that is no resource. Raises APIError."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request on its way through the chain."""

    request: web.BaseRequest
    info: RequestInfo
    query: Mapping[str, str]
    user: User
    check_create: Callable[[], Awaitable[None]]
    """Raises Forbidden if the user may not create what the request would change."""
    warnings: list[str] = field(default_factory=list)


class ResourceHandler(Protocol):
    """Answers for resources."""

    def verb(self, info: RequestInfo, query: Mapping[str, str]) -> RequestInfo:
        """The request with its final verb: `get` may be list or watch, `delete` deletecollection."""
        ...

    async def answer(self, call: Call) -> Answer | web.StreamResponse: ...


class Carrying(Protocol):
    """Carries requests to servers that stand behind this one."""

    def service_for(self, path: str) -> APIService | None:
        """Who answers for a path; None: this server."""
        ...

    async def carry(self, request: web.BaseRequest, service: APIService, user: User) -> Answer | web.StreamResponse: ...


class Handler:
    """What the listening server calls for each request."""

    def __init__(
        self,
        *,
        identify: Identify,
        authorizer: Authorizer,
        resources: ResourceHandler,
        paths: Mapping[str, PathHandler],
        requests: Requests,
        clock: Clock,
        carrier: Carrying | None = None,
    ) -> None:
        """`paths` are exact, or (with a slash at the end) prefixes; the longest that fits counts."""
        self._identify, self._authorizer, self._resources = identify, authorizer, resources
        self._carrier = carrier
        self._impersonation = Impersonation(authorizer)
        self._paths, self._requests, self._clock = dict(paths), requests, clock
        self._prefixes = sorted((path for path in paths if path.endswith("/")), key=len, reverse=True)

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one request; only a client that is gone raises."""
        started = self._clock.monotonic()
        path, _, query_text = request.raw_path.partition("?")
        query = parse_query(query_text) if query_text else _NO_QUERY
        info = request_info(request.method, unquote(path) if "%" in path else path)
        if info.resource:
            info = self._resources.verb(info, query)
        warnings: list[str] = []
        try:
            answer = await self._answer(request, info, query, warnings)
        except APIError as error:
            answer = status_answer(error, request)
        except ConnectionError:
            raise
        except RecursionError:  # nothing of use nests so deep
            answer = status_answer(BadRequest("exceeded max depth"), request)
        except Exception:
            log.exception("%s %s failed", request.method, path)
            answer = status_answer(
                APIError("an error on the server has prevented the request from succeeding"), request
            )
        status = answer.status
        response = await whole(request, answer, warnings) if isinstance(answer, Answer) else answer
        took = self._clock.monotonic() - started
        self._requests.done(info, status, took)
        if log.isEnabledFor(logging.INFO):
            log.info("%s %s %d %.1fms", request.method, request.raw_path, status, took * 1000)
        return response

    async def _answer(
        self, request: web.BaseRequest, info: RequestInfo, query: Mapping[str, str], warnings: list[str]
    ) -> Answer | web.StreamResponse:
        annotations: dict[str, str] = {}
        user = await self._identify.authenticate(credentials_of(request, warnings, annotations))
        attempt = attempt_of(user, info, query)
        if (wanted := wanted_of(request.headers)) is not None:
            user = await self._impersonation.resolve(wanted, attempt)
            attempt = attempt._replace(user=user)
        await self._check(attempt)
        if self._carrier is not None and (service := self._carrier.service_for(info.path)) is not None:
            return await self._carrier.carry(request, service, user)
        if info.resource:
            check_create = partial(self._check, attempt._replace(verb="create"))
            return await self._resources.answer(Call(request, info, query, user, check_create, warnings))
        return await self._path(request, info.path, query, user)

    async def _check(self, attempt: Attempt) -> None:
        """Raises Forbidden for what is not allowed."""
        decision = await self._authorizer.authorize(attempt)
        if decision.verdict is not Verdict.ALLOW:
            raise forbidden(attempt, decision.reason)

    async def _path(self, request: web.BaseRequest, path: str, query: Mapping[str, str], user: User) -> Answer:
        handler = self._paths.get(path)
        if handler is None:
            prefix = next((prefix for prefix in self._prefixes if path.startswith(prefix)), "")
            handler = self._paths.get(prefix)
        if handler is None:
            return text_answer("404 page not found\n", 404)
        return await handler(PathRequest(request.method, path, query, request.headers, user))


_NO_QUERY: Mapping[str, str] = {}


def credentials_of(request: web.BaseRequest, warnings: list[str], annotations: dict[str, str]) -> Credentials:
    """What the request shows of who it is from. Authenticators add to `warnings` and `annotations`."""
    authorization = request.headers.get("Authorization", "")
    token = ""
    if authorization:
        scheme, _, value = authorization.partition(" ")
        token = value.strip() if scheme.lower() == "bearer" else ""
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    if not certificate:
        return Credentials(token=token, warnings=warnings, annotations=annotations)
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    name = next((value for key, value in subject if key == "commonName"), "")
    organizations = tuple(value for key, value in subject if key == "organizationName")
    return Credentials(name, organizations, token, warnings=warnings, annotations=annotations)


def attempt_of(user: User, info: RequestInfo, query: Mapping[str, str]) -> Attempt:
    """What the authorizer is asked."""
    if not info.resource:
        return Attempt(user, info.verb, path=info.path)
    return Attempt(
        user,
        info.verb,
        info.group,
        info.version,
        info.resource,
        info.subresource,
        info.namespace,
        info.name or single_name(info, query),
        info.path,
        query.get("labelSelector", ""),
        query.get("fieldSelector", ""),
    )


def single_name(info: RequestInfo, query: Mapping[str, str]) -> str:
    """The only object that a list or a watch is about, if its field selector says so; else ""."""
    selector = query.get("fieldSelector", "")
    if "metadata.name" not in selector or info.verb not in ("list", "watch"):
        return ""
    try:
        name = parse_fields(selector).exact("metadata.name") or ""
    except SelectorError:
        return ""
    return "" if name in (".", "..") or "/" in name or "%" in name else name


def status_answer(error: APIError, request: web.BaseRequest) -> Answer:
    """The Status for a failure, in the form that the client likes best."""
    headers = {}
    if (after := error.details.get("retryAfterSeconds")) is not None:
        headers["Retry-After"] = str(after)
    form = form_of_failures(request.headers.get("Accept", ""))
    body = msgspec.json.encode(error.status()) + b"\n"
    return formed(body, form, error.code)._replace(headers=headers)
