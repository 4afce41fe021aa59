"""Brings each event, in order, to everyone who watches its key.

Whoever lags behind costs no more than `backlog` events of memory: then its feed is dropped, and it reads on from the
store's log, like one that resumes. So a watch is a loop over two sources, and loses nothing at the seam.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

from podo.store import refusals
from podo.store.base import Event, Revision

Replay = Callable[[str, Revision, Revision], AsyncIterator[Event]]
"""(prefix, since, until): the log's events after `since` and up to `until`; Expired if it has them no more."""


class _Feed:
    """The newest events under `prefix`: every one after `complete_after`."""

    def __init__(self, prefix: str, complete_after: Revision) -> None:
        self.prefix, self.complete_after = prefix, complete_after
        self.events: deque[Event] = deque()
        self.news = asyncio.Event()


class Watchers:
    """All watches of one store. Lives on the event loop; `publish` is called with each commit, in order."""

    def __init__(self, replay: Replay, revision: Revision, *, backlog: int = 4096) -> None:
        self._replay, self._revision, self._backlog = replay, revision, backlog
        self._feeds: set[_Feed] = set()
        self._closed = False

    def publish(self, events: Sequence[Event]) -> None:
        """Hand on the next events, which must follow on those of the last call."""
        for event in events:
            key, self._revision = event.record.key, event.record.modified
            for feed in self._feeds:
                if key.startswith(feed.prefix):
                    self._append(feed, event)

    def _append(self, feed: _Feed, event: Event) -> None:
        if len(feed.events) >= self._backlog:
            feed.events.clear()
            feed.complete_after = event.record.modified
        else:
            feed.events.append(event)
        feed.news.set()

    def close(self) -> None:
        """End every watch with ServiceUnavailable."""
        self._closed = True
        for feed in self._feeds:
            feed.news.set()

    async def watch(self, prefix: str, since: Revision) -> AsyncGenerator[Event, None]:
        """Every event under `prefix` after `since`, in order, without end."""
        feed = _Feed(prefix, self._revision)
        self._feeds.add(feed)
        try:
            position = since
            while not self._closed:
                if position < feed.complete_after:
                    until = feed.complete_after
                    async for event in self._replay(prefix, position, until):
                        yield event
                    position = until
                elif feed.events:
                    event = feed.events.popleft()
                    if event.record.modified > position:  # not one that the replay brought, nor one before `since`
                        position = event.record.modified
                        yield event
                else:
                    feed.news.clear()
                    await feed.news.wait()
            raise refusals.closed()
        finally:
            self._feeds.discard(feed)
