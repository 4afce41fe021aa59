"""What a local cluster consists of: written once by `podo up`, changed by `podo node`."""

import re
from collections.abc import Collection, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network, summarize_address_range
from pathlib import Path
from typing import Any

import msgspec

from podo.cluster.errors import ClusterError
from podo.cluster.ip_family import IPFamily
from podo.cluster.paths import Paths, write_atomically

MAX_NODES = 100
NODE_API_PORT = 10250  # of every node, at its address


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One local node. `cpu` and `memory` are its capacity as quantities; "" means the machine's.

    It has one address and one Pod range of each IP family of the cluster, in the cluster's order.
    """

    name: str
    addresses: tuple[str, ...]
    pod_cidrs: tuple[str, ...]
    stopped: bool = False  # by `podo node stop`: stays so over `podo up`
    cpu: str = ""
    memory: str = ""


class NodeBounds(msgspec.Struct, frozen=True, kw_only=True):
    """Between how many nodes a cluster may choose by itself, and what new ones are like.

    A node goes when it has not been needed for `idle_seconds`.
    """

    min_nodes: int
    max_nodes: int
    cpu: str = ""
    memory: str = ""
    idle_seconds: float = 120.0


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One local cluster. Its networks are CIDRs, one of each IP family that it has, the primary family first."""

    name: str
    node_networks: tuple[str, ...]
    pod_networks: tuple[str, ...]
    service_networks: tuple[str, ...]
    api_port: int
    domain: str = "cluster.local"
    nodes: tuple[NodeConfig, ...] = ()
    api_server: dict[str, str] = {}  # flags as of kube-apiserver
    autoscaling: NodeBounds | None = None
    vertical_autoscaling: bool = False
    runtime: str = ""  # of others, by CRI, for all nodes: "unix:///run/containerd/containerd.sock"
    scheduler: dict[str, Any] = {}  # a KubeSchedulerConfiguration, as given

    @property
    def ip_family(self) -> IPFamily:
        if len(self.node_networks) > 1:
            return IPFamily.DUAL
        return IPFamily.IPV6 if ":" in self.node_networks[0] else IPFamily.IPV4

    @property
    def host_addresses(self) -> tuple[str, ...]:
        """The host's addresses on the nodes' bridge."""
        return tuple(str(ip_network(each)[1]) for each in self.node_networks)

    @property
    def host_address(self) -> str:
        """The one of the primary family."""
        return self.host_addresses[0]

    @property
    def balancer_ranges(self) -> tuple[str, ...]:
        """Addresses for Services of type LoadBalancer: the third quarter of the nodes' networks, beyond all nodes."""
        return tuple(str(_quarter(each, 2)) for each in self.node_networks)

    @property
    def ingress_address(self) -> str:
        """Where Ingresses answer: an address of the host's, the first of the nodes' network's last quarter."""
        return str(_quarter(self.node_networks[0], 3)[0])

    @property
    def api_url(self) -> str:
        """Where nodes reach the API."""
        return f"https://{authority_of(self.host_address, self.api_port)}"

    @property
    def gateway_ranges(self) -> tuple[str, ...]:
        """Addresses for Gateways: the host's too, those beyond `ingress_address`."""
        quarter = _quarter(self.node_networks[0], 3)
        return tuple(str(each) for each in summarize_address_range(quarter[1], quarter[-2]))

    @property
    def api_service_address(self) -> str:
        return str(ip_network(self.service_networks[0])[1])

    @property
    def dns_address(self) -> str:
        return str(ip_network(self.service_networks[0])[10])

    def node(self, name: str) -> NodeConfig:
        """The node of that name. Raises ClusterError if there is none."""
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(n.name for n in self.nodes) or "none"
        raise ClusterError(f"cluster {self.name!r} has no node {name!r}", hint=f"its nodes: {known}")

    def with_node(self, node: NodeConfig) -> "ClusterConfig":
        """The same cluster with `node` added, or in place of the one of its name."""
        others = [n for n in self.nodes if n.name != node.name]
        position = next((i for i, n in enumerate(self.nodes) if n.name == node.name), len(others))
        return msgspec.structs.replace(self, nodes=(*others[:position], node, *others[position:]))

    def without_node(self, name: str) -> "ClusterConfig":
        """The same cluster without that node."""
        return msgspec.structs.replace(self, nodes=tuple(n for n in self.nodes if n.name != name))


