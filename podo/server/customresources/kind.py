"""A custom resource as the registry serves it: one `CustomServed` a version of its definition."""

import base64
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import msgspec

from podo.api.field_errors import FieldError
from podo.api.resources import CUSTOM_VERBS, Column, Resource, Subresource
from podo.server.patch.versions import excluding
from podo.server.registry.kinds import Reset, Served, StoredKind
from podo.server.registry.selectable import UNKNOWN, Selectable, at
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry, stored_value

from .definition import TERMINATING, Definition, Scale, Version
from .schema.correlation import Correlated
from .schema.defaults import fill
from .schema.pruning import drop_nulls, prune
from .schema.structural import Structural, has_anywhere
from .strategy import CustomStrategy
from .versions import rank

if TYPE_CHECKING:
    from .rules.checking import Checks

Warn = Callable[[str], None]
GOING_VERBS = ("delete", "deletecollection", "get", "list", "watch")
_AGE = Column(name="Age", type="date")
_RESET, _RESET_BY_STATUS, _NO_RESET = excluding("status"), excluding("metadata", "spec"), excluding()
MAX_CONVERTED = 20_000
"""How many converted objects of a version are remembered."""
_NAME = Column(name="Name", format="name")


class Converter(Protocol):
    """Converts objects between versions."""

    async def convert(self, objects: Sequence[Object], api_version: str) -> list[Object]: ...


@dataclass(frozen=True, eq=False, kw_only=True)
class CustomServed(Served):
    """One version. Objects written before `since` may lack what the schema now says; the others are as they should."""

    definition: Definition
    version: Version
    since: int
    converter: Converter | None = None
    """Who converts between the versions; without, they differ by name only."""
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

    def rule_errors(
        self, obj: Object, old: Object | None, correlated: Correlated | None = None, warn: Warn = lambda text: None
    ) -> list[FieldError]:
        """What validation rules find; faults that were there before an update are only warned of."""
        checks = self._checks
        if checks is None:
            return []
        found = checks.run(obj, old, correlated)
        for text in found.warnings:
            warn(text)
        return found.errors

    @cached_property
    def _checks(self) -> "Checks | None":
        """The compiled rules; the compiler is imported with the first that there are."""
        if not self.has_rules:
            return None
        from .rules.checking import checks_of

        return checks_of(self.structural)

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
        if isinstance(entry, ConvertedEntry):
            return True
        return entry.revision >= self.since and self.version.storage

    @property
    def verbatim(self) -> bool:
        return False

    def client_form(self, entry: Entry) -> Object:
        obj = entry.object()
        if self._is_current(entry):
            return self._headed(obj)
        return self._shown(obj, entry.api_version.rpartition("/")[2])

    @property
    def converts(self) -> bool:
        return self.converter is not None

    async def readable(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those that are stored in other versions are converted, all at once, and remembered as long as they last."""
        known: dict[str, ConvertedEntry] = self.made.setdefault("converted", {})  # type: ignore[assignment]
        if len(known) > MAX_CONVERTED:
            known.clear()
        own = self.resource.version
        missing = [
            entry
            for entry in entries
            if _version_of(entry) != own
            and not ((found := known.get(entry.key)) is not None and found.revision == entry.revision)
        ]
        if missing:
            objects = await self._converted([self._unstored(entry) for entry in missing])
            for entry, obj in zip(missing, objects, strict=True):
                self.normalise(obj)
                known[entry.key] = ConvertedEntry(entry, stored_value(obj))
        return [entry if _version_of(entry) == own else known[entry.key] for entry in entries]

    def _unstored(self, entry: Entry) -> Object:
        """A stored object as its own version has it."""
        obj: Object = {"kind": self.resource.kind, "apiVersion": entry.api_version} | entry.object()
        self.definition.restore(obj, _version_of(entry))
        obj["metadata"].pop("resourceVersion", None)
        return obj

    async def _converted(self, objects: Sequence[Object]) -> list[Object]:
        assert self.converter is not None
        return await self.converter.convert(objects, self.resource.api_version)

    async def storable(self, obj: Object) -> Object:
        storage = f"{self.resource.group}/{self.definition.storage.name}"
        if self.converter is None or obj["apiVersion"] == storage:
            return obj
        meta = {name: value for name, value in obj["metadata"].items() if name != "resourceVersion"}
        (found,) = await self.converter.convert([obj | {"metadata": meta}], storage)
        self.definition.restore(found, self.definition.storage.name)
        return found

    async def shown(self, obj: Object) -> Object:
        if self.converter is None or obj["apiVersion"] == self.resource.api_version:
            return self.client_object(obj)
        (found,) = await self._converted([obj])
        return found

    def hides(self, entry: Entry) -> bool:
        stored = _version_of(entry)
        if self.converter is not None or stored == self.version.name or self.definition.spec.preserve_unknown_fields:
            return False
        obj = self._headed(entry.object())
        self.definition.restore(obj, stored)
        return bool(prune(obj, self.structural))

    def is_outdated(self, entry: Entry) -> bool:
        stored = entry.stored_version if isinstance(entry, ConvertedEntry) else entry.api_version
        return stored != f"{self.resource.group}/{self.definition.storage.name}"

    def client_object(self, obj: Object) -> Object:
        """A stored object as this version shows it: with the defaults of the stored version, pruned by its own."""
        if self.converter is not None:
            return self._headed(obj)
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


def _version_of(entry: Entry) -> str:
    return entry.api_version.rpartition("/")[2]


class ConvertedEntry(Entry):
    """An entry in another version than it is stored in (`stored_version`)."""

    __slots__ = ("stored_version",)

    def __init__(self, stored: Entry, value: bytes) -> None:
        super().__init__(stored.key, stored.revision, value)
        self.stored_version = stored.api_version


def served_versions(definition: Definition, since: int, converter: Converter | None = None) -> Iterator[CustomServed]:
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
            f"{spec.group}/{version.name if converter is not None else definition.storage.name}",
            _selectable(version),
            typed_items=True,
            list_kind=names.list_kind,
            deprecation=deprecation(definition, version),
            definition=definition,
            version=version,
            since=since,
            converter=converter,
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
        verbs=GOING_VERBS if going else CUSTOM_VERBS,
        short_names=names.short_names,
        categories=names.categories,
        subresources=below,
        columns=columns_of(version),
        storage_version_hash=storage_version_hash(spec.group, definition.storage.name, names.kind),
    )


def columns_of(version: Version) -> tuple[Column, ...]:
    """The columns of a Table: the name, and those of the definition, or the age."""
    own = [
        Column(name=c.name, type=c.type, format=c.format, priority=c.priority, description=c.description or None)
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
