"""Keeps an informer current: list and watch in one stream, resume where it broke, list again when that is too old."""

import logging
from collections.abc import Callable
from random import Random
from typing import Generic, NamedTuple, TypeVar

from podo.api.errors import APIError, Expired, NotFound
from podo.api.scheme import Object
from podo.client.backoff import CONNECT, Backoff
from podo.client.base import BOOKMARK, DELETED, INITIAL_EVENTS_END, Client, Key, key_of
from podo.client.informer import Informer, revision_of
from podo.clock import Clock

T = TypeVar("T", bound=Object)
log = logging.getLogger(__name__)


class Scope(NamedTuple):
    """Which objects of a kind: those of a namespace ("": of all), with selectors in their text form."""

    namespace: str = ""
    labels: str = ""
    fields: str = ""


ALL = Scope()


class Reflector(Generic[T]):
    """One watch that feeds one informer, for as long as `run` runs."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        informer: Informer[T],
        scope: Scope,
        *,
        chance: Random,
        backoff: Backoff = CONNECT,
    ) -> None:
        self._client, self._clock, self._informer, self._scope = client, clock, informer, scope
        self._chance, self._backoff = chance, backoff
        self._since = ""  # resume here; "" means: list first
        self._failures = 0

    async def run(self, synced: Callable[[], None]) -> None:
        """Watch until cancelled; `synced` is called when the first list is in. A failure is tried again, for ever."""
        while True:
            try:
                progress = await self._follow(synced)
            except Expired as error:
                self._since, progress = "", False
                log.info("%s: listing again: %s", self._name(), error)
            except NotFound as error:
                progress = False
                log.info("%s: not served: %s", self._name(), error)
                self._sync(set(), 0, synced)  # what is not served has no objects: nobody must wait for it
            except APIError as error:
                progress = False
                log.log(
                    logging.WARNING if self._failures else logging.INFO, "%s: watch failed: %s", self._name(), error
                )
            self._failures = 0 if progress else self._failures + 1
            if self._failures:
                await self._clock.sleep(self._backoff.delay(self._failures, self._chance))

    async def _follow(self, synced: Callable[[], None]) -> bool:
        """One watch, to its end. Whether anything came of it: a server that closes at once must not be stormed."""
        listing: set[Key] | None = set() if not self._since else None
        began, events, kind = self._clock.monotonic(), 0, self._informer.kind
        namespace, labels, fields = self._scope
        async for event in self._client.watch(
            kind, namespace=namespace, labels=labels, fields=fields, since=self._since
        ):
            events, self._failures = events + 1, 0
            if event.type != BOOKMARK:
                self._informer.apply(event)
                if listing is not None:
                    (listing.discard if event.type == DELETED else listing.add)(key_of(event.object))
            elif listing is not None and INITIAL_EVENTS_END in event.object.metadata.annotations:
                self._sync(listing, revision_of(event.object), synced)
                listing = None
            else:
                self._informer.advance(revision_of(event.object))
            if listing is None:  # else a broken list would be resumed halfway
                self._since = event.object.metadata.resource_version
        return events > 0 or self._clock.monotonic() - began >= self._backoff.cap

    def _sync(self, listed: set[Key], revision: int, synced: Callable[[], None]) -> None:
        self._informer.retain(listed, revision)
        self._informer.synced = True
        synced()

    def _name(self) -> str:
        return f"{self._informer.kind.resource.group_resource} {','.join(filter(None, self._scope))}".strip()
