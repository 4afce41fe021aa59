"""The question that everything here answers: which devices would these claims get on that node?"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from podo.api.types.resource_v1 import AllocationResult, DeviceClass, DeviceRequest, ResourceClaim
from podo.scheduler.devices.constraints import Constraint
from podo.scheduler.devices.ledger import Ledger
from podo.scheduler.devices.pools import Offer, Place, Pool
from podo.scheduler.devices.result import allocation
from podo.scheduler.devices.search import MOST_RESULTS, MOST_STEPS, AllocationError, ClaimSearch, Option, Search
from podo.scheduler.devices.selection import Selection, SelectorFailed
from podo.scheduler.devices.taken import Taken
from podo.scheduler.devices.wanted import ALL, EXACT, Wanted, alternatives


class NotHere(Exception):
    """The node cannot serve the claims, for a reason worth telling; others may."""


@dataclass
class Supply:
    """What there is: `pools` are those that a node can reach."""

    pools: Callable[[Place], list[Pool]]
    classes: Callable[[str], DeviceClass | None]
    taken: Taken = field(default_factory=Taken)
    selection: Selection = field(default_factory=Selection)
    most_steps: int = MOST_STEPS


def new_share() -> str:
    """The id of a share of a device."""
    return str(uuid.uuid4())


def allocate(
    claims: Sequence[ResourceClaim], place: Place, supply: Supply, new_id: Callable[[], str] = new_share
) -> list[AllocationResult] | None:
    """What each claim gets; None if the node cannot serve them all.

    Raises AllocationError if a claim or class is wrong, NotHere, and GivenUp if it takes too long.
    """
    return _Attempt(claims, place, supply, new_id).run()


class _Attempt:
    def __init__(
        self, claims: Sequence[ResourceClaim], place: Place, supply: Supply, new_id: Callable[[], str]
    ) -> None:
        self._claims, self._place, self._supply, self._new_id = claims, place, supply, new_id
        self._pools = supply.pools(place)
        self._ledger = Ledger(supply.taken, self._pools)

    def run(self) -> list[AllocationResult] | None:
        searched = [self._search_for(claim) for claim in self._claims]
        offers = [offer for pool in self._pools if pool.usable for offer in pool.offers]
        if not Search(searched, offers, self._ledger, self._selects, self._supply.most_steps).run():
            if any(pool.invalid for pool in self._pools):
                raise NotHere("invalid resource pools were encountered")
            return None
        classes, node = self._supply.classes, self._place.name
        return [
            allocation(claim, found.chosen, found.picked, classes=classes, node=node, new_id=self._new_id)
            for claim, found in zip(self._claims, searched, strict=True)
        ]

    def _search_for(self, claim: ResourceClaim) -> ClaimSearch:
        label, wishes = f"{claim.metadata.namespace}/{claim.metadata.name}", claim.spec.devices
        if wishes is None:
            return ClaimSearch(label, ())
        requests = [self._options(label, request) for request in wishes.requests]
        least = sum(min(option.number for option in options) for options in requests)
        if least > MOST_RESULTS:
            why = f"number of requested devices {least} exceeds the claim limit of {MOST_RESULTS}"
            raise AllocationError(f"claim {label}: {why}")
        for number, rule in enumerate(wishes.constraints):
            if not (rule.match_attribute or rule.distinct_attribute):
                why = f"constraint #{number}: empty constraint (unsupported constraint type?)"
                raise AllocationError(f"claim {label}, {why}")
        return ClaimSearch(label, requests, [Constraint(rule) for rule in wishes.constraints])

    def _options(self, label: str, request: DeviceRequest) -> list[Option]:
        options = [self._option(label, wanted) for wanted in alternatives(request)]
        if not options:
            raise AllocationError(f"claim {label}, request {request.name}: unknown request type")
        return options

    def _option(self, label: str, wanted: Wanted) -> Option:
        where = f"claim {label}, request {wanted.name}"
        for number, expression in enumerate(wanted.selectors):
            if not expression:
                why = "CEL expression empty (unsupported selector type?)"
                raise AllocationError(f"{where}, selector #{number}: {why}")
        if not wanted.class_name:
            raise AllocationError(f"{where}: missing device class name (unsupported request type?)")
        if self._supply.classes(wanted.class_name) is None:
            missing = f'deviceclass.resource.k8s.io "{wanted.class_name}" not found'
            raise AllocationError(f"{where}: could not retrieve device class {wanted.class_name}: {missing}")
        if wanted.mode == EXACT:
            return Option(wanted, wanted.count)
        if wanted.mode != ALL:
            raise AllocationError(f"{where}: unsupported count mode {wanted.mode}")
        devices = self._all(label, wanted, where)
        return Option(wanted, len(devices), devices)

    def _all(self, label: str, wanted: Wanted, where: str) -> list[Offer]:
        """Every device that is selected; which these are is known only of pools that are complete."""
        found: list[Offer] = []
        for pool in self._pools:
            if not pool.usable:
                state = "being updated" if pool.incomplete else "invalid"
                why = f"asks for all devices, but resource pool {'/'.join(pool.id)} is currently {state}"
                raise AllocationError(f"{where}: {why}")
            found += [o for o in pool.offers if self._selects(label, wanted, o) and self._ledger.has_room(wanted, o)]
        return found

    def _selects(self, label: str, wanted: Wanted, offer: Offer) -> bool:
        found, device = self._supply.classes(wanted.class_name), offer.device
        by_class = [s.cel.expression if s.cel else "" for s in found.spec.selectors] if found else []
        by_claim = [*wanted.selectors]
        for whose, expressions in ((f"class {wanted.class_name}", by_class), (f"claim {label}", by_claim)):
            for number, expression in enumerate(expressions):
                try:
                    if not self._supply.selection.matches(offer, expression):
                        return False
                except SelectorFailed as error:
                    raise AllocationError(f"{whose}: selector #{number}: {error}") from error
        if offer.slice.spec.per_device_node_selection:
            return self._place.has(device.node_name, device.all_nodes, device.node_selector)
        return True
