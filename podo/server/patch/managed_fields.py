"""metadata.managedFields: who set which field, kept up to date at every write.

The wire form is a list of entries; in work it is a dict from `Manager` to what that manager owns. An update takes
what it changes from all others; an apply (apply.py) asks first. Entries of versions that no longer exist are dropped.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from . import fieldset
from .fieldset import EMPTY, FieldsError, FieldSet, difference, union
from .typed.compare import Comparison, compare
from .typed.reconcile import reconcile
from .typed.validate import SchemaError
from .versions import Filter, Object, Versions

APPLY, UPDATE = "Apply", "Update"
MAX_UPDATE_MANAGERS = 10
ANCIENT, BEFORE_FIRST_APPLY = "ancient-changes", "before-first-apply"
STRIPPED = fieldset.of_paths(
    ("f:apiVersion",),
    ("f:kind",),
    ("f:metadata",),
    *(
        ("f:metadata", f"f:{name}")
        for name in (
            *("name", "namespace", "creationTimestamp", "selfLink", "uid"),
            *("clusterName", "generation", "managedFields", "resourceVersion"),
        )
    ),
)
"""What no manager ever owns."""


class Manager(NamedTuple):
    """Who acts, and how. For an apply `api_version` is "": whatever its version, it is the same manager."""

    name: str
    operation: str
    api_version: str = ""
    subresource: str = ""

    def identifier(self) -> str:
        """The text by which Kubernetes sorts managers."""
        row = {"manager": self.name, "operation": self.operation}
        row |= {"apiVersion": self.api_version} if self.api_version else {}
        row |= {"subresource": self.subresource} if self.subresource else {}
        return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


class Owned(NamedTuple):
    """The fields of one manager, in the names of one version. `time` is when they last changed.

    `entry` is how they are stored already, if they are.
    """

    fields: FieldSet
    api_version: str
    time: str | None = None
    entry: dict[str, Any] | None = None

    def keeping(self, fields: FieldSet) -> "Owned":
        """The same owner with other fields."""
        return self if fields is self.fields else Owned(fields, self.api_version, self.time)

    def changed_at(self, time: str, fields: FieldSet) -> "Owned":
        """The same owner, who wrote at `time` and owns `fields` now: mostly the same ones, which stay in order."""
        if self.entry is None or "time" not in self.entry or fields != self.fields:
            return Owned(fields, self.api_version, time)
        return Owned(self.fields, self.api_version, time, {**self.entry, "time": time})


Managed = dict[Manager, Owned]


def manager_of(name: str, operation: str, api_version: str, subresource: str) -> Manager:
    """The manager of a request; one without a name is `unknown`."""
    return Manager(name or "unknown", operation, api_version if operation == UPDATE else "", subresource)


class ManagedFieldsError(ValueError):
    """The entries cannot be read."""


def decode(entries: Any, *, trusted: bool = False) -> Managed:
    """The entries in work form. Raises ManagedFieldsError. `trusted` ones were written here and are canonical."""
    managed: Managed = {}
    for index, entry in enumerate(entries or ()):
        operation, api_version = entry.get("operation"), entry.get("apiVersion")
        if operation not in (APPLY, UPDATE):
            raise ManagedFieldsError("operation must be `Apply` or `Update`")
        if not api_version:
            raise ManagedFieldsError("apiVersion must not be empty")
        if not entry.get("fieldsType"):
            raise ManagedFieldsError(f"missing fieldsType in managed fields entry {index}")
        if entry["fieldsType"] != "FieldsV1":
            raise ManagedFieldsError(f'invalid fieldsType "{entry["fieldsType"]}" in managed fields entry {index}')
        raw = entry.get("fieldsV1") or EMPTY
        try:
            fields = raw if trusted else fieldset.decode(raw)
        except FieldsError as error:
            raise ManagedFieldsError(f"error decoding set: {error}") from error
        manager = Manager(
            entry.get("manager", ""),
            operation,
            api_version if operation == UPDATE else "",
            entry.get("subresource", ""),
        )
        managed[manager] = Owned(fields, api_version, entry.get("time"), entry if trusted else None)
    return managed


def encode(managed: Managed) -> list[dict[str, Any]]:
    """The entries as they are stored, in Kubernetes' order."""

    def order(item: tuple[Manager, Owned]) -> tuple[str, str, str, str, str]:
        manager, owned = item
        return manager.operation, owned.time or "", manager.name, owned.api_version, manager.subresource

    return [_entry(manager, owned) for manager, owned in sorted(managed.items(), key=order)]


