"""Claims on addresses and ports. A claim is a key in the store: whoever creates it first has it, on any server."""

import itertools
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from podo.api.errors import AlreadyExists, APIError, NotFound
from podo.server.context import Context
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.cache import ROOT, WatchCache
from podo.server.watchcache.entry import stored_value
from podo.server.watchcache.selection import Selection
from podo.store.base import Store

Address = IPv4Address | IPv6Address
FAMILY_LABEL, MANAGER_LABEL = "ipaddress.kubernetes.io/ip-family", "ipaddress.kubernetes.io/managed-by"
MANAGER = "ipallocator.k8s.io"
PORTS_PREFIX = f"{ROOT}core/nodeports/"
FIRST_PORT, LAST_PORT = 30000, 32767
MOST_TRIED = 10_000


class ClaimError(ValueError):
    """The wanted address or port is not to be had; the message says why."""


class PoolFull(APIError):
    """Nothing is left."""


def reserved(size: int, step: int, most: int) -> int:
    """How many at the low end of a range are given out last, to leave some for who names one (KEP-3070)."""
    return 0 if size <= 16 else min(max(16, size // step), most)


def candidates(first: int, last: int, low_band: int, chance: random.Random) -> Iterator[int]:
    """Every number from `first` to `last` once: from a random one on, the low band only at the end."""
    for start, end in ((first + low_band, last), (first, first + low_band - 1)):
        if start <= end:
            offset = chance.randint(0, end - start)
            yield from itertools.chain(range(start + offset, end + 1), range(start, start + offset))


class Addresses:
    """Cluster IPs: the ranges of the cluster's ServiceCIDRs; a claim is an IPAddress object."""

    def __init__(
        self, registry: Registry, ranges: Served, addresses: Served, base: Sequence[str], chance: random.Random
    ) -> None:
        """`base` are the ranges that the server was started with; ServiceCIDR objects may add more."""
        self._registry, self._addresses, self._chance = registry, addresses, chance
        self._known = registry.cache.resource(addresses.stored.prefix)
        self._ranges = registry.cache.resource(ranges.stored.prefix)
        self._base = tuple(base)
        self.families = tuple(dict.fromkeys(f"IPv{ip_network(cidr).version}" for cidr in base))

    def _networks(self, family: str) -> list[str]:
        found = list(self._base)
        for entry in self._ranges.select(Selection()):
            obj = entry.object()
            if not obj["metadata"].get("deletionTimestamp"):
                found += (obj.get("spec") or {}).get("cidrs") or ()
        return [cidr for cidr in dict.fromkeys(found) if f"IPv{ip_network(cidr).version}" == family]

    def claimed(self) -> Iterator[str]:
        """The addresses that Services have claimed."""
        for entry in self._known.select(Selection()):
            if entry.labels.get(MANAGER_LABEL) == MANAGER:
                yield entry.name

    async def claim(self, ctx: Context, address: str, service: Object) -> None:
        """Take this very address. Raises ClaimError."""
        wanted = ip_address(address)
        networks = [ip_network(cidr) for cidr in self._networks(f"IPv{wanted.version}")]
        if not any(wanted in network for network in networks):
            raise ClaimError("the provided network does not match the current range")
        if self._known.get(str(wanted)) is not None:
            raise ClaimError("provided IP is already allocated")
        if not ctx.dry_run and not await self._create(ctx, wanted, service):
            raise ClaimError("provided IP is already allocated")

    async def claim_next(self, ctx: Context, family: str, service: Object) -> str:
        """Take any free address of the family. Raises PoolFull."""
        for cidr in self._networks(family):
            network = ip_network(cidr)
            first, last = int(network.network_address) + 1, int(network.broadcast_address)
            if network.version == 4:
                last -= 1
            band = reserved(last - first + 1, 16, 256)
            for number in itertools.islice(candidates(first, last, band, self._chance), MOST_TRIED):
                found = ip_address(number) if network.version == 4 else IPv6Address(number)
                if self._known.get(str(found)) is not None:
                    continue
                if ctx.dry_run or await self._create(ctx, found, service):
                    return str(found)
        raise PoolFull("range is full")

    async def _create(self, ctx: Context, address: Address, service: Object) -> bool:
        meta, resource = service["metadata"], self._addresses.resource
        labels = {FAMILY_LABEL: f"IPv{address.version}", MANAGER_LABEL: MANAGER}
        parent = {"group": "", "resource": "services", "namespace": ctx.namespace, "name": meta.get("name", "")}
        obj: Object = {"apiVersion": resource.api_version, "kind": resource.kind}
        obj |= {"metadata": {"name": str(address), "labels": labels}, "spec": {"parentRef": parent}}
        try:
            await self._registry.create(_own(ctx, self._addresses), self._addresses, obj)
        except AlreadyExists:
            return False
        return True

    async def release(self, ctx: Context, address: str) -> None:
        """Give an address back."""
        with suppress(NotFound):
            own = _own(ctx, self._addresses)
            await self._registry.delete(own, self._addresses, str(ip_address(address)), DeleteOptions())


def _own(ctx: Context, served: Served) -> Context:
    resource = served.resource
    return Context(ctx.user, ctx.now, group=resource.group, version=resource.version, manager="kube-apiserver")


class Ports:
    """Node ports; a claim is a key of its own, of no kind that the API shows."""

    def __init__(self, store: Store, cache: WatchCache, chance: random.Random) -> None:
        self._store, self._cache, self._chance = store, cache, chance

    def _taken(self, port: int) -> bool:
        return self._cache.resource(PORTS_PREFIX).get(str(port)) is not None

    async def claim(self, ctx: Context, port: int, service: Object) -> None:
        """Take this very port. Raises ClaimError."""
        if not FIRST_PORT <= port <= LAST_PORT:
            valid = f"{FIRST_PORT}-{LAST_PORT}"
            raise ClaimError(f"provided port is not in the valid range. The range of valid ports is {valid}")
        if self._taken(port) or not (ctx.dry_run or await self._create(ctx, port, service)):
            raise ClaimError("provided port is already allocated")

    async def claim_next(self, ctx: Context, service: Object, but: set[int]) -> int:
        """Take any free port that is none of `but`. Raises PoolFull."""
        size = LAST_PORT - FIRST_PORT + 1
        for port in candidates(FIRST_PORT, LAST_PORT, reserved(size, 32, 128), self._chance):
            if port in but or self._taken(port):
                continue
            if ctx.dry_run or await self._create(ctx, port, service):
                return port
        raise PoolFull("range is full")

    async def _create(self, ctx: Context, port: int, service: Object) -> bool:
        owner = {"namespace": ctx.namespace, "name": service["metadata"].get("name", "")}
        claim = {"kind": "NodePort", "apiVersion": "v1", "metadata": {"name": str(port)}, "service": owner}
        try:
            record = await self._store.create(f"{PORTS_PREFIX}{port}", stored_value(claim))
        except AlreadyExists:
            return False
        self._cache.acknowledge(record.modified)
        return True

    async def release(self, port: int) -> None:
        """Give a port back."""
        with suppress(NotFound):
            self._cache.acknowledge((await self._store.delete(f"{PORTS_PREFIX}{port}")).modified)
