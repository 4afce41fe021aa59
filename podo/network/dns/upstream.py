"""Asks the machine's name servers, and remembers what they said for as long as they allow, 30 seconds at most."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

from dnslib import QTYPE, RCODE, DNSError, DNSRecord

from podo.clock import Clock

ATTEMPT_SECONDS, SHUN_SECONDS = 2.0, 30.0
MAX_CACHE_SECONDS = 30
MAX_CACHED, MAX_WAITING = 10_000, 1000
Servers = Callable[[], tuple[str, ...]]


class Asked(NamedTuple):
    """A question for others: lower-case name, type, and whether DNSSEC records are wanted (they come by EDNS)."""

    name: str
    type: int
    dnssec: bool = False


class _Cached(NamedTuple):
    message: bytes
    stored: float
    expires: float


class Upstream:
    """Resolves names through `servers()`, which may read a file: it is called now and then, in a thread.

    One that gave no answer is asked after the others for a while: so only one question waits for it. `patience` is how
    many seconds it is given.
    """

    def __init__(
        self,
        servers: Servers,
        clock: Clock,
        chance: Random | None = None,
        *,
        port: int = 53,
        patience: float = ATTEMPT_SECONDS,
    ) -> None:
        self._servers, self._clock, self._chance, self._port = servers, clock, chance or Random(), port
        self._patience = patience
        self._shunned: dict[str, float] = {}  # until when
        self._cache: OrderedDict[Asked, _Cached] = OrderedDict()
        self._waiting: dict[Asked, asyncio.Future[Any]] = {}
        self._known_servers: tuple[str, ...] = ()
        self._read_at = float("-inf")

    async def resolve(self, asked: Asked) -> Any | None:
        """The answer, as a parsed message; None if no server gave any. Equal questions are asked once at a time."""
        if (cached := self._cached(asked)) is not None:
            return cached
        if asked in self._waiting:
            return await asyncio.shield(self._waiting[asked])
        if len(self._waiting) >= MAX_WAITING:
            return None
        result = self._waiting[asked] = asyncio.get_running_loop().create_future()
        message = None
        try:
            message = await self._ask(asked)
        finally:  # also when cancelled: the others must not wait for ever
            del self._waiting[asked]
            result.set_result(message)
        return message

    def _cached(self, asked: Asked) -> Any | None:
        entry, now = self._cache.get(asked), self._clock.monotonic()
        if entry is None or entry.expires <= now:
            return None
        message = DNSRecord.parse(entry.message)
        age = int(now - entry.stored)
        for record in [*message.rr, *message.auth, *message.ar]:
            if record.rtype != QTYPE.OPT:
                record.ttl = max(record.ttl - age, 0)
        return message

    async def _ask(self, asked: Asked) -> Any | None:
        refused: Any | None = None
        for server in await self._current_servers():
            message = await self._ask_one(server, asked)
            if message is None:
                self._shunned[server] = self._clock.monotonic() + SHUN_SECONDS
                continue
            self._shunned.pop(server, None)
            if message.header.rcode in (RCODE.SERVFAIL, RCODE.REFUSED, RCODE.NOTIMP):
                refused = message
                continue
            self._store(asked, message)
            return message
        return refused

    async def _ask_one(self, server: str, asked: Asked) -> Any | None:
        query = DNSRecord.question(asked.name, QTYPE.get(asked.type))
        query.header.id = self._chance.getrandbits(16)
        if asked.dnssec:
            query.add_ar(_dnssec_ok())
        data = bytes(query.pack())
        try:
            async with asyncio.timeout(self._patience):
                message = _checked(await ask_udp(server, self._port, data), query)
                if message is not None and message.header.tc:
                    message = _checked(await ask_tcp(server, self._port, data), query)
                return message
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return None

    async def _current_servers(self) -> tuple[str, ...]:
        now = self._clock.monotonic()
        if now - self._read_at >= ATTEMPT_SECONDS:
            self._read_at = now
            self._known_servers = await asyncio.to_thread(self._servers)
        return tuple(sorted(self._known_servers, key=lambda each: self._shunned.get(each, 0.0) > now))

    def _store(self, asked: Asked, message: Any) -> None:
        if seconds := cache_seconds(message):
            now = self._clock.monotonic()
            self._cache[asked] = _Cached(bytes(message.pack()), now, now + seconds)
            self._cache.move_to_end(asked)
            while len(self._cache) > MAX_CACHED:
                self._cache.popitem(last=False)


def cache_seconds(message: Any) -> int:
    """How long a message may be kept: its shortest TTL; of a negative answer that which its SOA record says."""
    if message.header.rcode not in (RCODE.NOERROR, RCODE.NXDOMAIN) or message.header.tc:
        return 0
    if message.rr:
        return min([MAX_CACHE_SECONDS, *(int(record.ttl) for record in message.rr)])
    negative = [
        min(int(record.ttl), int(record.rdata.times[4])) for record in message.auth if record.rtype == QTYPE.SOA
    ]
    return min([MAX_CACHE_SECONDS, *negative]) if negative else 0


def _checked(data: bytes, query: Any) -> Any | None:
    """The message, if it is an answer to `query`."""
    try:
        message = DNSRecord.parse(data)
    except (DNSError, ValueError, IndexError):
        return None
    same = message.header.id == query.header.id and message.header.qr and len(message.questions) == 1
    return message if same and message.q.qname == query.q.qname and message.q.qtype == query.q.qtype else None


def _dnssec_ok() -> Any:
    from dnslib import EDNS0

    return EDNS0(flags="do", udp_len=1232)


class _Answer(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if not self.received.done():
            self.received.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.received.done():
            self.received.set_exception(exc)


async def ask_udp(server: str, port: int, data: bytes) -> bytes:
    """Send a message by UDP from a fresh port; the first answer. Raises OSError."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(_Answer, remote_addr=(server, port))
    try:
        transport.sendto(data)
        return await protocol.received
    finally:
        transport.close()


async def ask_tcp(server: str, port: int, data: bytes) -> bytes:
    """Send a message by TCP; the answer. Raises OSError, asyncio.IncompleteReadError."""
    reader, writer = await asyncio.open_connection(server, port)
    try:
        writer.write(len(data).to_bytes(2, "big") + data)
        size = int.from_bytes(await reader.readexactly(2), "big")
        return await reader.readexactly(size)
    finally:
        writer.close()
