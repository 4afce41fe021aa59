"""The chain that every request goes through: who is it, may they, what is it, and the answer or the failure."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, Protocol
from urllib.parse import unquote

import msgspec
from aiohttp import web

from podo.api.errors import APIError, BadRequest, Unauthorized
from podo.api.selectors import SelectorError, parse_fields
from podo.api.types.apiregistration_v1 import APIService
from podo.clock import Clock
from podo.server.answer import Answer, text_answer
from podo.server.audit.trail import Auditor, Received, Trail, addresses_of
from podo.server.authentication.base import Credentials
from podo.server.authentication.front_proxy import FrontProxies
from podo.server.authorization.base import Attempt, Authorizer, Verdict, forbidden
from podo.server.authorization.impersonation import Impersonation, wanted_of
from podo.server.context import User
from podo.server.fairness.configured import Fairness
from podo.server.fairness.in_flight import InFlight
from podo.server.fairness.level import Rejected
from podo.server.http.deadlines import TIMEOUT, late, time_limit
from podo.server.http.encoding import formed
from podo.server.http.negotiation import form_of_failures
from podo.server.http.pretty import indented, is_pretty
from podo.server.http.query import parse_query
from podo.server.http.request_info import RequestInfo, request_info
from podo.server.http.request_keys import HEAD, SEAT, TRAIL
from podo.server.http.responses import whole
from podo.server.metrics import LONG, Requests, waits

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


@dataclass(slots=True)
class Notes:
    """What is found out about a request on its way: for its Warning headers, and for the audit log."""

    audit_id: str
    warnings: list[str] = field(default_factory=list)
    annotations: dict[str, str] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    """Seconds that were not the server's own: in a queue, and for webhooks."""
    trail: Trail | None = None


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
    annotations: dict[str, str] = field(default_factory=dict)
    waited: list[float] = field(default_factory=list)
    trail: Trail | None = None
    """Where the audit log follows the request; None if it does not."""


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
        auditor: Auditor | None = None,
        fairness: Fairness | None = None,
        in_flight: InFlight | None = None,
        proxies: FrontProxies | None = None,
        carrier: Carrying | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        """`paths` are exact, or (with a slash at the end) prefixes; the longest that fits counts.

        `fairness`, or else `in_flight`, says whose turn it is; `timeout` is the longest that a request may take.
        """
        self._auditor, self._fairness, self._proxies = auditor, fairness, proxies
        self._in_flight, self._timeout = in_flight, timeout
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
        self._requests.begin(info)
        try:
            return await self._answered(request, info, query, started)
        finally:
            self._requests.end(info)

    async def _answered(
        self, request: web.BaseRequest, info: RequestInfo, query: Mapping[str, str], started: float
    ) -> web.StreamResponse:
        notes = Notes(audit_id_of(request))
        request[HEAD] = b"Audit-Id: %b\r\n" % notes.audit_id.encode()
        try:
            answer = await self._in_time(request, info, query, notes)
        except APIError as error:
            answer = status_answer(error, request)
        except (ConnectionError, asyncio.CancelledError):
            if notes.trail is not None:
                notes.trail.gone()
            raise
        except RecursionError:  # nothing of use nests so deep
            answer = status_answer(BadRequest("exceeded max depth"), request)
        except Exception as error:
            log.exception("%s %s failed", request.method, info.path)
            if notes.trail is not None:
                notes.trail.panic(repr(error))
            answer = status_answer(
                APIError("an error on the server has prevented the request from succeeding"), request
            )
        status = answer.status
        if notes.trail is not None:
            notes.trail.complete(status, answer if isinstance(answer, Answer) else None)
        if isinstance(answer, Answer):
            agent = request.headers.get("User-Agent", "")
            if info.path.startswith("/api") and info.subresource not in LONG and is_pretty(query, agent):
                answer = await indented(answer)
            response: web.StreamResponse = await whole(request, answer, notes.warnings)
        else:
            response = answer
        took = self._clock.monotonic() - started
        size = len(answer.body) if isinstance(answer, Answer) else 0
        self._requests.done(info, status, took, own=took - sum(notes.waited), size=size, dry_run="dryRun" in query)
        if log.isEnabledFor(logging.INFO):
            log.info("%s %s %d %.1fms", request.method, request.raw_path, status, took * 1000)
        return response

    async def _in_time(
        self, request: web.BaseRequest, info: RequestInfo, query: Mapping[str, str], notes: Notes
    ) -> Answer | web.StreamResponse:
        """The answer, or that it took too long. Writes that have begun run to their end all the same."""
        try:
            limit = time_limit(info, query, self._timeout)
        except BadRequest:
            self._follow(request, None, info, notes)
            raise
        if limit is None:
            return await self._answer(request, info, query, notes)
        try:
            async with asyncio.timeout(limit) as running:
                return await self._answer(request, info, query, notes)
        except TimeoutError:
            if not running.expired():
                raise
            self._requests.terminated(info, 504)
            if request.writer.output_size and request.transport is not None:  # no other answer can be given
                request.transport.abort()
                raise ConnectionResetError("the answer took too long") from None
            return late()

    async def _answer(
        self, request: web.BaseRequest, info: RequestInfo, query: Mapping[str, str], notes: Notes
    ) -> Answer | web.StreamResponse:
        user = await self._identified(request, info, notes)
        attempt = attempt_of(user, info, query)
        if (wanted := wanted_of(request.headers)) is not None:
            user, constraint = await self._impersonation.resolve(wanted, attempt)
            attempt = attempt._replace(user=user)
            if notes.trail is not None:
                notes.trail.impersonates(user, constraint)
        if self._in_flight is not None:
            try:
                with self._in_flight.place(user, info):
                    return await self._allowed(request, info, query, attempt, notes)
            except Rejected:
                return self._busy(info)
        if self._fairness is None or waits(info):
            return await self._allowed(request, info, query, attempt, notes)
        if (flow := self._fairness.flow(user, info)) is None:
            return await self._allowed(request, info, query, attempt, notes)
        request[HEAD] += flow.head
        began = self._clock.monotonic()
        try:
            seat = await self._fairness.enter(flow, info, query)
        except Rejected:
            return self._busy(info)
        notes.waited.append(self._clock.monotonic() - began)
        if seat is None:
            return await self._allowed(request, info, query, attempt, notes)
        if info.verb == "watch":
            request[SEAT] = seat
        try:
            return await self._allowed(request, info, query, attempt, notes)
        finally:
            seat.release()

    def _busy(self, info: RequestInfo) -> Answer:
        self._requests.terminated(info, 429)
        return text_answer("Too many requests, please try again later.\n", 429, {"Retry-After": "1"})

    async def _allowed(
        self, request: web.BaseRequest, info: RequestInfo, query: Mapping[str, str], attempt: Attempt, notes: Notes
    ) -> Answer | web.StreamResponse:
        """The answer, if it may be given."""
        await self._check(attempt, notes)
        user = attempt.user
        if self._carrier is not None and (service := self._carrier.service_for(info.path)) is not None:
            return await self._carrier.carry(request, service, user)
        if info.resource:
            check_create = partial(self._check, attempt._replace(verb="create"), notes)
            call = Call(
                request, info, query, user, check_create, notes.warnings, notes.annotations, notes.waited, notes.trail
            )
            return await self._resources.answer(call)
        return await self._path(request, info.path, query, user)

    async def _identified(self, request: web.BaseRequest, info: RequestInfo, notes: Notes) -> User:
        """Who asks. From here on the audit log follows the request. Raises Unauthorized."""
        if self._auditor is None:
            return await self._identify.authenticate(credentials_of(request, notes, info.path, self._proxies))
        received = self._received(request, notes)
        try:
            user = await self._identify.authenticate(credentials_of(request, notes, info.path, self._proxies))
        except Unauthorized:
            self._follow(request, None, info, notes, received)
            raise
        self._follow(request, user, info, notes, received)
        return user

    def _received(self, request: web.BaseRequest, notes: Notes) -> Received:
        addresses = addresses_of(request.headers, request.remote or "")
        agent, at = request.headers.get("User-Agent", ""), self._clock.now()
        return Received(notes.audit_id, request.raw_path, addresses, agent, at)

    def _follow(
        self,
        request: web.BaseRequest,
        user: User | None,
        info: RequestInfo,
        notes: Notes,
        received: Received | None = None,
    ) -> None:
        """Have the audit log follow the request, if there is one."""
        if self._auditor is None:
            return
        received = received or self._received(request, notes)
        notes.trail = self._auditor.begin(received, user, info, notes.annotations)
        if notes.trail is not None:
            request[TRAIL] = notes.trail

    async def _check(self, attempt: Attempt, notes: Notes) -> None:
        """Raises Forbidden for what is not allowed."""
        decision = await self._authorizer.authorize(attempt)
        allowed = decision.verdict is Verdict.ALLOW
        if notes.trail is not None:
            notes.annotations["authorization.k8s.io/decision"] = "allow" if allowed else "forbid"
            notes.annotations["authorization.k8s.io/reason"] = decision.reason
        if not allowed:
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


