"""Which endpoints serve which port of a Service, seen from one node. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from podo.api.types.core_v1 import Service, ServicePort
from podo.api.types.discovery_v1 import Endpoint, EndpointConditions, EndpointHints, EndpointSlice

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
_READY = EndpointConditions()


class Backend(NamedTuple):
    """An address and a port that connections are sent to."""

    address: str
    port: int


class PortKey(NamedTuple):
    """A port of a Service. Ports of a Service have different names, or different protocols."""

    name: str
    protocol: str  # tcp, udp, sctp


@dataclass(frozen=True)
class Backends:
    """Who serves a port: in the whole cluster, and on this node. The order is that in which they are numbered.

    `draining`: those of the cluster are terminating, and serve only because there is no other. `ready_here`: how many
    on this node are ready.
    """

    cluster: tuple[Backend, ...] = ()
    local: tuple[Backend, ...] = ()
    draining: bool = False
    ready_here: int = 0


@dataclass
class _Found:
    """Endpoints of a port by what may be done with them; as dictionaries to drop doubles and keep the order."""

    ready: dict[Backend, Endpoint] = field(default_factory=dict)
    terminating: dict[Backend, None] = field(default_factory=dict)  # but still serving

    def usable(self) -> tuple[Backend, ...]:
        """Terminating endpoints serve only where there is no other (KEP-1669)."""
        return tuple(self.ready or self.terminating)

    def close(self, node: str, zone: str) -> tuple[Backend, ...]:
        """Of the usable ones those that hints say are for this node, or else for this zone; all without such hints.

        Hints count only if every endpoint that is ready has one (KEP-2433, KEP-4444, KEP-3015).
        """
        hints = {backend: endpoint.hints or EndpointHints() for backend, endpoint in self.ready.items()}
        nodes = {backend: {each.name for each in hint.for_nodes} for backend, hint in hints.items()}
        zones = {backend: {each.name for each in hint.for_zones} for backend, hint in hints.items()}
        for names, here in ((nodes, node), (zones, zone)):
            close = tuple(backend for backend, wanted in names.items() if here in wanted)
            if close and all(names.values()):
                return close
        return self.usable()

    def draining(self) -> bool:
        """Whether it has come to that."""
        return bool(self.terminating) and not self.ready


def backends(
    service: Service, slices: Iterable[EndpointSlice], *, node: str, version: int, zone: str = ""
) -> dict[PortKey, Backends]:
    """The backends of each port of `service`, of IP `version`, seen from `node` in `zone`.

    `node` "" is the host: every endpoint is local to it.
    """
    found = {port_key(port): (_Found(), _Found()) for port in service.spec.ports}
    for each in slices:
        if each.address_type != f"IPv{version}":
            continue
        ports = [(PortKey(p.name, (p.protocol or "TCP").lower()), p.port) for p in each.ports]
        for endpoint in each.endpoints:
            for key, port in ports:
                if port is not None and key in found:
                    _sort_in(endpoint, port, found[key], local=node in ("", endpoint.node_name))
    return {
        key: Backends(
            cluster=cluster.close(node, zone) if node else cluster.usable(),
            local=local.usable(),
            draining=cluster.draining(),
            ready_here=len(local.ready),
        )
        for key, (cluster, local) in found.items()
    }


def _sort_in(endpoint: Endpoint, port: int, found: tuple[_Found, _Found], *, local: bool) -> None:
    if not endpoint.addresses:
        return
    conditions = endpoint.conditions or _READY
    backend = Backend(endpoint.addresses[0], port)
    for each in found if local else found[:1]:
        if conditions.ready is not False:
            each.ready[backend] = endpoint
            each.terminating.pop(backend, None)
        elif conditions.serving and conditions.terminating and backend not in each.ready:
            each.terminating[backend] = None


def arranged(before: Mapping[PortKey, Backends], now: Mapping[PortKey, Backends]) -> dict[PortKey, Backends]:
    """`now`, numbered so that as few backends as possible have another number than `before`."""
    none = Backends()
    return {
        key: Backends(
            cluster=_arrange(before.get(key, none).cluster, wanted.cluster),
            local=_arrange(before.get(key, none).local, wanted.local),
            draining=wanted.draining,
            ready_here=wanted.ready_here,
        )
        for key, wanted in now.items()
    }


def _arrange(before: tuple[Backend, ...], wanted: tuple[Backend, ...]) -> tuple[Backend, ...]:
    """Each backend that stays keeps its number if there still is one; new ones, then the last, fill the gaps."""
    staying = set(wanted)
    slots: list[Backend | None] = [each if each in staying else None for each in before[: len(wanted)]]
    slots += [None] * (len(wanted) - len(slots))
    kept = {each for each in slots if each is not None}
    others = iter(each for each in wanted if each not in kept)
    return tuple(each if each is not None else next(others) for each in slots)


def port_key(port: ServicePort) -> PortKey:
    """Which port of its Service it is."""
    return PortKey(port.name, (port.protocol or "TCP").lower())


def service_of(each: EndpointSlice) -> str:
    """The name of the Service whose endpoints these are; "" if it has none."""
    return each.metadata.labels.get(SERVICE_NAME_LABEL, "")
