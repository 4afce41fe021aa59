"""How kinds are stored and served: which rows of the resource table share storage, and in what form."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from podo.api.resources import Resource
from podo.server.registry.selectable import NO_FIELDS, Selectable
from podo.server.strategy import Object, Strategy
from podo.server.watchcache.cache import ROOT
from podo.server.watchcache.entry import Entry, head_of

Convert = Callable[[Object], Object]
Reset = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class StoredKind:
    """One kind in storage; `plural` and `group` make its keys."""

    group: str
    plural: str
    kind: str
    namespaced: bool
    strategy: Strategy
    has_status: bool = False
    selectable: Selectable = NO_FIELDS

    @cached_property
    def prefix(self) -> str:
        """What all its keys in the store begin with."""
        return f"{ROOT}{self.group or 'core'}/{self.plural}/"

    def key(self, namespace: str, name: str) -> str:
        """The key within the prefix."""
        return f"{namespace}/{name}" if self.namespaced else name


@dataclass(frozen=True, eq=False)
class Served:
    """One version of a kind as clients see it. `to_stored` and `from_stored` are None where the shape is the same."""

    resource: Resource
    stored: StoredKind
    stored_api_version: str
    selectable: Selectable = NO_FIELDS
    to_stored: Convert | None = None
    from_stored: Convert | None = None
    typed_items: bool = False
    """The items of a list say their kind and apiVersion: so it is with custom resources."""
    list_kind: str = ""
    """The kind of lists, where it is not the kind with `List` behind."""
    deprecation: str = ""
    """What clients are warned of who use it."""

    @cached_property
    def head(self) -> bytes:
        """What stands before the tail of each object."""
        return head_of(self.resource.kind, self.resource.api_version)

    @cached_property
    def list_head(self) -> bytes:
        """What stands before the metadata of a list."""
        return head_of(self.list_kind or f"{self.resource.kind}List", self.resource.api_version)

    @cached_property
    def item_head(self) -> bytes:
        """What stands before the tail of each item of a list."""
        return self.head if self.typed_items else b"{"

    def reset(self, subresource: str) -> Reset | None:
        """What writes to this resource, or a subresource, do not own; None: as is usual for the kind."""
        return None

    @cached_property
    def subresources(self) -> frozenset[str]:
        return frozenset(self.resource.subresources)

    def store_form(self, obj: Object) -> Object:
        """The object in the stored version; may share structure with `obj`."""
        if self.to_stored is not None:
            obj = self.to_stored(obj)
        if obj.get("apiVersion") != self.stored_api_version:
            obj["apiVersion"] = self.stored_api_version
        return obj

    @property
    def converts(self) -> bool:
        """Whether another program converts between versions: then `readable` and `storable` have work."""
        return False

    async def readable(self, entries: Sequence[Entry]) -> list[Entry]:
        """Stored entries, as entries of this version."""
        return list(entries)

    async def storable(self, obj: Object) -> Object:
        """An object of this version in the version in which it is stored."""
        return obj

    def hides(self, entry: Entry) -> bool:
        """Whether a stored object has fields that this version does not know: then nobody can say who owns what."""
        return False

    def is_outdated(self, entry: Entry) -> bool:
        """Whether an object is stored in another version than it would be now."""
        return False

    @property
    def verbatim(self) -> bool:
        """Whether objects are shown as they are stored."""
        return self.from_stored is None

    def tail(self, entry: Entry) -> bytes:
        """All of the object of `entry` behind its kind and apiVersion, in this version."""
        if self.from_stored is None:
            return entry.tail
        obj = self.client_form(entry)
        del obj["kind"], obj["apiVersion"]
        return msgspec.json.encode(obj)[1:]

    async def shown(self, obj: Object) -> Object:
        """A stored object in this version, also where another program must convert it."""
        return self.client_object(obj)

    def client_form(self, entry: Entry) -> Object:
        """The object of `entry`, in this version, as a dict of the caller's own."""
        return self.client_object(entry.object())

    def client_object(self, obj: Object) -> Object:
        """A stored object, whose kind and apiVersion may be missing, in this version."""
        if self.from_stored is not None:
            obj = self.from_stored({"kind": self.stored.kind, "apiVersion": self.stored_api_version} | obj)
        return {"kind": self.resource.kind, "apiVersion": self.resource.api_version} | {
            name: value for name, value in obj.items() if name not in ("kind", "apiVersion")
        }