def audit_id_of(request: web.BaseRequest) -> str:
    """By which name the audit log and the client know the request: the client's own, or a new one."""
    given = request.headers.get("Audit-ID", "")
    if given:
        return given[:64] if given.isascii() else ""
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def credentials_of(
    request: web.BaseRequest, notes: Notes, path: str, proxies: FrontProxies | None = None
) -> Credentials:
    """What a request for `path` shows of who it is from. Authenticators add to the notes."""
    authorization = request.headers.get("Authorization", "")
    token = ""
    if authorization:
        scheme, _, value = authorization.partition(" ")
        token = value.strip() if scheme.lower() == "bearer" else ""
    found = Credentials(token=token, path=path, warnings=notes.warnings, annotations=notes.annotations)
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    if not certificate or transport is None:
        return found
    subject = [pair for part in certificate.get("subject", ()) for pair in part]
    name = next((value for key, value in subject if key == "commonName"), "")
    if proxies is not None and proxies.issued(transport.get_extra_info("ssl_object").getpeercert(binary_form=True)):
        found.proxy, found.headers = name, tuple(request.headers.items())
        return found
    found.common_name, found.not_after = name, str(certificate.get("notAfter", ""))
    found.organizations = tuple(value for key, value in subject if key == "organizationName")
    return found


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
