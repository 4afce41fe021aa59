"""healthCheckNodePort: tells load balancers outside whether this node has endpoints of a Service.

200 while it has, 503 else, with the body and headers that kube-proxy gives.
"""

import asyncio
import json
import logging
from asyncio import StreamReader, StreamWriter
from typing import NamedTuple

from podo.api.types.core_v1 import Service
from podo.client.base import Key

log = logging.getLogger(__name__)
_LIMIT = 5.0  # seconds that a request may take


class Check(NamedTuple):
    """What is told at a port."""

    service: Key
    port: int
    endpoints: int = 0


class HealthChecks:
    """Listens at the ports of all Services that want it. `put` says what there is, `run` keeps the listeners."""

    def __init__(self, address: str = "0.0.0.0") -> None:
        self._address = address
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
        ports = {each.port for each in self._wanted.values()}
        for port in self._servers.keys() - ports:
            self._servers.pop(port).close()
        for port in ports - self._servers.keys():
            try:
                self._servers[port] = await asyncio.start_server(self._serve, self._address, port)
            except OSError as error:
                log.warning("health check at port %d: %s", port, error)

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        port = writer.get_extra_info("sockname")[1]
        try:
            async with asyncio.timeout(_LIMIT):
                await reader.readuntil(b"\r\n\r\n")
                check = next((each for each in self._wanted.values() if each.port == port), None)
                writer.write(answer(check))
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked has gone, or never asked
        finally:
            writer.close()


def answer(check: Check | None) -> bytes:
    """The whole HTTP response. Pure."""
    if check is None:
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
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
