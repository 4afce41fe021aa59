"""Who owns which field: managedFields of every write, for built-in kinds."""

from collections.abc import Callable
from functools import cache

from podo.api import resources, schema
from podo.api.timestamps import format_time
from podo.server.context import Context
from podo.server.conversion import TABLE, conversions
from podo.server.decoding.objects import Kind
from podo.server.defaulting.canonical import canonical, plan_of
from podo.server.patch.managed_fields import keep_times, on_update
from podo.server.patch.typed.schema import built_in
from podo.server.patch.values import copy
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
        seen = new if served.to_stored is None else as_stored(new, served)
        result = on_update(
            live,
            seen,
            manager=ctx.manager,
            subresource=ctx.subresource,
            api_version=served.resource.api_version,
            time=format_time(ctx.now),
            versions=self._versions_of(served),
            reset=reset_of(served, ctx.subresource),
        )
        return result if seen is new else _with_owners_of(new, result)

    def settle(self, new: Object, old: Object) -> Object:
        """`new` with `old`'s times in managedFields, if nothing else differs."""
        return keep_times(new, old)


def owned(obj: Object, kind: Kind, ctx: Context) -> Object:
    """A new object that is not stored, with managedFields."""
    name = schema.type_for(kind.group, kind.version, kind.kind).name
    versions = KindVersions(kind.kind, {kind.api_version: built_in(name)}, canonical({}, plan_of(name)))
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


def reset_of(served: Served, subresource: str) -> Filter | None:
    """What writes to this resource do not own."""
    return served.reset(subresource) or _usual_reset(served, subresource)


@cache
def _usual_reset(served: Served, subresource: str) -> Filter | None:
    return reset_filter(served.resource.kind, subresource, served.stored.has_status)


def as_stored(obj: Object, served: Served) -> Object:
    """An object as it will be when it comes back from the stored version, which may say more, or otherwise."""
    return served.client_object(served.store_form(copy(obj)))


def _with_owners_of(obj: Object, other: Object) -> Object:
    """The object with the managedFields of another."""
    metadata = {k: v for k, v in obj["metadata"].items() if k != "managedFields"}
    if owners := other["metadata"].get("managedFields"):
        metadata["managedFields"] = owners
    return obj | {"metadata": metadata}


@cache
def built_in_versions(served: Served) -> Versions:
    """The versions of a built-in kind: one, but for those that are served in several forms."""
    resource = served.resource
    name = schema.type_for(resource.group, resource.version, resource.kind).name
    nodes = {
        r.api_version: built_in(schema.type_for(r.group, r.version, r.kind).name)
        for r in resources.built_in()
        if r.kind == resource.kind and _is_a_version(r.api_version, served)
    }
    return KindVersions(resource.kind, nodes, canonical({}, plan_of(name)), _converted)


def _is_a_version(api_version: str, served: Served) -> bool:
    own = (served.resource.api_version, served.stored_api_version)
    return api_version in own or (api_version, served.resource.kind) in TABLE


def _converted(obj: Object, api_version: str) -> Object:
    """A built-in object in another version of its kind."""
    result = copy(obj)
    to_stored, from_stored = conversions(obj["apiVersion"], obj["kind"])[0], conversions(api_version, obj["kind"])[1]
    for convert in (to_stored, from_stored):
        result = convert(result) if convert is not None else result
    found: Object = result | {"apiVersion": api_version}
    return found
