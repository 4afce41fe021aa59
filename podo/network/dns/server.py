"""Listens for DNS questions by UDP and TCP. An answer that was given before is one lookup."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable
from typing import Any

from dnslib import QTYPE

from podo.network.dns.answer import Answer, answer
from podo.network.dns.upstream import Asked, Upstream
from podo.network.dns.wire import BadQuery, Query, failure, parse, relayed, replies
from podo.network.dns.zone import Zone

log = logging.getLogger(__name__)
MAX_CACHED, MAX_IDLE_SECONDS, MAX_TCP = 10_000, 10, 500
_ID_SIZE = 2


class DnsServer:
    """Answers from `zone`, and from `upstream` what is not the cluster's. Listens on `addresses`."""

    def __init__(self, zone: Zone, upstream: Upstream, addresses: Iterable[str], *, port: int = 53) -> None:
        self.zone, self._upstream = zone, upstream
        self._addresses, self._port = tuple(addresses), port
        self._cache: dict[bytes, itertools.cycle[bytes]] = {}  # UDP: question without id → answers without id
        self._generation = -1  # of the zone, when the cache was filled
        self._open: list[asyncio.DatagramTransport | asyncio.Server] = []
        self._connections = 0
        self._tasks = asyncio.TaskGroup()
        self._asking: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "DnsServer":
        """Listen. An address that cannot be had is logged and left out: the others work."""
        loop = asyncio.get_running_loop()
        await self._tasks.__aenter__()
        for address in self._addresses:
            try:
                listener, _ = await loop.create_datagram_endpoint(
                    lambda: _Datagrams(self), local_addr=(address, self._port)
                )
                self._open.append(listener)
                self._open.append(await asyncio.start_server(self._serve, address, self._port))
            except OSError as error:
                log.error("DNS does not listen on %s:%d: %s", address, self._port, error)
        return self

    async def __aexit__(self, *error: Any) -> None:
        """Listen no more; questions that others are being asked get no answer."""
        for each in self._open:
            each.close()
        self._open.clear()
        for task in self._asking:
            task.cancel()
        await self._tasks.__aexit__(None, None, None)

    def port_of(self, udp: bool) -> int:
        """The port of the first address, which the kernel has chosen if it was to be 0."""
        listener = self._open[0 if udp else 1]
        if isinstance(listener, asyncio.Server):
            return int(listener.sockets[0].getsockname()[1])
        return int(listener.get_extra_info("sockname")[1])

    def answer_later(self, data: bytes, send: Callable[[bytes], None]) -> None:
        """Ask others about a UDP message, and `send` what they say."""

        async def ask() -> None:
            try:
                send(await self.answer(data, udp=True))
            except Exception:  # a worker's loop: whatever a name server says must not end the others' questions
                log.exception("a DNS question")

        task = self._tasks.create_task(ask(), name="dns question")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def answer_now(self, data: bytes) -> bytes | None:
        """The answer to a UDP message if the cluster has it, b"" if it gets none; None if others must be asked."""
        if self._generation != self.zone.generation:
            self._cache.clear()
            self._generation = self.zone.generation
        if known := self._cache.get(data[_ID_SIZE:]):
            return data[:_ID_SIZE] + next(known)
        try:
            query = parse(data)
        except BadQuery as bad:
            return bad.reply
        found = answer(query.name, query.type, self.zone)
        if found is None or found.chase:
            return None
        messages = replies(query, found, self.zone.domain, udp=True)
        if found.rcode != "SERVFAIL" and len(self._cache) < MAX_CACHED:
            self._cache[data[_ID_SIZE:]] = itertools.cycle([each[_ID_SIZE:] for each in messages])
        return messages[0]

    async def answer(self, data: bytes, *, udp: bool) -> bytes:
        """The answer to a message, whoever has it; b"" for one that gets none."""
        try:
            query = parse(data)
        except BadQuery as bad:
            return bad.reply
        found = answer(query.name, query.type, self.zone)
        if found is None or found.chase:
            return await self._ask_others(query, found or Answer(), udp=udp)
        return replies(query, found, self.zone.domain, udp=udp)[0]

    async def _ask_others(self, query: Query, found: Answer, *, udp: bool) -> bytes:
        question, name = query.message.q, found.chase or query.name
        if not query.message.header.rd:
            return failure(query)
        dnssec = any(record.rtype == QTYPE.OPT and record.edns_do for record in query.message.ar)
        message = await self._upstream.resolve(Asked(".".join(name) + ".", question.qtype, dnssec))
        if message is None:
            return failure(query)
        return relayed(query, message, prefix=found.records, domain=self.zone.domain, udp=udp)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One TCP connection: questions one after the other, each with its length before it."""
        self._connections += 1
        try:
            while self._connections <= MAX_TCP:
                async with asyncio.timeout(MAX_IDLE_SECONDS):
                    size = int.from_bytes(await reader.readexactly(2), "big")
                    data = await reader.readexactly(size)
                message = await self.answer(data, udp=False)
                writer.write(len(message).to_bytes(2, "big") + message)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the other side has gone, or is silent
        finally:
            self._connections -= 1
            writer.close()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        message = self._server.answer_now(data)
        if message:
            self._transport.sendto(message, addr)
        elif message is None:
            self._server.answer_later(data, lambda late: self._transport.sendto(late, addr))
