"""The edge to rtnetlink: links, addresses, neighbours and routes of one namespace, and its sysctls.

All of it blocks, so it runs in threads of its own, which enter the wanted namespace for the call.
Adding what is there, and removing what is gone, is no error.
"""

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from ipaddress import ip_address, ip_interface, ip_network
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from podo.network import bare_pyroute2, namespaces
from podo.network.bandwidth import burst
from podo.network.names import ROUTE_PROTOCOL
from podo.network.overlay import PORT as VXLAN_PORT
from podo.network.overlay import Tunnel, VxlanLink
from podo.network.routes import Route, RouteKind

T = TypeVar("T")

_MAIN_TABLE = 254
AF_BRIDGE = 7
_ROOT = 0x10000  # the handle of a link's own queue
_ONLINK = 4  # RTNH_F_ONLINK
_IPV6_DEFAULT_METRIC = 1024  # what the kernel gives a route of IPv6 that was added without one
_DOOMED = 0x706F_646F  # the group of links that are about to be removed
_KINDS = {1: RouteKind.UNICAST, 7: RouteKind.UNREACHABLE}
_SCOPES = {"global": 0, "link": 253, "host": 254}


class Link(NamedTuple):
    """A network interface; `alias` says whose it is."""

    number: int
    name: str
    alias: str


@dataclass(frozen=True, kw_only=True)
class Veth:
    """A pair of links: `name` here, `peer` inside the namespace bound at `netns`."""

    name: str
    alias: str
    mtu: int
    peer: str
    netns: Path
    mac: str = ""
    peer_mac: str = ""
    master: int = 0  # index of a bridge


