"""EndpointSlices as controllers write them: what changes make them say what they should, with few writes.

A slice has one address family and one list of ports, and up to 100 endpoints. Endpoints stay in their slices, so that
a change of one endpoint changes one slice.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from podo.api.errors import NotFound
from podo.api.types.discovery_v1 import Endpoint, EndpointPort, EndpointSlice
from podo.client.base import Client, DeleteOptions, Key, key_of

SERVICE_NAME, MANAGED_BY = "kubernetes.io/service-name", "endpointslice.kubernetes.io/managed-by"
FULL = 100
Ports = tuple[EndpointPort, ...]


def managed_by(manager: str) -> Callable[[EndpointSlice], Iterable[Key]]:
    """Index keys: the Service, or Endpoints, of the slices that a controller manages."""

    def keys(obj: EndpointSlice) -> Iterable[Key]:
        labels = obj.metadata.labels
        ours = labels.get(MANAGED_BY) == manager and SERVICE_NAME in labels
        return (Key(obj.metadata.namespace, labels[SERVICE_NAME]),) if ours else ()

    return keys


@dataclass
class Changes:
    """What to write."""

    create: list[EndpointSlice] = field(default_factory=list)
    update: list[EndpointSlice] = field(default_factory=list)
    delete: list[EndpointSlice] = field(default_factory=list)


Wanted = dict[tuple[str, Ports], list[Endpoint]]
"""Endpoints by address family and ports."""


async def write(client: Client, changes: Changes) -> None:
    """Make the changes, what is new first. Raises APIError."""
    for made in changes.create:
        await client.create(made)
    for changed in changes.update:
        await client.update(changed)
    for gone in changes.delete:
        try:
            await client.delete(EndpointSlice, key_of(gone), DeleteOptions(uid=gone.metadata.uid))
        except NotFound:
            continue


def plan_group(changes: Changes, empty: EndpointSlice, wanted: list[Endpoint], have: list[EndpointSlice]) -> None:
    """The slices of one family and one list of ports: endpoints stay where they are, gaps are filled."""
    left = {identity(e): e for e in wanted}
    kept = [(s, [left.pop(i) for e in s.endpoints if (i := identity(e)) in left]) for s in have]
    changed = [(s, found) for s, found in kept if s.endpoints != tuple(found)]
    rest = list(left.values())
    _fill(rest, sorted((found for _, found in changed if found), key=len, reverse=True))
    unchanged = [found for s, found in kept if s.endpoints == tuple(found) and len(found) + len(rest) <= FULL]
    if rest and unchanged and len(rest) < FULL:
        _fill(rest, [max(unchanged, key=len)])
    for s, found in kept:
        if not found and (wanted or s is not kept[0][0]):
            changes.delete.append(s)
        elif (after := _with(s, found, empty)) != s:
            changes.update.append(after)
    while rest or (not kept and not wanted):
        changes.create.append(msgspec.structs.replace(empty, endpoints=tuple(rest[:FULL])))
        del rest[:FULL]
        if not wanted:
            break


def _fill(rest: list[Endpoint], places: Iterable[list[Endpoint]]) -> None:
    """Move endpoints from `rest` to where there is room."""
    for place in places:
        room = FULL - len(place)
        place += rest[:room]
        del rest[:room]


def reuse(changes: Changes) -> None:
    """Turn a slice that would go into one that would be made: one write, and no moment without endpoints."""
    while changes.create and changes.delete:
        old, new = changes.delete.pop(), changes.create.pop()
        labels = msgspec.structs.replace(old.metadata, labels=new.metadata.labels)
        changes.update.append(msgspec.structs.replace(new, metadata=labels))


def _with(slice_: EndpointSlice, endpoints: Iterable[Endpoint], like: EndpointSlice) -> EndpointSlice:
    meta = msgspec.structs.replace(slice_.metadata, labels=like.metadata.labels)
    return msgspec.structs.replace(slice_, metadata=meta, endpoints=tuple(endpoints))


def ports_key(ports: Ports) -> frozenset[EndpointPort]:
    return frozenset(ports)


def identity(found: Endpoint) -> tuple[object, ...]:
    target = found.target_ref
    return (found.addresses, target.uid if target else "")
