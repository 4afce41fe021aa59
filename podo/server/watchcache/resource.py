"""The objects of one kind: current, in order of their keys, with a window of what happened to them lately."""

from collections import deque
from collections.abc import Iterator
from heapq import merge
from itertools import islice

from sortedcontainers import SortedList

from podo.api.errors import Expired
from podo.api.selectors import IN
from podo.server.watchcache.entry import Change, Entry
from podo.server.watchcache.selection import FieldsOf, Index, Selection
from podo.server.watchcache.watcher import Watcher, Watchers
from podo.store.base import EventType

WINDOW_CHANGES, WINDOW_BYTES = 20_000, 16 << 20
OF_KEYS = frozenset({"metadata.name", "metadata.namespace"})
KEPT_ENCODINGS = 64
"""How many changes keep their encodings, for watchers that are a little late."""


class ResourceCache:
    """Fed by the watch cache, in order of revisions; read by everyone.

    `floor` is the oldest revision that a watch may start from: all changes after it are in the window.
    """

    def __init__(self, fields_of: FieldsOf, floor: int = 0) -> None:
        self.fields_of, self.floor = fields_of, floor
        self.watchers = Watchers(fields_of)
        self._entries: dict[str, Entry] = {}
        self._keys: SortedList[str] = SortedList()
        self._window: deque[Change] = deque()
        self._window_bytes = 0
        self._label_indexes: dict[str, Index] = {}
        self._field_indexes: dict[str, Index] = {}

    def load(self, entries: list[Entry]) -> None:
        """Start from these objects."""
        self._entries = {entry.key: entry for entry in entries}
        self._keys = SortedList(self._entries)

    def apply(self, type: EventType, key: str, revision: int, value: bytes) -> None:
        """Take in one write and tell whoever watches."""
        entry, previous = Entry(key, revision, value), self._entries.get(key)
        change = Change(type, entry, previous)
        indexes = [*self._label_indexes.values(), *self._field_indexes.values()]
        if previous is not None:
            for index in indexes:
                index.remove(previous)
        if type is EventType.DELETED:
            if previous is not None:
                del self._entries[key]
                self._keys.remove(key)
        else:
            self._entries[key] = entry
            if previous is None:
                self._keys.add(key)
            for index in indexes:
                index.add(entry)
        self._remember(change)
        self.watchers.tell(change)

    def _remember(self, change: Change) -> None:
        window = self._window
        window.append(change)
        self._window_bytes += len(change.entry.tail)
        if len(window) > KEPT_ENCODINGS:
            window[-KEPT_ENCODINGS - 1].sent.clear()
        while len(window) > WINDOW_CHANGES or (self._window_bytes > WINDOW_BYTES and len(window) > KEPT_ENCODINGS):
            self._forget_first()

    def _forget_first(self) -> None:
        gone = self._window.popleft()
        self._window_bytes -= len(gone.entry.tail)
        self.floor = gone.revision

    def forget(self, until: int) -> None:
        """Forget the changes up to the revision `until`. Where there were none, watches begin as far back as before."""
        while self._window and self._window[0].revision <= until:
            self._forget_first()

    def reread(self) -> None:
        """The selectable fields, or the form of the objects, have changed: watches end, and may come again."""
        for watcher in self.watchers.everyone():
            watcher.close()
        self._field_indexes.clear()
        for entry in self._entries.values():
            entry.forget_fields()

    def begin_at(self, revision: int) -> None:
        """Forget the window."""
        self._window.clear()
        self._window_bytes, self.floor = 0, revision

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: str) -> Entry | None:
        """The object as it is."""
        return self._entries.get(key)

    def keys(self, namespace: str = "", after: str = "") -> Iterator[str]:
        """Keys in order, of one namespace or all, from behind `after`."""
        if not namespace:
            return iter(self._keys.irange(minimum=after, inclusive=(False, True)) if after else self._keys)
        low, high = max(f"{namespace}/", after), f"{namespace}0"  # "0" follows "/"
        return iter(self._keys.irange(minimum=low, maximum=high, inclusive=(False, False)))

    def count(self, namespace: str = "", after: str = "") -> int:
        """How many keys `keys` would give."""
        low = self._keys.bisect_right(max(f"{namespace}/" if namespace else "", after))
        high = self._keys.bisect_left(f"{namespace}0") if namespace else len(self._keys)
        return max(int(high - low), 0)

    def select(self, selection: Selection, after: str = "") -> Iterator[Entry]:
        """The selected objects in order of their keys, from behind the key `after`."""
        entries = self._entries
        if not selection.narrow:
            return map(entries.__getitem__, self.keys(selection.namespace, after))
        found = (entries[key] for key in self._candidates(selection, after) if key in entries)
        return (entry for entry in found if selection.matches(entry, self.fields_of))

    def _candidates(self, selection: Selection, after: str) -> Iterator[str]:
        """Keys, in order, among which all that are selected are."""
        if (name := selection.field("metadata.name")) is not None:
            if selection.namespace:
                return iter([key for key in (f"{selection.namespace}/{name}",) if key > after])
            if name in self._entries:
                return iter([name] if name > after else ())
        indexed = self._indexed(selection)
        if indexed is None:
            return self.keys(selection.namespace, after)
        prefix = f"{selection.namespace}/" if selection.namespace else ""
        return iter(sorted(key for key in indexed if key.startswith(prefix) and key > after))

    def _indexed(self, selection: Selection) -> set[str] | None:
        """The smallest set of keys that an index gives for a condition of the selection."""
        sets = []
        terms = [term for term in selection.fields.terms if not term.negated] if selection.fields else []
        needs = [need for need in selection.labels.requirements if need.operator == IN] if selection.labels else []
        sets = [self._field_index(term.path).keys(term.value) for term in terms if term.path not in OF_KEYS]
        sets += [self._label_index(need.key).keys_of_any(need.values) for need in needs]
        return min(sets, key=len, default=None)

    def _label_index(self, label: str) -> Index:
        if label not in self._label_indexes:
            self._label_indexes[label] = self._filled(Index(lambda entry: entry.labels.get(label)))
        return self._label_indexes[label]

    def _field_index(self, path: str) -> Index:
        if path not in self._field_indexes:
            self._field_indexes[path] = self._filled(Index(lambda entry: entry.fields(self.fields_of).get(path)))
        return self._field_indexes[path]

    def _filled(self, index: Index) -> Index:
        for entry in self._entries.values():
            index.add(entry)
        return index

    def since(self, revision: int) -> Iterator[Change]:
        """The changes after `revision`, in order. Raises Expired if the window does not reach back so far."""
        if revision < self.floor:
            raise Expired(f"too old resource version: {revision} ({self.floor})")
        behind = 0
        for change in reversed(self._window):
            if change.revision <= revision:
                break
            behind += 1
        return islice(self._window, len(self._window) - behind, None)

    def unchanged_since(self, revision: int) -> bool:
        """Whether the present state is that of `revision` too."""
        return revision >= (self._window[-1].revision if self._window else self.floor)

    def as_of(self, revision: int, namespace: str = "", after: str = "") -> Iterator[Entry]:
        """The objects as they were at `revision`, in order of their keys. Raises Expired like `since`.

        Costs what has happened since and what is taken, not what there is.
        """
        then = self._replaced_since(revision)
        lost = [key for key, entry in then.items() if entry and key not in self._entries]
        lost = sorted(key for key in lost if _within(key, namespace, after))
        for key in merge(self.keys(namespace, after), lost) if lost else self.keys(namespace, after):
            entry = then[key] if key in then else self._entries[key]
            if entry is not None:
                yield entry

    def count_as_of(self, revision: int, namespace: str = "", after: str = "") -> int:
        """How many objects `as_of` would give."""
        then = self._replaced_since(revision)
        changed = ((key, entry) for key, entry in then.items() if _within(key, namespace, after))
        return self.count(namespace, after) + sum(
            (entry is not None) - (key in self._entries) for key, entry in changed
        )

    def _replaced_since(self, revision: int) -> dict[str, Entry | None]:
        """What each key had at `revision` that has been changed since; None for those that came later."""
        then: dict[str, Entry | None] = {}
        for change in self.since(revision):
            then.setdefault(change.entry.key, change.previous)
        return then

    def watch(self, selection: Selection, since: int) -> Watcher:
        """Someone who is given what happened after `since` and what will happen. Raises Expired like `since`."""
        watcher = Watcher(selection, self.fields_of, since)
        for change in self.since(since):
            if not selection.namespace or change.entry.namespace == selection.namespace:
                watcher.offer(change)
        self.watchers.add(watcher)
        return watcher


def _within(key: str, namespace: str, after: str) -> bool:
    return key > after and (not namespace or key.startswith(f"{namespace}/"))
