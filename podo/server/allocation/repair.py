"""At start: claims that no Service has any more are given back, and Services whose claims are lost get them again."""

import logging
from collections.abc import Iterator

from podo.server.allocation.pools import PORTS_PREFIX, Addresses, ClaimError, Ports
from podo.server.allocation.service_fields import NONE, needs_cluster_ip
from podo.server.allocation.services import held_ports
from podo.server.context import Context
from podo.server.core import MASTER, Core
from podo.server.strategy import Object
from podo.server.watchcache.selection import Selection

log = logging.getLogger("podo.server.allocation")


class Repair:
    """Compares all Services with all claims; both are in the cache."""

    def __init__(self, core: Core, addresses: Addresses, ports: Ports) -> None:
        self._core, self._addresses, self._ports = core, addresses, ports

    async def run(self) -> None:
        """Make claims what Services say."""
        await self._core.cache.consistent()
        services = list(self._services())
        await self._repair_addresses(services)
        await self._repair_ports(services)

    def _services(self) -> Iterator[Object]:
        served = self._core.catalog.by_path("", "v1", "services")
        assert served is not None
        for entry in self._core.cache.resource(served.stored.prefix).select(Selection()):
            yield entry.object()

    def _context(self, namespace: str) -> Context:
        return Context(MASTER, self._core.clock.now(), namespace=namespace)

    async def _repair_addresses(self, services: list[Object]) -> None:
        wanted = {address: service for service in services for address in _addresses(service)}
        known = set(self._addresses.claimed())
        for address in sorted(wanted.keys() - known):
            service = wanted[address]
            try:
                await self._addresses.claim(self._context(service["metadata"]["namespace"]), address, service)
            except ClaimError as error:
                log.warning("service %s keeps %s: %s", service["metadata"]["name"], address, error)
        for address in sorted(known - wanted.keys()):
            await self._addresses.release(self._context(""), address)

    async def _repair_ports(self, services: list[Object]) -> None:
        wanted = {port: service for service in services for port in held_ports(service["spec"])}
        resource = self._core.cache.resource(PORTS_PREFIX)
        known = {int(entry.key) for entry in resource.select(Selection())}
        for port in sorted(wanted.keys() - known):
            service = wanted[port]
            try:
                await self._ports.claim(self._context(service["metadata"]["namespace"]), port, service)
            except ClaimError as error:
                log.warning("service %s keeps %s: %s", service["metadata"]["name"], port, error)
        for port in sorted(known - wanted.keys()):
            await self._ports.release(port)


def _addresses(service: Object) -> list[str]:
    spec = service["spec"]
    return [a for a in spec.get("clusterIPs") or () if a != NONE] if needs_cluster_ip(spec) else []
