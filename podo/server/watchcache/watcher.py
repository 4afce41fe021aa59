"""One watch: what it wants to see of the changes, and those that it has not taken yet."""

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from podo.server.watchcache.entry import Change, Entry
from podo.server.watchcache.selection import FieldsOf, Selection
from podo.store.base import EventType

BACKLOG, BACKLOG_BYTES = 10_000, 16 << 20
"""A watcher that has not taken so many changes, or objects of so many bytes, is too slow, and is closed.

It may come again, as long as the window reaches.
"""


class Seen(Enum):
    """What a change is to one watcher."""

    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    LEFT = "LEFT"
    """The object is there still but no longer selected: DELETED, with the object as it had been."""


class Notice(NamedTuple):
    """A change, as one watcher sees it."""

    seen: Seen
    change: Change


_SEEN = {EventType.ADDED: Seen.ADDED, EventType.MODIFIED: Seen.MODIFIED, EventType.DELETED: Seen.DELETED}


class Watcher:
    """Collects notices until they are taken. `wake` is called when the first of a batch arrives, and at the end."""

    def __init__(self, selection: Selection, fields_of: FieldsOf, since: int) -> None:
        """`since`: the revision that the client has seen; the cache may come to it only later."""
        self.selection, self.since = selection, since
        self._fields_of = fields_of
        self._narrow = selection.narrow
        self._pending: list[Notice] = []
        self._pending_bytes = 0
        self.closed = False
        self.wake: Callable[[], None] = _nothing

    def alike(self, selection: Selection) -> "Watcher":
        """Another of the same kind since the same time, for someone who gives it its notices."""
        return Watcher(selection, self._fields_of, self.since)

    def offer(self, change: Change) -> None:
        """Note the change, if it concerns this watch."""
        if change.revision <= self.since:
            return
        seen = self._view(change) if self._narrow else _SEEN[change.type]
        if seen is None or self.closed:
            return
        self.put(Notice(seen, change))

    def put(self, notice: Notice) -> None:
        """Note what concerns this watch."""
        self._pending.append(notice)
        self._pending_bytes += len(notice.change.entry.tail)
        if len(self._pending) == 1:
            self.wake()
        elif len(self._pending) > BACKLOG or self._pending_bytes > BACKLOG_BYTES:
            self._pending = []
            self.close()

    def _view(self, change: Change) -> Seen | None:
        """An object that comes into the selection is added, one that leaves it deleted."""
        before = change.previous is not None and self.selection.matches(change.previous, self._fields_of)
        if change.type is EventType.DELETED:
            return Seen.DELETED if before else None
        if self.selection.matches(change.entry, self._fields_of):
            return Seen.MODIFIED if before else Seen.ADDED
        return Seen.LEFT if before else None

    def take(self) -> list[Notice]:
        """All that is pending, in order."""
        taken, self._pending, self._pending_bytes = self._pending, [], 0
        return taken

    async def changed(self) -> None:
        """Wait until there is something to take, or the watch is closed."""
        if self._pending or self.closed:
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def wake() -> None:
            if not woken.done():
                woken.set_result(None)

        self.wake = wake
        try:
            await woken
        finally:
            self.wake = _nothing

    def poke(self) -> None:
        """Let who waits for `changed` look at the time."""
        self.wake()

    def close(self) -> None:
        """End the watch: the server stops, the cache starts anew, or the watcher is too slow."""
        self.closed = True
        self.wake()


def _nothing() -> None:
    pass


Places = dict[str, dict[Watcher, None]]


class Watchers:
    """The watchers of one kind, in such an order that a change is offered to few that it does not concern."""

    def __init__(self, fields_of: FieldsOf) -> None:
        self._fields_of = fields_of
        self._all: dict[Watcher, None] = {}
        self._by_namespace: Places = {}
        self._by_key: Places = {}
        self._by_field: dict[str, Places] = {}

    def add(self, watcher: Watcher) -> None:
        """Tell it of changes from now on."""
        places, place = self._place(watcher.selection)
        if places is None:
            self._all[watcher] = None
        else:
            places.setdefault(place, {})[watcher] = None

    def remove(self, watcher: Watcher) -> None:
        """Tell it no more."""
        places, place = self._place(watcher.selection)
        if places is None:
            self._all.pop(watcher, None)
        elif (found := places.get(place)) is not None:
            found.pop(watcher, None)
            if not found:
                del places[place]

    def _place(self, selection: Selection) -> tuple[Places | None, str]:
        """Where the watcher stands: by the rarest thing that it asks for."""
        name, namespace = selection.field("metadata.name"), selection.namespace
        if name is not None and namespace:
            return self._by_key, f"{namespace}/{name}"
        for term in selection.fields.terms if selection.fields else ():
            if not term.negated and term.path != "metadata.namespace":
                return self._by_field.setdefault(term.path, {}), term.value
        return (self._by_namespace, namespace) if namespace else (None, "")

    def tell(self, change: Change) -> None:
        """Offer the change to all whom it may concern."""
        for watcher in self._all:
            watcher.offer(change)
        if self._by_namespace:
            _offer(self._by_namespace.get(change.entry.namespace), change, "")
        if self._by_key:
            _offer(self._by_key.get(change.entry.key), change, "")
        for path, places in self._by_field.items():
            values = {self._value(entry, path) for entry in (change.entry, change.previous) if entry is not None}
            for value in values if places else ():
                _offer(places.get(value), change, change.entry.namespace)

    def _value(self, entry: Entry, path: str) -> str:
        return entry.name if path == "metadata.name" else entry.fields(self._fields_of).get(path, "")

    def everyone(self) -> list[Watcher]:
        """All of them."""
        placed = [*self._by_namespace.values(), *self._by_key.values()]
        placed += [found for places in self._by_field.values() for found in places.values()]
        return [*self._all, *(watcher for found in placed for watcher in found)]


def _offer(watchers: dict[Watcher, None] | None, change: Change, namespace: str) -> None:
    """`namespace` is that of the change where the watchers' own may differ from it."""
    for watcher in watchers or ():
        if not namespace or watcher.selection.namespace in ("", namespace):
            watcher.offer(change)
