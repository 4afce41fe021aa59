"""Node IPAM: a Node that comes without Pod ranges gets one of each of the cluster's."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

from podo.api.types.core_v1 import Node
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers.base import DONE, Outcome, Watch, itself

Network = IPv4Network | IPv6Network
AGAIN = 10.0
"""Seconds until the next try where the ranges are used up."""


@dataclass(frozen=True)
class PodRange:
    """One of the cluster's, of which each node gets a part with prefixes of so many bits.

    They are given from the end: local nodes have theirs, by their numbers, from the beginning.
    """

    network: str
    bits: int = 24


class NodeIPAM:
    """Reads Nodes; writes Node.spec.podCIDRs where there are none. One Node at a time: no two get the same."""

    name = "node-ipam"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, ranges: Sequence[PodRange]) -> None:
        self._client, self._events, self._ranges = client, events.recorder("cidrAllocator"), ranges
        self._nodes, self._turn = client.informer(Node), asyncio.Lock()
        self.watches = (Watch[Key](Node, to=itself, when=_lacks_ranges),)

    async def reconcile(self, key: Key) -> Outcome:
        async with self._turn:  # our own writes are known at once
            return await self._give(key)

    async def _give(self, key: Key) -> Outcome:
        node = self._nodes.get(key)
        if node is None or ranges_of(node) or not self._ranges:
            return DONE
        found = [free_part(r, self._nodes) for r in self._ranges]
        if None in found:
            self._events.normal(node, "CIDRNotAvailable", f"Node {key.name} status is now: CIDRNotAvailable")
            return Outcome(requeue_after=AGAIN)
        given = [str(part) for part in found]
        body = {
            "metadata": {"resourceVersion": node.metadata.resource_version},
            "spec": {"podCIDR": given[0], "podCIDRs": given},
        }
        await self._client.patch(Node, key, Patch(media_type=MERGE_PATCH, body=body))
        return DONE


def ranges_of(node: Node) -> tuple[str, ...]:
    """What it has."""
    return node.spec.pod_cidrs or ((node.spec.pod_cidr,) if node.spec.pod_cidr else ())


def free_part(of: PodRange, nodes: Iterable[Node]) -> Network | None:
    """The last part of a range that no Node has any of; None if none is left."""
    whole = ip_network(of.network)
    taken = [ip_network(cidr) for node in nodes for cidr in ranges_of(node)]
    taken = [network for network in taken if network.version == whole.version]
    for part in _parts(of):
        if not any(part.overlaps(network) for network in taken):
            return part
    return None


def _parts(of: PodRange) -> Iterator[Network]:
    whole = ip_network(of.network)
    size = 1 << (whole.max_prefixlen - of.bits)
    for start in range(int(whole.broadcast_address) + 1 - size, int(whole.network_address) - 1, -size):
        yield type(whole)((start, of.bits))


def _lacks_ranges(old: Node | None, new: Node | None) -> bool:
    return new is not None and not ranges_of(new)
