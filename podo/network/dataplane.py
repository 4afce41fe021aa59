"""The data plane of one namespace, composed: what an agent runs in its node's, and the server in the host's.

`node_data_plane` and `host_data_plane` build one; then `run` it with the process's informers. A node's has `pods`, the
`PodNetwork` of the runtime. `proxy.progress`, `proxy.withdrawn` tell what is in force here.
"""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from podo.api.types.core_v1 import Node, Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import Client, Key
from podo.client.informers import Informers
from podo.clock import Clock
from podo.network.base import PodNetwork
from podo.network.cni.attachments import Attachments, PluggedPods
from podo.network.cni.plugin import PluginPrograms
from podo.network.config import NetworkConfig
from podo.network.dns import resolv_conf
from podo.network.dns.server import DnsServer
from podo.network.dns.upstream import Upstream
from podo.network.dns.zone import Zone
from podo.network.host import NODE_DEVICE
from podo.network.ipam import AddressManager
from podo.network.netlink import Netlink, in_namespace, in_thread, set_sysctl
from podo.network.nft import NftCommand
from podo.network.pods import LinkedPods
from podo.network.policy.keeper import PolicyKeeper
from podo.network.route_keeper import RouteKeeper
from podo.network.routes import Place, Underlay
from podo.network.services.conntrack import KernelFlows
from podo.network.services.health import HEALTH_PORT, STATUS_PORT, HealthChecks
from podo.network.services.host_ports import SavedHostPorts
from podo.network.services.proxy import ServiceProxy
from podo.network.services.tables import ProxySettings

CLOSE_WAIT = ("net.netfilter.nf_conntrack_tcp_timeout_close_wait", "3600")  # seconds; as kube-proxy sets it


class DataPlane:
    """Routes, Services and DNS of the namespace that this process is in."""

    def __init__(self, config: NetworkConfig, *, proxy: ServiceProxy, dns: DnsServer, routes: RouteKeeper) -> None:
        self.config, self.proxy, self.dns, self.routes = config, proxy, dns, routes

    async def run(self, informers: Informers) -> None:
        """Keep all of it in step with the cluster until cancelled. Raises OSError if links cannot be changed.

        Routes and DNS work at once; service rules are left as they were found until all Services are known.
        """
        services, slices, nodes = informers.of(Service), informers.of(EndpointSlice), informers.of(Node)
        nodes.handle(self.routes.node_changed)
        nodes.handle(self.proxy.node_changed)
        for each in (self.proxy, self.dns.zone):
            services.handle(each.service_changed)
            slices.handle(each.slice_changed)
        await in_namespace(None, self._add_dns_address)
        async with self.dns, asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_routes(informers), name="routes")
            await informers.synced(services)
            await informers.synced(slices)
            self.dns.zone.complete = True
            tasks.create_task(self.proxy.run(), name="service proxy")

    async def _keep_routes(self, informers: Informers) -> None:
        await informers.synced(informers.of(Node))
        await self.routes.run()

    def _add_dns_address(self, netlink: Netlink) -> None:
        # not on loopback: on the host it goes with the bridge. Scope host: never the source of packets to elsewhere
        address, index = self.config.dns_address, netlink.index(self.routes.place.device)
        netlink.add_address(index, f"{address}/{128 if ':' in address else 32}", scope="host")


class NodeDataPlane(DataPlane):
    """A node's, which also links Pods. `pods` is the runtime's `PodNetwork`; `policies` isolates them."""

    def __init__(
        self,
        config: NetworkConfig,
        *,
        proxy: ServiceProxy,
        dns: DnsServer,
        routes: RouteKeeper,
        links: LinkedPods,
        attachments: Attachments,
        plugins: Path,
        host_ports: SavedHostPorts,
        policies: PolicyKeeper,
        health: HealthChecks,
    ) -> None:
        super().__init__(config, proxy=proxy, dns=dns, routes=routes)
        self.policies, self._host_ports, self._health = policies, host_ports, health
        self._links, self._attachments = links, attachments
        self.pods: PodNetwork = PluggedPods(plugins, attachments, links)

    async def recover(self, sandboxes: Mapping[str, Key]) -> None:
        """These sandboxes, of these Pods, are there since before a restart; take down what is left of all others."""
        for sandbox_id, pod in sandboxes.items():
            self.policies.adopt(sandbox_id, pod)
        await self._links.retain(set(sandboxes))
        await self._attachments.retain(set(sandboxes))

    async def run(self, informers: Informers) -> None:
        """As any data plane; the host ports of Pods that are still there are kept open."""
        await in_thread(lambda: set_sysctl(*CLOSE_WAIT))
        await self._host_ports.restore()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.policies.run(informers), name="network policies")
            tasks.create_task(self._health.run(), name="health checks")
            await super().run(informers)


def node_data_plane(
    config: NetworkConfig,
    *,
    node: str,
    addresses: tuple[str, ...],
    pod_ranges: tuple[str, ...],
    state: Path,
    plugins: Path,
    client: Client,
    clock: Clock,
    underlay: Underlay | None = None,
) -> NodeDataPlane:
    """The data plane of a node with these addresses and Pod ranges; `state` is the node's folder.

    Configurations in the folder `plugins` have CNI plug-ins link Pods in podo's place. `underlay` is there if the node
    is a machine of its own: by it other machines are reached.
    """
    device = underlay.device if underlay else NODE_DEVICE
    health = HealthChecks(own=(("0.0.0.0", HEALTH_PORT), ("127.0.0.1", STATUS_PORT)))
    proxy = _proxy(ProxySettings(config=config, node=node, node_addresses=addresses), clock, health)
    host_ports = SavedHostPorts(state / "host-ports.json", proxy)
    policies = PolicyKeeper(config, client, nft=NftCommand(), clock=clock)
    return NodeDataPlane(
        config,
        proxy=proxy,
        dns=_dns(config, (config.dns_address,), clock, relay=config.host_addresses),
        routes=RouteKeeper(config, Place(device, addresses, node, underlay), clock),
        attachments=Attachments(state / "cni-attachments", PluginPrograms()),
        plugins=plugins,
        links=LinkedPods(
            config,
            addresses=AddressManager(state / "addresses.json", pod_ranges),
            sources=addresses,
            host_ports=host_ports,
            policies=policies,
        ),
        host_ports=host_ports,
        policies=policies,
        health=health,
    )


def host_data_plane(config: NetworkConfig, *, clock: Clock, underlay: Underlay | None = None) -> DataPlane:
    """The host's: cluster IPs, and node ports on loopback and on the bridge's address, however the nodes fare.

    `underlay` is there if nodes of other machines are to be reached.
    """
    open_on = ("127.0.0.0/8", *config.host_addresses)
    return DataPlane(
        config,
        proxy=_proxy(ProxySettings(config=config, node="", node_addresses=open_on), clock),
        dns=_dns(config, (config.dns_address, *config.host_addresses), clock, relay=()),
        routes=RouteKeeper(config, Place(config.bridge, config.host_addresses, underlay=underlay), clock),
    )


def _proxy(settings: ProxySettings, clock: Clock, health: HealthChecks | None = None) -> ServiceProxy:
    return ServiceProxy(settings, nft=NftCommand(), flows=KernelFlows(), clock=clock, health=health)


def _dns(config: NetworkConfig, addresses: tuple[str, ...], clock: Clock, *, relay: tuple[str, ...]) -> DnsServer:
    def servers() -> tuple[str, ...]:
        return resolv_conf.upstreams(resolv_conf.read(), own=addresses, relay=relay)

    return DnsServer(Zone(config), Upstream(servers, clock), addresses)
