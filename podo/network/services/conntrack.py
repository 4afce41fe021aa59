"""Flows that must be forgotten: UDP has no end, so a client would go on talking to an endpoint that is gone.

TCP connections are left alone: they end by themselves, and a terminating endpoint may still answer on them.
"""

import errno
import logging
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from podo.api.types.core_v1 import Service
from podo.network import bare_pyroute2, namespaces
from podo.network.config import of_family
from podo.network.netlink import in_thread
from podo.network.services.backends import Backend, Backends, PortKey, port_key
from podo.network.services.rules import cluster_addresses, load_balancer_addresses

log = logging.getLogger(__name__)


class Flow(NamedTuple):
    """UDP flows to `address` ("" is any) and `port` that went to `backend`; None is any, or no rewriting at all."""

    version: int
    address: str
    port: int
    backend: Backend | None


class Flows(Protocol):
    """The kernel's table of flows."""

    async def forget(self, flows: Iterable[Flow]) -> None:
        """Drop these, so that their next packet is balanced anew."""
        ...


class KernelFlows:
    """conntrack of a namespace (`netns`; None is our own), over netlink."""

    def __init__(self, netns: Path | None = None) -> None:
        self._netns = netns

    async def forget(self, flows: Iterable[Flow]) -> None:
        """Drop these. Costs what the matching flows cost: the kernel does the search."""
        if wanted := list(flows):
            try:
                await in_thread(lambda: _forget(wanted, self._netns))
            except OSError as error:
                log.warning("UDP flows to old endpoints stay until they time out: %s", error)


def stale_flows(service: Service, before: Mapping[PortKey, Backends], now: Mapping[PortKey, Backends]) -> set[Flow]:
    """What a change of the backends of `service` (for one that is gone: to none) makes stale. Pure."""
    stale = set()
    for port in service.spec.ports:
        key = port_key(port)
        if key.protocol != "udp":
            continue
        old, new = before.get(key, Backends()).cluster, now.get(key, Backends()).cluster
        gone: set[Backend | None] = {each for each in old if each not in new}
        if new and not old:
            gone = {None}  # packets that came while nothing served have made flows that lead nowhere
        for backend in gone:
            stale |= {Flow(4, each, port.port or 0, backend) for each in _addresses(service, 4)}
            stale |= {Flow(6, each, port.port or 0, backend) for each in _addresses(service, 6)}
            if port.node_port:
                stale |= {Flow(version, "", port.node_port, backend) for version in (4, 6)}
    return stale


def _addresses(service: Service, version: int) -> tuple[str, ...]:
    external = of_family(service.spec.external_ips, version)
    return cluster_addresses(service, version) + external + load_balancer_addresses(service, version)


def _forget(flows: list[Flow], netns: Path | None) -> None:
    bare_pyroute2.prepare()
    from pyroute2.netlink.exceptions import NetlinkError  # heavy, see netlink.py

    try:
        with namespaces.entered(netns):
            _forget_each(flows)
    except NetlinkError as error:
        raise OSError(error.code, "conntrack") from error


def _forget_each(flows: list[Flow]) -> None:
    from pyroute2.netlink.nfnetlink.nfctsocket import NFCTAttrTuple, NFCTSocket

    for family, version in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        if not (wanted := [flow for flow in flows if flow.version == version]):
            continue
        with NFCTSocket(nfgen_family=family) as conntrack:
            for flow in wanted:
                where = {"daddr": flow.address} if flow.address else {}
                search = NFCTAttrTuple(family=family, proto=socket.IPPROTO_UDP, dport=flow.port, **where)
                for entry in list(conntrack.dump(tuple_orig=search)):
                    original = NFCTAttrTuple.from_netlink(family, entry.get_attr("CTA_TUPLE_ORIG"))
                    reply = NFCTAttrTuple.from_netlink(family, entry.get_attr("CTA_TUPLE_REPLY"))
                    if flow.backend in (None, Backend(reply.saddr, reply.sport)):
                        _delete(conntrack, original)


def _delete(conntrack: Any, original: Any) -> None:
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        conntrack.entry("del", tuple_orig=original)
    except NetlinkError as error:
        if error.code != errno.ENOENT:
            raise
