"""What a local cluster consists of: written once by `podo up`, changed by `podo node`."""

import re
from collections.abc import Collection, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

import msgspec

from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths, write_atomically

MAX_NODES = 100
NODE_API_PORT = 10250  # of every node, at its address


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One local node. `cpu` and `memory` are its capacity as quantities; "" means the machine's."""

    name: str
    address: str
    pod_cidr: str
    stopped: bool = False  # by `podo node stop`: stays so over `podo up`
    cpu: str = ""
    memory: str = ""


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One local cluster."""

    name: str
    node_network: str
    pod_network: str
    service_network: str
    api_port: int
    domain: str = "cluster.local"
    nodes: tuple[NodeConfig, ...] = ()
    api_server: dict[str, str] = {}  # flags as of kube-apiserver

    @property
    def host_address(self) -> str:
        """The host's address on the nodes' bridge."""
        return str(IPv4Network(self.node_network)[1])

    @property
    def balancer_ranges(self) -> tuple[str, ...]:
        """Addresses for Services of type LoadBalancer: the third quarter of the nodes' network, beyond all nodes."""
        return (str(list(IPv4Network(self.node_network).subnets(prefixlen_diff=2))[2]),)

    @property
    def ingress_address(self) -> str:
        """Where Ingresses answer: an address of the host's, the first of the nodes' network's last quarter."""
        return str(list(IPv4Network(self.node_network).subnets(prefixlen_diff=2))[3][0])

    @property
    def api_service_address(self) -> str:
        return str(self._first_service_network()[1])

    @property
    def dns_address(self) -> str:
        return str(self._first_service_network()[10])

    def _first_service_network(self) -> IPv4Network | IPv6Network:
        """The range of Services; of two, with a comma between, the first: that of the API itself."""
        return ip_network(self.service_network.partition(",")[0])

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


class Ranges(msgspec.Struct, frozen=True, kw_only=True):
    """What a cluster takes of the host: networks and a port."""

    node_network: str
    pod_network: str
    service_network: str
    api_port: int


def candidates() -> Iterator[Ranges]:
    """The sets of ranges to try, the usual one first: the second cluster of a host gets the next."""
    for i in range(32):
        yield Ranges(
            node_network=f"10.245.{i}.0/24",
            pod_network=f"10.{244 - i}.0.0/16",
            service_network=f"10.{96 + i}.0.0/16",
            api_port=6443 + i,
        )


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
            subnet = list(IPv4Network(cluster.pod_network).subnets(new_prefix=24))[number]
            address = str(IPv4Network(cluster.node_network)[number + 1])
            return NodeConfig(name=name, address=address, pod_cidr=str(subnet), cpu=cpu, memory=memory)
    raise ClusterError(f"cluster {cluster.name!r} has {MAX_NODES} nodes already", hint="remove one: podo node rm NODE")


def load(where: Paths) -> ClusterConfig:
    """The cluster as its state folder describes it. Raises ClusterError if the file is no such description."""
    try:
        return msgspec.json.decode(where.config.read_bytes(), type=ClusterConfig)
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
