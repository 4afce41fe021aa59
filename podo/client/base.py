"""The one interface through which everything but the API server sees a cluster.

The server offers it in process (`podo/server/local.py`), `http.py` over the wire. Objects are frozen Structs of
`podo.api.types`, shared and never mutated: change one with `msgspec.structs.replace`. Failures are `podo.api.errors`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from podo.api import scheme
from podo.api.errors import NotFound
from podo.api.resources import Resource
from podo.api.scheme import Object, PartialObject

T = TypeVar("T", bound=Object)

ADDED, MODIFIED, DELETED, BOOKMARK = "ADDED", "MODIFIED", "DELETED", "BOOKMARK"
JSON_PATCH, MERGE_PATCH = "application/json-patch+json", "application/merge-patch+json"
STRATEGIC_PATCH, APPLY_PATCH = "application/strategic-merge-patch+json", "application/apply-patch+yaml"
BACKGROUND, FOREGROUND, ORPHAN = "Background", "Foreground", "Orphan"
INITIAL_EVENTS_END = "k8s.io/initial-events-end"  # the annotation of the bookmark that ends a watch's first list


class Key(NamedTuple):
    """An object's place within its kind. The namespace of a cluster-scoped object is ""."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


def key_of(obj: Object) -> Key:
    """The place of `obj`."""
    return Key(obj.metadata.namespace, obj.metadata.name)


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A resource and the class that its objects are decoded to."""

    resource: Resource
    cls: type[T]


@cache
def _kind_of(cls: Any) -> Any:
    return Kind(scheme.resource_of(cls), cls)


def kind_of(target: "type[T] | Kind[T]") -> Kind[T]:
    """The kind that a Struct class is; a Kind is itself. Raises LookupError for a class that is no kind."""
    kind: Kind[T] = target if isinstance(target, Kind) else _kind_of(target)
    return kind


def metadata_kind(resource: Resource) -> Kind[PartialObject]:
    """Any resource, also one that is found at run time, seen by its objects' metadata only."""
    return Kind(resource, PartialObject)


class ObjectList(NamedTuple, Generic[T]):
    """Objects as of one resource version; `continue_token` is "" on the last page."""

    items: Sequence[T]
    resource_version: str
    continue_token: str = ""


class WatchEvent(NamedTuple, Generic[T]):
    """ADDED, MODIFIED, DELETED, or a BOOKMARK, whose object has only metadata."""

    type: str
    object: T


@dataclass(frozen=True, kw_only=True)
class Patch:
    """A patch: its media type (one of the constants above) and its body, encoded or as plain JSON values."""

    media_type: str
    body: bytes | Mapping[str, Any] | Sequence[Any]
    field_manager: str = ""
    force: bool = False  # of an apply: take over fields that others own


@dataclass(frozen=True, kw_only=True)
class DeleteOptions:
    """How to delete; None or "": as the kind does by default."""

    grace_period_seconds: int | None = None
    propagation: str = ""  # BACKGROUND, FOREGROUND, ORPHAN
    uid: str = ""  # delete only this very object, else Conflict
    resource_version: str = ""


DEFAULT_DELETE = DeleteOptions()


class Client(Protocol):
    """A cluster. `namespace=""` in list and watch means all namespaces; selectors are in their text form.

    `get` raises NotFound; `update` of an object with a stale resourceVersion raises Conflict. `watch` yields what
    happens after `since`; if that is "", first what is there, as ADDED events and a closing BOOKMARK with the
    annotation INITIAL_EVENTS_END. It ends when the server closes it and raises Expired when `since` is too old.
    """

    async def get(self, kind: type[T] | Kind[T], key: Key, *, subresource: str = "") -> T:
        """The object, or what a subresource shows: a Scale, where `kind` is the object's resource with that class."""
        ...

    async def list(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = ""
    ) -> ObjectList[T]: ...

    def watch(
        self, kind: type[T] | Kind[T], *, namespace: str = "", labels: str = "", fields: str = "", since: str = ""
    ) -> AsyncIterator[WatchEvent[T]]: ...

    async def create(self, obj: T, *, of: "Kind[Any] | None" = None, subresource: str = "") -> T:
        """Create `obj`, or post it to a subresource of the object of kind `of` with its namespace and name.

        The latter is for a Binding, an Eviction, a TokenRequest.
        """
        ...

    async def update(self, obj: T, *, of: "Kind[Any] | None" = None, subresource: str = "") -> T:
        """Replace `obj`, or what a subresource of the object of kind `of` with its place shows: a Scale."""
        ...

    async def patch(self, kind: type[T] | Kind[T], key: Key, patch: Patch, *, subresource: str = "") -> T: ...

    async def delete(self, kind: type[T] | Kind[T], key: Key, options: DeleteOptions = DEFAULT_DELETE) -> None: ...


async def find(client: Client, kind: type[T] | Kind[T], key: Key) -> T | None:
    """The object, or None if there is none."""
    try:
        return await client.get(kind, key)
    except NotFound:
        return None
