"""EndpointSlices of Services: at what addresses and ports their Pods are, and which of them may be sent traffic."""

from collections.abc import Callable, Iterable, Sequence

from podo.api.errors import APIError, is_terminating
from podo.api.types.core_v1 import Node, Pod, Service
from podo.api.types.discovery_v1 import (
    Endpoint,
    EndpointConditions,
    EndpointHints,
    EndpointPort,
    EndpointSlice,
    ForNode,
    ForZone,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import pods, service_pods, zone_hints
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.ownership import reference_to
from podo.controllers.service_pods import ZONE, ServicePods
from podo.controllers.slice_changes import (
    MANAGED_BY,
    SERVICE_NAME,
    Changes,
    Ports,
    Wanted,
    managed_by,
    plan_group,
    ports_key,
    reuse,
    write,
)

HEADLESS = "service.kubernetes.io/headless"
MANAGER = "endpointslice-controller.k8s.io"
RESERVED = frozenset({SERVICE_NAME, MANAGED_BY, HEADLESS})
by_service = managed_by(MANAGER)
"""Index keys: the Service of a slice that we manage."""


class EndpointSliceController:
    """Reads Service, Pod and Node; writes EndpointSlices."""

    name = "endpointslice"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._events = client, events.recorder("endpoint-slice-controller")
        self._services, self._nodes = client.informer(Service), client.informer(Node)
        self._slices, self._pods = client.informer(EndpointSlice).index(by_service), ServicePods(client)
        self.watches = (
            Watch(Service, to=itself),
            Watch(Pod, to=self._pods.services_of, when=service_pods.may_change_endpoints),
            Watch(Node, to=self._pods.services_on, when=service_pods.may_change_zone),
            Watch(Node, to=self._hinting, when=_may_change_shares),
            Watch(EndpointSlice, to=by_service),
        )

    async def reconcile(self, key: Key) -> Outcome:
        service = self._services.get(key)
        if service is None or not service_pods.is_served(service):
            return DONE
        wanted = desired_endpoints(service, self._pods.pods_of(service), self._node)
        if zone_hints.is_wanted(service):
            wanted = self._hinted(service, wanted)
        observed = [s for s in self._slices(key) if not s.metadata.deletion_timestamp]
        try:
            await self._write(service, plan(service, wanted, observed))
        except APIError as error:
            if is_terminating(error):
                return DONE
            message = f"Error updating Endpoint Slices for Service {key}: {error}"
            self._events.warning(service, "FailedToUpdateEndpointSlices", message)
            raise
        return DONE

    async def _write(self, service: Service, changes: Changes) -> None:
        if service.metadata.deletion_timestamp:
            changes.create.clear()  # else it would race with the garbage collector
        await write(self._client, changes)

    def _hinted(self, service: Service, wanted: Wanted) -> Wanted:
        """With the hints of topology mode Auto, for each family where they can be given."""
        shares, found = zone_hints.shares(self._nodes), dict(wanted)
        had = any(e.hints for s in self._slices(key_of(service)) for e in s.endpoints)
        for family in service_pods.families_of(service):
            groups = [group for group in wanted if group[0] == family]
            result = zone_hints.hinted([e for group in groups for e in wanted[group]], shares)
            rest = iter(result.endpoints)
            found |= {group: [next(rest) for _ in wanted[group]] for group in groups}
            if result.why:
                text = f"{result.why}, addressType: {family}"
                self._events.warning(service, "TopologyAwareHintsDisabled", text)
            elif not had:
                text = f"{zone_hints.ENABLED}, addressType: {family}"
                self._events.normal(service, "TopologyAwareHintsEnabled", text)
        return found

    def _hinting(self, node: Node) -> Iterable[Key]:
        """The Services whose hints depend on what CPUs there are."""
        return [key_of(service) for service in self._services if zone_hints.is_wanted(service)]

    def _node(self, name: str) -> Node | None:
        return self._nodes.get(Key("", name))


def _may_change_shares(old: Node | None, new: Node | None) -> bool:
    return zone_hints.part_of(old) != zone_hints.part_of(new)


def desired_endpoints(service: Service, behind: Iterable[Pod], node_of: Callable[[str], Node | None]) -> Wanted:
    """The endpoints that there should be. A Pod on an unknown node is left out, unless all are to be published."""
    wanted: Wanted = {}
    for pod in filter(service_pods.can_be_endpoint, behind):
        node = node_of(pod.spec.node_name)
        if node is None and not service.spec.publish_not_ready_addresses:
            continue
        ports = ports_of(service, pod)
        for family in service_pods.families_of(service):
            if made := endpoint(service, pod, node, family):
                wanted.setdefault((family, ports), []).append(made)
    return wanted


def endpoint(service: Service, pod: Pod, node: Node | None, family: str) -> Endpoint | None:
    """The endpoint of a Pod; None if it has no address of the family.

    A Pod that is being deleted is never ready, but goes on serving while it is; only `publishNotReadyAddresses` makes
    every Pod ready.
    """
    addresses = service_pods.addresses_of(pod, family)
    if not addresses:
        return None
    serving, terminating = pods.is_ready(pod), bool(pod.metadata.deletion_timestamp)
    ready = bool(service.spec.publish_not_ready_addresses) or (serving and not terminating)
    zone = node.metadata.labels.get(ZONE, "") if node else ""
    return Endpoint(
        addresses=addresses,
        conditions=EndpointConditions(ready=ready, serving=serving, terminating=terminating),
        hostname=service_pods.hostname_of(pod, service),
        node_name=pod.spec.node_name,
        zone=zone,
        target_ref=service_pods.target_of(pod),
        hints=hints(service.spec.traffic_distribution, zone, pod.spec.node_name) if ready else None,
    )


def hints(distribution: str, zone: str, node: str) -> EndpointHints | None:
    """For whom an endpoint is close, as `trafficDistribution` asks."""
    if distribution not in ("PreferClose", "PreferSameZone", "PreferSameNode"):
        return None
    zones = (ForZone(name=zone),) if zone else ()
    nodes = (ForNode(name=node),) if node and distribution == "PreferSameNode" else ()
    return EndpointHints(for_zones=zones, for_nodes=nodes) if zones or nodes else None


def ports_of(service: Service, pod: Pod) -> Ports:
    """The ports of the Service as this Pod has them; those that it has not are left out."""
    found = []
    for port in service.spec.ports:
        number = service_pods.target_port(pod, port)
        if number is not None:
            protocol = port.protocol or "TCP"
            found.append(EndpointPort(name=port.name, port=number, protocol=protocol, app_protocol=port.app_protocol))
    return tuple(found)


def plan(service: Service, wanted: Wanted, observed: Sequence[EndpointSlice]) -> Changes:
    """The changes that make the slices right. A Service without endpoints keeps an empty slice a family."""
    changes, families = Changes(), service_pods.families_of(service)
    mine = [s for s in observed if _is_of(s, service) and s.address_type in families]
    stale = [s for s in observed if s not in mine]
    for family in families:
        part = Changes()
        of_family = sorted((s for s in mine if s.address_type == family), key=key_of)
        groups = {ports: found for (of, ports), found in wanted.items() if of == family} or {(): []}
        for ports, found in groups.items():
            plan_group(
                part,
                _empty(service, family, ports),
                found,
                [s for s in of_family if ports_key(s.ports) == ports_key(ports)],
            )
        kept = {ports_key(ports) for ports in groups}
        part.delete += [s for s in of_family if ports_key(s.ports) not in kept]
        reuse(part)
        changes.create += part.create
        changes.update += part.update
        changes.delete += part.delete
    changes.delete += stale
    return changes


def _empty(service: Service, family: str, ports: Ports) -> EndpointSlice:
    labels = {k: v for k, v in service.metadata.labels.items() if k not in RESERVED}
    labels |= {HEADLESS: ""} if service_pods.is_headless(service) else {}
    labels |= {SERVICE_NAME: service.metadata.name, MANAGED_BY: MANAGER}
    meta = ObjectMeta(
        generate_name=f"{service.metadata.name}-",
        namespace=service.metadata.namespace,
        labels=labels,
        owner_references=(reference_to(service),),
    )
    return EndpointSlice(metadata=meta, address_type=family, ports=ports)


def _is_of(slice_: EndpointSlice, service: Service) -> bool:
    return any(o.uid == service.metadata.uid and o.kind == "Service" for o in slice_.metadata.owner_references)
