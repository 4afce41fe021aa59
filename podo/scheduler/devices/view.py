"""What the scheduler knows of devices: claims, classes and slices. Fed by informers."""

from collections.abc import Callable, Iterable
from datetime import datetime

from podo.api.resource_claims import IMPLICIT_PREFIX, claim_name, is_needless
from podo.api.timestamps import parse
from podo.api.types.core_v1 import Pod, PodResourceClaim
from podo.api.types.resource_v1 import AllocationResult, DeviceClass, ResourceClaim, ResourceSlice
from podo.client.base import Key, key_of
from podo.client.informer import Index, revision_of
from podo.clock import SystemClock
from podo.scheduler.devices.allocator import Supply
from podo.scheduler.devices.extended import is_extended
from podo.scheduler.devices.pools import Place, Pool, gather, pool_of
from podo.scheduler.devices.selection import Selection
from podo.scheduler.devices.taken import Taken, taken_by

EVERYWHERE = ""


class NotReady(Exception):
    """A Pod's claims are not there, or not to be used; the text says why."""


def _near(piece: ResourceSlice) -> Iterable[str]:
    """The node that a slice is for; EVERYWHERE for those that may be for several, or have counters."""
    return (EVERYWHERE if piece.spec.shared_counters else piece.spec.node_name,)


def _owners(claim: ResourceClaim) -> Iterable[str]:
    return [owner.uid for owner in claim.metadata.owner_references if owner.controller]


