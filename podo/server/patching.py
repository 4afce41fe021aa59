"""PATCH of built-in kinds: JSON patch, merge patch, strategic merge patch and server-side apply."""

from podo.api.errors import BadRequest, UnsupportedMediaType
from podo.api.field_errors import FieldError, forbidden, invalid_object, required
from podo.api.timestamps import format_time
from podo.server.bodies import kind_of
from podo.server.context import Context
from podo.server.fields import VersionsOf, reset_of
from podo.server.patch.requests import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    PatchBody,
    applied,
    patched,
    typed,
)
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.registry.updating import conflict
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry

FORMATS = (JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH)


class Patches:
    """A `Patcher`."""

    def __init__(self, versions_of: VersionsOf) -> None:
        self._versions_of = versions_of

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
        check_format(media_type)
        check_options(media_type, ctx, force)
        body, kind = PatchBody(media_type, content, ctx.field_validation), kind_of(served)
        ctx.applies = media_type == APPLY_PATCH

        async def change(live: Object, revision: int) -> Object:
            if not ctx.applies:
                result = patched(live, body, kind)
                ctx.sent = result.untyped
            else:
                result = applied(
                    live or None,
                    body,
                    kind,
                    manager=ctx.manager,
                    force=bool(force),
                    time=format_time(ctx.now),
                    versions=self._versions_of(served),
                    subresource=ctx.subresource,
                    reset=reset_of(served, ctx.subresource),
                )
                ctx.sent = result.untyped
                result.object = typed(result.object, kind, result.name)
            for text in result.warnings:
                ctx.warn(text)
            if not live:
                check_new(result.object, served, name)
            check_name(result.object, name)
            return result.object

        return await registry.update(ctx, served, name, change, create=ctx.applies)


def check_format(media_type: str) -> None:
    """Refuse other media types. Raises UnsupportedMediaType."""
    if media_type not in FORMATS:
        raise UnsupportedMediaType("415: Unsupported Media Type", name="")


def check_options(media_type: str, ctx: Context, force: bool | None) -> None:
    """An apply must name its manager; only an apply can be forced. Raises Invalid."""
    errors: list[FieldError] = []
    if media_type == APPLY_PATCH:
        if not ctx.names_manager:
            errors.append(required("fieldManager", "is required for apply patch"))
    elif force is not None:
        errors.append(forbidden("force", "may not be specified for non-apply patch"))
    if errors:
        raise invalid_object("meta.k8s.io", "PatchOptions", "", errors)


def check_new(obj: Object, served: Served, name: str) -> None:
    """An object that is to be made cannot have been before. Raises Conflict."""
    uid = (obj.get("metadata") or {}).get("uid", "")
    if uid:
        text = f"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
        raise conflict(served, name, text)


def check_name(obj: Object, name: str) -> None:
    given = (obj.get("metadata") or {}).get("name", "")
    if not given:
        raise BadRequest(f"the name of the object ({name} based on URL) was undeterminable: name must be provided")
    if given != name:
        raise BadRequest(f"the name of the object ({given}) does not match the name on the URL ({name})")