def _entry(manager: Manager, owned: Owned) -> dict[str, Any]:
    if owned.entry is not None:
        return owned.entry
    entry: dict[str, Any] = {"manager": manager.name} if manager.name else {}
    entry |= {"operation": manager.operation, "apiVersion": owned.api_version}
    if owned.time:
        entry["time"] = owned.time
    entry |= {"fieldsType": "FieldsV1", "fieldsV1": fieldset.ordered(owned.fields)}
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def on_update(
    live: Object | None,
    new: Object,
    *,
    manager: str,
    subresource: str,
    api_version: str,
    time: str,
    versions: Versions,
    reset: Filter | None = None,
) -> Object:
    """`new` with its managedFields brought up to date, for a create (`live` is None), update or patch.

    `time` is now, as metadata has it; `reset` drops what this request cannot set. Where ownership cannot be told
    (elements of lists that lack their keys), the result has no managedFields.
    """
    managed = _requested(live, new, bool(subresource))
    result = without_managed_fields(new)
    if not managed and live is not None:
        return result  # nobody has ever applied, nor has ownership been kept since creation
    who = manager_of(manager, UPDATE, api_version, subresource)
    before = without_managed_fields(live) if live is not None else versions.empty(api_version)
    try:
        managed = updated(before, result, managed, who, time=time, versions=versions, reset=reset)
    except SchemaError:
        return result
    return with_managed_fields(result, capped(managed))


def _requested(live: Object | None, new: Object, is_subresource: bool) -> Managed:
    """The ownership to start from: the request's, if it names any, else the live object's."""
    ours = (live or EMPTY).get("metadata", EMPTY).get("managedFields")
    given = new.get("metadata", EMPTY).get("managedFields")
    if not is_subresource and given is not None:
        if given in ([], [{}]):
            return {}
        if given != ours:
            try:
                if managed := decode(given):
                    return managed
            except ManagedFieldsError:
                pass
    try:
        return decode(ours, trusted=True)
    except ManagedFieldsError:
        return {}


def updated(
    live: Object,
    new: Object,
    managed: Managed,
    who: Manager,
    *,
    time: str,
    versions: Versions,
    reset: Filter | None,
) -> Managed:
    """Ownership after `who` turned `live` into `new`. Raises SchemaError."""
    managed = reconciled(managed, versions)
    before = managed.get(who)
    compared = Compared(live, new, who.api_version, versions, reset)
    managed = taken(managed, compared, compared.conflicts(managed))
    fields = difference(compared.written(who.api_version), STRIPPED)
    if reset is not None:
        fields = reset(fields)
    if fields:
        previous = managed.get(who)
        if previous is not None:
            fields = union(fields, previous.fields)
        managed[who] = before.changed_at(time, fields) if before is not None else Owned(fields, who.api_version, time)
    return managed


