"""The scale of what has replicas: a small object of its own that shows and changes spec.replicas."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from podo.api import selectors
from podo.api.errors import BadRequest
from podo.api.field_errors import invalid, invalid_object
from podo.api.selectors import format_labels, from_labels, from_object
from podo.api.timestamps import format_time
from podo.api.types.meta_v1 import LabelSelector
from podo.server.admission_point import Admission, Attributes
from podo.server.blank import blank
from podo.server.context import Context
from podo.server.decoding.objects import Kind
from podo.server.operations import Target
from podo.server.patch.managed_fields import on_update
from podo.server.patch.requests import APPLY_PATCH, PatchBody, applied, patched
from podo.server.patch.scale import REPLICAS, Paths, to_object, to_scale
from podo.server.patch.values import copy
from podo.server.patch.versions import built_in
from podo.server.patching import check_format, check_options
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.registry.updating import conflict
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry

KIND = Kind("autoscaling", "v1", "Scale")
VERSIONS = built_in(KIND.group, KIND.version, KIND.kind, blank(KIND.api_version, KIND.kind))
SHOWN_METADATA = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")


class Scales:
    """A `Below` for Deployments, ReplicaSets, StatefulSets and ReplicationControllers."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    async def show(self, ctx: Context, target: Target, entry: Entry) -> Object:
        return self.shown(target.served, target.served.client_form(entry))

    def shown(self, served: Served, owner: Object) -> Object:
        """The scale of an object."""
        return scale_of(owner)

    def paths(self, served: Served) -> Paths:
        """Where the number of replicas is, by apiVersion."""
        return {served.resource.api_version: REPLICAS}

    def set_replicas(self, served: Served, owner: Object, scale: Object) -> None:
        """Give the object the number that a scale says."""
        owner["spec"]["replicas"] = (scale.get("spec") or {}).get("replicas", 0)

    async def create(self, ctx: Context, target: Target, obj: Object) -> Object:
        raise BadRequest("a scale cannot be created")

    async def replace(self, ctx: Context, target: Target, obj: Object) -> Object:
        """Set the number of replicas. Raises Conflict, Invalid."""
        uid = (obj.get("metadata") or {}).get("uid", "")
        return await self._change(ctx, target, lambda scale: _owned(scale, obj, ctx), uid)

    async def patch(self, ctx: Context, target: Target, media_type: str, body: bytes, force: bool | None) -> Object:
        """Change the scale by a patch."""
        check_format(media_type)
        check_options(media_type, ctx, force)
        content = PatchBody(media_type, body, ctx.field_validation)

        def wanted(scale: Object) -> Object:
            if media_type == APPLY_PATCH:
                return _applied(scale, content, ctx, bool(force))
            return _owned(scale, patched(scale, content, KIND).object, ctx)

        return await self._change(ctx, target, wanted)

    async def _change(self, ctx: Context, target: Target, wanted: Callable[[Object], Object], uid: str = "") -> Object:
        api_version = target.served.resource.api_version
        paths = self.paths(target.served)
        ctx.applies = True  # owners are seen to here: they own the scale

        async def change(owner: Object, revision: int) -> Object:
            meta, shown = owner["metadata"], self.shown(target.served, owner)
            before = meta.pop("managedFields", None)
            new = wanted(shown | {"metadata": shown["metadata"] | {"managedFields": to_scale(before, paths)}})
            check(new, owner, revision, target)
            if owners := to_object(before, new["metadata"].get("managedFields"), api_version, paths):
                meta["managedFields"] = owners
            self.set_replicas(target.served, owner, new)
            return owner

        admission = ScaleAdmission(self, self._registry.admission, target.served)
        entry, _ = await self._registry.update(ctx, target.served, target.name, change, uid=uid, admission=admission)
        return self.shown(target.served, target.served.client_form(entry))


class ScaleAdmission:
    """Admission of a scale: the scales that the object shows before and after are what is admitted, not the object."""

    def __init__(self, scales: Scales, admission: Admission, served: Served) -> None:
        self._scales, self._admission, self._served = scales, admission, served

    async def mutate(self, attributes: Attributes) -> None:
        """Admit, and give the object the number that the scale has then."""
        own = self._of_scale(attributes)
        before = copy(own.obj)
        await self._admission.mutate(own)
        if own.obj is not None and attributes.obj is not None and own.obj != before:
            self._scales.set_replicas(self._served, attributes.obj, own.obj)

    async def validate(self, attributes: Attributes) -> None:
        """Admit."""
        await self._admission.validate(self._of_scale(attributes))

    def _of_scale(self, attributes: Attributes) -> Attributes:
        obj, old = (
            self._scales.shown(self._served, each) if each is not None else None
            for each in (attributes.obj, attributes.old)
        )
        return replace(attributes, obj=obj, old=old)


def _owned(live: Object, new: Object, ctx: Context) -> Object:
    """A scale that is written, with its owners."""
    return on_update(
        live,
        new,
        manager=ctx.manager,
        subresource="scale",
        api_version=KIND.api_version,
        time=format_time(ctx.now),
        versions=VERSIONS,
    )


def _applied(live: Object, body: PatchBody, ctx: Context, force: bool) -> Object:
    """A scale after server-side apply, with its owners. Raises Conflict."""
    found = applied(
        live,
        body,
        KIND,
        manager=ctx.manager,
        force=force,
        time=format_time(ctx.now),
        versions=VERSIONS,
        subresource="scale",
    )
    for text in found.warnings:
        ctx.warn(text)
    return found.object


def scale_of(owner: Object) -> Object:
    """The scale that an object shows."""
    meta = {name: owner["metadata"][name] for name in SHOWN_METADATA if name in owner["metadata"]}
    spec, status = owner.get("spec") or {}, owner.get("status") or {}
    replicas = spec.get("replicas", 0)
    shown: Object = {"replicas": status.get("replicas", 0)}
    if selector := selector_text(spec.get("selector")):
        shown["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": meta,
        "spec": {"replicas": replicas} if replicas else {},
        "status": shown,
    }


def selector_text(selector: Mapping[str, object] | None) -> str:
    """A selector in text form: a LabelSelector, or a plain map of labels."""
    if not selector:
        return ""
    if "matchLabels" in selector or "matchExpressions" in selector:
        found = from_object(msgspec.convert(selector, LabelSelector))
    else:
        found = from_labels({key: str(value) for key, value in selector.items()})
    return format_labels(found) if isinstance(found, selectors.LabelSelector) else ""


def check(scale: Object, owner: Object, revision: int, target: Target) -> None:
    """Refuse a scale of another object, a stale one, or a negative one."""
    meta, own = scale.get("metadata") or {}, owner["metadata"]
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if replicas < 0:
        error = invalid("spec.replicas", replicas, "must be greater than or equal to 0")
        raise invalid_object("autoscaling", "Scale", meta.get("name", ""), [error])
    wanted = meta.get("resourceVersion")
    if wanted and wanted != str(revision):
        raise conflict(target.served, own["name"])
