"""What servers behind the aggregator serve, as of now: for who has to reach everything that a namespace holds."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from podo.api.errors import APIError
from podo.api.resources import Resource
from podo.api.types.apiregistration_v1 import APIService
from podo.client.base import Client
from podo.client.informers import CachedClient

Fetch = Callable[[str, Mapping[str, str]], Awaitable[Mapping[str, Any]]]
"""GET of a path of the API with parameters: the JSON. Raises APIError."""


@dataclass
class Found:
    """Namespaced resources whose objects can be listed and deleted, and what kept others from being found.

    `failures` are by group and version.
    """

    resources: list[Resource] = field(default_factory=list)
    failures: dict[str, str] = field(default_factory=dict)


class Others(Protocol):
    """Other servers, and how to reach what they hold."""

    @property
    def client(self) -> Client: ...

    async def find(self) -> Found: ...


class OtherServers:
    """Reads APIServices from the informer, and asks those that are available what they serve."""

    def __init__(self, cached: CachedClient, client: Client, fetch: Fetch) -> None:
        """`client` and `fetch` go over HTTP, which is how other servers are reached."""
        self._services, self.client, self._fetch = cached.informer(APIService), client, fetch

    async def find(self) -> Found:
        """What there is."""
        found = Found()
        for service in [s for s in self._services if s.spec.service is not None]:
            place = f"{service.spec.group}/{service.spec.version}"
            if not is_available(service):
                found.failures[place] = f"stale GroupVersion discovery: {place}"
                continue
            try:
                found.resources += await self.resources_of(service)
            except APIError as error:
                found.failures[place] = str(error)
        return found

    async def resources_of(self, service: APIService) -> list[Resource]:
        """Those of one server. Raises APIError."""
        return deletable(service, await self._fetch(f"/apis/{service.spec.group}/{service.spec.version}", {}))


def is_available(service: APIService) -> bool:
    """Whether a server has been found to answer."""
    return any(c.type == "Available" and c.status == "True" for c in service.status.conditions)


def deletable(service: APIService, listed: Mapping[str, Any]) -> list[Resource]:
    """The resources of an APIResourceList whose objects are in namespaces and can be listed and deleted."""
    found = []
    for row in listed.get("resources") or ():
        verbs = tuple(row.get("verbs") or ())
        if row.get("namespaced") and "/" not in row["name"] and {"list", "delete"} <= {*verbs}:
            group, version = service.spec.group, service.spec.version
            kind = str(row.get("kind", ""))
            found.append(
                Resource(group=group, version=version, kind=kind, plural=row["name"], namespaced=True, verbs=verbs)
            )
    return found


def shown(failures: Mapping[str, str]) -> str:
    """The failures as a condition tells them."""
    each = ", ".join(f"{place}: {why}" for place, why in sorted(failures.items()))
    whole = f"unable to retrieve the complete list of server APIs: {each}"
    return f"Discovery failed for some groups, {len(failures)} failing: {whole}"
