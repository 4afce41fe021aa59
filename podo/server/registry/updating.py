"""What becomes of a changed object before it is stored: pure decisions."""

from podo.api.errors import Conflict
from podo.api.field_errors import invalid, invalid_object
from podo.server.context import Context
from podo.server.patch.failures import unclassified
from podo.server.registry.as_sent import as_sent
from podo.server.registry.creating import place
from podo.server.registry.kinds import Served, StoredKind
from podo.server.strategy import Object

MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"
UNCOUNTED = frozenset({"binding", "approval", "finalize"})
"""Subresources whose writes do not count as changes of what is wanted."""
CHANGING_STATUS = frozenset({"binding", "approval"})
"""Subresources beside status whose writes change the status."""
KEPT_ALWAYS = ("uid", "creationTimestamp")


def conflict(served: Served, name: str, why: str = MODIFIED) -> Conflict:
    """The 409 of a write that came too late."""
    resource = served.resource
    details = {"name": name} | ({"group": resource.group} if resource.group else {}) | {"kind": resource.plural}
    return Conflict(f'Operation cannot be fulfilled on {resource.group_resource} "{name}": {why}', **details)


def check_version(obj: Object, current: int, served: Served, name: str) -> None:
    """Compare the resourceVersion that the client saw with the current one, which takes its place.

    Raises Conflict, or Invalid if the kind demands one and there is none.
    """
    meta, kind = obj["metadata"], served.stored
    wanted = meta.get("resourceVersion")
    if wanted in (None, "", "0"):
        if not kind.strategy.traits.unconditional_update:
            error = invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise invalid_object(served.resource.group, served.resource.plural, name, [error])
    elif not (wanted.isascii() and wanted.isdigit()):
        raise unclassified(f'strconv.ParseUint: parsing "{wanted}": invalid syntax')
    elif wanted != str(current):
        raise conflict(served, name)
    meta["resourceVersion"] = str(current)


def prepare_update(obj: Object, old: Object, kind: StoredKind, ctx: Context) -> Object:
    """The object in the form in which it is stored, checked. Both are in the stored version. Raises Invalid."""
    strategy = kind.strategy
    place(obj, kind, ctx.namespace)
    meta, before = obj["metadata"], old["metadata"]
    _keep(meta, before, "generation")
    if not ctx.dry_run:  # it is storage that forgets it
        meta.pop("selfLink", None)
    if ctx.subresource == "status":
        obj = _with_status_only(obj, old, strategy.traits.status_metadata)
        meta = obj["metadata"]
        strategy.prepare_status(obj, old, ctx)
    else:
        if kind.has_status and ctx.subresource not in CHANGING_STATUS and strategy.traits.drops_status:
            _keep(obj, old, "status")
        strategy.prepare_update(obj, old, ctx)
        counts = strategy.traits.generations and ctx.subresource not in UNCOUNTED
        if counts and meta.get("generation") == before.get("generation") and _substance_differs(obj, old):
            meta["generation"] = before.get("generation", 0) + 1
    for field in KEPT_ALWAYS:
        if field == "creationTimestamp" or not meta.get(field):
            _keep(meta, before, field)
    if before.get("deletionTimestamp"):
        meta["deletionTimestamp"] = before["deletionTimestamp"]
    if "deletionGracePeriodSeconds" not in meta:
        _keep(meta, before, "deletionGracePeriodSeconds")
    if errors := strategy.validate_update(obj, old, ctx):
        raise invalid_object(kind.group, obj["kind"], meta.get("name", ""), as_sent(errors, ctx.sent))
    strategy.canonicalize(obj, ctx)
    for text in strategy.warnings(obj, old) if ctx.hears else ():
        ctx.warn(text)
    return obj


def _with_status_only(obj: Object, old: Object, kept_metadata: tuple[str, ...]) -> Object:
    """`old` with the status of `obj`, and its metadata but for what is kept."""
    meta = dict(obj["metadata"])
    for field in kept_metadata:
        _keep(meta, old["metadata"], field)
    changed = {**old, "metadata": meta}
    _keep(changed, obj, "status")
    return changed


def _keep(target: Object, source: Object, field: str) -> None:
    if field in source:
        target[field] = source[field]
    else:
        target.pop(field, None)


def _substance_differs(obj: Object, old: Object) -> bool:
    fields = {*obj, *old} - {"metadata", "status", "kind", "apiVersion"}
    return any(obj.get(field) != old.get(field) for field in fields)
