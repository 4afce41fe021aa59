"""Watches: a stream of lines, or of WebSocket messages, for as long as both sides like."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import Protocol

from aiohttp import web

from podo.api.errors import Expired
from podo.server.core import Core
from podo.server.customresources.relaying import readable_watch
from podo.server.fairness.configured import Seat
from podo.server.http.encoding import Encoder
from podo.server.http.negotiation import JSON, YAML, not_acceptable
from podo.server.http.patience import room
from podo.server.http.pump import Flow, Pump
from podo.server.http.query import ReadOptions, parse_revision
from podo.server.http.request_keys import HEAD, SEAT, TRAIL
from podo.server.http.responses import head_lines
from podo.server.registry.kinds import Served
from podo.server.registry.reading import ListOptions
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Watcher

log = logging.getLogger(__name__)
MIN_TIMEOUT = 1800.0
"""Seconds after which a watch ends where the client names no time: this, or up to twice as long."""
BOOKMARK_EVERY = 60.0
FIRST_AT_ONCE = 200
"""How many of the objects that are there already are written at once."""


class Sink(Protocol):
    """Where the lines of a watch go. `send` returns when the client has room for more.

    `begin` tells it of the watcher, which it closes when the client ends the watch in so many words.
    """

    def begin(self, watcher: Watcher) -> None: ...

    async def send(self, lines: list[bytes]) -> None: ...

    async def follow(self, watcher: Watcher, encoder: Encoder) -> None:
        """Send what happens until the watch is over; may be cancelled and called again."""
        ...


class Watching:
    """Serves watches."""

    def __init__(self, core: Core, chance: random.Random | None = None) -> None:
        self._core, self._chance, self._pump = core, chance or random.Random(), Pump()

    async def serve(
        self,
        request: web.BaseRequest,
        served: Served,
        selection: Selection,
        options: ReadOptions,
        encoder: Encoder,
    ) -> web.StreamResponse:
        """Stream until the time is up, the client goes, or the server ends the watch. Raises APIError before that."""
        revision = parse_revision(options.revision) if options.revision else 0
        if encoder.form.media_type == YAML:
            raise not_acceptable()
        seat = request.get(SEAT)
        timeout = options.timeout or MIN_TIMEOUT * (1 + self._chance.random())
        if request.headers.get("Upgrade", "").lower() == "websocket":
            socket = web.WebSocketResponse(protocols=("base64.binary.k8s.io",))
            await socket.prepare(request)
            self._note(request, 101)
            messages = Messages(socket, encoder)
            async with _spoken(messages):
                await self._run(messages, served, selection, options, revision, encoder, timeout, seat)
            return socket
        stream = Stream(request, self._pump, encoder.form.media_type)
        stream.start()
        self._note(request, 200)
        await self._run(stream, served, selection, options, revision, encoder, timeout, seat)
        stream.end()
        return stream

    def _note(self, request: web.BaseRequest, status: int) -> None:
        """The answer has begun: tell the audit log."""
        if (trail := request.get(TRAIL)) is not None:
            trail.started(status)

    async def _run(
        self,
        sink: Sink,
        served: Served,
        selection: Selection,
        options: ReadOptions,
        revision: int,
        encoder: Encoder,
        timeout: float,
        seat: Seat | None,
    ) -> None:
        registry = self._core.registry
        shows_first = options.initial_events is True or (options.initial_events is None and revision == 0)
        watcher: Watcher | None = None
        try:
            first: Iterable[Entry] = ()
            if shows_first or revision == 0:
                found = await registry.list(served, selection, ListOptions())
                first, since = found.entries if shows_first else (), found.revision
            else:
                since = revision
            watcher = registry.watch(served, selection, since)
            async with readable_watch(served, watcher, selection) as shown:
                sink.begin(shown)
                await _send_first(sink, encoder, first)
                if seat is not None:
                    seat.release()
                if options.initial_events and options.bookmarks:
                    await sink.send([encoder.bookmark(since, first_events_end=True)])
                await self._follow(sink, shown, encoder, timeout, bookmarks=options.bookmarks)
        except Expired as error:
            await sink.send([encoder.failure(error)])
        finally:
            if watcher is not None:
                registry.unwatch(served, watcher)

    async def _follow(self, sink: Sink, watcher: Watcher, encoder: Encoder, timeout: float, *, bookmarks: bool) -> None:
        """Send what happens, as it happens, and now and then how far we are."""
        loop = asyncio.get_running_loop()
        end = loop.time() + timeout
        bookmark_at = loop.time() + BOOKMARK_EVERY * (0.9 + 0.2 * self._chance.random()) if bookmarks else end
        while not watcher.closed and loop.time() < end:
            if loop.time() >= bookmark_at:
                await sink.send([encoder.bookmark(max(self._core.cache.revision, watcher.since))])
                bookmark_at = loop.time() + BOOKMARK_EVERY
            try:
                async with asyncio.timeout_at(min(end, bookmark_at)):
                    await sink.follow(watcher, encoder)
            except TimeoutError:
                continue


@asynccontextmanager
async def _spoken(messages: "Messages") -> AsyncIterator[None]:
    """Listen to the client while a watch runs, then close. A client that is gone ends both."""
    try:
        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(messages.listen())
            yield
            await messages.close()
            listening.cancel()
    except* ConnectionError:
        log.debug("the client of a watch is gone")


async def _send_first(sink: Sink, encoder: Encoder, entries: Iterable[Entry]) -> None:
    rest = iter(entries)
    while batch := list(islice(rest, FIRST_AT_ONCE)):
        await sink.send([encoder.added(entry) for entry in batch])


class Stream(web.StreamResponse):
    """Lines in chunks (RFC 9112); to a client of HTTP/1.0 as they are, until the connection ends."""

    def __init__(self, request: web.BaseRequest, pump: Pump, media_type: str) -> None:
        super().__init__(status=200)
        self._request, self._pump, self._whole = request, pump, request.version >= (1, 1)
        self._media_type = media_type if media_type == JSON else f"{media_type};stream=watch"

    @property
    def keep_alive(self) -> bool:
        return self._whole and bool(self._request.keep_alive)

    def begin(self, watcher: Watcher) -> None:
        """A client ends a stream by closing its connection, which cancels us."""

    def start(self) -> None:
        """Write the headers, so that the client knows that the watch stands."""
        framing = b"Transfer-Encoding: chunked\r\n\r\n" if self._whole else b"Connection: close\r\n\r\n"
        head = self._request.get(HEAD, b"")
        self._write(b"".join([*head_lines(200, self._media_type, {}, (), head), framing]))

    async def send(self, lines: list[bytes]) -> None:
        """Write lines as one chunk. Raises ConnectionError when the client is gone."""
        data = b"".join(lines) if len(lines) > 1 else lines[0]
        self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._whole else data)
        await room(self._request)

    async def follow(self, watcher: Watcher, encoder: Encoder) -> None:
        """Let the pump write; see to it only when the client is slow."""
        if not self._whole:
            await follow_lines(self, watcher, encoder)
            return
        flow = Flow(self._pump, watcher, encoder, self._write, self._full)
        try:
            while not watcher.closed:
                await flow.stopped.wait()
                if flow.full:
                    await room(self._request)
                    flow.full = False
                    flow.stopped.clear()
                    flow.resume()
        finally:
            flow.end()

    def _full(self) -> bool:
        return self._request.protocol.writing_paused

    def end(self) -> None:
        """Write the last chunk."""
        if self._whole:
            self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError("the client is gone")
        transport.write(data)

    async def prepare(self, request: web.BaseRequest) -> None:
        """Everything is written already."""

    async def write_eof(self, data: bytes = b"") -> None:
        """Everything is written already."""
        self._eof_sent = True


async def follow_lines(sink: Sink, watcher: Watcher, encoder: Encoder) -> None:
    """Send what happens, waking for each batch."""
    while True:
        if notices := watcher.take():
            await sink.send([encoder.event(notice) for notice in notices])
        elif watcher.closed:
            return
        else:
            await watcher.changed()


class Messages:
    """One WebSocket message a line."""

    def __init__(self, socket: web.WebSocketResponse, encoder: Encoder) -> None:
        self._socket, self._encoder = socket, encoder
        self._watcher: Watcher | None = None

    def begin(self, watcher: Watcher) -> None:
        self._watcher = watcher

    async def follow(self, watcher: Watcher, encoder: Encoder) -> None:
        await follow_lines(self, watcher, encoder)

    async def listen(self) -> None:
        """Read until the client closes, then end the watch."""
        async for _ in self._socket:
            pass
        if self._watcher is not None:
            self._watcher.close()

    async def close(self) -> None:
        """End the conversation."""
        await self._socket.close()

    async def send(self, lines: list[bytes]) -> None:
        """Raises ConnectionError when the client is gone."""
        for line in lines:
            message = self._encoder.message(line)
            await (self._socket.send_str(message) if isinstance(message, str) else self._socket.send_bytes(message))
