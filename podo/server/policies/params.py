"""The objects that bindings give their policies as parameters, and namespaces, as dicts."""

from collections.abc import Iterable

from podo.api.selectors import from_object
from podo.api.types.admissionregistration_v1 import ParamKind, ParamRef
from podo.server.registry.catalog import Catalog
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection

NOT_FOUND = "no params found for policy binding with `Deny` parameterNotFoundAction"


class ParamsError(Exception):
    """A binding's parameters cannot be had; the message says why."""


class Objects:
    """Reads objects of any kind from the watch cache; what it gives is shared and must not be changed."""

    def __init__(self, cache: WatchCache, catalog: Catalog) -> None:
        self._cache, self._catalog = cache, catalog
        self._shown: dict[tuple[str, str], tuple[Entry, Object]] = {}

    async def namespace(self, name: str) -> Object | None:
        """A Namespace; None when it is not there."""
        served = self._catalog.by_path("", "v1", "namespaces")
        assert served is not None
        return await self._find(served, "", name)

    async def params(self, kind: ParamKind | None, ref: ParamRef | None, namespace: str) -> list[Object | None]:
        """The parameters of a binding for a request in a namespace; [None] without any. Raises ParamsError."""
        if kind is None or ref is None:
            return [None]
        group, _, version = kind.api_version.rpartition("/")
        served = self._catalog.by_kind(group, version, kind.kind)
        if served is None:
            raise ParamsError(f"paramKind kind `{kind.api_version}, Kind={kind.kind}` not known")
        found = await self._chosen(served, ref, param_namespace(served.stored.namespaced, ref, namespace))
        if not found and ref.parameter_not_found_action == "Deny":
            raise ParamsError(NOT_FOUND)
        return [*found]

    async def _chosen(self, served: Served, ref: ParamRef, namespace: str) -> list[Object]:
        if ref.name:
            one = await self._find(served, namespace, ref.name)
            return [] if one is None else [one]
        await self._cache.consistent()
        selector = from_object(ref.selector)
        entries: Iterable[Entry] = self._cache.resource(served.stored.prefix).select(Selection(namespace))
        return [await self._show(served, entry) for entry in entries if selector.matches(entry.labels)]

    async def _find(self, served: Served, namespace: str, name: str) -> Object | None:
        await self._cache.consistent()
        entry = self._cache.resource(served.stored.prefix).get(served.stored.key(namespace, name))
        return await self._show(served, entry) if entry is not None else None

    async def _show(self, served: Served, entry: Entry) -> Object:
        """The entry as a dict, from memory as long as it does not change."""
        key = (served.stored.prefix + entry.key, served.resource.api_version)
        known = self._shown.get(key)
        if known is not None and known[0] is entry:
            return known[1]
        if len(self._shown) >= 1000:
            self._shown.clear()
        found = await served.shown(entry.object() | {"kind": served.stored.kind, "apiVersion": entry.api_version})
        self._shown[key] = (entry, found)
        return found


def param_namespace(namespaced: bool, ref: ParamRef, namespace: str) -> str:
    """Where the parameters of a request are looked for. Raises ParamsError."""
    if not namespaced:
        if ref.namespace:
            raise ParamsError("paramRef.namespace must not be provided for a cluster-scoped `paramKind`")
        return ""
    if not ref.namespace and not namespace:
        raise ParamsError("cannot use namespaced paramRef in policy binding that matches cluster-scoped resources")
    return ref.namespace or namespace
