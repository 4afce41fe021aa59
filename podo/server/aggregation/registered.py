"""The APIServices that there are, as of now."""

from collections.abc import Iterator

from podo.api.types.apiregistration_v1 import APIService
from podo.server.admission.lookup import typed
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Watcher

from .priorities import GroupVersion

GROUP, PLURAL = "apiregistration.k8s.io", "apiservices"
AVAILABLE = "Available"


class Registered:
    """Looks into the watch cache; `version` grows whenever an APIService of another server changes."""

    def __init__(self, cache: WatchCache, catalog: Catalog) -> None:
        served = catalog.by_path(GROUP, "v1", PLURAL)
        assert served is not None
        self.served = served
        self._cache = cache
        self._watcher: Watcher | None = None
        self._remote: dict[GroupVersion, APIService] = {}
        self.version = 0

    def remote(self) -> dict[GroupVersion, APIService]:
        """Those that other servers serve, by what they serve."""
        watcher = self._watcher
        if watcher is None or watcher.closed:
            self._watcher = self._cache.resource(self.served.stored.prefix).watch(Selection(), self._cache.revision)
        elif not watcher.take():
            return self._remote
        found = {of(service): service for service in self.all() if service.spec.service is not None}
        if found != self._remote:
            self._remote = found
            self.version += 1
        return self._remote

    def all(self) -> Iterator[APIService]:
        """All, those of this server too."""
        for entry in self._cache.resource(self.served.stored.prefix).select(Selection()):
            yield typed(entry, APIService)

    def find(self, name: str) -> APIService | None:
        """The APIService of that name."""
        entry = self._cache.resource(self.served.stored.prefix).get(name)
        return typed(entry, APIService) if entry is not None else None


def of(service: APIService) -> GroupVersion:
    """What an APIService serves."""
    return GroupVersion(service.spec.group, service.spec.version)


def is_available(service: APIService) -> bool:
    """Whether it has been found to answer."""
    return any(c.type == AVAILABLE and c.status == "True" for c in service.status.conditions)


def path_of(wanted: GroupVersion) -> str:
    """Where the resources of a group and version are."""
    return f"/apis/{wanted.group}/{wanted.version}" if wanted.group else f"/api/{wanted.version}"


def group_version_of(path: str) -> GroupVersion | None:
    """Which group and version a request's path is in; None for other paths, and for those of a whole group."""
    parts = path.split("/", 4)
    if len(parts) >= 4 and parts[1] == "apis" and parts[2] and parts[3]:
        return GroupVersion(parts[2], parts[3])
    return None
