"""Where a Service is served: one of its ready endpoints, straight, without going through the Service's address."""

import random
from collections.abc import Sequence
from typing import NamedTuple

from podo.api.errors import APIError, NotFound, ServiceUnavailable
from podo.api.selectors import IN, LabelSelector, Requirement
from podo.api.types.core_v1 import Service, ServicePort
from podo.api.types.discovery_v1 import EndpointSlice
from podo.server.admission.lookup import typed
from podo.server.outgoing.addresses import check_address, checked_host
from podo.server.registry.catalog import Catalog
from podo.server.registry.kinds import Served
from podo.server.watchcache.cache import WatchCache
from podo.server.watchcache.selection import Selection

SERVICE_LABEL = "kubernetes.io/service-name"
EXTERNAL = "ExternalName"
ROUTED = ("", "ClusterIP", "LoadBalancer", "NodePort")


class Place(NamedTuple):
    """Where to connect to."""

    host: str
    port: int


class Services:
    """Finds endpoints in the watch cache."""

    def __init__(self, cache: WatchCache, catalog: Catalog, chance: random.Random) -> None:
        self._cache, self._chance = cache, chance
        self._services, self._slices = (
            _kind(catalog, "", "services"),
            _kind(catalog, "discovery.k8s.io", "endpointslices"),
        )

    async def settled(self) -> None:
        """Wait until all that has been written is seen."""
        await self._cache.consistent()

    def find(self, namespace: str, name: str) -> Service:
        """The Service. Raises NotFound."""
        entry = self._cache.resource(self._services.stored.prefix).get(f"{namespace}/{name}")
        if entry is None:
            raise NotFound(f'service "{name}" not found', name=name, kind="services")
        return typed(entry, Service)

    def slices(self, namespace: str, name: str) -> list[EndpointSlice]:
        """The EndpointSlices of the Service."""
        selection = Selection(namespace, labels=_labelled(name))
        found = self._cache.resource(self._slices.stored.prefix).select(selection)
        return [typed(entry, EndpointSlice) for entry in found]

    async def resolve(self, namespace: str, name: str, port: int) -> Place:
        """A ready endpoint of the Service's port. Raises NotFound, ServiceUnavailable, and APIError by what is odd."""
        await self._cache.consistent()
        service = self.find(namespace, name)
        if service.spec.type == EXTERNAL:
            return Place(await checked_host(service.spec.external_name), port)
        if service.spec.type not in ROUTED:
            raise APIError(f'unsupported service type "{service.spec.type}"')
        wanted = port_of(service, port)
        found = ready_places(self.slices(namespace, name), wanted.name)
        if not found:
            raise ServiceUnavailable(f'no endpoints available for service "{name}"')
        place = found[self._chance.randrange(len(found))]
        check_address(place.host)
        return place


def port_of(service: Service, port: int) -> ServicePort:
    """The Service's port of that number. Raises ServiceUnavailable."""
    for each in service.spec.ports:
        if each.port == port:
            return each
    raise ServiceUnavailable(f'no service port {port} found for service "{service.metadata.name}"')


def ready_places(slices: Sequence[EndpointSlice], port_name: str) -> list[Place]:
    """The ready endpoints of the port with that name."""
    return [
        Place(endpoint.addresses[0], port.port)
        for each in slices
        for port in each.ports
        if port.name == port_name and port.port
        for endpoint in each.endpoints
        if endpoint.addresses and (endpoint.conditions is None or endpoint.conditions.ready is not False)
    ]


def _labelled(name: str) -> LabelSelector:
    return LabelSelector((Requirement(SERVICE_LABEL, IN, (name,)),))


def _kind(catalog: Catalog, group: str, plural: str) -> Served:
    served = catalog.by_path(group, "v1", plural)
    assert served is not None
    return served
