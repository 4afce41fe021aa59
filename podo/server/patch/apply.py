"""Server-side apply: a client says what it wants to own, and gets it, or hears who owns it.

Merge the configuration into the live object; remove what this manager applied before, no longer does, and nobody
else owns; refuse, unless forced, to change what others own.
"""

import msgspec

from podo.api.errors import BadRequest, Conflict

from ..decoding.quoting import go_quoted
from . import fieldset
from .failures import unclassified
from .fieldset import EMPTY, FieldSet, difference, intersection, show_path, union
from .managed_fields import (
    APPLY,
    BEFORE_FIRST_APPLY,
    STRIPPED,
    UPDATE,
    Compared,
    Managed,
    ManagedFieldsError,
    Manager,
    Owned,
    capped,
    decode,
    manager_of,
    reconciled,
    taken,
    updated,
    with_managed_fields,
    without_managed_fields,
)
from .typed.compare import compare
from .typed.elements import equal
from .typed.fields import field_set, with_named_fields
from .typed.merge import merge
from .typed.remove import remove
from .typed.schema import Node
from .typed.validate import SchemaError, validate
from .versions import Filter, Object, Versions

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
MAX_ANNOTATIONS = 256 * 1024
KUBECTL = "kubectl"


class ConflictsError(Exception):
    """Other managers own fields that the configuration changes."""

    def __init__(self, conflicts: dict[Manager, FieldSet]) -> None:
        self.conflicts = conflicts


def apply(
    live: Object | None,
    config: Object,
    *,
    manager: str,
    force: bool,
    kind: str,
    api_version: str,
    time: str,
    versions: Versions,
    subresource: str = "",
    reset: Filter | None = None,
) -> Object:
    """The object after `config` is applied; `live` is None where there is none yet.

    The result is not defaulted. Raises Conflict with a cause a field, BadRequest where the configuration is not of
    this kind or sets managedFields, and an unclassified APIError where it does not conform to the type.
    """
    _check(config, kind, api_version)
    before = live if live is not None else versions.empty(api_version)
    try:
        managed = decode(before.get("metadata", EMPTY).get("managedFields"), trusted=True)
    except ManagedFieldsError as error:
        raise unclassified(f"failed to decode managed fields: {error}") from error
    before = without_managed_fields(before)
    task = _Apply(before, config, manager_of(manager, APPLY, api_version, subresource), api_version, versions, reset)
    try:
        managed = task.tracked(managed, subresource, time)
        try:
            result, managed = task.run(managed, force, time)
        except ConflictsError as error:
            result, managed = task.run(managed, task.upgrades(error), time)
    except ConflictsError as error:
        raise conflict(error.conflicts) from error
    if manager == KUBECTL:
        result = _with_last_applied(result, config)
    return with_managed_fields(result, managed)


def _check(config: Object, kind: str, api_version: str) -> None:
    """That the configuration is of this kind and version, and leaves managedFields alone."""
    given, given_kind = config.get("apiVersion"), config.get("kind")
    if given != api_version or given_kind != kind:
        group, _, version = given.rpartition("/") if isinstance(given, str) else ("", "", "")
        name = given_kind if isinstance(given_kind, str) else ""
        raise BadRequest(f"invalid object type: {group}/{version}, Kind={name}")
    metadata = config.get("metadata")
    if isinstance(metadata, dict) and metadata.get("managedFields") is not None:
        raise BadRequest("metadata.managedFields must be nil")


def described(obj: Object, api_version: str) -> str:
    """An object as messages name it: `ns/name; apps/v1, Kind=Deployment`."""
    metadata = obj.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    group, _, version = api_version.rpartition("/")
    name, namespace = (metadata.get(key) or "" for key in ("name", "namespace"))
    return f"{namespace}/{name}; {group}/{version}, Kind={obj.get('kind')}"