class Netlink:
    """One namespace's rtnetlink. Made by `in_namespace`."""

    def __init__(self, socket: Any) -> None:
        self._ip = socket

    def links(self) -> list[Link]:
        """All interfaces of the namespace."""
        return [
            Link(each["index"], each.get_attr("IFLA_IFNAME"), each.get_attr("IFLA_IFALIAS") or "")
            for each in self._ip.get_links()
        ]

    def index(self, name: str) -> int:
        """The index of the link `name`; 0 if there is none."""
        try:
            return socket.if_nametoindex(name)
        except OSError:
            return 0

    def ensure_bridge(self, name: str, *, alias: str, mtu: int) -> int:
        """The index of the bridge `name`, made if need be, up."""
        if not (index := self.index(name)):
            self._ip.link("add", ifname=name, kind="bridge", mtu=mtu, ifalias=alias)
            index = self.index(name)
        trust_addresses(name)
        self.attach(index, alias=alias)
        return index

    def add_veth(self, veth: Veth) -> int:
        """Make the pair; the index of the end that is here, up. One of the same name is replaced."""
        self.delete_link(veth.name)
        netns = os.open(veth.netns, os.O_RDONLY | os.O_CLOEXEC)
        try:
            peer = {"ifname": veth.peer, "net_ns_fd": netns, "mtu": veth.mtu}
            here: dict[str, Any] = {"ifname": veth.name, "mtu": veth.mtu}
            if veth.mac:
                here["address"], peer["address"] = veth.mac, veth.peer_mac
            self._ip.link("add", kind="veth", peer=peer, **here)
        finally:
            os.close(netns)
        index = self.index(veth.name)
        self.attach(index, alias=veth.alias, master=veth.master)
        return index

    def attach(self, index: int, *, alias: str, master: int = 0) -> None:
        """Mark the link as its owner's, plug it into the bridge `master`, if any, and bring it up. May be repeated."""
        bridge = {"master": master} if master else {}
        self._ip.link("set", index=index, state="up", ifalias=alias, **bridge)

    def set_up(self, index: int) -> None:
        """Bring the link up."""
        self._ip.link("set", index=index, state="up")

    def delete_link(self, name: str) -> None:
        """Remove a link, and with it its peer, addresses and routes."""
        if index := self.index(name):
            with _quiet(errno.ENODEV):
                self._ip.link("del", index=index)

    def delete_links(self, names: Iterable[str]) -> None:
        """Remove many at once: the kernel takes as long (some 20 ms) for one as for all."""
        found = [index for name in names if (index := self.index(name))]
        for index in found:
            with _quiet(errno.ENODEV):
                self._ip.link("set", index=index, IFLA_GROUP=_DOOMED)
        if found:
            with _quiet(errno.ENODEV):
                self._ip.link("del", index=0, IFLA_GROUP=_DOOMED)

    def add_address(self, index: int, address: str, *, scope: str = "global") -> None:
        """Give the link an address with its prefix length, "10.0.0.1/24"."""
        interface = ip_interface(address)
        family = socket.AF_INET if interface.version == 4 else socket.AF_INET6
        extra = {"flags": 2} if interface.version == 6 else {}  # IFA_F_NODAD: usable at once
        with _quiet(errno.EEXIST):
            self._ip.addr(
                "add",
                index=index,
                family=family,
                address=str(interface.ip),
                prefixlen=interface.network.prefixlen,
                scope=_SCOPES[scope],
                **extra,
            )

    def remove_address(self, index: int, address: str) -> None:
        """Take an address with its prefix length from the link; nothing if it has none such."""
        interface = ip_interface(address)
        with _quiet(errno.EADDRNOTAVAIL):
            self._ip.addr("del", index=index, address=str(interface.ip), prefixlen=interface.network.prefixlen)

    def add_neighbour(self, index: int, address: str, mac: str) -> None:
        """A permanent neighbour: no address resolution is ever needed."""
        family = socket.AF_INET if ip_address(address).version == 4 else socket.AF_INET6
        self._ip.neigh("replace", ifindex=index, family=family, dst=address, lladdr=mac, state="permanent")

    def ensure_vxlan(self, link: VxlanLink, *, alias: str) -> int:
        """The index of a tunnel's end, made if need be, up. Who is at its other ends is told by `lead_to`."""
        if not (index := self.index(link.name)):
            family = "vxlan_local6" if ":" in link.machine else "vxlan_local"
            self._ip.link(
                "add",
                ifname=link.name,
                kind="vxlan",
                vxlan_id=link.number,
                vxlan_port=VXLAN_PORT,
                vxlan_learning=False,
                vxlan_link=self.index(link.device),
                address=link.mac,
                mtu=link.mtu,
                **{family: link.machine},
            )
            index = self.index(link.name)
            trust_addresses(link.name)
        self.attach(index, alias=alias)
        return index

    def lead_to(self, index: int, tunnels: Collection[Tunnel]) -> None:
        """Make these, and no others, the ends that a VXLAN link leads to."""
        wanted = {(each.mac, each.machine) for each in tunnels}
        entries = (each for each in self._ip.get_neighbours(AF_BRIDGE) if each["ifindex"] == index)
        have = {(_text(each, "NDA_LLADDR"), _text(each, "NDA_DST")) for each in entries}
        for mac, machine in sorted(have - wanted):
            if machine:
                self._ip.fdb("del", ifindex=index, lladdr=mac, dst=machine)
        for mac, machine in sorted(wanted - have):
            self._ip.fdb("append", ifindex=index, lladdr=mac, dst=machine)
        for each in tunnels:
            self.add_neighbour(index, each.gateway, each.mac)

    def limit(self, index: int, rate: int) -> None:
        """Let the link send so many bits a second at most."""
        self._ip.tc("replace", "tbf", index, _ROOT, rate=rate // 8, burst=burst(rate), latency="25ms")

    def addresses(self) -> list[tuple[int, str]]:
        """(link index, address with prefix length) of all addresses."""
        return [(each["index"], f"{each.get_attr('IFA_ADDRESS')}/{each['prefixlen']}") for each in self._ip.get_addr()]

    def routes(self, *, protocol: int = ROUTE_PROTOCOL) -> set[Route]:
        """The routes that podo made (or that `protocol` made; 0 for all) in the main table."""
        names = {link.number: link.name for link in self.links()}
        found = [*self._ip.get_routes(family=socket.AF_INET), *self._ip.get_routes(family=socket.AF_INET6)]
        return {
            _route(each, names)
            for each in found
            if each.get_attr("RTA_TABLE") == _MAIN_TABLE and each["type"] in _KINDS and protocol in (0, each["proto"])
        }

    def add_route(self, route: Route) -> None:
        """Add the route, or replace the one to the same destination with the same metric."""
        self._ip.route("replace", **_route_fields(route, self.index(route.device) if route.device else 0))

    def delete_route(self, route: Route) -> None:
        """Remove the route."""
        fields = _route_fields(route, self.index(route.device) if route.device else 0)
        with _quiet(errno.ESRCH, errno.ENODEV):
            self._ip.route("del", **fields)


async def in_namespace(path: Path | None, call: Callable[[Netlink], T], *, slow: bool = False) -> T:
    """`call` in a thread that is in the namespace bound at `path` (None: our own). Raises OSError.

    There are two threads: what is `slow`, as all removals of links are, does not hold up the rest.
    """
    return await asyncio.get_running_loop().run_in_executor(_thread(slow), run_in_namespace, path, call)


def run_in_namespace(path: Path | None, call: Callable[[Netlink], T]) -> T:
    """As `in_namespace`, in this thread."""
    bare_pyroute2.prepare()
    from pyroute2.iproute import IPRoute  # 6 MiB and 40 ms: only processes that touch links pay for it
    from pyroute2.netlink.exceptions import NetlinkError

    with namespaces.entered(path):
        try:
            with IPRoute() as ip:
                return call(Netlink(ip))
        except NetlinkError as error:
            raise OSError(error.code, f"netlink: {os.strerror(error.code)}") from error


async def in_thread(call: Callable[[], T]) -> T:
    """Run what blocks on namespaces, but needs no netlink, in the same thread."""
    return await asyncio.get_running_loop().run_in_executor(_thread(slow=False), call)


def set_sysctl(key: str, value: str) -> str:
    """Set `net.ipv4.ip_forward` or the like in this thread's namespace; what it was before, "" if there is no such key.

    Dots within an interface's name are written as slashes, as sysctl(8) does.
    """
    path = Path("/proc/sys") / key.replace(".", "\0").replace("/", ".").replace("\0", "/")
    try:
        before = path.read_text().strip()
        if before != value:
            path.write_text(value)
    except FileNotFoundError:
        return ""
    return before


def trust_addresses(link: str) -> None:
    """Use IPv6 addresses of a link (or of all links to come, "default") at once, without asking whether others do.

    Blocks. podo gives each address once, and asking takes a second, in which no neighbour can be found.
    """
    set_sysctl(f"net.ipv6.conf.{link}.accept_dad", "0")


@cache
def _thread(slow: bool) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="netlink-slow" if slow else "netlink")


