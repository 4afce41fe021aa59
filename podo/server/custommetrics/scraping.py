"""Fetches the metrics of Pods, when asked, and remembers the last minute."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from podo.api.errors import BadRequest
from podo.clock import Clock
from podo.server.custommetrics.exposition import samples
from podo.server.custommetrics.readings import Reading
from podo.server.outgoing.addresses import check_address
from podo.server.strategy import Object

SCRAPE, PORT, PATH, SCHEME = (f"prometheus.io/{name}" for name in ("scrape", "port", "path", "scheme"))
KEPT, FRESH, PAUSE, TIMEOUT, LARGEST = timedelta(seconds=60), timedelta(seconds=1), 1.0, 3.0, 10 << 20
AT_ONCE, SCHEMES = 32, ("http", "https")
NAMES = 10_000  # the most that one Pod adds to what discovery shows
log = logging.getLogger(__name__)


class Place(NamedTuple):
    """Where a Pod's metrics are."""

    scheme: str
    host: str
    port: int
    path: str


Fetch = Callable[[Place], Awaitable[str]]
"""The text at a place. Raises OSError."""


def place_of(pod: Object) -> Place | None:
    """Where they are, if the Pod says that it has some, and runs."""
    annotations = pod["metadata"].get("annotations") or {}
    status = pod.get("status") or {}
    if annotations.get(SCRAPE) != "true" or status.get("phase") != "Running" or not status.get("podIP"):
        return None
    text = annotations.get(PORT) or next(
        (str(p["containerPort"]) for c in pod["spec"]["containers"] for p in c.get("ports") or ()), "80"
    )
    if not text.isdecimal():
        return None
    scheme, path = annotations.get(SCHEME) or "http", annotations.get(PATH) or "/metrics"
    if scheme not in SCHEMES:
        return None
    return Place(scheme, status["podIP"], int(text), "/" + path.lstrip("/"))


class Scrapes:
    """The readings of Pods. Who asks first after a while waits a second, so that there are two."""

    def __init__(self, fetch: Fetch, clock: Clock) -> None:
        self._fetch, self._clock = fetch, clock
        self._kept: dict[str, list[Reading]] = {}
        self.names: frozenset[str] = frozenset()
        """Of all metrics that have been seen, for discovery; replaced when there are more."""
        self._limit, self._turn = asyncio.Semaphore(AT_ONCE), asyncio.Lock()

    async def of(self, pods: Iterable[Object]) -> Mapping[str, Sequence[Reading]]:
        """By uid, of those that can be read: the oldest reading first, the last is of now."""
        places = {str(pod["metadata"]["uid"]): place for pod in pods if (place := place_of(pod)) is not None}
        async with self._turn:
            await self._read(places)
            if any(len(self._kept.get(uid, ())) == 1 for uid in places):
                await self._clock.sleep(PAUSE)
                await self._read(places)
            return {uid: tuple(self._kept[uid]) for uid in places if self._kept.get(uid)}

    async def _read(self, places: Mapping[str, Place]) -> None:
        now = self._clock.now()
        self._kept = {
            uid: recent for uid, kept in self._kept.items() if (recent := [r for r in kept if now - r.at <= KEPT])
        }
        stale = [uid for uid in places if not (kept := self._kept.get(uid)) or now - kept[-1].at >= FRESH]
        await asyncio.gather(*(self._one(uid, places[uid]) for uid in stale))

    async def _one(self, uid: str, place: Place) -> None:
        try:
            async with self._limit, asyncio.timeout(TIMEOUT):
                text = await self._fetch(place)
        except (TimeoutError, OSError) as error:
            log.info("no metrics from %s: %s", place, error or type(error).__name__)
            self._kept.pop(uid, None)
            return
        reading = Reading(self._clock.now(), tuple(samples(text)))
        self._kept.setdefault(uid, []).append(reading)
        if not self.names.issuperset(seen := {sample.name for sample in reading.samples}):
            self.names = self.names | frozenset(list(seen)[:NAMES])


async def fetch(place: Place) -> str:
    """What is there; but not where a Pod's address leads to this server's own machine. Raises OSError."""
    host = f"[{place.host}]" if ":" in place.host else place.host
    try:
        check_address(place.host)
    except BadRequest as error:
        raise OSError(f"{host}: {error}") from error
    return await read(f"{place.scheme}://{host}:{place.port}{place.path}")


async def read(url: str) -> str:
    """The text at a URL, and at no other that it redirects to. Raises OSError."""
    from aiohttp import ClientError, ClientSession, TCPConnector

    headers = {"Accept": "text/plain;version=0.0.4"}
    try:
        async with (
            ClientSession(connector=TCPConnector(ssl=False, force_close=True)) as session,
            session.get(url, headers=headers, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise OSError(f"{url} answers {answer.status}")
            body = await answer.content.read(LARGEST)
            return body.decode(errors="replace")
    except (ClientError, ValueError) as error:
        raise OSError(f"{url}: {error}") from error
