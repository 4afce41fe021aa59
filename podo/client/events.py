"""Events about objects, as `kubectl describe` shows them. Recording never blocks or fails the one who records."""

import asyncio
import copy
import itertools
import logging
from collections.abc import Iterable
from random import Random
from typing import Any, Self, cast

from podo.api.errors import (
    APIError,
    Forbidden,
    NotFound,
    ServerTimeout,
    ServiceUnavailable,
    Timeout,
    TooManyRequests,
    is_terminating,
)
from podo.api.scheme import Object, PartialObject
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Event, EventSource, ObjectReference
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.backoff import Backoff
from podo.client.base import STRATEGIC_PATCH, Client, Patch, key_of, kind_of
from podo.client.event_correlation import Correlated, Correlator, source_key
from podo.clock import Clock

NORMAL, WARNING = "Normal", "Warning"
QUEUED = 20_000  # more than this many unwritten events: new ones are dropped
AT_ONCE = 8  # of different objects, so that they share a commit; more would keep what they are about from being done
TRIES, RETRY = 12, Backoff(base=10.0, cap=10.0)
PASSING = (ServiceUnavailable, ServerTimeout, Timeout, TooManyRequests)  # failures that say nothing about the event
log = logging.getLogger(__name__)


class EventWriter:
    """Writes what the recorders of a process give it: a few at a time, those of one object in order."""

    def __init__(self, client: Client, clock: Clock, chance: Random | None = None) -> None:
        self._client, self._clock, self._chance = client, clock, chance or Random()
        self._queue: asyncio.Queue[tuple[Client, Event]] = asyncio.Queue(QUEUED)
        self._correlator, self._numbers = Correlator(), itertools.count(1)

    def by(self, client: Client) -> Self:
        """This writer for one who writes through a client of its own; they wait in the same queue."""
        other = copy.copy(self)
        other._client = client
        return other

    def recorder(self, component: str, host: str = "") -> "EventRecorder":
        """A recorder for a component: `deployment-controller`, `kubelet` on host `node-1`."""
        return EventRecorder(self, EventSource(component=component, host=host))

    def put(self, event: Event) -> None:
        """Queue `event`; drop it if too many wait."""
        try:
            self._queue.put_nowait((self._client, event))
        except asyncio.QueueFull:
            log.warning("too many events wait to be written, dropped: %s %s", event.reason, event.message)

    def stamp(self, name: str) -> tuple[str, str]:
        """(a name for an event about the object `name`, its timestamp)."""
        now = self._clock.now()
        number = next(self._numbers)  # clocks have microseconds and virtual ones stand still: names must differ
        nanoseconds = int(now.timestamp() * 1_000_000) * 1000 + number % 1_000_000
        return f"{name[: 253 - 17]}.{nanoseconds:x}", format_time(now)

    async def run(self) -> None:
        """Write events until cancelled."""
        while True:
            waiting = [await self._queue.get()]
            while len(waiting) < AT_ONCE and not self._queue.empty():
                waiting.append(self._queue.get_nowait())
            lines: dict[object, list[tuple[Client, Event]]] = {}
            for client, event in waiting:
                lines.setdefault(source_key(event), []).append((client, event))
            async with asyncio.TaskGroup() as tasks:
                for line in lines.values():
                    tasks.create_task(self._write_in_order(line))

    async def _write_in_order(self, line: Iterable[tuple[Client, Event]]) -> None:
        """Events of one source about one object: what is written of one says whether the next is the same again."""
        for client, event in line:
            if found := self._correlator.correlate(event, self._clock.monotonic()):
                await self._write(client, found)

    async def _write(self, client: Client, found: Correlated) -> None:
        for tries in range(TRIES):
            try:
                written = await _try(client, found.event)
            except PASSING as error:
                log.info("an event waits: %s", error)
                await self._clock.sleep(RETRY.delay(1) * (self._chance.random() if tries == 0 else 1))
            except Forbidden as error:
                (log.debug if is_terminating(error) else log.warning)("an event was refused: %s", error)
                return
            except APIError as error:  # a namespace that is being deleted, an event that is not valid
                log.debug("an event was refused: %s", error)
                return
            else:
                self._correlator.written(found.key, written)
                return


async def _try(client: Client, event: Event) -> Event:
    if (event.count or 1) > 1:
        body = {"count": event.count, "lastTimestamp": event.last_timestamp, "message": event.message}
        try:
            return await client.patch(Event, key_of(event), Patch(media_type=STRATEGIC_PATCH, body=body))
        except NotFound:
            pass  # it has expired
    return await client.create(event)


class EventRecorder:
    """Records for one component."""

    def __init__(self, writer: EventWriter, source: EventSource) -> None:
        self._writer, self._source = writer, source

    def normal(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        """Something worth to know happened to `about`."""
        self._record(about, NORMAL, reason, message)

    def warning(self, about: Object | ObjectReference, reason: str, message: str) -> None:
        """Something went wrong with `about`."""
        self._record(about, WARNING, reason, message)

    def _record(self, about: Object | ObjectReference, kind: str, reason: str, message: str) -> None:
        ref = about if isinstance(about, ObjectReference) else reference(about)
        name, now = self._writer.stamp(ref.name)
        self._writer.put(
            Event(
                metadata=ObjectMeta(name=name, namespace=ref.namespace or "default"),
                involved_object=ref,
                reason=reason,
                message=message,
                type=kind,
                count=1,
                first_timestamp=now,
                last_timestamp=now,
                source=self._source,
                reporting_component=self._source.component,
                reporting_instance=self._source.host,
            )
        )


def reference(obj: Object, field_path: str = "") -> ObjectReference:
    """How events and others name `obj`; `field_path` names a part of it: `spec.containers{web}`."""
    if isinstance(obj, PartialObject):
        api_version, kind = obj.api_version, obj.kind
    else:
        resource = kind_of(cast(Any, type(obj))).resource
        api_version, kind = resource.api_version, resource.kind
    meta = obj.metadata
    return ObjectReference(
        api_version=api_version,
        kind=kind,
        namespace=meta.namespace,
        name=meta.name,
        uid=meta.uid,
        resource_version=meta.resource_version,
        field_path=field_path,
    )