def _quarter(network: str, number: int) -> IPv4Network | IPv6Network:
    whole = ip_network(network)
    start = whole.network_address + number * (whole.num_addresses // 4)
    return ip_network(f"{start}/{whole.prefixlen + 2}")


def authority_of(address: str, port: int) -> str:
    """`address` and `port` as a URL has them."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Ranges(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster takes of the host: networks, one of each family, and a port."""

    node_networks: tuple[str, ...]
    pod_networks: tuple[str, ...]
    service_networks: tuple[str, ...]
    api_port: int


def candidates(family: IPFamily = IPFamily.IPV4) -> Iterator[Ranges]:
    """The sets of ranges to try, the usual one first: the second cluster of a host gets the next."""
    for i in range(32):
        four = (f"10.245.{i}.0/24", f"10.{244 - i}.0.0/16", f"10.{96 + i}.0.0/16")
        six = (f"fd00:10:245:{i}::/64", f"fd00:10:{244 - i}::/48", f"fd00:10:{96 + i}::/112")
        chosen = {IPFamily.IPV4: (four,), IPFamily.IPV6: (six,), IPFamily.DUAL: (four, six)}[family]
        nodes, pods, services = zip(*chosen, strict=True)
        yield Ranges(node_networks=nodes, pod_networks=pods, service_networks=services, api_port=6443 + i)


def check_name(name: str) -> None:
    """Raises ClusterError unless `name` may name a cluster: folders, links and tables carry it."""
    if not re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?", name):
        message = f"{name!r} is no name for a cluster"
        raise ClusterError(message, hint="use up to 40 lower case letters, digits and dashes")


def new_node(cluster: ClusterConfig, taken: Collection[str] = (), *, cpu: str = "", memory: str = "") -> NodeConfig:
    """The next node of a cluster: the lowest free number gives its name, address and Pod range."""
    names = {n.name for n in cluster.nodes} | set(taken)
    for number in range(1, MAX_NODES + 1):
        if (name := f"node-{number}") not in names:
            addresses = tuple(str(ip_network(each)[number + 1]) for each in cluster.node_networks)
            ranges = tuple(pod_range(each, number) for each in cluster.pod_networks)
            return NodeConfig(name=name, addresses=addresses, pod_cidrs=ranges, cpu=cpu, memory=memory)
    raise ClusterError(f"cluster {cluster.name!r} has {MAX_NODES} nodes already", hint="remove one: podo node rm NODE")


def pod_range(network: str, number: int) -> str:
    """The Pod range of node `number`: a /24 or a /64 of the Pods' network."""
    whole = ip_network(network)
    length = 24 if whole.version == 4 else 64
    start = whole.network_address + (number << (whole.max_prefixlen - length))
    return f"{start}/{length}"


def of_older(found: Any) -> Any:
    """What a description says that a podo before IP families wrote: it had one network, address and range of each."""
    if not isinstance(found, dict) or "node_network" not in found:
        return found
    networks = {
        f"{each}s": str(found.get(each)).split(",") for each in ("node_network", "pod_network", "service_network")
    }
    nodes = [
        node | {"addresses": [node.get("address")], "pod_cidrs": [node.get("pod_cidr")]}
        for node in found.get("nodes", ())
    ]
    return found | networks | {"nodes": nodes}


def load(where: Paths) -> ClusterConfig:
    """The cluster as its state folder describes it. Raises ClusterError if the file is no such description."""
    try:
        return msgspec.convert(of_older(msgspec.json.decode(where.config.read_bytes())), ClusterConfig)
    except FileNotFoundError:
        raise ClusterError(f"{where.config} does not exist", hint="start a cluster: podo up") from None
    except msgspec.DecodeError as error:
        hint = f"restore it from a backup, or remove the cluster with its data: rm -r {where.state}"
        raise ClusterError(f"{where.config} is damaged: {error}", hint=hint) from error


def save(where: Paths, cluster: ClusterConfig) -> None:
    """Write the description; whole or not at all."""
    where.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_atomically(where.config, msgspec.json.format(msgspec.json.encode(cluster)))


def write_component(path: Path, config: msgspec.Struct) -> None:
    """Write what a process is started with; readable by root alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, msgspec.json.format(msgspec.json.encode(config)), 0o600)
