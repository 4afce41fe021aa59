"""The host's part of a cluster's network, from the command line: made, removed, checked."""

import asyncio
import sys
from ipaddress import IPv4Address, IPv6Network
from pathlib import Path

from podo.cluster import host_names
from podo.cluster.config import ClusterConfig, NodeConfig, Ranges
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths
from podo.network import conflicts as ranges_in_conflict
from podo.network import removal
from podo.network.config import NetworkConfig
from podo.network.host import HostNetwork
from podo.network.nft import NftFailure

ROUTES, ROUTES_6 = Path("/proc/net/route"), Path("/proc/net/ipv6_route")


def network_config(cluster: ClusterConfig) -> NetworkConfig:
    """The cluster's network as `podo.network` wants to know it."""
    return NetworkConfig(
        cluster=cluster.name,
        pod_ranges=cluster.pod_networks,
        service_ranges=cluster.service_networks,
        node_ranges=cluster.node_networks,
        dns_address=cluster.dns_address,
        cluster_domain=cluster.domain,
    )


def conflicts(ranges: Ranges) -> list[str]:
    """Why these ranges cannot be used on this host; [] if they can."""
    config = NetworkConfig(
        cluster="candidate",
        pod_ranges=ranges.pod_networks,
        service_ranges=ranges.service_networks,
        node_ranges=ranges.node_networks,
    )
    routes = routes_in(ROUTES.read_text())
    if any(":" in each for each in config.ranges):
        if not ROUTES_6.exists():
            return ["this host has no IPv6"]
        routes += routes_6_in(ROUTES_6.read_text())
    return ranges_in_conflict.conflicts(config, routes=routes, addresses=())


def routes_in(table: str) -> list[str]:
    """The destinations in the text of /proc/net/route, which holds its numbers in the machine's byte order."""
    rows = [line.split() for line in table.splitlines()[1:]]
    return [f"{_dotted(row[1])}/{int(row[7], 16).bit_count()}" for row in rows if len(row) > 7]


def routes_6_in(table: str) -> list[str]:
    """The destinations in the text of /proc/net/ipv6_route; those of every link's own and of groups are left out."""
    rows = (line.split() for line in table.splitlines())
    found = (IPv6Network((int(row[0], 16), int(row[1], 16))) for row in rows if len(row) > 9)
    return [str(each) for each in found if not (each.is_link_local or each.is_multicast)]


def _dotted(number: str) -> IPv4Address:
    return IPv4Address(int(number, 16).to_bytes(4, sys.byteorder))


def set_up(where: Paths, cluster: ClusterConfig) -> None:
    """Bridge, addresses, routes and forwarding. Raises ClusterError."""
    try:
        asyncio.run(HostNetwork(network_config(cluster)).up())
    except OSError as error:
        hint = "run podo doctor; it checks what the network needs"
        raise ClusterError(f"cannot make the network of cluster {cluster.name!r}: {error}", hint=hint) from error


def set_up_node(where: Paths, cluster: ClusterConfig, node: NodeConfig) -> None:
    """A node's namespace, linked to the bridge. Raises ClusterError."""
    try:
        asyncio.run(HostNetwork(network_config(cluster)).add_node(node.name, node.addresses))
    except OSError as error:
        hint = "run podo doctor; it checks what the network needs"
        raise ClusterError(f"cannot make the network of {node.name}: {error}", hint=hint) from error


def remove_node(where: Paths, cluster: ClusterConfig, node: str) -> None:
    """Take a node's link and namespace away."""
    asyncio.run(HostNetwork(network_config(cluster)).remove_node(node))


def clean_up(where: Paths, cluster: ClusterConfig) -> None:
    """Remove everything of the cluster's network, and what the host was told of its names."""
    try:
        asyncio.run(removal.cleanup(cluster.name))
    except (OSError, NftFailure) as error:
        hint = "run podo down once more"
        raise ClusterError(f"cannot remove the network of cluster {cluster.name!r}: {error}", hint=hint) from error
    host_names.disable(cluster.name)


def residue(where: Paths, cluster: ClusterConfig) -> list[str]:
    """What is left of the cluster's network, one line each."""
    return asyncio.run(removal.residue(cluster.name))
