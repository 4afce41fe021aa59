"""ServiceCIDR: a range is ready when it is there, and goes when no Service has an address of it alone (KEP-1880)."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import msgspec

from podo.api.timestamps import format_time, parse
from podo.api.types.meta_v1 import Condition
from podo.api.types.networking_v1 import IPAddress, ServiceCIDR, ServiceCIDRStatus
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch

FINALIZER = "networking.k8s.io/service-cidr-finalizer"
GRACE = 10.0
"""Seconds that servers are given to hear that a range is on its way out."""
READY = "Kubernetes Service CIDR is ready"
IN_USE = "There are still IPAddresses referencing the ServiceCIDR, please remove them or create a new ServiceCIDR"
Network = IPv4Network | IPv6Network


class ServiceCIDRController:
    """Reads ServiceCIDR and IPAddress; writes the finalizers and the status of the former."""

    name = "servicecidr"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._ranges, self._addresses = client.informer(ServiceCIDR), client.informer(IPAddress)
        self.watches = (
            Watch(ServiceCIDR, to=self._with_overlapping),
            Watch(IPAddress, to=self._leaving, when=lambda old, new: new is None),
        )

    async def reconcile(self, key: Key) -> Outcome:
        found = self._ranges.get(key)
        if found is None:
            return DONE
        if not found.metadata.deletion_timestamp:
            if FINALIZER not in found.metadata.finalizers:
                found = await self._set_finalizers(found, (*found.metadata.finalizers, FINALIZER))
            await self._say(found, True, "", READY)
            return DONE
        if FINALIZER not in found.metadata.finalizers:
            return DONE
        if not may_go(found, self._ranges, (a.metadata.name for a in self._addresses)):
            await self._say(found, False, "Terminating", IN_USE)
            return DONE
        left = GRACE - (self._clock.now() - parse(found.metadata.deletion_timestamp)).total_seconds()
        if left > 0:
            return Outcome(requeue_after=left)
        await self._set_finalizers(found, tuple(f for f in found.metadata.finalizers if f != FINALIZER))
        return DONE

    async def _set_finalizers(self, found: ServiceCIDR, finalizers: tuple[str, ...]) -> ServiceCIDR:
        meta = msgspec.structs.replace(found.metadata, finalizers=finalizers)
        return await self._client.update(msgspec.structs.replace(found, metadata=meta))

    async def _say(self, found: ServiceCIDR, ready: bool, reason: str, message: str) -> None:
        before = next((c for c in found.status.conditions if c.type == "Ready"), None)
        if before is not None and (before.status, before.reason) == (str(ready), reason):
            return
        now = format_time(self._clock.now())
        made = Condition(type="Ready", status=str(ready), reason=reason, message=message, last_transition_time=now)
        others = tuple(c for c in found.status.conditions if c.type != "Ready")
        changed = msgspec.structs.replace(found, status=ServiceCIDRStatus(conditions=(*others, made)))
        await self._client.update(changed, subresource="status")

    def _with_overlapping(self, changed: ServiceCIDR) -> Iterable[Key]:
        """A range, and those that may go, or may not, because of it."""
        mine = networks(changed)
        yield key_of(changed)
        for other in self._ranges:
            if other.metadata.deletion_timestamp and any(a.overlaps(b) for a in networks(other) for b in mine):
                yield key_of(other)

    def _leaving(self, address: IPAddress) -> Iterable[Key]:
        """The ranges on their way out that an address lay in."""
        return [key_of(r) for r in self._ranges if r.metadata.deletion_timestamp and contains(r, address.metadata.name)]


def networks(found: ServiceCIDR) -> list[Network]:
    """Its ranges."""
    return [ip_network(cidr) for cidr in found.spec.cidrs]


def contains(found: ServiceCIDR, address: str) -> bool:
    """Whether an address lies in one of its ranges."""
    return any(ip_address(address) in network for network in networks(found))


def may_go(leaving: ServiceCIDR, ranges: Iterable[ServiceCIDR], addresses: Iterable[str]) -> bool:
    """Whether every address in it lies in another range too, one that stays or goes."""
    others = [other for other in ranges if other.metadata.uid != leaving.metadata.uid]
    return not any(
        contains(leaving, address) and not any(contains(other, address) for other in others) for address in addresses
    )
