"""The device drivers of a node: each registers with a socket, and is asked there to prepare claims.

A driver may have several plug-ins for a while, when it is updated: the latest that is connected counts. What a driver
offers is taken away when it has been away for `WIPE_AFTER` seconds: Pods would wait for it in vain.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from podo.api.errors import APIError, NotFound
from podo.api.types.resource_v1 import ResourceSlice
from podo.client.backoff import Backoff
from podo.client.base import Client, key_of
from podo.clock import Clock
from podo.node.claims.wire import MESSAGES, SERVICES, method
from podo.rpc.caller import CallFailed, SocketCaller

WIPE_AFTER = 30.0
CALL_LIMIT = 45.0
RETRY = Backoff(base=1.0, cap=300.0)
log = logging.getLogger(__name__)


class ClaimFailure(Exception):
    """Claims could not be prepared, or given back; the text says why."""


class PluginRefused(Exception):
    """A plug-in cannot be used; the text tells it why."""


@dataclass
class ClaimDriver:
    """A plug-in of a driver."""

    name: str
    endpoint: str
    caller: SocketCaller
    version: str
    connected: bool = False

    async def call(self, name: str, claims: Sequence[dict[str, str]]) -> dict[str, object]:
        """Ask for claims, as {namespace, name, uid}; the answers by uid. Raises ClaimFailure."""
        try:
            answer = await self.caller.call(method(self.version, name), claims=list(claims))
        except CallFailed as error:
            raise ClaimFailure(f"{name}: {error}") from error
        return dict(answer.claims)


class Follower(Protocol):
    """Who is told of a plug-in for as long as it is there."""

    async def follow(self, driver: ClaimDriver) -> None: ...


class ClaimDrivers:
    """Those that are there. `run` keeps track of whether they can be reached."""

    def __init__(self, client: Client, clock: Clock, node: str, real: Callable[[str], str], health: Follower) -> None:
        self._client, self._clock, self._node, self._real = client, clock, node, real
        self._health = health
        self._plugins: dict[str, list[ClaimDriver]] = {}
        self._running: dict[str, list[asyncio.Task[None]]] = {}  # what follows a plug-in, by its endpoint
        self._wipes: dict[str, asyncio.Task[None]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Until cancelled. What drivers of this node offered before is void until they are here again."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            await self._wipe("")
            await asyncio.Event().wait()

    def find(self, name: str) -> ClaimDriver:
        """The plug-in to ask. Raises ClaimFailure."""
        found = self._plugins.get(name)
        if not found:
            raise ClaimFailure(f"DRA driver {name} is not registered")
        return next((plugin for plugin in reversed(found) if plugin.connected), found[-1])

    async def take_in(self, name: str, endpoint: str, versions: Sequence[str]) -> None:
        """A plug-in has registered. Raises PluginRefused."""
        version = next((SERVICES[v] for v in versions if v in SERVICES), "")
        if not version:
            known, offered = '["v1.DRAPlugin" "v1beta1.DRAPlugin"]', " ".join(f'"{v}"' for v in versions)
            why = f"none of services supported by the plugin ([{offered}]) are supported by the kubelet ({known})"
            place = f"DRA driver plugin {name} at endpoint {endpoint}"
            raise PluginRefused(f"invalid supported gRPC versions of {place}: {why}")
        plugins = self._plugins.setdefault(name, [])
        if any(plugin.endpoint == endpoint for plugin in plugins):
            raise PluginRefused(f"endpoint {endpoint} already registered for DRA driver plugin {name}")
        caller = SocketCaller(Path(self._real(endpoint)), MESSAGES, CALL_LIMIT)
        plugin = ClaimDriver(name, endpoint, caller, version)
        plugins.append(plugin)
        assert self._tasks is not None
        following = [caller.follow(partial(self._connected, plugin)), self._health.follow(plugin)]
        self._running[endpoint] = [self._tasks.create_task(each) for each in following]
        self._see_to_slices(name)
        log.info("device driver %s is here", name)

    async def gone(self, name: str, endpoint: str) -> None:
        """A plug-in has taken its socket away."""
        plugins = self._plugins.get(name, [])
        for plugin in [p for p in plugins if p.endpoint == endpoint]:
            plugins.remove(plugin)
            for task in self._running.pop(endpoint, ()):
                task.cancel()
            await plugin.caller.close()
        self._see_to_slices(name)
        log.info("device driver %s is gone", name)

    def _connected(self, plugin: ClaimDriver, there: bool) -> None:
        plugin.connected = there
        self._see_to_slices(plugin.name)

    def _see_to_slices(self, name: str) -> None:
        """Begin to wait for a driver that cannot be reached, or cease to."""
        if any(plugin.connected for plugin in self._plugins.get(name, ())):
            if (waiting := self._wipes.pop(name, None)) is not None:
                waiting.cancel()
        elif name not in self._wipes and self._tasks is not None:
            self._wipes[name] = self._tasks.create_task(self._wipe_later(name))

    async def _wipe_later(self, name: str) -> None:
        await self._clock.sleep(WIPE_AFTER)
        await self._wipe(name)
        self._wipes.pop(name, None)

    async def _wipe(self, name: str) -> None:
        """Remove what a driver (or any) offers on this node."""
        fields = f"spec.nodeName={self._node}" + (f",spec.driver={name}" if name else "")
        failures = 0
        while True:
            try:
                for found in (await self._client.list(ResourceSlice, fields=fields)).items:
                    await self._remove(found)
                return
            except APIError as error:
                failures += 1
                log.info("cannot remove what drivers offer: %s", error)
                await self._clock.sleep(RETRY.delay(failures))

    async def _remove(self, found: ResourceSlice) -> None:
        try:
            await self._client.delete(ResourceSlice, key_of(found))
        except NotFound:
            return
