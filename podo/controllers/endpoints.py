"""Endpoints, what was before EndpointSlices: one object a Service, for clients that still read them."""

from collections.abc import Iterable, Sequence

import msgspec

from podo.api.errors import APIError, NotFound, is_terminating
from podo.api.types.core_v1 import EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Pod, Service
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import pods, service_pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.service_pods import IPV4, ServicePods

MANAGED_BY, MANAGER = "endpoints.kubernetes.io/managed-by", "endpoint-controller"
HEADLESS = "service.kubernetes.io/headless"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
CAPACITY = 1000


class EndpointsController:
    """Reads Service and Pod; writes Endpoints."""

    name = "endpoint"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("endpoint-controller")
        self._services, self._endpoints = client.informer(Service), client.informer(Endpoints)
        self._pods = ServicePods(client)
        self.watches = (
            Watch(Service, to=itself),
            Watch(Pod, to=self._pods.services_of, when=service_pods.may_change_endpoints),
            Watch(Endpoints, to=itself, when=_are_ours),
        )

    async def reconcile(self, key: Key) -> Outcome:
        service, observed = self._services.get(key), self._endpoints.get(key)
        if service is None:
            if observed is not None:
                await self._delete(key)
            return DONE
        if not service_pods.is_served(service):
            return DONE
        desired = desired_endpoints(service, subsets_of(service, self._pods.pods_of(service)), observed)
        if desired == observed:
            return DONE
        try:
            await (self._client.create(desired) if observed is None else self._client.update(desired))
        except APIError as error:
            if not is_terminating(error):
                self._complain(desired, key, error, observed is None)
                raise
        return DONE

    async def _delete(self, key: Key) -> None:
        try:
            await self._client.delete(Endpoints, key)
        except NotFound:
            pass

    def _complain(self, about: Endpoints, key: Key, error: APIError, new: bool) -> None:
        if new:
            message = f"Failed to create endpoint for service {key}: {error}"
            self._events.warning(about, "FailedToCreateEndpoint", message)
        else:
            self._events.warning(about, "FailedToUpdateEndpoint", f"Failed to update endpoint {key}: {error}")


def _are_ours(old: Endpoints | None, new: Endpoints | None) -> bool:
    """Whether we made them. Those that a user made are left alone, also where there is no Service of their name."""
    return any(e is not None and e.metadata.labels.get(MANAGED_BY) == MANAGER for e in (old, new))


def desired_endpoints(service: Service, subsets: Sequence[EndpointSubset], observed: Endpoints | None) -> Endpoints:
    """What there should be; `observed` if it is that already."""
    kept, over = truncated(subsets)
    meta = (
        observed.metadata if observed else ObjectMeta(name=service.metadata.name, namespace=service.metadata.namespace)
    )
    labels = {**service.metadata.labels, MANAGED_BY: MANAGER}
    labels.pop(HEADLESS, None)
    if service_pods.is_headless(service):
        labels[HEADLESS] = ""
    annotations = {k: v for k, v in meta.annotations.items() if k != OVER_CAPACITY}
    if over:
        annotations[OVER_CAPACITY] = "truncated"
    meta = msgspec.structs.replace(meta, labels=labels, annotations=annotations)
    return Endpoints(metadata=meta, subsets=tuple(kept))


Address = tuple[EndpointAddress, bool]
"""An address, and whether it is ready."""


def subsets_of(service: Service, behind: Iterable[Pod]) -> list[EndpointSubset]:
    """The Pods' addresses by ports: each set of Pods that have the same ports is one subset."""
    by_port: dict[EndpointPort | None, dict[str, Address]] = {}
    for pod in filter(service_pods.can_be_endpoint, behind):
        every = bool(service.spec.publish_not_ready_addresses)
        if pod.metadata.deletion_timestamp and not every:
            continue
        address = address_of(service, pod)
        if address is None:
            continue
        for port in _ports(service, pod):
            by_port.setdefault(port, {})[pod.metadata.uid] = (address, every or pods.is_ready(pod))
    by_pods: dict[tuple[Address, ...], list[EndpointPort]] = {}
    for port, found in by_port.items():
        ports = by_pods.setdefault(tuple(sorted(found.values(), key=_by_ip)), [])
        ports += [port] if port else []
    return sorted((_subset(found, ports) for found, ports in by_pods.items()), key=msgspec.json.encode)


def _ports(service: Service, pod: Pod) -> list[EndpointPort | None]:
    """The ports that the Pod has; [None] for a headless Service, which needs none."""
    if not service.spec.ports:
        return [None] if service.spec.cluster_ip == service_pods.NO_ADDRESS else []
    return [
        EndpointPort(name=p.name, port=number, protocol=p.protocol or "TCP", app_protocol=p.app_protocol)
        for p in service.spec.ports
        if (number := service_pods.target_port(pod, p)) is not None
    ]


def _subset(found: Iterable[Address], ports: list[EndpointPort]) -> EndpointSubset:
    found = list(found)
    return EndpointSubset(
        addresses=tuple(address for address, ready in found if ready),
        not_ready_addresses=tuple(address for address, ready in found if not ready),
        ports=tuple(sorted(ports, key=lambda p: (p.name, p.port, p.protocol))),
    )


def _by_ip(found: Address) -> tuple[str, str]:
    target = found[0].target_ref
    return found[0].ip, target.uid if target else ""


def address_of(service: Service, pod: Pod) -> EndpointAddress | None:
    """The Pod's address of the Service's first family."""
    family = service_pods.families_of(service)[0]
    if not service.spec.ip_families and service_pods.is_headless(service):
        family = service_pods.family_of(pod.status.pod_ip) if pod.status.pod_ip else IPV4
    for ip in service_pods.addresses_of(pod, family)[:1]:
        return EndpointAddress(
            ip=ip,
            node_name=pod.spec.node_name,
            hostname=service_pods.hostname_of(pod, service),
            target_ref=service_pods.target_of(pod),
        )
    return None


def truncated(subsets: Sequence[EndpointSubset]) -> tuple[list[EndpointSubset], bool]:
    """At most CAPACITY addresses, ready ones first, shared out by the subsets' sizes; whether any had to go."""
    ready = sum(len(s.addresses) for s in subsets)
    waiting = sum(len(s.not_ready_addresses) for s in subsets)
    if ready + waiting <= CAPACITY:
        return list(subsets), False
    cut_ready = ready > CAPACITY
    room, total = (CAPACITY, ready) if cut_ready else (CAPACITY - ready, waiting)
    left, kept = room, []
    for subset in subsets:
        of = subset.addresses if cut_ready else subset.not_ready_addresses
        share = of[: min(left, -(-len(of) * room // total))]
        left -= len(share)
        if cut_ready:
            kept.append(msgspec.structs.replace(subset, addresses=share, not_ready_addresses=()))
        else:
            kept.append(msgspec.structs.replace(subset, not_ready_addresses=share))
    return kept, True
