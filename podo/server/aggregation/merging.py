"""What other servers serve, as discovery and OpenAPI show it beside what this server serves itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from podo.api.errors import APIError
from podo.api.types.apiregistration_v1 import APIService
from podo.server.outgoing.forwarding import Unreachable
from podo.server.outgoing.trust import BundleError
from podo.server.strategy import Object

from .carrying import Carrier, Fetched
from .priorities import GroupVersion
from .registered import Registered, is_available, of, path_of

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
JSON = "application/json"


@dataclass
class Learned:
    """What is known of one group and version of another server."""

    resources: list[Object] = field(default_factory=list)
    """In the form of APIVersionDiscovery."""
    openapi: Mapping[str, Any] = field(default_factory=dict)
    """The entry of its OpenAPI v3 index."""
    swagger: Mapping[str, Any] = field(default_factory=dict)
    """Its OpenAPI v2 document."""


@dataclass(frozen=True)
class RemoteVersion:
    """A group and version of another server, for discovery."""

    version: str
    group_priority: int
    version_priority: int
    fresh: bool
    resources: list[Object]


class Merged:
    """Knows what was last learned; `version` grows with every change of it."""

    def __init__(self, registered: Registered, carrier: Carrier) -> None:
        self.registered, self.carrier = registered, carrier
        self._learned: dict[GroupVersion, Learned] = {}
        self._grown = 0

    @property
    def version(self) -> int:
        """Changes whenever an answer would."""
        self.registered.remote()
        return self.registered.version + self._grown

    async def learn(self, service: APIService) -> None:
        """Ask a server what it serves."""
        wanted = of(service)
        found = Learned(await self._resources(service))
        index = await self._json(service, "/openapi/v3", JSON)
        found.openapi = (index.get("paths") or {}).get(path_of(wanted).removeprefix("/")) or {}
        found.swagger = await self._json(service, "/openapi/v2", JSON)
        remote = self.registered.remote()
        self._learned = {known: learned for known, learned in self._learned.items() if known in remote}
        if self._learned.get(wanted) != found:
            self._learned[wanted] = found
            self._grown += 1

    async def _resources(self, service: APIService) -> list[Object]:
        wanted = of(service)
        found = await self._json(service, "/apis", f"{AGGREGATED},{JSON}")
        for group in found.get("items") or ():
            if (group.get("metadata") or {}).get("name") == wanted.group:
                for version in group.get("versions") or ():
                    if version.get("version") == wanted.version:
                        return list(version.get("resources") or ())
        plain = await self._json(service, path_of(wanted), JSON)
        return discovered(plain.get("resources") or ())

    async def _json(self, service: APIService, path: str, accept: str) -> dict[str, Any]:
        """A document; empty where there is none."""
        try:
            found = await self.carrier.fetch(service, path, {"Accept": accept})
            decoded = msgspec.json.decode(found.body) if found.status == 200 else {}
        except (APIError, BundleError, Unreachable, msgspec.DecodeError):
            return {}
        return decoded if isinstance(decoded, dict) else {}

    def groups(self) -> dict[str, list[RemoteVersion]]:
        """The versions that others serve, by group."""
        found: dict[str, list[RemoteVersion]] = {}
        for wanted, service in self.registered.remote().items():
            learned = self._learned.get(wanted) or Learned()
            found.setdefault(wanted.group, []).append(
                RemoteVersion(
                    wanted.version,
                    service.spec.group_priority_minimum or 0,
                    service.spec.version_priority or 0,
                    is_available(service),
                    learned.resources,
                )
            )
        return found

    def openapi_index(self) -> dict[str, Mapping[str, Any]]:
        """The entries of OpenAPI v3 documents of others, by name (`apis/GROUP/VERSION`)."""
        known = ((wanted, self._learned.get(wanted)) for wanted in self.registered.remote())
        return {
            path_of(wanted).removeprefix("/"): learned.openapi
            for wanted, learned in known
            if learned is not None and learned.openapi
        }

    async def openapi(self, name: str, query: str) -> Fetched | None:
        """The OpenAPI v3 document of a name, from the server that has it; None if it does not give it."""
        service = self.carrier.service_for(f"/{name}")
        if service is None:
            return None
        path = f"/openapi/v3/{name}{f'?{query}' if query else ''}"
        try:
            return await self.carrier.fetch(service, path, {"Accept": JSON}, within=30)
        except (APIError, BundleError, Unreachable):
            return None

    def swagger(self, own: dict[str, Any]) -> dict[str, Any]:
        """This server's OpenAPI v2 document, with the paths and definitions of others."""
        for wanted in self.registered.remote():
            learned = self._learned.get(wanted)
            if learned is None or not learned.swagger:
                continue
            prefix = f"{path_of(wanted)}/"
            paths = {
                path: shown for path, shown in (learned.swagger.get("paths") or {}).items() if path.startswith(prefix)
            }
            own["paths"] |= {path: shown for path, shown in paths.items() if path not in own["paths"]}
            for name, shown in (learned.swagger.get("definitions") or {}).items():
                own["definitions"].setdefault(name, shown)
        return own


def discovered(rows: Sequence[Object]) -> list[Object]:
    """The rows of an APIResourceList in the form of aggregated discovery."""
    found: dict[str, Object] = {}
    for row in rows:
        name, _, below = str(row.get("name", "")).partition("/")
        kind = {"group": row.get("group", ""), "version": row.get("version", ""), "kind": row.get("kind", "")}
        if below:
            shown = {"subresource": below, "responseKind": kind, "verbs": row.get("verbs") or []}
            if name in found:
                found[name].setdefault("subresources", []).append(shown)
            continue
        scope = "Namespaced" if row.get("namespaced") else "Cluster"
        found[name] = {"resource": name, "responseKind": kind, "scope": scope}
        found[name] |= {"singularResource": row.get("singularName", ""), "verbs": row.get("verbs") or []}
        found[name] |= {key: row[key] for key in ("shortNames", "categories") if row.get(key)}
    return list(found.values())