class Compared:
    """Two objects compared in every version that some manager speaks."""

    def __init__(
        self, live: Object, new: Object, api_version: str, versions: Versions, reset: Filter | None = None
    ) -> None:
        self._live, self._new, self._versions, self._reset = live, new, versions, reset
        self._done: dict[str, Comparison | None] = {}
        self._written: dict[str, FieldSet] = {}
        self.at(api_version)

    def at(self, api_version: str) -> Comparison | None:
        """The comparison in the names of that version, None if the version is gone. Raises SchemaError."""
        if api_version not in self._done:
            node = self._versions.node(api_version)
            result = None
            if node is not None:
                live, new = (self._versions.convert(obj, api_version) for obj in (self._live, self._new))
                result = compare(node, live, new)
                if self._reset is not None:
                    result = Comparison(*map(self._reset, result))
            self._done[api_version] = result
        return self._done[api_version]

    def written(self, api_version: str) -> FieldSet:
        """What was changed or added, in the names of that version. Raises SchemaError."""
        found = self._written.get(api_version)
        if found is None:
            result = self.at(api_version)
            found = self._written[api_version] = union(result.modified, result.added) if result is not None else EMPTY
        return found

    def conflicts(self, managed: Mapping[Manager, Owned], but: Manager | None = None) -> dict[Manager, FieldSet]:
        """What managers other than `but` own of what was changed or added."""
        found: dict[Manager, FieldSet] = {}
        for manager, owned in managed.items():
            if manager != but and (changed := self.written(owned.api_version)):
                both = fieldset.intersection(owned.fields, changed)
                if both:
                    found[manager] = both
        return found


def taken(
    managed: Managed, compared: Compared, conflicts: Mapping[Manager, FieldSet], but: Manager | None = None
) -> Managed:
    """What others still own when the conflicting and the removed fields are no longer theirs."""
    result: Managed = {}
    for manager, owned in managed.items():
        if manager == but:
            result[manager] = owned
            continue
        comparison = compared.at(owned.api_version)
        if comparison is None:
            continue  # speaks a version that is gone
        fields = difference(owned.fields, conflicts.get(manager, EMPTY))
        fields = difference(fields, comparison.removed)
        if fields:
            result[manager] = owned.keeping(fields)
    return result


def reconciled(managed: Managed, versions: Versions) -> Managed:
    """Without managers of unknown versions; sets of the others as today's schema would have them."""
    result: Managed = {}
    for manager, owned in managed.items():
        node = versions.node(owned.api_version)
        if node is not None:
            result[manager] = owned.keeping(reconcile(owned.fields, node))
    return result


def capped(managed: Managed) -> Managed:
    """At most ten managers of updates: the oldest of each version are merged into one."""
    updaters = [m for m in managed if m.operation == UPDATE]
    excess = len(updaters) - MAX_UPDATE_MANAGERS
    if excess <= 0:
        return managed
    result = dict(managed)
    first: dict[str, Manager] = {}
    updaters.sort(key=lambda m: (managed[m].time or "", m.identifier()))
    for manager in updaters:
        if excess <= 0:
            break
        owned = result[manager]
        bucket = Manager(ANCIENT, UPDATE, owned.api_version)
        if owned.api_version not in first:
            first[owned.api_version] = manager
            continue
        if bucket not in result:
            result[bucket] = result.pop(first[owned.api_version])
        merged = union(owned.fields, result[bucket].fields)
        if manager != bucket:
            del result[manager]
        result[bucket] = Owned(merged, owned.api_version, owned.time)
        excess -= 1
    return result


def without_managed_fields(obj: Object) -> Object:
    """The object without metadata.managedFields."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return obj
    return obj | {"metadata": {k: v for k, v in metadata.items() if k != "managedFields"}}


def with_managed_fields(obj: Object, managed: Managed) -> Object:
    """The object with these managedFields; with none, if nobody owns anything."""
    obj = without_managed_fields(obj)
    return obj | {"metadata": (obj.get("metadata") or {}) | {"managedFields": encode(managed)}} if managed else obj


def keep_times(new: Object, live: Object) -> Object:
    """`new` with `live`'s times, if nothing but times in managedFields differs: such a write changes nothing."""
    entries = new.get("metadata", EMPTY).get("managedFields")
    old = live.get("metadata", EMPTY).get("managedFields")
    if not entries or not old or len(entries) != len(old) or entries == old:
        return new
    if any(_timeless(a) != _timeless(b) for a, b in zip(entries, old, strict=True)):
        return new
    if without_managed_fields(new) != without_managed_fields(live):
        return new
    return new | {"metadata": new["metadata"] | {"managedFields": old}}


def _timeless(entry: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in entry.items() if k != "time"}