@contextmanager
def _quiet(*codes: int) -> Iterator[None]:
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        yield
    except NetlinkError as error:
        if error.code not in codes:
            raise


def _text(message: Any, attribute: str) -> str:
    return message.get_attr(attribute) or ""


def _route(message: Any, names: dict[int, str]) -> Route:
    version = 4 if message["family"] == socket.AF_INET else 6
    zero = "0.0.0.0" if version == 4 else "::"
    metric = message.get_attr("RTA_PRIORITY") or 0
    return Route(
        destination=f"{message.get_attr('RTA_DST') or zero}/{message['dst_len']}",
        kind=_KINDS[message["type"]],
        gateway=message.get_attr("RTA_GATEWAY") or "",
        device="" if message["type"] == 7 else names.get(message.get_attr("RTA_OIF") or 0, ""),
        source=message.get_attr("RTA_PREFSRC") or "",
        metric=0 if version == 6 and metric == _IPV6_DEFAULT_METRIC else metric,
        onlink=bool(message["flags"] & _ONLINK),
    )


def _route_fields(route: Route, index: int) -> dict[str, Any]:
    version = ip_network(route.destination).version
    fields: dict[str, Any] = {
        "dst": route.destination,
        "family": socket.AF_INET if version == 4 else socket.AF_INET6,
        "proto": ROUTE_PROTOCOL,
        "table": _MAIN_TABLE,
    }
    if route.kind is RouteKind.UNREACHABLE:
        fields["type"] = "unreachable"
    if index:
        fields["oif"] = index
    if route.gateway:
        fields["gateway"] = route.gateway
    elif route.kind is RouteKind.UNICAST and version == 4:
        fields["scope"] = _SCOPES["link"]
    if route.onlink:
        fields["flags"] = _ONLINK
    if route.source:
        fields["prefsrc"] = route.source
    if route.metric:
        fields["priority"] = route.metric
    return fields
