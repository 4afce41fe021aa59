"""A Pod's link: a routed pair between the Pod's namespace and the node's, without bridge or address resolution.

The Pod has its address as /32 (/128) and sends everything to a link-local gateway, whose link-layer address it
knows; the node has a host route and a permanent neighbour. So Pod traffic on one node passes nft's forward hook like
any other (docs/adr/0031).
"""

from dataclasses import dataclass

from podo.network.bandwidth import UNLIMITED, Bandwidth, bandwidth
from podo.network.base import PodSandbox
from podo.network.config import NetworkConfig, of_family
from podo.network.ipam import mac_of
from podo.network.names import owner, pod_link_name
from podo.network.netlink import Netlink, Veth, run_in_namespace, trust_addresses
from podo.network.routes import Route

POD_DEVICE = "eth0"
GATEWAY_MAC = "0a:58:a9:fe:01:01"
_GATEWAYS = {4: "169.254.1.1", 6: "fe80::1"}


@dataclass(frozen=True, kw_only=True)
class PodLink:
    """All that is decided about a Pod's link."""

    veth: Veth
    addresses: tuple[str, ...]
    node_routes: tuple[Route, ...]  # in the node's namespace, to the Pod
    pod_routes: tuple[Route, ...]  # in the Pod's, to everything; in this order
    bandwidth: Bandwidth = UNLIMITED


def pod_link(
    config: NetworkConfig, sandbox: PodSandbox, *, addresses: tuple[str, ...], sources: tuple[str, ...]
) -> PodLink:
    """The link of `sandbox` with its `addresses`; `sources` are the node's own, from which it talks to its Pods.

    Raises BandwidthError.
    """
    name = pod_link_name(sandbox.id)
    veth = Veth(
        name=name,
        alias=owner(config.cluster),
        mtu=config.mtu,
        peer=POD_DEVICE,
        netns=sandbox.netns,
        mac=GATEWAY_MAC,
        peer_mac=mac_of(addresses[0]),
    )
    node_routes = []
    pod_routes = []
    for address in addresses:
        version = 6 if ":" in address else 4
        bits, gateway, everything = (128, _GATEWAYS[6], "::/0") if version == 6 else (32, _GATEWAYS[4], "0.0.0.0/0")
        source = next(iter(of_family(sources, version)), "")
        node_routes.append(Route(f"{address}/{bits}", device=name, source=source))
        pod_routes.append(Route(f"{gateway}/{bits}", device=POD_DEVICE))
        pod_routes.append(Route(everything, gateway=gateway, device=POD_DEVICE))
    return PodLink(
        veth=veth,
        addresses=addresses,
        node_routes=tuple(node_routes),
        pod_routes=tuple(pod_routes),
        bandwidth=bandwidth(sandbox.annotations),
    )


def apply_pod_link(node: Netlink, link: PodLink) -> None:
    """Make the link, unless it is there; replace an old one of the same name. Blocks; on failure nothing is left."""
    if node.index(link.veth.name) and run_in_namespace(link.veth.netns, lambda pod: _is_linked(pod, link)):
        return
    mac = link.veth.peer_mac
    index = node.add_veth(link.veth)
    try:
        run_in_namespace(link.veth.netns, lambda pod: _inside(pod, link))
        for address, route in zip(link.addresses, link.node_routes, strict=True):
            node.add_neighbour(index, address, mac)
            node.add_route(route)
        if link.bandwidth.ingress:
            node.limit(index, link.bandwidth.ingress)
    except OSError:
        node.delete_link(link.veth.name)
        raise


def _is_linked(pod: Netlink, link: PodLink) -> bool:
    index = pod.index(POD_DEVICE)
    wanted = {(index, f"{address}/{128 if ':' in address else 32}") for address in link.addresses}
    return bool(index) and wanted <= set(pod.addresses())


def _inside(pod: Netlink, link: PodLink) -> None:
    index = pod.index(POD_DEVICE)
    trust_addresses(POD_DEVICE)
    for address in link.addresses:
        pod.add_address(index, f"{address}/{128 if ':' in address else 32}")
    pod.set_up(index)
    for route in link.pod_routes:
        if not route.gateway:
            pod.add_neighbour(index, route.destination.partition("/")[0], link.veth.mac)
        pod.add_route(route)
    if link.bandwidth.egress:  # here: the kernel may have no classifiers; to lift it takes CAP_NET_ADMIN
        pod.limit(index, link.bandwidth.egress)
