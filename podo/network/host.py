"""The host's side of local nodes: the bridge, each node's namespace and link."""

import json
import shutil
from collections.abc import Collection, Iterable
from ipaddress import ip_network
from pathlib import Path

from podo.network import namespaces
from podo.network.config import NetworkConfig, of_family
from podo.network.names import node_link_name, owner
from podo.network.netlink import Netlink, Veth, in_namespace, run_in_namespace, set_sysctl, trust_addresses
from podo.network.routes import Place, Route, base_routes

NODE_DEVICE = "eth0"
_FORWARDING = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}


class HostNetwork:
    """Makes and removes the links of a cluster's local nodes. Runs in the host's namespace (`netns` is for tests)."""

    def __init__(self, config: NetworkConfig, *, netns: Path | None = None) -> None:
        self.config, self._netns = config, netns

    @property
    def place(self) -> Place:
        """From where the host sees the cluster."""
        return Place(self.config.bridge, self.config.host_addresses)

    async def up(self) -> None:
        """Bridge, addresses, routes, forwarding. May be repeated. Raises OSError."""
        await in_namespace(self._netns, self._up)

    async def add_node(self, name: str, addresses: Iterable[str]) -> Path:
        """The namespace of a local node with these addresses, linked to the bridge. May be repeated. Raises OSError."""
        wanted = tuple(addresses)
        await in_namespace(self._netns, lambda host: self._add_node(host, name, wanted))
        return self.config.netns(name)

    async def remove_node(self, name: str) -> None:
        """Remove the node's link and let its namespace go. May be repeated. Raises OSError."""
        await in_namespace(self._netns, lambda host: self._remove_node(host, name))

    def _up(self, host: Netlink) -> None:
        config = self.config
        index = host.ensure_bridge(config.bridge, alias=owner(config.cluster), mtu=config.mtu)
        for each, address in zip(config.node_ranges, config.host_addresses, strict=True):
            host.add_address(index, f"{address}/{ip_network(each).prefixlen}")
        # node ports on the host's loopback; `guard` in services/tables.py keeps the bridge away from loopback
        set_sysctl(f"net.ipv4.conf.{config.bridge}.route_localnet", "1")
        remember_sysctls(config.run_root, forwarding(config))
        for route in sorted(base_routes(config, self.place)):
            host.add_route(route)

    def _add_node(self, host: Netlink, name: str, addresses: tuple[str, ...]) -> None:
        config, path = self.config, self.config.netns(name)
        if not namespaces.is_bound(path):
            namespaces.create(path)
        run_in_namespace(path, lambda node: trust_addresses("default"))
        link, bridge, alias = node_link_name(config.cluster, name), host.index(config.bridge), owner(config.cluster)
        if index := host.index(link):
            host.attach(index, alias=alias, master=bridge)  # who made it may have been killed before this
        else:
            host.add_veth(Veth(name=link, alias=alias, mtu=config.mtu, peer=NODE_DEVICE, netns=path, master=bridge))
        run_in_namespace(path, lambda node: self._inside(node, addresses))

    def _inside(self, node: Netlink, addresses: tuple[str, ...]) -> None:
        config = self.config
        node.set_up(node.index("lo"))
        index = node.index(NODE_DEVICE)
        node.set_up(index)
        forwarding(config)
        for each, gateway in zip(config.node_ranges, config.host_addresses, strict=True):
            network = ip_network(each)
            for address in of_family(addresses, network.version):
                node.add_address(index, f"{address}/{network.prefixlen}")
            everything = "0.0.0.0/0" if network.version == 4 else "::/0"
            node.add_route(Route(everything, gateway=gateway, device=NODE_DEVICE))
        for route in sorted(base_routes(config, Place(NODE_DEVICE, addresses))):
            node.add_route(route)

    def _remove_node(self, host: Netlink, name: str) -> None:
        host.delete_link(node_link_name(self.config.cluster, name))
        namespaces.remove(self.config.netns(name))


def forwarding(config: NetworkConfig) -> dict[str, str]:
    """Switch forwarding on in this thread's namespace; what was set before, by key."""
    versions = [version for version in (4, 6) if of_family(config.ranges, version)]
    return {_FORWARDING[version]: set_sysctl(_FORWARDING[version], "1") for version in versions}


def _sysctl_file(run_root: Path) -> Path:
    return run_root / "sysctls.json"


def remember_sysctls(run_root: Path, before: dict[str, str]) -> None:
    """Note what podo changed, for all clusters of the machine: the first note counts."""
    file = _sysctl_file(run_root)
    noted = json.loads(file.read_text()) if file.exists() else {}
    changed = {key: value for key, value in before.items() if value not in ("", "1")}
    if not changed.keys() <= noted.keys():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(changed | noted))


def restore_sysctls(run_root: Path, needed: Collection[int] = ()) -> None:
    """Set back what podo has changed, but for what the IP versions `needed` need."""
    file = _sysctl_file(run_root)
    noted = json.loads(file.read_text()) if file.exists() else {}
    kept = {key: value for key, value in noted.items() if key in {_FORWARDING[version] for version in needed}}
    for key in noted.keys() - kept.keys():
        set_sysctl(key, noted[key])
    if kept:
        file.write_text(json.dumps(kept))
    else:
        file.unlink(missing_ok=True)


def remove_namespaces(config_dir: Path) -> None:
    """Let go of all namespaces bound in a cluster's folder, and remove the folder."""
    for path in sorted(config_dir.iterdir()) if config_dir.is_dir() else ():
        namespaces.remove(path)
    shutil.rmtree(config_dir, ignore_errors=True)
