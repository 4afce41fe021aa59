"""Addresses for Services of type LoadBalancer: one of a pool, for as long as the Service wants one.

The pool lies in the nodes' network, so the address answers on the host and on every node: each one's data plane leads
it to the endpoints. A Service with a loadBalancerClass is another implementation's affair, unless it is podo's own.
A Service with an address has a finalizer, as with Kubernetes' own controller: its end waits until the address is free.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from podo.api.types.core_v1 import LoadBalancerIngress, LoadBalancerStatus, Service, ServiceStatus
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.network.address_pool import AddressPool, family_of

CLASS, FINALIZER = "podo/load-balancer", "service.kubernetes.io/load-balancer-cleanup"


class LoadBalancerController:
    """Reads Service; writes `status.loadBalancer`."""

    name = "service-lb"

    def __init__(self, client: CachedClient, events: EventWriter, ranges: Sequence[str]) -> None:
        self._client, self._events = client, events.recorder("service-controller")
        self._services, self._pool = client.informer(Service), AddressPool(ranges)
        self._waiting: set[Key] = set()
        self._remembered = False
        self._add: Callable[[Key], None] = self._waiting.add
        self.watches = (Watch(Service, to=itself),)

    def attach(self, add: Callable[[Key], None]) -> None:
        """Whoever found the pool empty is added again when an address is free."""
        self._add = add

    async def reconcile(self, key: Key) -> Outcome:
        self._remember()
        service = self._services.get(key)
        if service is None or not is_ours(service) or service.metadata.deletion_timestamp:
            self._waiting.discard(key)
            self._release(key)
            if service is not None and FINALIZER in service.metadata.finalizers:
                self._events.normal(service, "DeletingLoadBalancer", "Deleting load balancer")
                await self._client.update(without_finalizer(service), subresource="status")
                self._events.normal(service, "DeletedLoadBalancer", "Deleted load balancer")
            return DONE
        before = addresses_of(service)
        wanted = [each for each in (service.spec.load_balancer_ip, *before) if each]
        families = service.spec.ip_families or ("IPv4",)
        found = [self._pool.take(key, family, wanted) for family in families]
        given = [each for each in found if each]
        self._release(key, given)
        if not given:
            self._waiting.add(key)
            message = "Error syncing load balancer: no address is left in the pool"
            self._events.warning(service, "SyncLoadBalancerFailed", message)
            return DONE
        self._waiting.discard(key)
        if given != before or FINALIZER not in service.metadata.finalizers:
            self._events.normal(service, "EnsuringLoadBalancer", "Ensuring load balancer")
            await self._client.update(with_addresses(service, given), subresource="status")
            self._events.normal(service, "EnsuredLoadBalancer", "Ensured load balancer")
        return DONE

    def _release(self, key: Key, kept: Sequence[str] = ()) -> None:
        if self._pool.release(key, kept):
            for each in self._waiting:
                self._add(each)

    def _remember(self) -> None:
        """Before the first address is given: those that Services have from before a restart."""
        for service in self._services if not self._remembered else ():
            for address in addresses_of(service) if is_ours(service) else ():
                self._pool.take(key_of(service), family_of(address), [address])
        self._remembered = True


def is_ours(service: Service) -> bool:
    """Whether podo gives the Service its addresses."""
    return service.spec.type == "LoadBalancer" and (service.spec.load_balancer_class or CLASS) == CLASS


def addresses_of(service: Service) -> list[str]:
    """The addresses that the Service's status shows."""
    balancer = service.status.load_balancer
    return [each.ip for each in balancer.ingress if each.ip] if balancer else []


def with_addresses(service: Service, addresses: Iterable[str]) -> Service:
    """The Service with these addresses in its status, and the finalizer."""
    ingress = tuple(LoadBalancerIngress(ip=each, ip_mode="VIP") for each in addresses)
    status = msgspec.structs.replace(
        service.status or ServiceStatus(), load_balancer=LoadBalancerStatus(ingress=ingress)
    )
    finalizers = tuple(dict.fromkeys([*service.metadata.finalizers, FINALIZER]))
    metadata = msgspec.structs.replace(service.metadata, finalizers=finalizers)
    return msgspec.structs.replace(service, metadata=metadata, status=status)


def without_finalizer(service: Service) -> Service:
    """The Service with nothing of a load balancer."""
    finalizers = tuple(each for each in service.metadata.finalizers if each != FINALIZER)
    status = msgspec.structs.replace(service.status or ServiceStatus(), load_balancer=LoadBalancerStatus())
    metadata = msgspec.structs.replace(service.metadata, finalizers=finalizers)
    return msgspec.structs.replace(service, metadata=metadata, status=status)
