"""The part of the catalog that definitions make: kept as they say, one definition at a time."""

from collections.abc import Callable

from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry

from .definition import Definition, Names
from .kind import Converter, CustomServed, served_versions

Converting = Callable[[Definition], Converter | None]
"""Who converts between the versions of a definition."""


class Installed:
    """What is served of each definition, by its name."""

    def __init__(self, catalog: Catalog, cache: WatchCache, converting: Converting) -> None:
        self._catalog, self._cache, self._converting = catalog, cache, converting
        self._served: dict[str, list[CustomServed]] = {}
        self._definitions: dict[str, Definition] = {}
        self._meanings: dict[str, tuple[bytes, Names, bool, bool]] = {}

    def follow(self, entry: Entry) -> Definition:
        """Serve a definition as it is now."""
        definition = Definition(entry)
        self._definitions[definition.metadata.name] = definition
        name, meaning = definition.metadata.name, definition.meaning()
        before = self._meanings.get(name)
        if before == meaning:
            return definition
        self._meanings[name] = meaning
        since = definition.revision
        if before is not None and before[0] == meaning[0] and (old := self._served.get(name)):
            since = old[0].since  # the schemas are the same
        self._drop(name)
        if definition.served:
            converter = self._converting(definition)
            self._served[name] = list(served_versions(definition, since, converter))
            for served in self._served[name]:
                self._catalog.add(served)
            if before is not None and before[0] != meaning[0]:
                self._reread(self._served[name])
        return definition

    def forget(self, name: str) -> None:
        """The definition is gone: serve it no more, and end the watches of its objects."""
        self._meanings.pop(name, None)
        self._definitions.pop(name, None)
        for served in self._drop(name):
            self._cache.resource(served.stored.prefix).reread()

    def forget_others(self, names: set[str]) -> None:
        """Serve only these."""
        for name in [*self._meanings]:
            if name not in names:
                self.forget(name)

    def group_of(self, name: str) -> list[str]:
        """The names of the definitions of the same group."""
        group = name.partition(".")[2]
        return [one for one, definition in self._definitions.items() if definition.spec.group == group]

    def names_beside(self, name: str) -> list[Names]:
        """What the other definitions of the group have been given."""
        return [self._definitions[one].status.accepted_names for one in self.group_of(name) if one != name]

    def versions(self, name: str) -> list[CustomServed]:
        """What is served of a definition."""
        return self._served.get(name, [])

    def _drop(self, name: str) -> list[CustomServed]:
        dropped = self._served.pop(name, [])
        for served in dropped:
            self._catalog.remove(served.resource)
        return dropped

    def _reread(self, versions: list[CustomServed]) -> None:
        for served in versions[:1]:
            self._cache.resource(served.stored.prefix).reread()
