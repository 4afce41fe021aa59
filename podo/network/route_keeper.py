"""Keeps the routes to other nodes' Pods in step with the Nodes of the cluster."""

import asyncio
import logging
from collections.abc import Callable, Collection
from pathlib import Path

from podo.api.types.core_v1 import Node
from podo.client.base import Key, key_of
from podo.clock import Clock
from podo.network.config import NetworkConfig
from podo.network.names import last_resort_metric, owner
from podo.network.netlink import Netlink, in_namespace
from podo.network.overlay import Overlay, overlay, vxlan_link
from podo.network.routes import Place, Route, base_routes, machine_of, node_routes, route_changes

log = logging.getLogger(__name__)
_RETRY_SECONDS, _GUARD_SECONDS = 1.0, 20.0


class RouteKeeper:
    """Feed it with `node_changed` (an informer's handler), then `run` it. `netns` None is our own namespace."""

    def __init__(self, config: NetworkConfig, place: Place, clock: Clock, *, netns: Path | None = None) -> None:
        self._config, self.place, self._clock, self._netns = config, place, clock, netns
        self._nodes: dict[Key, Node] = {}
        self._wake = asyncio.Event()

    def node_changed(self, old: Node | None, new: Node | None) -> None:
        """An informer's handler: `new` stands where `old` stood."""
        if new is not None:
            self._nodes[key_of(new)] = new
        elif old is not None:
            self._nodes.pop(key_of(old), None)
        if old is None or new is None or _matters(old) != _matters(new):
            self._wake.set()

    async def run(self) -> None:
        """Keep the routes in step until cancelled, also when somebody else removes them."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._guard(), name="guard of the routes")
            await self._follow()

    async def _guard(self) -> None:
        while True:
            await self._clock.sleep(_GUARD_SECONDS)
            self._wake.set()

    async def _follow(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self.sync()
            except OSError as error:
                log.error("routes: %s", error)
                await self._clock.sleep(_RETRY_SECONDS)
                continue
            await self._wake.wait()

    async def sync(self) -> None:
        """Make the routes what they should be. Raises OSError."""
        config, place, nodes = self._config, self.place, list(self._nodes.values())
        far = overlay(config, place, nodes)
        want = base_routes(config, place) | node_routes(config, place, nodes) | far.routes
        await in_namespace(self._netns, _application(want, far, config, place))


def _matters(node: Node) -> tuple[object, ...]:
    return node.spec, node.status.addresses, machine_of(node)


def _application(want: set[Route], far: Overlay, config: NetworkConfig, place: Place) -> Callable[[Netlink], None]:
    metric, tunnel = last_resort_metric(config.cluster), vxlan_link(config, place)

    def apply(netlink: Netlink) -> None:
        if tunnel is not None and far.tunnelled:
            index = netlink.ensure_vxlan(tunnel, alias=owner(config.cluster))
            for address in sorted(far.addresses):
                netlink.add_address(index, f"{address}/{128 if ':' in address else 32}")
            netlink.lead_to(index, far.tunnels)
        elif tunnel is not None:
            netlink.delete_link(tunnel.name)
        devices = {place.device, tunnel.name} if tunnel is not None else {place.device}
        have = {route for route in netlink.routes() if is_kept(route, devices, metric)}
        add, remove = route_changes(want, have)
        for route in sorted(add):
            netlink.add_route(route)
        for route in sorted(remove):
            netlink.delete_route(route)

    return apply


def is_kept(route: Route, devices: Collection[str], metric: int) -> bool:
    """Whether a route of podo's is one of those that a keeper keeps: not the default route, not a Pod's own.

    Last resorts have no device; the cluster's own bear its `metric`, and others are another cluster's on this host.
    """
    if not route.device or route.metric == metric:
        return route.metric == metric
    return route.device in devices and route.destination not in ("0.0.0.0/0", "::/0")
