"""Controllers and what they control: references, indexes by owner, adoption and release.

An object belongs to the owner that its reference with `controller: true` names. An owner adopts orphans that its
selector matches, and releases what it owns and its selector does not match any more.
"""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, cast

import msgspec

from podo.api.errors import Invalid, NotFound
from podo.api.scheme import Object
from podo.api.types.meta_v1 import OwnerReference
from podo.client.base import MERGE_PATCH, Key, Patch, key_of, kind_of
from podo.client.informer import Index
from podo.client.informers import CachedClient

T = TypeVar("T", bound=Object)
ORPHANS = "orphans in "  # index values of objects without a controller; a uid never looks like this


class Selector(Protocol):
    """`podo.api.selectors`: a label selector, or the one that selects nothing."""

    def matches(self, labels: Any) -> bool: ...


def controller_of(obj: Object) -> OwnerReference | None:
    """The reference to the object's controller."""
    for owner in obj.metadata.owner_references:
        if owner.controller:
            return owner
    return None


def is_controlled_by(obj: Object, owner: Object) -> bool:
    """Whether `owner` itself, not one of the same name, controls `obj`."""
    ref = controller_of(obj)
    return ref is not None and ref.uid == owner.metadata.uid


def by_controller(obj: Object) -> Iterable[Hashable]:
    """Index keys: the uid of the object's controller, or that it is an orphan of its namespace."""
    ref = controller_of(obj)
    return (ref.uid if ref else ORPHANS + obj.metadata.namespace,)


def owned(index: Index[T], owner: Object) -> list[T]:
    """What `owner` controls."""
    return index(owner.metadata.uid)


def orphans(index: Index[T], namespace: str) -> list[T]:
    """What nobody controls in a namespace."""
    return index(ORPHANS + namespace)


def reference_to(owner: Object) -> OwnerReference:
    """The reference by which `owner` controls what it makes."""
    resource = kind_of(cast(Any, type(owner))).resource
    return OwnerReference(
        api_version=resource.api_version,
        kind=resource.kind,
        name=owner.metadata.name,
        uid=owner.metadata.uid,
        controller=True,
        block_owner_deletion=True,
    )


def controller_key(kind: str) -> Any:
    """For a Watch: the key of an object's controller, if that is of this kind."""

    def to(obj: Object) -> Iterable[Key]:
        ref = controller_of(obj)
        return (Key(obj.metadata.namespace, ref.name),) if ref and ref.kind == kind else ()

    return to


def may_matter_to_owners(old: Object | None, new: Object | None) -> bool:
    """For a Watch: an orphan's change matters only if its labels or its owner changed."""
    if old is None or new is None or controller_of(new) or controller_of(old):
        return True
    return old.metadata.labels != new.metadata.labels


@dataclass(frozen=True)
class Claims(Generic[T]):
    """What an owner should do about the candidates: `kept` are its own already."""

    kept: Sequence[T]
    adopt: Sequence[T]
    release: Sequence[T]


async def claim(
    client: CachedClient, owner: Object, selector: Selector, candidates: Iterable[T], *, finalizer: str = ""
) -> list[T]:
    """Adopt and release among `candidates`, which may hold objects of other owners. What `owner` has afterwards.

    Before an adoption the owner is read from the server: one that is gone or being deleted adopts nothing. A finalizer
    comes and goes with the ownership.
    """
    claims = decide_claims(owner, selector, candidates)
    mine = list(claims.kept)
    if claims.adopt:
        fresh = await client.get(cast(Any, type(owner)), key_of(owner))
        if fresh.metadata.uid != owner.metadata.uid or fresh.metadata.deletion_timestamp:
            raise NotFound(f"{owner.metadata.name} is gone or being deleted, and adopts nothing")
        mine += [a for a in [await _adopt(client, owner, obj, finalizer) for obj in claims.adopt] if a is not None]
    for obj in claims.release:
        await _release(client, owner, obj, finalizer)
    return mine


async def _adopt(client: CachedClient, owner: Object, obj: T, finalizer: str) -> T | None:
    references = (*obj.metadata.owner_references, reference_to(owner))
    finalizers = tuple(dict.fromkeys((*obj.metadata.finalizers, *filter(None, (finalizer,)))))
    try:
        return await _change(client, obj, references, finalizers)
    except NotFound:
        return None


async def _release(client: CachedClient, owner: Object, obj: T, finalizer: str) -> None:
    references = tuple(r for r in obj.metadata.owner_references if r.uid != owner.metadata.uid)
    finalizers = tuple(f for f in obj.metadata.finalizers if f != finalizer)
    try:
        await _change(client, obj, references, finalizers)
    except (NotFound, Invalid):
        pass  # it is gone, or its references have been cleared meanwhile


async def _change(client: CachedClient, obj: T, references: Sequence[OwnerReference], finalizers: Sequence[str]) -> T:
    """A patch: owners of Pods may patch them, and not replace them."""
    meta = {
        "uid": obj.metadata.uid,
        "resourceVersion": obj.metadata.resource_version,
        "ownerReferences": [msgspec.to_builtins(each) for each in references] or None,
        "finalizers": list(finalizers) or None,
    }
    patch = Patch(media_type=MERGE_PATCH, body={"metadata": meta})
    return await client.patch(type(obj), key_of(obj), patch)


def decide_claims(owner: Object, selector: Selector, candidates: Iterable[T]) -> Claims[T]:
    """What is kept, adopted and released. An owner that is being deleted, and what is, change hands no more."""
    kept: list[T] = []
    adopt: list[T] = []
    release: list[T] = []
    dying = bool(owner.metadata.deletion_timestamp)
    for obj in candidates:
        ref, matches = controller_of(obj), selector.matches(obj.metadata.labels)
        if ref is not None:
            if ref.uid != owner.metadata.uid:
                continue
            if matches:
                kept.append(obj)
            elif not dying:
                release.append(obj)
        elif matches and not dying and not obj.metadata.deletion_timestamp:
            adopt.append(obj)
    return Claims(kept, adopt, release)