class _Apply:
    """One apply in work."""

    def __init__(
        self, live: Object, config: Object, who: Manager, api_version: str, versions: Versions, reset: Filter | None
    ) -> None:
        self.live, self.config, self.who, self.api_version = live, config, who, api_version
        self.versions, self.reset = versions, reset
        node = versions.node(api_version)
        if node is None:
            raise unclassified(f"no corresponding type for {api_version}")
        self.node: Node = node
        try:
            validate(node, config)
        except SchemaError as error:
            what = described(config, api_version)
            raise unclassified(f"failed to create typed patch object ({what}): {error}") from error

    def tracked(self, managed: Managed, subresource: str, time: str) -> Managed:
        """Ownership from now on; where nobody has kept it so far, all that is set belongs to one manager."""
        if managed:
            return managed
        who = manager_of(BEFORE_FIRST_APPLY, UPDATE, self.api_version, subresource)
        empty = self.versions.empty(self.api_version)
        try:
            found = updated(empty, self.live, {}, who, time=time, versions=self.versions, reset=self.reset)
        except SchemaError as error:
            raise unclassified(f"failed to create manager for existing fields: {error}") from error
        return capped(found)

    def run(self, managed: Managed, force: bool, time: str) -> tuple[Object, Managed]:
        """(the merged object, ownership). Raises ConflictsError."""
        managed = reconciled(managed, self.versions)
        last = managed.get(self.who)
        try:
            merged = merge(self.node, self.live, self.config)
            fields = field_set(self.node, self.config)
            if self.reset is not None:
                fields = self.reset(fields)
            managed[self.who] = Owned(fields, self.api_version)
            if last is not None and not self._still_owned(last, managed):
                merged = self._pruned(merged, managed, last)
            compared = Compared(self.live, merged, self.api_version, self.versions, self.reset)
            conflicts = compared.conflicts(managed, self.who)
        except SchemaError as error:
            raise unclassified(f"failed to merge config: {error}") from error
        if conflicts and not force:
            raise ConflictsError(conflicts)
        managed = taken(managed, compared, conflicts, self.who)
        own = difference(fields, STRIPPED)
        if own:
            before = last.time if last is not None else None
            managed[self.who] = Owned(own, self.api_version, before if equal(self.live, merged) else time)
        else:
            managed.pop(self.who, None)
        return merged, managed

    def _still_owned(self, last: Owned, managed: Managed) -> bool:
        """Whether somebody owns all that this manager applied before: then nothing goes."""
        left = last.fields
        for owned in managed.values():
            if owned.api_version == self.api_version:
                left = difference(left, owned.fields)
        return last.api_version == self.api_version and not left

    def _pruned(self, merged: Object, managed: Managed, last: Owned) -> Object:
        """Without what this manager applied before, if nobody owns it now."""
        node = self.versions.node(last.api_version)
        if node is None:
            return merged
        base = self.versions.convert(merged, last.api_version)
        gone = with_named_fields(last.fields, node)
        pruned = remove(node, base, gone)
        pruned = self._with_owned(base, pruned, managed, last.api_version)
        kept, all_fields = (with_named_fields(field_set(node, value), node) for value in (pruned, base))
        pruned = remove(node, base, intersection(difference(all_fields, kept), gone))
        return self.versions.convert(pruned, self.api_version)

    def _with_owned(self, merged: Object, pruned: Object, managed: Managed, api_version: str) -> Object:
        """Back with what someone owns now, version by version, the pruned object's own version first."""
        owned: dict[str, FieldSet] = {api_version: EMPTY}
        for entry in managed.values():
            owned[entry.api_version] = union(owned.get(entry.api_version, EMPTY), entry.fields)
        for version, fields in owned.items():
            node = self.versions.node(version)
            if node is None or not (fields or version == api_version):
                continue
            merged, pruned = (self.versions.convert(value, version) for value in (merged, pruned))
            before, after = (with_named_fields(field_set(node, value), node) for value in (merged, pruned))
            keep = union(after, with_named_fields(fields, node))
            pruned = remove(node, merged, difference(before, keep))
        return self.versions.convert(pruned, api_version)

    def upgrades(self, error: ConflictsError) -> bool:
        """Whether these are conflicts only with the client-side apply that this kubectl takes over from.

        Raises ConflictsError with those that are not.
        """
        allowed = self._last_applied_fields() if self.who.name == KUBECTL else None
        if allowed is None:
            raise error
        rest = {m: difference(fields, allowed) for m, fields in error.conflicts.items()}
        rest = {m: fields for m, fields in rest.items() if fields}
        if rest:
            raise ConflictsError(rest) from error
        return True

    def _last_applied_fields(self) -> FieldSet | None:
        """What client-side apply set and nobody changed since, None if there is no record of it."""
        text = ((self.live.get("metadata") or EMPTY).get("annotations") or EMPTY).get(LAST_APPLIED)
        if not text:
            return None
        try:
            last = msgspec.json.decode(text)
            if not isinstance(last, dict) or last.get("apiVersion") != self.api_version:
                return None
            validate(self.node, last)
            difference_to_live = compare(self.node, last, self.live)
        except (msgspec.DecodeError, SchemaError, RecursionError):
            return None
        fields = field_set(self.node, last)
        for changed in difference_to_live:
            fields = difference(fields, changed)
        return fields


def _with_last_applied(obj: Object, config: Object) -> Object:
    """The object with the client-side annotation kept in step, where it has one."""
    metadata = obj.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if not annotations.get(LAST_APPLIED):
        return obj
    given = config.get("metadata") or {}
    if isinstance(given.get("annotations"), dict):
        given = given | {"annotations": {k: v for k, v in given["annotations"].items() if k != LAST_APPLIED}}
    text = msgspec.json.encode(config | {"metadata": given}, order="sorted").decode() + "\n"
    annotations = annotations | {LAST_APPLIED: text}
    if sum(len(k.encode()) + len(v.encode()) for k, v in annotations.items()) > MAX_ANNOTATIONS:
        del annotations[LAST_APPLIED]
    return obj | {"metadata": metadata | {"annotations": annotations}}


def conflict(conflicts: dict[Manager, FieldSet]) -> Conflict:
    """The 409 that names every field and who owns it."""
    rows: list[tuple[Manager, str]] = [
        (manager, show_path(path))
        for manager in sorted(conflicts, key=Manager.identifier)
        for path in fieldset.paths(conflicts[manager])
    ]
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_shown(manager)}", "field": path}
        for manager, path in rows
    ]
    if len(rows) == 1:
        manager, path = rows[0]
        return Conflict(f"Apply failed with 1 conflict: conflict with {_shown(manager)}: {path}", causes=causes)
    lines: list[str] = []
    for manager in dict.fromkeys(manager for manager, _ in rows):
        lines.append(f"conflicts with {_shown(manager)}:")
        lines += [f"- {path}" for other, path in rows if other == manager]
    return Conflict(f"Apply failed with {len(rows)} conflicts: {chr(10).join(lines)}", causes=causes)


def _shown(manager: Manager) -> str:
    text = go_quoted(manager.name)
    if manager.subresource:
        text += f" with subresource {go_quoted(manager.subresource)}"
    return f"{text} using {manager.api_version}" if manager.operation == UPDATE else text
