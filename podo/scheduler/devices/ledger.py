"""What a search takes while it looks: devices, shares of them, and counters; all can be given back."""

from collections.abc import Sequence
from decimal import Decimal

from podo.api import quantity
from podo.scheduler.devices.capacity import has_room
from podo.scheduler.devices.pools import Offer, Pool, PoolId
from podo.scheduler.devices.taken import Amounts, DeviceId, Taken
from podo.scheduler.devices.wanted import Wanted

Counter = tuple[PoolId, str, str]
"""Pool, counter set, counter."""


class Ledger:
    """`taken` is what others have: it does not change."""

    def __init__(self, taken: Taken, pools: Sequence[Pool]) -> None:
        self._taken = taken
        self._pools = {pool.id: pool for pool in pools}
        self._claims: dict[DeviceId, list[int]] = {}  # the claims that get a whole device in this search
        self._shares: dict[DeviceId, list[Amounts]] = {}
        self._used: dict[Counter, Decimal] = {}
        self._left: dict[PoolId, dict[tuple[str, str], Decimal]] = {}

    def is_free(self, claim: int, wanted: Wanted, offer: Offer) -> bool:
        """Whether nobody has the device; who has admin access shares it, but a claim has it only once."""
        ours = self._claims.get(offer.id, ())
        if wanted.admin:
            return claim not in ours
        return offer.id not in self._taken.whole and not ours

    def has_room(self, wanted: Wanted, offer: Offer) -> bool:
        """Whether the capacities of the device suffice."""
        used = [*self._shares.get(offer.id, ())]
        if offer.id in self._taken.shares:
            used.append(self._taken.shares[offer.id])
        return has_room(wanted.capacity, offer.device, used)

    def has_counters(self, offer: Offer) -> bool:
        """Whether what the device consumes of its pool's counters is left; the first share of a device pays for all."""
        if not self._pays(offer):
            return True
        left = self._left_in(offer.pool)
        for use in offer.device.consumes_counters:
            for name, counter in use.counters.items():
                used = self._used.get((offer.pool, use.counter_set, name), Decimal(0))
                if used + quantity.parse(counter.value) > left.get((use.counter_set, name), Decimal(0)):
                    return False
        return True

    def take(self, claim: int, offer: Offer, share: Amounts | None) -> bool:
        """Take the device, or a share of it; says whether counters were paid: `give_back` has to know."""
        paid = self._pays(offer)
        if paid:
            self._count(offer, 1)
        if share is not None:
            self._shares.setdefault(offer.id, []).append(share)
        else:
            self._claims.setdefault(offer.id, []).append(claim)
        return paid

    def give_back(self, offer: Offer, *, shared: bool, paid: bool) -> None:
        """Undo the last `take` of the device."""
        where: dict[DeviceId, list[int]] | dict[DeviceId, list[Amounts]] = self._shares if shared else self._claims
        where[offer.id].pop()
        if not where[offer.id]:
            del where[offer.id]
        if paid:
            self._count(offer, -1)

    def _pays(self, offer: Offer) -> bool:
        if not offer.device.consumes_counters:
            return False
        in_use = offer.id in self._taken.shares or offer.id in self._shares
        return not (offer.device.allow_multiple_allocations and in_use)

    def _count(self, offer: Offer, sign: int) -> None:
        for use in offer.device.consumes_counters:
            for name, counter in use.counters.items():
                key = offer.pool, use.counter_set, name
                self._used[key] = self._used.get(key, Decimal(0)) + sign * quantity.parse(counter.value)

    def _left_in(self, id: PoolId) -> dict[tuple[str, str], Decimal]:
        """What the devices that are taken leave of a pool's counters."""
        if id not in self._left:
            pool = self._pools[id]
            left = {(s, name): value for s, counters in pool.counters.items() for name, value in counters.items()}
            for offer in (*pool.offers, *pool.others):
                if self._taken.touches(offer.id):
                    for use in offer.device.consumes_counters:
                        for name, counter in use.counters.items():
                            left[use.counter_set, name] -= quantity.parse(counter.value)
            self._left[id] = left
        return self._left[id]
