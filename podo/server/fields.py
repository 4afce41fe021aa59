"""Who owns which field: managedFields of every write, for built-in kinds."""

from collections.abc import Callable
from functools import cache

from podo.api import schema
from podo.api.timestamps import format_time
from podo.server.context import Context
from podo.server.decoding.objects import Kind
from podo.server.defaulting.canonical import canonical, plan_of
from podo.server.patch.managed_fields import keep_times, on_update
from podo.server.patch.typed.schema import built_in
from podo.server.patch.versions import Filter, KindVersions, Versions, reset_filter
from podo.server.registry.kinds import Served
from podo.server.strategy import Object

UNOWNED = frozenset({"binding"})
"""Subresources whose writes belong to nobody."""
VersionsOf = Callable[[Served], Versions]


class Fields:
    """A `FieldManager`."""

    def __init__(self, versions_of: VersionsOf) -> None:
        self._versions_of = versions_of

    def update(self, live: Object | None, new: Object, ctx: Context, served: Served) -> Object:
        """`new` with managedFields; an apply has seen to them itself."""
        if ctx.applies or ctx.subresource in UNOWNED:
            return new
        result = on_update(
            live,
            new,
            manager=ctx.manager,
            subresource=ctx.subresource,
            api_version=served.resource.api_version,
            time=format_time(ctx.now),
            versions=self._versions_of(served),
            reset=reset_of(served, ctx.subresource),
        )
        if ctx.subresource == "scale":
            _scaled(result)
        return result

    def settle(self, new: Object, old: Object) -> Object:
        """`new` with `old`'s times in managedFields, if nothing else differs."""
        return keep_times(new, old)


def _scaled(obj: Object) -> None:
    """Entries of scale have no time, as Kubernetes has it, and hence come first."""
    entries = obj["metadata"].get("managedFields") or []
    for entry in entries:
        if entry.get("subresource") == "scale":
            entry.pop("time", None)
    entries.sort(key=lambda entry: (entry["operation"], entry.get("time", "")))


def owned(obj: Object, kind: Kind, ctx: Context) -> Object:
    """A new object that is not stored, with managedFields."""
    versions = _versions(kind.group, kind.version, kind.kind)
    time = format_time(ctx.now)
    return on_update(
        None,
        obj,
        manager=ctx.manager,
        subresource=ctx.subresource,
        api_version=kind.api_version,
        time=time,
        versions=versions,
    )


@cache
def reset_of(served: Served, subresource: str) -> Filter | None:
    """What writes to this resource do not own."""
    return reset_filter(served.resource.kind, subresource, served.stored.has_status)


@cache
def built_in_versions(served: Served) -> Versions:
    """The versions of a built-in kind: one, but for those that are served in several forms."""
    resource = served.resource
    return _versions(resource.group, resource.version, resource.kind)


@cache
def _versions(group: str, version: str, kind: str) -> Versions:
    name = schema.type_for(group, version, kind).name
    api_version = f"{group}/{version}" if group else version
    return KindVersions(kind, {api_version: built_in(name)}, canonical({}, plan_of(name)))
