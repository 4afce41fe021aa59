"""Which routes the host and each local node have, decided; `netlink.py` applies them.

A node reaches another node's Pods through that node's address. Each of podo's ranges also has an `unreachable` route
of last resort, so that nothing for them ever leaves by the default route, whatever happens to the other routes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from podo.api.types.core_v1 import Node
from podo.network.config import NetworkConfig, of_family
from podo.network.names import last_resort_metric


class RouteKind(StrEnum):
    """What happens to a packet that takes the route."""

    UNICAST = "unicast"
    UNREACHABLE = "unreachable"


class Route(NamedTuple):
    """A route of the main table. Without a gateway the destination is on the device's link."""

    destination: str
    kind: RouteKind = RouteKind.UNICAST
    gateway: str = ""
    device: str = ""
    source: str = ""  # the address that packets from here to there carry
    metric: int = 0
    onlink: bool = False  # the gateway is reached by the device, whatever its addresses are


@dataclass(frozen=True)
class Underlay:
    """The network by which a machine reaches the others: its device there, and its address with prefix length."""

    device: str
    address: str
    mtu: int = 1500

    @property
    def machine(self) -> str:
        """The address by which others know the machine."""
        return self.address.partition("/")[0]


@dataclass(frozen=True)
class Place:
    """From where routes are seen: the device that leads to the other nodes, our addresses on it, our node's name.

    On the host `node` is "": no node is its own. `underlay` is there if we are who reaches other machines: the host, or
    a node that is a machine of its own.
    """

    device: str
    addresses: tuple[str, ...]
    node: str = ""
    underlay: Underlay | None = None

    def address(self, version: int) -> str:
        """Our address of this IP version; "" if there is none."""
        return next(iter(of_family(self.addresses, version)), "")


def base_routes(config: NetworkConfig, place: Place) -> set[Route]:
    """The routes that are there before any node is known: the service range, and the last resorts.

    A local process that connects to a cluster IP is routed before nftables rewrites its packet, so the service range
    needs a route that works. What is not rewritten ends at the link of podo's own bridge.
    """
    metric = last_resort_metric(config.cluster)
    routes = {Route(each, RouteKind.UNREACHABLE, metric=metric) for each in config.ranges}
    for each in config.service_ranges:
        if source := place.address(_version(each)):
            routes.add(Route(each, device=place.device, source=source))
    return routes


def node_routes(config: NetworkConfig, place: Place, nodes: Iterable[Node]) -> set[Route]:
    """Routes to the Pods of all other nodes of this machine. One without a Pod range or an address has none yet."""
    routes: set[Route] = set()
    known = list(nodes)
    here = own_machine(place, known)
    for node in known:
        if node.metadata.name == place.node or machine_of(node) not in ("", here):
            continue
        addresses = internal_addresses(node)
        for pod_range in pod_ranges(node):
            version = _version(pod_range)
            gateway = next(iter(of_family(addresses, version)), "")
            if gateway and place.address(version):
                routes.add(Route(pod_range, gateway=gateway, device=place.device, source=place.address(version)))
    return routes


def route_changes(want: set[Route], have: set[Route]) -> tuple[set[Route], set[Route]]:
    """(to add, to remove). Add first: adding replaces a route to the same destination with the same metric."""
    replaced = {(route.destination, route.metric) for route in want}
    gone = {route for route in have - want if (route.destination, route.metric) not in replaced}
    return want - have, gone


def pod_ranges(node: Node) -> tuple[str, ...]:
    """The node's Pod ranges, the primary family first; () before it has been given any."""
    return node.spec.pod_cidrs or ((node.spec.pod_cidr,) if node.spec.pod_cidr else ())


def internal_addresses(node: Node) -> tuple[str, ...]:
    """The addresses under which the cluster reaches the node."""
    return tuple(each.address for each in node.status.addresses if each.type == "InternalIP")


MACHINE = "podo/machine"
"""The annotation of a Node with the address by which other machines reach the one that it is on."""


def machine_of(node: Node) -> str:
    """The address of a node's machine; "" if all nodes are on one."""
    return node.metadata.annotations.get(MACHINE, "")


def own_machine(place: Place, nodes: Iterable[Node]) -> str:
    """The address of our own machine."""
    if place.underlay is not None:
        return place.underlay.machine
    return next((machine_of(each) for each in nodes if place.node and each.metadata.name == place.node), "")


def _version(text: str) -> int:
    return 6 if ":" in text else 4
