"""The service proxy: keeps podo's nftables tables of one namespace in step with Services and EndpointSlices."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from podo.api.types.core_v1 import Node, Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import Key, key_of
from podo.clock import Clock
from podo.network.base import NetworkFailure
from podo.network.nft import Nft, NftFailure
from podo.network.ruleset import Fragment, Ruleset, commands, removals
from podo.network.services.backends import Backends, PortKey, arranged, backends, service_of
from podo.network.services.conntrack import Flow, Flows, stale_flows
from podo.network.services.health import HealthChecks
from podo.network.services.host_ports import OpenPorts, host_port_fragment
from podo.network.services.progress import Progress
from podo.network.services.rules import service_fragment
from podo.network.services.tables import Family, ProxySettings, dropped_table, fresh_table
from podo.network.upkeep import Upkeep

ZONE_LABEL = "topology.kubernetes.io/zone"
LEFT_LIMIT = 10_000  # addresses of which we remember when they were withdrawn
Ports = Mapping[PortKey, Backends]


@dataclass
class _Known:
    """What is known of a Service, and how its backends are numbered in the tables, by IP version."""

    service: Service | None = None
    slices: dict[str, EndpointSlice] = field(default_factory=dict)
    ports: dict[int, Ports] = field(default_factory=dict)
    rendered: Service | None = None  # the Service that the tables show
    uses: set[str] = field(default_factory=set)  # addresses that it serves by, in the rules in force


class ServiceProxy:
    """Feed it with `service_changed` and `slice_changed` (informer handlers), then `run` it.

    `progress` tells how far the rules in force have come. Host ports of sandboxes go through it as well, and `health`
    learns which endpoints are here.
    """

    def __init__(
        self,
        settings: ProxySettings,
        *,
        nft: Nft,
        flows: Flows,
        clock: Clock,
        health: HealthChecks | None = None,
        host_port_seconds: float = 10,
    ) -> None:
        self._health = health or HealthChecks()
        self._settings, self._nft, self._flows = settings, nft, flows
        self._host_port_seconds = host_port_seconds  # how long `open` waits
        self._known: dict[Key, _Known] = {}
        self._dirty: dict[Key, None] = {}
        self._zone = ""
        self._revision = 0  # of the last change of endpoints that we were told of
        self._rulesets: dict[Family, Ruleset] = {family: Ruleset() for family in settings.families}
        tables = (tuple(each.table(settings.config).split()) for each in settings.families)
        self._upkeep = Upkeep(nft, clock, "service rules", ((family, name) for family, name in tables))
        self._uses: Counter[str] = Counter()
        self._left: dict[str, int] = {}  # the revision that withdrew an address, the oldest first
        self._asked = self._done = 0  # calls of `settled`: made, and answered
        self.progress = Progress()

    def service_changed(self, old: Service | None, new: Service | None) -> None:
        """An informer's handler: `new` stands where `old` stood."""
        if changed := new or old:
            self._mark(key_of(changed)).service = new

    def node_changed(self, old: Node | None, new: Node | None) -> None:
        """An informer's handler: our own node's zone decides which endpoints are close."""
        if new is None or new.metadata.name != self._settings.node:
            return
        if (zone := new.metadata.labels.get(ZONE_LABEL, "")) != self._zone:
            self._zone = zone
            for key in self._known:
                self._mark(key)

    def slice_changed(self, old: EndpointSlice | None, new: EndpointSlice | None) -> None:
        """An informer's handler: `new` stands where `old` stood."""
        for each, present in ((old, False), (new, True)):
            if each is None:
                continue
            self._revision = max(self._revision, int(each.metadata.resource_version or 0))
            known = self._mark(Key(each.metadata.namespace, service_of(each)))
            known.slices.pop(each.metadata.name, None)
            if present:
                known.slices[each.metadata.name] = each

    def expect(self, sandbox_id: str, ports: OpenPorts) -> None:
        """Lead the sandbox's host ports to it, with the next transaction."""
        for family, ruleset in self._rulesets.items():
            ruleset.put(sandbox_id, host_port_fragment(ports, family))
        self._upkeep.wake()

    async def open(self, sandbox_id: str, ports: OpenPorts) -> None:
        """Lead the sandbox's host ports to it; return once that is in force. Raises NetworkFailure."""
        self.expect(sandbox_id, ports)
        try:
            async with asyncio.timeout(self._host_port_seconds):
                await self.settled()
        except TimeoutError as error:
            raise NetworkFailure("cannot open the host ports: nftables does not answer") from error

    async def close(self, sandbox_id: str) -> None:
        """Close the sandbox's host ports. Takes effect with the next transaction, which it calls for."""
        for ruleset in self._rulesets.values():
            ruleset.put(sandbox_id, Fragment())
        self._upkeep.wake()

    async def settled(self) -> None:
        """Return once all that we were told so far is in force. No limit: use asyncio.timeout."""
        self._asked += 1
        mine = self._asked
        self._upkeep.wake()
        while self._done < mine:
            await self.progress.changed()

    def serves(self, address: str) -> bool:
        """Whether some Service sends new connections to `address`, by the rules in force.

        A terminating endpoint does not count: a Service that has no other left cannot be helped by waiting.
        """
        return self._uses[address] > 0

    async def withdrawn(self, address: str) -> None:
        """Return once no Service `serves` by `address` any more. No limit: use asyncio.timeout."""
        while self.serves(address):
            await self.progress.changed()

    def left_at(self, address: str) -> int:
        """Which change of EndpointSlices (a resourceVersion) withdrew `address`; 0 if none did, or it is back."""
        return self._left.get(address, 0)

    async def run(self) -> None:
        """Keep the tables in step until cancelled. Start it when the informers have synced."""
        await self._upkeep.run(self.sync)

    async def sync(self) -> None:
        """One transaction with all that has changed. Raises NftFailure."""
        fresh = self._upkeep.begin()
        revision, asked = self._revision, self._asked
        dirty, self._dirty = self._dirty, {}
        stale = {flow for key in dirty for flow in self._render(key)}
        script: list[str] = []
        rubbish: list[str] = []
        for family, ruleset in self._rulesets.items():
            table = family.table(self._settings.config)
            changes = ruleset.everything() if fresh else ruleset.take()
            script += [*(fresh_table(self._settings, family) if fresh else ()), *commands(table, changes)]
            rubbish += removals(table, changes)
        try:
            await self._nft.apply(script)
        except NftFailure:
            self._dirty = dirty | self._dirty
            raise
        self._done = asked
        self._count_uses(dirty, revision)
        self.progress.advance(revision)
        await self._flows.forget(stale)
        await self._upkeep.tidy(rubbish)

    async def remove(self) -> None:
        """Take the tables away. Raises NftFailure."""
        await self._nft.apply(
            line for family in self._settings.families for line in dropped_table(self._settings.config, family)
        )

    def _render(self, key: Key) -> set[Flow]:
        """Enter in the rulesets what the Service now wants; the flows that this makes stale."""
        known = self._known[key]
        stale: set[Flow] = set()
        for family, ruleset in self._rulesets.items():
            before = known.ports.get(family.version, {})
            now: Ports = {}
            if known.service is not None:
                node, slices = self._settings.node, known.slices.values()
                found = backends(known.service, slices, node=node, zone=self._zone, version=family.version)
                now = arranged(before, found)
                ruleset.put(key, service_fragment(known.service, now, self._settings, family))
            else:
                ruleset.put(key, Fragment())
            if last := known.service or known.rendered:
                stale |= {flow for flow in stale_flows(last, before, now) if flow.version == family.version}
            known.ports[family.version] = now
        known.rendered = known.service
        return stale

    def _count_uses(self, keys: Iterable[Key], revision: int) -> None:
        """Note whom the rules in force send connections to, and forget Services that are gone."""
        for key in keys:
            known = self._known[key]
            ports = [each for ports in known.ports.values() for each in ports.values()]
            uses = {backend.address for each in ports if not each.draining for backend in each.cluster}
            self._health.put(key, known.service, max((each.ready_here for each in ports), default=0))
            self._uses.subtract(known.uses - uses)
            self._uses.update(uses - known.uses)
            self._remember(known.uses - uses, uses - known.uses, revision)
            known.uses = uses
            if known.service is None and not known.slices and key not in self._dirty:
                del self._known[key]

    def _remember(self, left: Iterable[str], come: Iterable[str], revision: int) -> None:
        for address in come:
            self._left.pop(address, None)
        for address in left:
            if not self._uses[address]:
                self._left.pop(address, None)
                self._left[address] = revision
        while len(self._left) > LEFT_LIMIT:
            del self._left[next(iter(self._left))]

    def _mark(self, key: Key) -> _Known:
        self._dirty[key] = None
        self._upkeep.wake()
        return self._known.setdefault(key, _Known())
