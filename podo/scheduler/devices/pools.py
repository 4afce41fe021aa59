"""The pools of devices that a node can reach, put together from the slices that drivers publish."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from podo.api import quantity
from podo.api.types.core_v1 import NodeSelector
from podo.api.types.resource_v1 import Device, ResourceSlice
from podo.scheduler.devices.taken import DeviceId

PoolId = tuple[str, str]
"""Driver and name."""
Counters = Mapping[str, Mapping[str, Decimal]]
"""By counter set and counter."""


@dataclass(frozen=True)
class Place:
    """A node, as far as allocation sees it. `selects` says whether a selector chooses it."""

    name: str
    selects: Callable[[NodeSelector], bool]

    def has(self, node_name: str, all_nodes: bool | None, selector: NodeSelector | None) -> bool:
        """Whether something that is for one node, for all or for those that are selected, is for this one."""
        if node_name:
            return node_name == self.name
        return bool(all_nodes) or (selector is not None and self.selects(selector))


class Offer(NamedTuple):
    """A device of a pool, and the slice that has it."""

    id: DeviceId
    device: Device
    slice: ResourceSlice

    @property
    def pool(self) -> PoolId:
        return self.id.driver, self.id.pool


@dataclass
class Pool:
    """`offers` are the devices of the slices for the node; `others` are those of its other slices, which may take from
    the same counters. Nothing is given out of a pool that is incomplete or, as `invalid` says, has errors."""

    id: PoolId
    incomplete: bool = False
    invalid: str = ""
    offers: Sequence[Offer] = ()
    others: Sequence[Offer] = ()
    counters: Counters = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        return not (self.incomplete or self.invalid)

    @property
    def waits(self) -> bool:
        """Whether any of its devices has to be made ready before a Pod is bound: such pools are tried last."""
        return any(offer.device.binding_conditions for offer in self.offers)


def pool_of(piece: ResourceSlice) -> PoolId:
    """The pool that a slice is a part of."""
    return piece.spec.driver, piece.spec.pool.name if piece.spec.pool else ""


def gather(pieces: Iterable[ResourceSlice], place: Place, every: Callable[[PoolId], list[ResourceSlice]]) -> list[Pool]:
    """The pools in the order in which they are tried: by name, those with devices that are made ready last.

    `pieces` may be for other nodes, too; `every` has all slices of a pool, wherever they are for.
    """
    newest: dict[PoolId, list[ResourceSlice]] = {}
    for piece in pieces:
        if not _reaches(piece, place):
            continue
        kept = newest.setdefault(pool_of(piece), [])
        if kept and generation(piece) > generation(kept[0]):
            kept.clear()
        if not kept or generation(piece) == generation(kept[0]):
            kept.append(piece)
    found = [pool for id, kept in newest.items() if (pool := _pool(id, kept, every(id))) is not None]
    return sorted(found, key=lambda pool: (pool.waits, pool.id))


def generation(piece: ResourceSlice) -> int:
    """Slices of an older generation than the newest one in their pool do not count."""
    return (piece.spec.pool.generation or 0) if piece.spec.pool else 0


def _reaches(piece: ResourceSlice, place: Place) -> bool:
    spec = piece.spec
    if spec.shared_counters:
        return True
    if spec.per_device_node_selection:
        return any(place.has(d.node_name, d.all_nodes, d.node_selector) for d in spec.devices)
    return place.has(spec.node_name, spec.all_nodes, spec.node_selector)


def _pool(id: PoolId, here: list[ResourceSlice], every: list[ResourceSlice]) -> Pool | None:
    """None if the slices here are outdated."""
    now = generation(here[0])
    if any(generation(piece) > now for piece in every):
        return None
    current = [piece for piece in every if generation(piece) == now]
    count = here[0].spec.pool.resource_slice_count if here[0].spec.pool else 0
    if len(current) != count:
        return Pool(id, incomplete=True)
    names = {piece.metadata.name for piece in here}
    offers = _offers(id, here)
    others = _offers(id, [piece for piece in current if piece.metadata.name not in names])
    sets = [counter_set for piece in current for counter_set in piece.spec.shared_counters]
    counters = {s.name: {name: quantity.parse(c.value) for name, c in s.counters.items()} for s in sets}
    return Pool(id, False, _mistake(offers, others, counters, len(sets)), offers, others, counters)


def _offers(id: PoolId, pieces: list[ResourceSlice]) -> list[Offer]:
    """By name of the slice, then in its order: drivers may so say what is to be tried first."""
    ordered = sorted(pieces, key=lambda piece: piece.metadata.name)
    return [Offer(DeviceId(*id, device.name), device, piece) for piece in ordered for device in piece.spec.devices]


def _mistake(offers: list[Offer], others: list[Offer], counters: Counters, sets: int) -> str:
    """What is wrong with a pool; "" if nothing is."""
    if len({offer.id for offer in offers}) < len(offers):
        return "duplicate device name"
    if len(counters) < sets:
        return "duplicate counter set name"
    for offer in (*offers, *others):
        for use in offer.device.consumes_counters:
            if not use.counters.keys() <= counters.get(use.counter_set, {}).keys():
                return f"device {offer.id.device} consumes counters that are not there"
    return ""
