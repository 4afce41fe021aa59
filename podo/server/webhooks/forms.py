"""The object of a request in the version in which a webhook, or a policy, wants to see it."""

from collections.abc import Sequence

from podo.api.resources import Resource
from podo.server.customresources.bodies import coerced
from podo.server.customresources.kind import CustomServed
from podo.server.decoding.objects import Kind
from podo.server.patch.apply import described
from podo.server.patch.requests import typed
from podo.server.patch.values import copy
from podo.server.registry.catalog import Catalog
from podo.server.registry.kinds import Served
from podo.server.strategy import Object


class Forms:
    """Finds equivalent resources, and converts objects between them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._version = -1
        self._by_prefix: dict[str, list[Resource]] = {}

    def equivalents(self, resource: Resource, subresource: str) -> Sequence[Resource]:
        """The other resources whose objects are the same: other versions, or another group that shares them."""
        if self._version != self._catalog.version:
            self._by_prefix = {}
            for served in self._catalog:
                self._by_prefix.setdefault(served.stored.prefix, []).append(served.resource)
            self._version = self._catalog.version
        own = self.served(resource)
        if own is None:
            return ()
        return [
            other
            for other in self._by_prefix.get(own.stored.prefix, ())
            if other.api_version != resource.api_version and (not subresource or subresource in other.subresources)
        ]

    async def shown(self, obj: Object | None, own: Resource, wanted: Resource, kind: Kind) -> Object | None:
        """`obj`, which is in the version `own` or as it is stored, as `wanted` shows it; not to be changed.

        Kinds of subresources, such as Scale, stay what they are.
        """
        if obj is None or (obj.get("apiVersion") == kind.api_version and obj.get("kind") == kind.kind):
            return obj
        source, target = self.served(own), self.served(wanted)
        if source is None or target is None or obj.get("kind") not in (own.kind, source.stored.kind):
            return obj
        return await target.shown(
            obj if obj["apiVersion"] == source.stored_api_version else source.store_form(copy(obj))
        )

    async def returned(self, obj: Object, shown: Resource, own: Resource) -> Object:
        """An object that `shown` shows, in the version `own`."""
        if shown is own:
            return obj
        target, source = self.served(own), self.served(shown)
        if source is None or target is None or obj.get("apiVersion") != shown.api_version:
            return obj
        return await target.shown(source.store_form(obj))

    def settled(self, obj: Object, resource: Resource, kind: Kind) -> Object:
        """A changed object as its type would write it, with defaults. Raises APIError where it does not fit."""
        served = self.served(resource)
        if served is None:
            return obj
        if (kind.kind, kind.api_version) != (resource.kind, resource.api_version):
            return typed(obj, kind, described(obj, kind.api_version))
        if isinstance(served, CustomServed):
            coerced(obj, served)
        else:
            obj = typed(obj, kind, described(obj, kind.api_version))
        served.stored.strategy.default(obj)
        return obj

    def served(self, resource: Resource) -> Served | None:
        """The kind under a resource, while it is served."""
        return self._catalog.by_path(resource.group, resource.version, resource.plural)
