"""PATCH of custom resources: JSON patch, merge patch and server-side apply. There is no strategic merge patch."""

from podo.api.errors import UnsupportedMediaType
from podo.api.timestamps import format_time
from podo.server.bodies import kind_of
from podo.server.context import Context
from podo.server.decoding.exact import TypeMismatch
from podo.server.decoding.json_text import JSONError
from podo.server.decoding.objects import STRICT, WARN, StrictError
from podo.server.fields import VersionsOf, reset_of
from podo.server.patch.merge import merge_patch
from podo.server.patch.requests import (
    APPLY_PATCH,
    JSON_PATCH,
    STRATEGIC_PATCH,
    PatchBody,
    Patched,
    applied,
    invalid_patch,
    json_patched,
    patched_text,
    read_patch,
)
from podo.server.patch_point import Patcher
from podo.server.patching import check_format, check_name, check_new, check_options
from podo.server.registry.failures import unclassified
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry

from .bodies import coerced
from .embedded import EmbeddedError
from .kind import CustomServed


class CustomPatches:
    """A `Patcher` for custom resources; leaves all others to another."""

    def __init__(self, others: Patcher, versions_of: VersionsOf) -> None:
        self._others, self._versions_of = others, versions_of

    async def patch(
        self,
        registry: Registry,
        ctx: Context,
        served: Served,
        name: str,
        media_type: str,
        content: bytes,
        force: bool | None,
    ) -> tuple[Entry, bool]:
        """The object after the patch, and whether it is new."""
        if not isinstance(served, CustomServed):
            return await self._others.patch(registry, ctx, served, name, media_type, content, force)
        check_format(media_type)
        if media_type == STRATEGIC_PATCH:
            raise UnsupportedMediaType("415: Unsupported Media Type", name="")
        check_options(media_type, ctx, force)
        body = PatchBody(media_type, content, ctx.field_validation)
        ctx.applies = media_type == APPLY_PATCH

        async def change(live: Object, revision: int) -> Object:
            result = (
                self._applied(live, body, served, ctx, bool(force)) if ctx.applies else _patched(live, body, served)
            )
            for text in result.warnings:
                ctx.warn(text)
            if not live:
                check_new(result.object, served, name)
            check_name(result.object, name)
            return result.object

        return await registry.update(ctx, served, name, change, create=ctx.applies)

    def _applied(self, live: Object, body: PatchBody, served: CustomServed, ctx: Context, force: bool) -> Patched:
        result = applied(
            live or None,
            body,
            kind_of(served),
            manager=ctx.manager,
            force=force,
            time=format_time(ctx.now),
            versions=self._versions_of(served),
            subresource=ctx.subresource,
            reset=reset_of(served, ctx.subresource),
        )
        try:
            coerced(result.object, served)
        except (TypeMismatch, EmbeddedError) as error:
            raise unclassified(str(error)) from error
        return result


def _patched(live: Object, body: PatchBody, served: CustomServed) -> Patched:
    """`live` after a JSON or merge patch. Raises an APIError."""
    patch, findings = read_patch(body)
    result = json_patched(live, patch) if body.media_type == JSON_PATCH else merge_patch(live, patch)
    shown = patched_text(result)
    try:
        if not isinstance(result, dict):
            raise JSONError("the object is no object any more")
        result.setdefault("kind", "")
        result.setdefault("apiVersion", "")
        findings = findings + coerced(result, served)
    except (TypeMismatch, JSONError, EmbeddedError) as error:
        raise invalid_patch(shown, str(error)) from error
    if findings and body.field_validation == STRICT:
        raise invalid_patch(shown, str(StrictError(findings)))
    return Patched(result, findings if body.field_validation == WARN else [])
