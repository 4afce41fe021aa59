"""Why a store says no, in one wording for all of them."""

from podo.api.errors import AlreadyExists, Conflict, Expired, NotFound, ServiceUnavailable, Timeout
from podo.store.base import Record, Revision


def exists(key: str) -> AlreadyExists:
    return AlreadyExists(f'key "{key}" already exists')


def missing(key: str) -> NotFound:
    return NotFound(f'key "{key}" not found')


def stale(key: str, expect: Revision, current: Revision) -> Conflict:
    return Conflict(f'key "{key}" is at revision {current}, not at {expect}: it was modified meanwhile')


def forgotten(revision: Revision, compacted: Revision | None) -> Expired:
    """`compacted` is None where the store does not say what it still has."""
    rest = "" if compacted is None else f": the store remembers from {compacted} on"
    return Expired(f"revision {revision} is too old{rest}")


def ahead(revision: Revision, current: Revision | None) -> Timeout:
    """The words are those that clients know from Kubernetes."""
    rest = "" if current is None else f", current: {current}"
    return Timeout(f"Too large resource version: {revision}{rest}", retryAfterSeconds=1)


def closed() -> ServiceUnavailable:
    return ServiceUnavailable("the store is closed")


def checked(key: str, current: Record | None, expect: Revision | None) -> Record:
    """The record that an update or a deletion replaces, or the reason why it may not."""
    if current is None:
        raise missing(key)
    if expect is not None and current.modified != expect:
        raise stale(key, expect, current.modified)
    return current
