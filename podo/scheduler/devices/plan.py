"""Where a Pod's claims can be served, and what each would get there: the allocator asked for every node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from podo.api.types.core_v1 import ContainerExtendedResourceRequest, NodeSelector
from podo.api.types.resource_v1 import AllocationResult, ResourceClaim
from podo.scheduler.devices import extended
from podo.scheduler.devices.allocator import NotHere, Supply, allocate
from podo.scheduler.devices.extended import Requests
from podo.scheduler.devices.pools import Place
from podo.scheduler.devices.readiness import is_usable
from podo.scheduler.devices.search import AllocationError, GivenUp
from podo.scheduler.devices.view import NotReady
from podo.scheduler.devices.wanted import alternatives
from podo.scheduler.node_terms import matches_selector
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Mask, Snapshot

UNAVAILABLE = "resourceclaim not available on the node"
CANNOT = "cannot allocate all claims"
STALE = "cannot schedule extended resource claim"
ALTERNATIVES_AT_MOST = 8
ENOUGH = 100
"""So many nodes are enough to choose from."""


@dataclass(frozen=True)
class Granted:
    """What the claims get on a node, in their order; `mappings` are those of the extended resources."""

    allocations: tuple[tuple[ResourceClaim, AllocationResult], ...]
    mappings: tuple[ContainerExtendedResourceRequest, ...] = ()


@dataclass
class Plan:
    """For a Pod with claims. `whole` says why it can be nowhere, `error` that something is wrong with its claims.

    `open` are the rows that were not asked yet: others either are `granted` something or were refused.
    """

    open: Mask
    claims: tuple[ResourceClaim, ...] = ()
    own: tuple[ResourceClaim, ...] = ()  # those that have no devices yet
    resources: dict[str, str] = field(default_factory=dict)
    reasons: dict[str, Mask] = field(default_factory=dict)
    granted: dict[int, Granted] = field(default_factory=dict)
    unavailable: list[ResourceClaim] = field(default_factory=list)
    whole: str = ""
    error: str = ""

    def fits(self, among: Mask) -> Mask:
        """The rows where the Pod gets something."""
        found = np.zeros(len(among), bool)
        found[[row for row in self.granted if among[row]]] = True
        return found

    @property
    def must_give_back(self) -> bool:
        """Whether an allocation of one of the claims keeps the Pod from a node."""
        return bool(self.unavailable) or STALE in self.reasons

    def refuse(self, row: int, reason: str) -> None:
        """The node in the row is none for the Pod."""
        self.reasons.setdefault(reason, np.zeros(len(self.open), bool))[row] = True
        self.open[row] = False


def plan_for(info: PodInfo, snapshot: Snapshot) -> Plan | None:
    """The plan for a Pod, None if it needs no devices; one for what is known now."""
    view = snapshot.devices
    resources = mapped_resources(info, snapshot)
    if not info.pod.spec.resource_claims and not resources:
        return None
    kept = view.memo.get(info.pod.metadata.uid)
    if kept is None or kept[0] is not info or kept[1] != snapshot.nodes_revision:
        kept = view.memo[info.pod.metadata.uid] = info, snapshot.nodes_revision, _plan(info, snapshot, resources)
    assert isinstance(kept[2], Plan)
    return kept[2]


def ask(plan: Plan, info: PodInfo, snapshot: Snapshot, among: Mask) -> Mask:
    """The rows among these where the Pod gets what it needs: enough of them to choose from, if there are many."""
    if plan.whole or plan.error or not (plan.own or plan.resources):
        return among & plan.open
    supply, selects = snapshot.devices.supply(snapshot.nodes_revision), _selecting(snapshot)
    enough = ENOUGH - int(np.count_nonzero(plan.fits(among)))
    for row in _order(info, snapshot, np.flatnonzero(among & plan.open)):
        if enough <= 0 or plan.error:
            break
        _ask_node(plan, row, info, snapshot, supply, selects(row))
        enough -= row in plan.granted
    return plan.fits(among)


def _order(info: PodInfo, snapshot: Snapshot, rows: NDArray[np.int64]) -> list[int]:
    """Where room was made for the Pod first, then from a place of its own on: not all Pods begin with the same node."""
    start = crc32(info.pod.metadata.uid.encode()) % len(rows) if len(rows) else 0
    found = [int(row) for row in np.roll(rows, -start)]
    nominated = snapshot.row_of(info.pod.status.nominated_node_name)
    if nominated is not None and nominated.row in found:
        found.remove(nominated.row)
        found.insert(0, nominated.row)
    return found


def mapped_resources(info: PodInfo, snapshot: Snapshot) -> dict[str, str]:
    """The extended resources that the Pod requests and a device class stands for, with that class."""
    view = snapshot.devices
    named = ((name, view.class_for(name)) for name, number in info.requests.items() if number)
    return {name: found for name, found in named if found}


def _plan(info: PodInfo, snapshot: Snapshot, resources: dict[str, str]) -> Plan:
    view, found = snapshot.devices, Plan(snapshot.exists.copy())
    try:
        claims = view.claims_of(info.pod)
    except NotReady as error:
        found.whole = str(error)
        return found
    found.own = tuple(claim for claim in claims if claim.status.allocation is None)
    found.resources = resources
    if resources:
        claims.append(view.extended_claim_of(info.pod) or extended.claim_of(info.pod))
    found.claims = tuple(claims)
    found.whole = _obstacle(found.own, snapshot)
    if found.whole:
        return found
    if resources and claims[-1].metadata.name != extended.IN_MEMORY:
        for row in np.flatnonzero(snapshot.exists):
            found.refuse(int(row), STALE)
        return found
    for claim in claims:
        if claim.status.allocation is not None:
            _keep_to(claim, claim.status.allocation.node_selector, snapshot, found)
    return found


def _obstacle(own: Sequence[ResourceClaim], snapshot: Snapshot) -> str:
    """Why the claims cannot be served anywhere at the moment."""
    view = snapshot.devices
    for claim in own:
        if view.is_pending(claim):
            return (
                f"resource claim {claim.metadata.namespace}/{claim.metadata.name} is in the process of being allocated"
            )
        for request in claim.spec.devices.requests if claim.spec.devices else ():
            for wanted in alternatives(request):
                if view.device_class(wanted.class_name) is None:
                    return f"request {wanted.full_name}: device class {wanted.class_name} does not exist"
    return ""


def _keep_to(claim: ResourceClaim, selector: NodeSelector | None, snapshot: Snapshot, found: Plan) -> None:
    """Of the nodes, keep those on which a claim can be used that has its devices already."""
    reached: Mask = snapshot.exists.copy()
    if selector is not None:
        reached &= matches_selector(selector, snapshot)
    if not is_usable(claim, snapshot.devices.now()):
        reached[:] = False
    lost = snapshot.exists & ~reached
    if lost.any():
        found.unavailable.append(claim)
        for row in np.flatnonzero(lost & found.open):
            found.refuse(int(row), UNAVAILABLE)


def _ask_node(
    plan: Plan,
    row: int,
    info: PodInfo,
    snapshot: Snapshot,
    supply: Supply,
    selects: Callable[[NodeSelector], bool],
) -> None:
    node = snapshot.row_at(row).node
    assert node is not None
    claims, requests, plan.open[row] = list(plan.own), Requests((), ()), False
    here = {name: c for name, c in plan.resources.items() if not _has(name, row, snapshot)}
    if here:
        requests = extended.requests_for(info.pod, here)
        claims.append(extended.with_requests(plan.claims[-1], requests))
    try:
        _grant(row, claims, Place(node.metadata.name, selects), requests, supply, plan)
    except AllocationError as error:
        plan.error = str(error)
    except GivenUp:
        plan.error = f"node {node.metadata.name}: timed out trying to allocate devices"


def _grant(
    row: int, claims: Sequence[ResourceClaim], place: Place, requests: Requests, supply: Supply, found: Plan
) -> None:
    try:
        allocations = allocate(claims, place, supply)
    except NotHere as error:
        found.refuse(row, str(error))
        return
    if allocations is None:
        found.refuse(row, CANNOT)
    else:
        found.granted[row] = Granted(tuple(zip(claims, allocations, strict=True)), requests.mappings)


def _has(resource: str, row: int, snapshot: Snapshot) -> bool:
    """Whether a node offers the resource itself, by a device plug-in."""
    column = snapshot.allocatable.get(resource)
    return column is not None and bool(column[row] > 0)


def _selecting(snapshot: Snapshot) -> Callable[[int], Callable[[NodeSelector], bool]]:
    """For a row: whether a selector chooses its node; each selector is worked out once for all rows."""
    known: dict[int, tuple[NodeSelector, Mask]] = {}

    def mask(selector: NodeSelector) -> Mask:
        if id(selector) not in known:
            known[id(selector)] = selector, matches_selector(selector, snapshot)
        return known[id(selector)][1]

    return lambda row: lambda selector: bool(mask(selector)[row])


def preference(plan: Plan, row: int) -> int:
    """How good the alternatives are that the claims got on a node: the earlier in their lists, the higher."""
    granted = plan.granted.get(row)
    if granted is None:
        return 0
    allocated = {claim.metadata.uid: allocation for claim, allocation in granted.allocations}
    score = 0
    for claim in plan.claims:
        allocation = claim.status.allocation or allocated.get(claim.metadata.uid)
        used = {r.request for r in allocation.devices.results} if allocation and allocation.devices else set()
        for request in claim.spec.devices.requests if claim.spec.devices else ():
            for place, sub in enumerate(request.first_available):
                if f"{request.name}/{sub.name}" in used:
                    score += ALTERNATIVES_AT_MOST - place
    return score