class DeviceView:
    """`revision` grows with every change. Allocations are pending from when they are decided until informers show
    them; `now` tells how long a device has been made ready for."""

    def __init__(self) -> None:
        self.now: Callable[[], datetime] = SystemClock().now
        self.revision = 0
        self.memo: dict[str, tuple[object, int, object]] = {}  # what filters found out, for the score and what follows
        self._claims: dict[Key, ResourceClaim] = {}
        self._classes: dict[str, DeviceClass] = {}
        self._extended: dict[str, str] = {}
        self._slices: dict[str, ResourceSlice] = {}
        self._by_node: Index[ResourceSlice] = Index(_near)
        self._by_pool: Index[ResourceSlice] = Index(lambda piece: (pool_of(piece),))
        self._by_owner: Index[ResourceClaim] = Index(_owners)
        self._pools: dict[str, list[Pool]] = {}  # that each node can reach; as of `_pools_at`
        self._pools_at = -1, -1
        self._slices_revision = 0
        self._pending: dict[str, AllocationResult] = {}
        self._selection = Selection()
        self._taken: tuple[int, Taken] = (-1, Taken())

    def set_slice(self, old: ResourceSlice | None, new: ResourceSlice | None) -> None:
        """A slice came, changed or went: as informers tell it."""
        self._slices_revision += 1
        self._changed()
        some = new or old
        assert some is not None
        key = key_of(some)
        before = self._slices.pop(key.name, None)
        self._by_node.replace(key, before, new)
        self._by_pool.replace(key, before, new)
        if new is not None:
            self._slices[key.name] = new

    def set_class(self, old: DeviceClass | None, new: DeviceClass | None) -> None:
        """A class came, changed or went: as informers tell it."""
        self._changed()
        for gone in (old,) if old is not None else ():
            self._classes.pop(gone.metadata.name, None)
        if new is not None:
            self._classes[new.metadata.name] = new
        # of several classes for one resource the newest counts, of equally new ones the first by name
        by_name = sorted(self._classes.values(), key=lambda c: c.metadata.name, reverse=True)
        by_age = sorted(by_name, key=lambda c: c.metadata.creation_timestamp or "")
        self._extended = {
            c.spec.extended_resource_name: c.metadata.name for c in by_age if c.spec.extended_resource_name
        }

    def set_claim(self, old: ResourceClaim | None, new: ResourceClaim | None) -> None:
        """A claim came, changed or went; versions that are older than what we wrote ourselves do not count."""
        some = new or old
        assert some is not None
        key = key_of(some)
        known = self._claims.get(key)
        if new is not None and known is not None and is_older(new, known):
            return
        self._changed()
        self._by_owner.replace(key, known, new)
        if new is not None:
            self._claims[key] = new
        else:
            self._claims.pop(key, None)

    def claim(self, key: Key) -> ResourceClaim | None:
        return self._claims.get(key)

    def device_class(self, name: str) -> DeviceClass | None:
        return self._classes.get(name)

    def class_for(self, resource: str) -> str:
        """The class that stands for an extended resource; "" if none does."""
        if resource.startswith(IMPLICIT_PREFIX):
            name = resource.removeprefix(IMPLICIT_PREFIX)
            return name if name in self._classes else ""
        return self._extended.get(resource, "")

    def claims_of(self, pod: Pod) -> list[ResourceClaim]:
        """The claims that a Pod names, or that were made for it. Raises NotReady."""
        return [self._claim_for(pod, entry) for entry in pod.spec.resource_claims if not is_needless(pod, entry)]

    def extended_claim_of(self, pod: Pod) -> ResourceClaim | None:
        """The claim for the Pod's extended resources that an earlier attempt left."""
        return next((claim for claim in self._by_owner(pod.metadata.uid) if is_extended(claim)), None)

    def pend(self, uid: str, allocation: AllocationResult) -> None:
        """An allocation is decided: nobody else gets its devices."""
        self._pending[uid] = allocation
        self._changed()

    def settle(self, uid: str) -> None:
        """A pending allocation is known as that of its claim, or failed."""
        if self._pending.pop(uid, None) is not None:
            self._changed()

    def is_pending(self, claim: ResourceClaim) -> bool:
        return claim.metadata.uid in self._pending

    def supply(self, nodes_revision: int = 0) -> Supply:
        """What may be allocated now. Other nodes, or others' labels, are another `nodes_revision`."""
        if self._pools_at != (self._slices_revision, nodes_revision):
            self._pools_at = self._slices_revision, nodes_revision
            self._pools.clear()
        if self._taken[0] != self.revision:
            known = (claim.status.allocation for claim in self._claims.values())
            allocations = [*(a for a in known if a is not None), *self._pending.values()]
            self._taken = self.revision, taken_by(allocations)
        shared = self._by_node(EVERYWHERE)
        return Supply(
            pools=lambda place: self._pools_of(place, shared),
            classes=self.device_class,
            taken=self._taken[1],
            selection=self._selection,
        )

    def _pools_of(self, place: Place, shared: list[ResourceSlice]) -> list[Pool]:
        if place.name not in self._pools:
            self._pools[place.name] = gather([*self._by_node(place.name), *shared], place, self._by_pool)
        return self._pools[place.name]

    def _changed(self) -> None:
        self.revision += 1
        self.memo.clear()

    def _claim_for(self, pod: Pod, entry: PodResourceClaim) -> ResourceClaim:
        place, name = f"{pod.metadata.namespace}/{pod.metadata.name}", claim_name(pod, entry)
        if not name:
            raise NotReady(f'pod "{place}": ResourceClaim not created yet')
        claim = self._claims.get(Key(pod.metadata.namespace, name))
        if claim is None:
            raise NotReady(f'resourceclaim.resource.k8s.io "{name}" not found')
        if claim.metadata.deletion_timestamp:
            raise NotReady(f'resourceclaim "{name}" is being deleted')
        if entry.resource_claim_template_name and pod.metadata.uid not in _owners(claim):
            where = f"ResourceClaim {pod.metadata.namespace}/{name} was not created for Pod {place}"
            raise NotReady(f"{where} (Pod is not owner)")
        return claim


def allocated_at(claim: ResourceClaim) -> datetime | None:
    """When a claim was allocated."""
    stamp = claim.status.allocation.allocation_timestamp if claim.status.allocation else ""
    return parse(stamp) if stamp else None


def is_older(claim: ResourceClaim, known: ResourceClaim) -> bool:
    """Whether it is an earlier version of the same claim."""
    return claim.metadata.uid == known.metadata.uid and revision_of(claim) < revision_of(known)
