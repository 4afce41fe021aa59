"""The records that were written last: most writes are to what was written a moment ago, and need not be read again."""

from collections import OrderedDict
from collections.abc import Iterable

from podo.store.base import Event, EventType, Record

KEPT = 512


class Newest:
    """The current records of some keys, those written last; it never holds what is no more."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept, self._records = kept, OrderedDict[str, Record]()

    def get(self, key: str) -> Record | None:
        """The current record of `key`; None says nothing."""
        return self._records.get(key)

    def take_in(self, events: Iterable[Event]) -> None:
        """What has been committed, in order."""
        records = self._records
        for event in events:
            key = event.record.key
            records.pop(key, None)
            if event.type is not EventType.DELETED:
                records[key] = event.record
        while len(records) > self._kept:
            records.popitem(last=False)
