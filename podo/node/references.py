"""ConfigMaps and Secrets that Pods of this node name, kept fresh by one watch each while some Pod needs them.

A node may only see what its Pods name, so there is no informer of the whole kind.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from podo.api.errors import NotFound
from podo.api.types.core_v1 import ConfigMap, Secret
from podo.client.base import Client, Key
from podo.client.informer import Informer
from podo.client.informers import Informers
from podo.client.reflector import Scope
from podo.clock import Clock

T = TypeVar("T", ConfigMap, Secret)
ROOT_CA = "kube-root-ca.crt"  # every Pod names it and it hardly ever changes: not worth a watch for each namespace
ROOT_CA_KEPT = timedelta(minutes=5)
FIRST_LIST = 60.0  # seconds


class _Polled(NamedTuple):
    found: ConfigMap | None
    until: datetime


class References:
    """`changed` is called with the uid of each Pod that names an object, when the object changes."""

    def __init__(
        self, client: Client, informers: Informers, clock: Clock, changed: Callable[[str], None] = lambda uid: None
    ) -> None:
        self._client, self._informers, self._clock, self._changed = client, informers, clock, changed
        self._users: dict[tuple[type[Any], Key], set[str]] = {}
        self._watched: dict[tuple[type[Any], Key], Informer[Any]] = {}
        self._polled: dict[Key, _Polled] = {}

    def on_change(self, changed: Callable[[str], None]) -> None:
        """Call this one from now on."""
        self._changed = changed

    async def get(self, cls: type[T], namespace: str, name: str, *, uid: str) -> T | None:
        """The object, for the Pod of `uid`; None if there is none. Raises APIError, TimeoutError."""
        key = Key(namespace, name)
        if cls is ConfigMap and name == ROOT_CA:
            return await self._poll(key)  # type: ignore[return-value]
        place = (cls, key)
        self._users.setdefault(place, set()).add(uid)
        informer = self._watched.get(place)
        if informer is None:
            scope = Scope(namespace=namespace, fields=f"metadata.name={name}")
            informer = self._watched[place] = self._informers.of(cls, scope=scope)
            informer.handle(lambda old, new: self._tell(place))
        if not informer.synced:
            async with asyncio.timeout(FIRST_LIST):
                await self._informers.synced(informer)
        found: T | None = informer.get(key)
        return found

    def release(self, uid: str) -> None:
        """The Pod of `uid` is gone; what only it named is watched no more."""
        for place, users in list(self._users.items()):
            users.discard(uid)
            if not users:
                del self._users[place]
                self._informers.release(self._watched.pop(place))

    def _tell(self, place: tuple[type[Any], Key]) -> None:
        for uid in tuple(self._users.get(place, ())):
            self._changed(uid)

    async def _poll(self, key: Key) -> ConfigMap | None:
        now = self._clock.now()
        if (kept := self._polled.get(key)) and now < kept.until:
            return kept.found
        try:
            found = await self._client.get(ConfigMap, key)
        except NotFound:
            return None
        self._polled[key] = _Polled(found, now + ROOT_CA_KEPT)
        return found
