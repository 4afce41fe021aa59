"""Watches of kinds that another program converts: each change is converted before the watcher gets it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from podo.api.errors import APIError
from podo.server.registry.kinds import Served
from podo.server.watchcache.entry import Change
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Notice, Seen, Watcher


@asynccontextmanager
async def readable_watch(served: Served, watcher: Watcher, selection: Selection) -> AsyncIterator[Watcher]:
    """The watcher itself, or one that gets the same changes in the version of `served`, and by the fields of that.

    A conversion that fails ends the watch: the client comes again, and hears why.
    """
    if not served.converts:
        yield watcher
        return
    shown = watcher.alike(selection)
    relaying = asyncio.create_task(_relay(served, watcher, shown))
    try:
        yield shown
    finally:
        relaying.cancel()
        await asyncio.gather(relaying, return_exceptions=True)


async def _relay(served: Served, watcher: Watcher, shown: Watcher) -> None:
    try:
        while True:
            notices = watcher.take()
            for notice in notices:
                if shown.selection.fields is None:
                    shown.put(await _readable(served, notice))
                else:
                    shown.offer(await _both_readable(served, notice.change))
            if watcher.closed:
                return
            if not notices:
                await watcher.changed()
    except APIError:
        return
    finally:
        shown.close()


async def _readable(served: Served, notice: Notice) -> Notice:
    change = notice.change
    if notice.seen is Seen.LEFT and change.previous is not None:
        (previous,) = await served.readable([change.previous])
        return Notice(notice.seen, Change(change.type, change.entry, previous))
    (entry,) = await served.readable([change.entry])
    return Notice(notice.seen, Change(change.type, entry, change.previous))


async def _both_readable(served: Served, change: Change) -> Change:
    """A change whose two sides can be looked at in the version of `served`."""
    previous = None if change.previous is None else (await served.readable([change.previous]))[0]
    (entry,) = await served.readable([change.entry])
    return Change(change.type, entry, previous)
