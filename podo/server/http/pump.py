"""Writes what happens to all watchers, in rounds.

A change that a thousand watch is a thousand writes, each encrypted for one client. A task for each would cost more than
the writes; and while changes come faster than they can be written, the best is to write several at once. So one pump
serves all streams: a round visits those that have something pending and writes it; the next round comes after a pause
as long as the last one took. Where little happens, a change is written at once; where much happens, half of the time
is left for everything else, and changes wait together.
"""

import asyncio
import logging
from collections.abc import Callable

from podo.server.http.encoding import Encoder
from podo.server.watchcache.watcher import Watcher

log = logging.getLogger("podo.server.http")
SLICE = 100
"""How many streams are written before others on the loop have their turn."""


class Flow:
    """One stream of a watch, from its watcher to its client."""

    __slots__ = ("_encoder", "_is_full", "_pump", "_write", "full", "stopped", "watcher")

    def __init__(
        self,
        pump: "Pump",
        watcher: Watcher,
        encoder: Encoder,
        write: Callable[[bytes], None],
        is_full: Callable[[], bool],
    ) -> None:
        """`write` sends bytes to the client, `is_full` says whether it has to read some before it is sent more."""
        self._pump, self._encoder, self._write, self._is_full = pump, encoder, write, is_full
        self.watcher = watcher
        self.full = False
        self.stopped = asyncio.Event()
        """Set when the flow needs its owner: the client is full, or the watch is over."""
        watcher.wake = self.resume
        self.resume()

    def resume(self) -> None:
        """Write in the next round what is pending."""
        self._pump.mark(self)

    def flush(self) -> None:
        """Write what is pending, if the client can take it."""
        if self.full:
            return
        try:
            if notices := self.watcher.take():
                self._write(self._encoder.chunk(notices, shared=not self.watcher.selection.narrow))
                self.full = self._is_full()
        except ConnectionError:  # gone: the owner is being cancelled
            self.watcher.close()
        except Exception:
            log.exception("a watch has failed")
            self.watcher.close()
        if self.full or self.watcher.closed:
            self.stopped.set()

    def end(self) -> None:
        """Write no more."""
        self.watcher.wake = _nothing
        self._pump.forget(self)


def _nothing() -> None:
    pass


class Pump:
    """All flows of a server."""

    def __init__(self, time: Callable[[], float] | None = None) -> None:
        """`time` is what rounds are timed by, in seconds; None: the loop's."""
        self._time = time or asyncio.get_running_loop().time
        self._marked: dict[Flow, None] = {}
        self._scheduled = False
        self._not_before = self._busy = 0.0

    def mark(self, flow: Flow) -> None:
        """This one has something pending."""
        self._marked[flow] = None
        if not self._scheduled:
            self._scheduled = True
            loop = asyncio.get_running_loop()
            wait = self._not_before - self._time()
            if wait > 0:
                loop.call_later(wait, self._round)
            else:
                loop.call_soon(self._round)

    def forget(self, flow: Flow) -> None:
        """This one is over."""
        self._marked.pop(flow, None)

    def _round(self) -> None:
        loop, marked = asyncio.get_running_loop(), self._marked
        began = self._time()
        for _ in range(min(SLICE, len(marked))):
            flow = next(iter(marked))
            del marked[flow]
            flow.flush()
        now = self._time()
        self._busy += now - began
        if marked:
            loop.call_soon(self._round)
            return
        self._not_before, self._busy, self._scheduled = now + self._busy, 0.0, False
