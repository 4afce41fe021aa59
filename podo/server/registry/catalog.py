"""Which kinds are served, and how each is stored: the built-in ones, and those that definitions add."""

from collections.abc import Iterator
from functools import cache

from podo.api import resources
from podo.api.resources import Resource
from podo.server.conversion import conversions
from podo.server.registry.kinds import Served, StoredKind
from podo.server.registry.selectable import selectable_of
from podo.server.registry.strategies import strategy_for
from podo.server.watchcache.selection import FieldsOf

SHARED_STORAGE = {("events.k8s.io", "events"): ("", "events")}
"""Resources that are another group's objects."""
STORED_VERSIONS = {("", "events"): "v1", ("autoscaling", "horizontalpodautoscalers"): "v2"}
"""Of kinds that are served in more than one form."""


class Catalog:
    """Lookup by path and by kind. Kinds come and go with their definitions; built-in ones stay."""

    def __init__(self) -> None:
        self._stored: dict[tuple[str, str], StoredKind] = {}
        self._by_path: dict[tuple[str, str, str], Served] = {}
        self._by_kind: dict[tuple[str, str, str], Served] = {}
        self._by_prefix: dict[str, StoredKind] = {}
        self.version = 0
        """Grows whenever a kind comes or goes: what is worked out from the catalog is kept with it."""
        self._groups = frozenset(resource.group for resource in resources.built_in())
        for resource in resources.built_in():
            self.add(_built_in(resource, self._stored))

    def add(self, served: Served) -> None:
        """Serve one version of a kind."""
        self.version += 1
        resource = served.resource
        self._by_path[resource.group, resource.version, resource.plural] = served
        if resource.verbs and resource.kind:
            self._by_kind.setdefault((resource.group, resource.version, resource.kind), served)
        self._by_prefix[served.stored.prefix] = served.stored

    def remove(self, resource: Resource) -> None:
        """Serve it no more."""
        self.version += 1
        self._by_path.pop((resource.group, resource.version, resource.plural), None)
        self._by_kind.pop((resource.group, resource.version, resource.kind), None)

    def by_path(self, group: str, version: str, plural: str) -> Served | None:
        """The kind under this path."""
        return self._by_path.get((group, version, plural))

    def by_kind(self, group: str, version: str, kind: str) -> Served | None:
        """The kind whose objects say so."""
        return self._by_kind.get((group, version, kind))

    def has_group(self, group: str) -> bool:
        """Whether there is a built-in group of that name."""
        return group in self._groups

    def __iter__(self) -> Iterator[Served]:
        return iter(self._by_path.values())

    def fields_of(self, prefix: str) -> FieldsOf:
        """The function that gives the selectable fields of the objects under a prefix."""
        stored = self._by_prefix.get(prefix)

        def later(obj: dict[str, object]) -> dict[str, str]:
            """Of kinds that come and go: as the definition says at the time."""
            kind = self._by_prefix.get(prefix)
            return kind.selectable.values_of(obj) if kind is not None else {}

        return stored.selectable.values_of if stored and (stored.group, stored.plural) in _built_in_places() else later


@cache
def _built_in_places() -> frozenset[tuple[str, str]]:
    return frozenset((resource.group, resource.plural) for resource in resources.built_in())


def _built_in(resource: Resource, known: dict[tuple[str, str], StoredKind]) -> Served:
    group, plural = SHARED_STORAGE.get((resource.group, resource.plural), (resource.group, resource.plural))
    stored = known.get((group, plural))
    if stored is None:
        has_status = "status" in resource.subresources
        stored = StoredKind(
            group,
            plural,
            resource.kind,
            resource.namespaced,
            strategy_for(group, resource.kind),
            has_status,
            selectable_of(group, resource.kind),
        )
        known[group, plural] = stored
    version = STORED_VERSIONS.get((group, plural), resource.version)
    api_version = f"{group}/{version}" if group else version
    to_stored, from_stored = conversions(resource.api_version, resource.kind)
    return Served(
        resource,
        stored,
        api_version,
        selectable_of(resource.group, resource.kind),
        to_stored=to_stored,
        from_stored=from_stored,
    )
