"""What a DELETE does to an object: pure decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from podo.api.errors import Conflict
from podo.api.field_errors import FieldError, invalid, invalid_object, not_supported
from podo.api.timestamps import format_time, parse
from podo.server.metadata import FOREGROUND, ORPHAN
from podo.server.registry.kinds import Served
from podo.server.strategy import Object, Strategy


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """The options of a DELETE that the registry acts on; None and "" mean: by default.

    A `uid` or `resource_version` that is "" is a precondition that no object meets.
    """

    grace_period_seconds: int | None = None
    orphan_dependents: bool | None = None
    propagation: str = ""
    uid: str | None = None
    resource_version: str | None = None

    @property
    def says_propagation(self) -> bool:
        """Whether the client says what becomes of dependents."""
        return bool(self.propagation) or self.orphan_dependents is not None


PROPAGATION = ("Foreground", "Background", "Orphan")


def dry_run_errors(values: Sequence[str]) -> list[FieldError]:
    """What is wrong with a dryRun: it is `All`, once or more, or nothing."""
    return [] if all(value == "All" for value in values) else [not_supported("dryRun", list(values), ("All",))]


def options_of(given: Object) -> tuple[DeleteOptions, bool]:
    """The options in a DeleteOptions object, and whether it is a dry run. Raises Invalid."""
    errors: list[FieldError] = []
    policy, orphan, dry_run = given.get("propagationPolicy"), given.get("orphanDependents"), given.get("dryRun") or ()
    if policy is not None and orphan is not None:
        text = "orphanDependents and deletionPropagation cannot be both set"
        errors.append(invalid("propagationPolicy", policy, text))
    if policy is not None and policy not in PROPAGATION:
        errors.append(not_supported("propagationPolicy", policy, (*PROPAGATION, "nil")))
    errors += dry_run_errors(dry_run)
    if errors:
        raise invalid_object("meta.k8s.io", "DeleteOptions", "", errors)
    conditions = given.get("preconditions") or {}
    options = DeleteOptions(
        grace_period_seconds=given.get("gracePeriodSeconds"),
        orphan_dependents=orphan,
        propagation=policy or "",
        uid=conditions.get("uid"),
        resource_version=conditions.get("resourceVersion"),
    )
    return options, bool(dry_run)


class Deletion(NamedTuple):
    """What to do: write `obj` (None: write nothing), then, if `remove`, delete it."""

    obj: Object | None
    remove: bool


KEEP, REMOVE = Deletion(None, False), Deletion(None, True)


def check_preconditions(obj: Object, revision: int, options: DeleteOptions, served: Served) -> None:
    """Raises Conflict if the object is not the one that the client means."""
    meta, found = obj["metadata"], ""
    uid, version = options.uid, options.resource_version
    if uid is not None and uid != meta.get("uid"):
        found = f"the UID in the precondition ({uid}) does not match the UID in record ({meta.get('uid', '')}). "
        found += "The object might have been deleted and then recreated"
    elif version is not None and version != str(revision):
        found = f"the ResourceVersion in the precondition ({version}) does not match the "
        found += f"ResourceVersion in record ({revision}). The object might have been modified"
    if not found:
        return
    name, kind, group = meta["name"], served.resource.kind, served.resource.group
    details = {"name": name} | ({"group": group} if group else {}) | {"kind": kind}
    named = f"{kind}.{group}" if group else kind  # by its kind, unlike all other conflicts
    raise Conflict(f'Operation cannot be fulfilled on {named} "{name}": {found}', **details)


def plan_deletion(obj: Object, strategy: Strategy, options: DeleteOptions, now: datetime) -> Deletion:
    """What becomes of `obj`, which is the caller's own to change, when it is deleted with `options`."""
    meta = obj["metadata"]
    graceful = False
    if strategy.graceful:
        grace = _grace(obj, strategy, options)
        if meta.get("deletionTimestamp") and "deletionGracePeriodSeconds" in meta:
            if grace is None or grace >= meta["deletionGracePeriodSeconds"]:
                return KEEP
            _shorten(meta, grace)
            graceful = True
        elif not meta.get("deletionTimestamp"):
            _begin(meta, now + timedelta(seconds=grace or 0), grace or 0)
            graceful = True
    finalizers = collection_finalizers(meta.get("finalizers") or [], strategy, options)
    _set_finalizers(meta, finalizers)
    if graceful:
        return Deletion(obj, not finalizers and meta["deletionGracePeriodSeconds"] == 0)
    if strategy.held(obj) or (strategy.lingers and not meta.get("deletionTimestamp")):
        if meta.get("deletionTimestamp"):
            return KEEP
        meta["deletionTimestamp"] = format_time(now)
        strategy.mark_deleted(obj)
        return Deletion(obj, False)
    if not finalizers:
        return REMOVE
    _mark(meta, now)
    strategy.mark_deleted(obj)
    return Deletion(obj, False)


def goes_with_update(obj: Object, old: Object, strategy: Strategy) -> bool:
    """Whether an update that takes the last hold off a deleted object removes it."""
    before = old["metadata"]
    if not before.get("deletionTimestamp") or before.get("deletionGracePeriodSeconds"):
        return False
    return not obj["metadata"].get("finalizers") and not strategy.held(obj)


def collection_finalizers(finalizers: list[str], strategy: Strategy, options: DeleteOptions) -> list[str]:
    """The finalizers that make the garbage collector do what the options say."""
    if not strategy.traits.collects:
        return finalizers
    wanted = _propagation(finalizers, options, ORPHAN if strategy.traits.orphans else "")
    others = [name for name in finalizers if name not in (ORPHAN, FOREGROUND)]
    changed = [*others, wanted] if wanted else others
    return finalizers if set(changed) == set(finalizers) else changed


def _propagation(finalizers: list[str], options: DeleteOptions, usual: str) -> str:
    if options.orphan_dependents is not None:
        return ORPHAN if options.orphan_dependents else ""
    if options.propagation:
        return {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(options.propagation, "")
    return next((name for name in finalizers if name in (ORPHAN, FOREGROUND)), usual)


def _grace(obj: Object, strategy: Strategy, options: DeleteOptions) -> int | None:
    wanted = options.grace_period_seconds
    if wanted is not None and wanted < 0:
        wanted = 1
    return wanted if obj["metadata"].get("deletionTimestamp") else strategy.grace_period(obj, wanted)


def _begin(meta: Object, end: datetime, grace: int) -> None:
    meta["deletionTimestamp"], meta["deletionGracePeriodSeconds"] = format_time(end), grace
    if meta.get("generation"):
        meta["generation"] += 1


def _shorten(meta: Object, grace: int) -> None:
    begun = parse(meta["deletionTimestamp"]) - timedelta(seconds=meta["deletionGracePeriodSeconds"])
    meta["deletionTimestamp"] = format_time(begun + timedelta(seconds=grace))
    meta["deletionGracePeriodSeconds"] = grace


def _mark(meta: Object, now: datetime) -> None:
    if not meta.get("deletionTimestamp"):
        _begin(meta, now, 0)
    elif parse(meta["deletionTimestamp"]) > now:
        meta["deletionTimestamp"] = format_time(now)
    meta["deletionGracePeriodSeconds"] = 0


def _set_finalizers(meta: Object, finalizers: list[str]) -> None:
    if finalizers:
        meta["finalizers"] = finalizers
    else:
        meta.pop("finalizers", None)
