"""What all parts of a cluster's network must agree on."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from podo.network.names import bridge_name

Address = IPv4Address | IPv6Address
Range = IPv4Network | IPv6Network


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """A cluster's ranges and names. Ranges are CIDR texts, one a family, the primary family first."""

    cluster: str
    pod_ranges: tuple[str, ...] = ("10.244.0.0/16",)
    service_ranges: tuple[str, ...] = ("10.96.0.0/16",)
    node_ranges: tuple[str, ...] = ("10.245.0.0/24",)
    dns_address: str = "10.96.0.10"
    cluster_domain: str = "cluster.local"
    mtu: int = 1500
    run_root: Path = Path("/run/podo")

    @property
    def ranges(self) -> tuple[str, ...]:
        """All of podo's own ranges: nothing for them may leave by the default route."""
        return self.pod_ranges + self.node_ranges + self.service_ranges

    @property
    def bridge(self) -> str:
        """The host's bridge, to which the local nodes are linked."""
        return bridge_name(self.cluster)

    @property
    def host_addresses(self) -> tuple[str, ...]:
        """The host's addresses on the bridge: the first of each node range."""
        return tuple(str(ip_network(each)[1]) for each in self.node_ranges)

    @property
    def netns_dir(self) -> Path:
        """Where the network namespaces of local nodes are bound."""
        return self.run_root / self.cluster / "netns"

    def netns(self, node: str) -> Path:
        """The network namespace of a local node."""
        return self.netns_dir / node


def of_family(texts: Iterable[str], version: int) -> tuple[str, ...]:
    """The addresses or CIDRs among `texts` that are of IP `version` 4 or 6."""
    return tuple(text for text in texts if (":" in text) == (version == 6))


def within(address: str, ranges: Iterable[str]) -> bool:
    """Whether `address` lies in one of the CIDRs."""
    parsed = ip_address(address)
    return any(parsed in ip_network(each) for each in ranges)
