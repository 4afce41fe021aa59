"""How Pods on other machines are reached, decided: VXLAN, or plain routes where both machines are on one link. Pure.

Each machine is one end of the tunnel (VTEP): the host for all of its local nodes, or a node that is a machine of its
own. What a machine has behind it are the Pod ranges of its nodes, and the node range if local nodes are among them.
Ends know each other by the Nodes alone: the hardware address of an end is made of its machine's. (docs/adr/0159)
"""

from collections.abc import Iterable, Iterator
from hashlib import sha256
from ipaddress import ip_interface, ip_network
from typing import NamedTuple
from zlib import crc32

from podo.api.types.core_v1 import Node
from podo.network.config import NetworkConfig, within
from podo.network.names import last_resort_metric, overlay_name
from podo.network.routes import Place, Route, internal_addresses, machine_of, own_machine, pod_ranges

PORT = 4789  # of UDP, VXLAN's own
OVERHEAD = {4: 50, 6: 70}  # bytes that the tunnel adds to a packet, by the IP version of the machines' network


class Tunnel(NamedTuple):
    """A way to a machine: what is sent to `gateway`, which has the address `mac`, goes to the machine in UDP."""

    gateway: str
    mac: str
    machine: str


class Overlay(NamedTuple):
    """What leads to other machines."""

    routes: frozenset[Route] = frozenset()
    tunnels: frozenset[Tunnel] = frozenset()
    addresses: frozenset[str] = frozenset()  # of our own end: what we send by the tunnel comes from these

    @property
    def tunnelled(self) -> bool:
        """Whether there has to be a tunnel."""
        return bool(self.tunnels)


class VxlanLink(NamedTuple):
    """The link of a machine's end."""

    name: str
    number: int
    mac: str
    machine: str
    device: str
    mtu: int


def overlay(config: NetworkConfig, place: Place, nodes: Iterable[Node]) -> Overlay:
    """What leads from `place` to the nodes on other machines."""
    known = sorted(nodes, key=lambda each: each.metadata.name)
    here = own_machine(place, known)
    behind: dict[str, dict[str, None]] = {}
    for node in known:
        machine = machine_of(node)
        if machine and here and machine != here:
            behind.setdefault(machine, {}).update(dict.fromkeys(_ranges_behind(config, node)))
    own = next((node for node in known if place.node and node.metadata.name == place.node), None)
    sources = _own_addresses(place, own)
    routes, tunnels = set[Route](), set[Tunnel]()
    for machine, ranges in behind.items():
        for each in ranges:
            route, tunnel = _way(config, place, machine, each, sources)
            routes |= {route} if route else set()
            tunnels |= {tunnel} if tunnel else set()
    own_end = place.underlay is not None and tunnels and own is not None
    return Overlay(frozenset(routes), frozenset(tunnels), frozenset(sources.values()) if own_end else frozenset())


def _ranges_behind(config: NetworkConfig, node: Node) -> Iterator[str]:
    yield from pod_ranges(node)
    for each in config.node_ranges:  # local nodes, and the host's own address there
        if any(within(address, [each]) for address in internal_addresses(node) if (":" in address) == (":" in each)):
            yield each


def _own_addresses(place: Place, own: Node | None) -> dict[int, str]:
    """What our packets come from, by IP version: answers to it have to find the way back by the tunnel.

    The first address of a node's Pod range, which no Pod has; the host's is that on its bridge.
    """
    if own is None:
        return {version: place.address(version) for version in (4, 6) if place.address(version)}
    return {ip_network(each).version: str(ip_network(each)[0]) for each in pod_ranges(own)}


def _way(
    config: NetworkConfig, place: Place, machine: str, behind: str, sources: dict[int, str]
) -> tuple[Route | None, Tunnel | None]:
    """(the route to a range behind a machine, the tunnel that it takes)."""
    version = ip_network(behind).version
    if place.underlay is None:  # a local node: its host knows the way
        host = next((each for each in config.host_addresses if (":" in each) == (version == 6)), "")
        source = place.address(version)
        return (Route(behind, gateway=host, device=place.device, source=source) if host and source else None), None
    network = ip_interface(place.underlay.address).network
    if network.version == version and within(machine, [str(network)]):
        metric = last_resort_metric(config.cluster)  # by which it is known as the cluster's own
        return Route(behind, gateway=machine, device=place.underlay.device, metric=metric), None
    gateway = str(ip_network(behind)[0])
    device, source = overlay_name(config.cluster), sources.get(version, "")
    return (
        Route(behind, gateway=gateway, device=device, source=source, onlink=True),
        Tunnel(gateway, mac_of(machine), machine),
    )


def mac_of(machine: str) -> str:
    """The hardware address of a machine's end: of our own making, and always the same."""
    return ":".join(f"{each:02x}" for each in (0x0A, 0x70, *sha256(machine.encode()).digest()[:4]))


def vxlan_link(config: NetworkConfig, place: Place) -> VxlanLink | None:
    """The link of our end, if we are one."""
    if (underlay := place.underlay) is None:
        return None
    machine = underlay.machine
    number = crc32(config.cluster.encode()) & 0xFF_FFFF
    mtu = underlay.mtu - OVERHEAD[6 if ":" in machine else 4]
    return VxlanLink(overlay_name(config.cluster), number, mac_of(machine), machine, underlay.device, mtu)
