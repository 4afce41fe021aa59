"""What becomes of a new object before it is stored: pure decisions."""

from collections.abc import Callable

from podo.api.errors import BadRequest
from podo.api.field_errors import invalid_object
from podo.api.timestamps import format_time
from podo.server.context import Context
from podo.server.metadata import generated_name
from podo.server.registry.as_sent import as_sent
from podo.server.registry.kinds import StoredKind
from podo.server.strategy import Object

NAMESPACE_MISMATCH = "the namespace of the provided object does not match the namespace sent on the request"


def fill_metadata(obj: Object, ctx: Context, uid: str) -> None:
    """What the server alone decides of a new object's metadata, before admission sees it."""
    meta = obj.setdefault("metadata", {})
    forget_system_fields(meta)
    meta["uid"], meta["creationTimestamp"] = uid, format_time(ctx.now)


def forget_system_fields(meta: Object) -> None:
    """Take out what no client may say of a new object."""
    for field in ("uid", "creationTimestamp", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"):
        meta.pop(field, None)


def place(obj: Object, kind: StoredKind, namespace: str) -> None:
    """Put the object into the namespace of the request. Raises BadRequest if it names another."""
    meta = obj.setdefault("metadata", {})
    if not kind.namespaced:
        if meta.get("namespace"):
            del meta["namespace"]
        return
    if meta.setdefault("namespace", namespace) != namespace:
        if meta["namespace"]:
            raise BadRequest(NAMESPACE_MISMATCH)
        meta["namespace"] = namespace


def give_name(obj: Object, choice: Callable[[str], str]) -> None:
    """Generate a name if one is asked for: after admission has mutated the object, before anything is allocated."""
    meta = obj["metadata"]
    if meta.get("generateName") and not meta.get("name"):
        meta["name"] = generated_name(meta["generateName"], choice)


def prepare_create(obj: Object, kind: StoredKind, ctx: Context) -> None:
    """Bring a new object into the form in which it is stored, and check it. Raises Invalid."""
    strategy, meta = kind.strategy, obj["metadata"]
    if kind.has_status and strategy.traits.drops_status:
        empty = strategy.blank(obj)
        obj.pop("status", None)
        if "status" in empty:
            obj["status"] = empty["status"]
    if strategy.traits.generations:
        meta["generation"] = 1
    strategy.prepare_create(obj, ctx)
    if errors := strategy.validate(obj, ctx):
        raise invalid_object(kind.group, obj["kind"], meta.get("name", ""), as_sent(errors, ctx.sent))
    strategy.canonicalize(obj, ctx)
    for text in strategy.warnings(obj, None) if ctx.hears else ():
        ctx.warn(text)
