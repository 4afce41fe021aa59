"""Which events are worth a write, and which are the same one again: client-go's three steps, pure.

1. Spam filter: of one source about one object, a burst of 25 events, then one in five minutes.
2. Aggregation: from the tenth different message of a reason within ten minutes, one event stands for them all.
3. Counting: an event that has been written before is patched: one more, at this time.
"""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

import msgspec

from podo.api.types.core_v1 import Event

REMEMBERED = 4096  # keys a step remembers, least recently used ones are forgotten
BURST, REFILL_SECONDS = 25, 300.0
SIMILAR, SIMILAR_SECONDS = 10, 600.0
V = TypeVar("V")


class Recent(OrderedDict[Hashable, V], Generic[V]):
    """The last REMEMBERED keys that were touched."""

    def touch(self, key: Hashable, value: V) -> None:
        """Hold `value` as the newest."""
        self[key] = value
        self.move_to_end(key)
        if len(self) > REMEMBERED:
            self.popitem(last=False)


class Written(NamedTuple):
    """An event as it was last written."""

    name: str
    times: int
    first_timestamp: str


@dataclass
class Similar:
    """The messages of one reason about one object, up to SIMILAR of them, and when the last one came."""

    messages: set[str] = field(default_factory=set)
    last: float = 0.0


class Correlated(NamedTuple):
    """What to write. With a `count` above 1: patch the event of that name, or create it if it is gone."""

    event: Event
    key: Hashable


class Correlator:
    """The memory of the three steps. Times are monotonic seconds, passed in."""

    def __init__(self) -> None:
        self._tokens: Recent[tuple[float, float]] = Recent()  # how many, as of when
        self._similar: Recent[Similar] = Recent()
        self._written: Recent[Written] = Recent()

    def correlate(self, event: Event, now: float) -> Correlated | None:
        """The event to write for `event`; None if there have been too many."""
        if not self._allow(source_key(event), now):
            return None
        event, key = self._aggregate(event, now)
        if before := self._written.get(key):
            event = msgspec.structs.replace(
                event,
                metadata=msgspec.structs.replace(event.metadata, name=before.name),
                first_timestamp=before.first_timestamp,
                count=before.times + 1,
            )
        return Correlated(event, key)

    def written(self, key: Hashable, event: Event) -> None:
        """`event` is in the API now: the next of its key counts it up."""
        self._written.touch(key, Written(event.metadata.name, event.count or 1, event.first_timestamp))

    def _allow(self, key: Hashable, now: float) -> bool:
        tokens, at = self._tokens.get(key, (float(BURST), now))
        tokens = min(BURST, tokens + (now - at) / REFILL_SECONDS)
        self._tokens.touch(key, (tokens - 1 if tokens >= 1 else tokens, now))
        return tokens >= 1

    def _aggregate(self, event: Event, now: float) -> tuple[Event, Hashable]:
        group = (*source_key(event), event.reason)
        similar = self._similar.get(group)
        if similar is None or now - similar.last > SIMILAR_SECONDS:
            similar = Similar()
        similar.messages.add(event.message)
        similar.last = now
        self._similar.touch(group, similar)
        if len(similar.messages) < SIMILAR:
            return event, (*group, event.message)
        similar.messages.pop()
        return msgspec.structs.replace(event, message=f"(combined from similar events): {event.message}"), group


def source_key(event: Event) -> tuple[str, ...]:
    """Who says it of what. Events of different keys have nothing to do with each other."""
    source, about = event.source, event.involved_object
    who = (source.component, source.host) if source else ("", "")
    what = (about.api_version, about.kind, about.namespace, about.name, about.uid, about.field_path) if about else ()
    return (*who, *what, event.type)
