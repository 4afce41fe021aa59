"""What load balancers outside ask a node: is it well, and has it endpoints of a Service (healthCheckNodePort)?

200 while it has, 503 else, with the body and headers that kube-proxy gives, and at kube-proxy's ports.
"""

import asyncio
import json
import logging
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterable
from typing import NamedTuple

from podo.api.types.core_v1 import Service
from podo.client.base import Key

log = logging.getLogger(__name__)
_LIMIT = 5.0  # seconds that a request may take
HEALTH_PORT, STATUS_PORT = 10256, 10249
_STATUS = {(HEALTH_PORT, "/healthz"), (HEALTH_PORT, "/livez"), (STATUS_PORT, "/healthz")}


class Check(NamedTuple):
    """What is told at a port."""

    service: Key
    port: int
    endpoints: int = 0


class HealthChecks:
    """Listens at the ports of all Services that want it. `put` says what there is, `run` keeps the listeners.

    `own` are the ports for questions about the node: (address, port).
    """

    def __init__(self, address: str = "0.0.0.0", own: Iterable[tuple[str, int]] = ()) -> None:
        self._address, self._own = address, dict.fromkeys(own)
        self._wanted: dict[Key, Check] = {}
        self._servers: dict[int, asyncio.Server] = {}
        self._wake = asyncio.Event()

    def put(self, key: Key, service: Service | None, endpoints: int) -> None:
        """The Service, and how many endpoints of it that are ready this node has."""
        port = service.spec.health_check_node_port if service and _is_checked(service) else None
        if port:
            self._wanted[key] = Check(key, port, endpoints)
        elif self._wanted.pop(key, None) is None:
            return
        self._wake.set()

    async def run(self) -> None:
        """Listen until cancelled."""
        try:
            while True:
                self._wake.clear()
                await self._adjust()
                await self._wake.wait()
        finally:
            for server in self._servers.values():
                server.close()

    async def _adjust(self) -> None:
        places = {each.port: self._address for each in self._wanted.values()}
        places |= {port: address for address, port in self._own}
        for port in self._servers.keys() - places.keys():
            self._servers.pop(port).close()
        for port in places.keys() - self._servers.keys():
            try:
                self._servers[port] = await asyncio.start_server(self._serve, places[port], port)
            except OSError as error:
                log.warning("health check at port %d: %s", port, error)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        try:
            async with asyncio.timeout(_LIMIT):
                request = (await reader.readuntil(b"\r\n\r\n")).split(maxsplit=2)
                check = next((each for each in self._wanted.values() if each.port == port), None)
                writer.write(answer(check) if check else own_answer(port, request[1].decode(errors="replace")))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked has gone, or never asked
        finally:
            writer.close()


def own_answer(port: int, path: str) -> bytes:
    """The HTTP response to a question about the node. Pure."""
    status, text = "404 Not Found", ""
    if (port, path) in _STATUS:
        status, text = "200 OK", "ok"
    elif (port, path) == (STATUS_PORT, "/proxyMode"):
        status, text = "200 OK", "nftables"
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n{text}".encode()


def answer(check: Check) -> bytes:
    """The whole HTTP response of a Service's check. Pure."""
    service = {"namespace": check.service.namespace, "name": check.service.name}
    body = {"service": service, "localEndpoints": check.endpoints, "serviceProxyHealthy": True}
    text = json.dumps(body, indent="\t").encode()
    lines = (
        "HTTP/1.1 200 OK" if check.endpoints else "HTTP/1.1 503 Service Unavailable",
        "Content-Type: application/json",
        "X-Content-Type-Options: nosniff",
        f"X-Load-Balancing-Endpoint-Weight: {check.endpoints}",
        f"Content-Length: {len(text)}",
        "Connection: close",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + text


def _is_checked(service: Service) -> bool:
    return service.spec.type == "LoadBalancer" and service.spec.external_traffic_policy == "Local"
