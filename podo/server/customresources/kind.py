"""A custom resource as the registry serves it: one `CustomServed` a version of its definition."""

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from podo.api.field_errors import FieldError
from podo.api.resources import Column, Resource, Subresource
from podo.server.patch.versions import excluding
from podo.server.registry.kinds import Reset, Served, StoredKind
from podo.server.registry.selectable import UNKNOWN, Selectable, at
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry

from .definition import TERMINATING, Definition, Scale, Version
from .schema.defaults import fill
from .schema.pruning import drop_nulls, prune
from .schema.structural import Structural, has_anywhere
from .strategy import CustomStrategy
from .versions import rank

VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
GOING_VERBS = ("delete", "deletecollection", "get", "list", "watch")
_AGE = Column(name="Age", type="date")
_RESET, _RESET_BY_STATUS, _NO_RESET = excluding("status"), excluding("metadata", "spec"), excluding()
_NAME = Column(name="Name", format="name")


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomServed(Served):
    """One version. Objects written before `since` may lack what the schema now says; the others are as they should."""

    definition: Definition
    version: Version
    since: int
    made: dict[str, object] = field(default_factory=dict)
    """What others have made from it, kept as long as it is served."""

    @property
    def structural(self) -> Structural:
        """The schema of this version."""
        return self.definition.structural(self.version.name)

    @cached_property
    def has_rules(self) -> bool:
        """Whether the schema has validation rules."""
        return has_anywhere(self.structural, rules=True)

    def rule_errors(self, obj: Object, old: Object | None) -> list[FieldError]:
        """What validation rules find."""
        return []

    @property
    def has_status(self) -> bool:
        """Whether status is written by itself."""
        return self.version.subresources is not None and self.version.subresources.status is not None

    @property
    def scale(self) -> Scale | None:
        return self.version.subresources.scale if self.version.subresources is not None else None

    def reset(self, subresource: str) -> Reset | None:
        if subresource == "status":
            return _RESET_BY_STATUS
        return _RESET if self.has_status and not subresource else _NO_RESET

    def normalise(self, obj: Object) -> list[str]:
        """Drop what the schema does not know, in place; the paths of what was dropped."""
        if self.definition.spec.preserve_unknown_fields:
            return []
        unknown = prune(obj, self.structural)
        drop_nulls(obj, self.structural)
        return unknown

    def default(self, obj: Object) -> None:
        """Fill in the defaults, in place."""
        fill(obj, self.structural)

    def _is_current(self, entry: Entry) -> bool:
        return entry.revision >= self.since and self.version.storage

    @property
    def verbatim(self) -> bool:
        return False

    def client_form(self, entry: Entry) -> Object:
        obj = entry.object()
        if self._is_current(entry):
            return self._headed(obj)
        return self._shown(obj, entry.api_version.rpartition("/")[2])

    def client_object(self, obj: Object) -> Object:
        """A stored object as this version shows it: with the defaults of the stored version, pruned by its own."""
        return self._shown(obj, self.definition.storage.name)

    def _shown(self, obj: Object, stored: str) -> Object:
        found = self._headed(obj)
        self.definition.restore(found, stored)
        if stored != self.version.name:
            self.normalise(found)
        return found

    def _headed(self, obj: Object) -> Object:
        head = {"kind": self.resource.kind, "apiVersion": self.resource.api_version}
        return head | {name: value for name, value in obj.items() if name not in head}

    def tail(self, entry: Entry) -> bytes:
        if self._is_current(entry):
            return entry.tail
        obj = self.client_form(entry)
        del obj["kind"], obj["apiVersion"]
        return msgspec.json.encode(obj)[1:]


def served_versions(definition: Definition, since: int) -> Iterator[CustomServed]:
    """The versions that are served, the preferred one first; `since`: the revision at which they came to be so."""
    spec, names = definition.spec, definition.status.accepted_names
    strategy = CustomStrategy(definition)
    stored = StoredKind(
        spec.group, names.plural, names.kind, spec.scope == "Namespaced", strategy, False, _selectable(*spec.versions)
    )
    for version in sorted(spec.versions, key=lambda v: rank(v.name)):
        if not version.served:
            continue
        served = CustomServed(
            resource_of(definition, version),
            stored,
            f"{spec.group}/{definition.storage.name}",
            _selectable(version),
            typed_items=True,
            list_kind=names.list_kind,
            deprecation=deprecation(definition, version),
            definition=definition,
            version=version,
            since=since,
        )
        strategy.versions[version.name] = served
        yield served


def resource_of(definition: Definition, version: Version) -> Resource:
    """The row of a version in the table of resources."""
    spec, names = definition.spec, definition.status.accepted_names
    going = definition.holds(TERMINATING)
    namespaced = spec.scope == "Namespaced"
    below: dict[str, Subresource] = {}
    if version.subresources is not None and version.subresources.status is not None:
        below["status"] = Subresource(kind=names.kind, verbs=("get", "patch", "update"), namespaced=namespaced)
    if version.subresources is not None and version.subresources.scale is not None:
        below["scale"] = Subresource(
            kind="Scale", verbs=("get", "patch", "update"), namespaced=namespaced, group="autoscaling", version="v1"
        )
    return Resource(
        group=spec.group,
        version=version.name,
        kind=names.kind,
        plural=names.plural,
        singular=names.singular,
        namespaced=namespaced,
        verbs=GOING_VERBS if going else VERBS,
        short_names=names.short_names,
        categories=names.categories,
        subresources=below,
        columns=columns_of(version),
        storage_version_hash=storage_version_hash(spec.group, definition.storage.name, names.kind),
    )


def columns_of(version: Version) -> tuple[Column, ...]:
    """The columns of a Table: the name, and those of the definition, or the age."""
    own = [
        Column(name=c.name, type=c.type, format=c.format, priority=c.priority)
        for c in version.additional_printer_columns
    ]
    return (_NAME, *own) if own else (_NAME, _AGE)


def storage_version_hash(group: str, version: str, kind: str) -> str:
    """What discovery shows, for clients to see that storage has moved to another version."""
    digest = hashlib.sha256(f"{group}/{version}/{kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()


def deprecation(definition: Definition, version: Version) -> str:
    """What clients of a deprecated version are warned of."""
    if not version.deprecated:
        return ""
    if version.deprecation_warning is not None:
        return version.deprecation_warning
    group, kind = definition.spec.group, definition.spec.names.kind
    text = f"{group}/{version.name} {kind} is deprecated"
    better = [
        v.name for v in definition.spec.versions if v.served and not v.deprecated and rank(v.name) < rank(version.name)
    ]
    return f"{text}; use {group}/{min(better, key=rank)} {kind}" if better else text


def _selectable(*versions: Version) -> Selectable:
    paths = {field.json_path.removeprefix(".") for version in versions for field in version.selectable_fields}
    return Selectable({path: at(path) for path in sorted(paths)}, UNKNOWN)
