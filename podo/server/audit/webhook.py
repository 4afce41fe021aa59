"""The audit log sent to a web service: in batches, again if it fails, dropped where there are too many."""

import asyncio
import logging
from collections import deque
from dataclasses import dataclass

from podo.api.errors import APIError
from podo.client.transport import Request, Transport
from podo.clock import Clock

log = logging.getLogger(__name__)
HEAD, TAIL = b'{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[', b"]}"
FIRST_PAUSE, PAUSE_FACTOR, TRIES = 10.0, 1.5, 5


@dataclass(frozen=True)
class Batching:
    """How many events wait at most, go together at most, and for how many seconds; `rate` batches a second."""

    buffer: int = 10_000
    size: int = 400
    seconds: float = 30.0
    rate: float = 10.0


class Webhook:
    """A `Backend`. Events are sent while `run` runs."""

    def __init__(self, transport: Transport, batching: Batching, clock: Clock, *, pause: float = FIRST_PAUSE) -> None:
        self._transport, self._batching, self._clock, self._pause = transport, batching, clock, pause
        self._waiting: deque[bytes] = deque()
        self._some, self._many = asyncio.Event(), asyncio.Event()
        self.dropped = 0

    def put(self, event: bytes) -> None:
        if len(self._waiting) >= self._batching.buffer:
            if not self.dropped:
                log.error("the audit webhook is too slow: events are dropped")
            self.dropped += 1
            return
        self._waiting.append(event)
        self._some.set()
        if len(self._waiting) >= self._batching.size:
            self._many.set()

    async def run(self) -> None:
        """Send until cancelled; what waits then is sent at the end, once."""
        try:
            while True:
                await self._some.wait()
                await self._enough()
                await self._send(self._take(), TRIES)
                await self._clock.sleep(1 / self._batching.rate)
        finally:
            while self._waiting:
                await self._send(self._take(), 1)

    async def _enough(self) -> None:
        """Return when a batch is full, or has waited long enough."""
        if self._many.is_set():
            return
        timer = asyncio.ensure_future(self._clock.sleep(self._batching.seconds))
        full = asyncio.ensure_future(self._many.wait())
        try:
            await asyncio.wait((timer, full), return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            full.cancel()

    def _take(self) -> list[bytes]:
        batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._batching.size))]
        if len(self._waiting) < self._batching.size:
            self._many.clear()
        if not self._waiting:
            self._some.clear()
        return batch

    async def _send(self, batch: list[bytes], tries: int) -> None:
        request = Request("POST", "", body=HEAD + b",".join(batch) + TAIL)
        pause = self._pause
        for left in range(tries - 1, -1, -1):
            try:
                answer = await self._transport.send(request)
                if answer.status < 300:
                    return
                why = f"it answers {answer.status}"
            except APIError as error:
                why = str(error)
            if left:
                await self._clock.sleep(pause)
                pause *= PAUSE_FACTOR
        log.error("the audit webhook took none of %d events: %s", len(batch), why)
        self.dropped += len(batch)
