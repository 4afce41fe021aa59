"""Whether the server behind an APIService answers: what is checked, and the condition that says it."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from podo.api.errors import APIError, NotFound
from podo.api.types.apiregistration_v1 import APIService
from podo.api.types.core_v1 import Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.server.outgoing.forwarding import Unreachable
from podo.server.outgoing.services import Services, ready_places
from podo.server.outgoing.trust import BundleError
from podo.server.strategy import Object

from .carrying import HTTPS, Carrier
from .registered import AVAILABLE, of, path_of

ATTEMPTS = 5
"""Requests at once of which one must succeed: there may be several servers, and some of them bad."""


class Finding(NamedTuple):
    """The condition Available, without its time."""

    status: str
    reason: str
    message: str


PASSED = Finding("True", "Passed", "all checks passed")
LOCAL = Finding("True", "Local", "Local APIServices are always available")


class Availability:
    """Checks remote APIServices."""

    def __init__(self, carrier: Carrier, services: Services) -> None:
        self._carrier, self._services = carrier, services

    def slices_of(self, namespace: str, name: str) -> Sequence[EndpointSlice]:
        """What a change of changes the findings about a Service."""
        return self._services.slices(namespace, name)

    async def check(self, service: APIService) -> Finding:
        """What is found of it now."""
        where = service.spec.service
        if where is None:
            return LOCAL
        await self._services.settled()
        try:
            found = self._services.find(where.namespace, where.name)
        except NotFound:
            return Finding("False", "ServiceNotFound", f'service/{where.name} in "{where.namespace}" is not present')
        if found.spec.type in ("", "ClusterIP"):
            slices = self._services.slices(where.namespace, where.name)
            if (bad := endpoint_finding(found, slices, where.port or HTTPS)) is not None:
                return bad
        tries = [asyncio.ensure_future(self._try(service)) for _ in range(ATTEMPTS)]
        try:
            why = ""
            for attempt in asyncio.as_completed(tries):
                why = await attempt
                if not why:
                    return PASSED
            return Finding("False", "FailedDiscoveryCheck", why)
        finally:
            for each in tries:
                each.cancel()

    async def _try(self, service: APIService) -> str:
        """Why the server's discovery does not answer; "" if it does."""
        path = path_of(of(service))
        try:
            backend = await self._carrier.backend(service)
            answer = await self._carrier.fetch(service, path, {})
        except (APIError, BundleError) as error:
            return str(error)
        except Unreachable as error:
            return f"failing or missing response from https://{backend.place}{path}: {error}"
        if not 200 <= answer.status < 300:
            url = f"https://{backend.place}{path}"
            return f"failing or missing response from {url}: bad status from {url}: {answer.status}"
        return ""


def endpoint_finding(service: Service, slices: Sequence[EndpointSlice], port: int) -> Finding | None:
    """What keeps a Service from being reached; None if nothing does."""
    name, namespace = service.metadata.name, service.metadata.namespace
    wanted = next((each for each in service.spec.ports if each.port == port), None)
    if wanted is None:
        text = f'service/{name} in "{namespace}" is not listening on port {port}'
        return Finding("False", "ServicePortError", text)
    if not slices:
        text = f'cannot find endpointslices for service/{name} in "{namespace}"'
        return Finding("False", "EndpointsNotFound", text)
    if not ready_places(slices, wanted.name):
        text = f'endpointslices for service/{name} in "{namespace}" have no addresses with port name "{wanted.name}"'
        return Finding("False", "MissingEndpoints", text)
    return None


def with_finding(status: Object, found: Finding, now: str) -> Object | None:
    """The status with the condition; None if it says so already."""
    conditions = [dict(each) for each in status.get("conditions") or ()]
    wanted = {"type": AVAILABLE} | found._asdict()
    old = next((each for each in conditions if each.get("type") == AVAILABLE), None)
    if old is not None and {name: old.get(name, "") for name in wanted} == wanted:
        return None
    same = old is not None and old.get("status") == found.status
    since = old.get("lastTransitionTime") or now if same and old is not None else now
    made = {"type": AVAILABLE, "status": found.status, "lastTransitionTime": since}
    made |= {"reason": found.reason, "message": found.message}
    conditions = [made if each is old else each for each in conditions] if old is not None else [*conditions, made]
    return status | {"conditions": conditions}
