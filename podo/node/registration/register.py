"""Keeps the Node object in the API: made when the agent starts, then written when it changes, or after 5 minutes."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import msgspec

from podo.api import timestamps
from podo.api.errors import AlreadyExists, APIError, NotFound
from podo.api.types.core_v1 import Node, NodeStatus
from podo.client.backoff import Backoff
from podo.client.base import STRATEGIC_PATCH, Client, Key, Patch
from podo.clock import Clock
from podo.node.images.base import Image
from podo.node.registration.machine import Machine
from podo.node.registration.node_events import NodeEvents
from podo.node.registration.node_object import (
    Health,
    NodeFigures,
    conditions,
    labels,
    node_object,
    node_status,
    of_others,
)

EVERY = 300.0  # seconds between writes when nothing changes
STARTING = "container runtime network not ready: NetworkReady=false"
RETRY = Backoff(base=0.05, cap=5.0)
log = logging.getLogger(__name__)


Amounts = tuple[dict[str, str], dict[str, str]]
"""Capacity and allocatable."""


def nothing() -> Amounts:
    """No devices."""
    return {}, {}


class Registration:
    """`images` lists what the node has. `node` is the Node as the API has it, None until it was registered."""

    def __init__(
        self,
        client: Client,
        clock: Clock,
        machine: Machine,
        figures: NodeFigures,
        images: Callable[[], Awaitable[tuple[Image, ...]]],
        devices: Callable[[], Amounts] = nothing,
        events: NodeEvents | None = None,
    ) -> None:
        """`devices` are what plug-ins add to capacity and allocatable; `events` tell of the Node."""
        self._client, self._clock, self._machine, self._figures = client, clock, machine, figures
        self._images, self._devices, self._events = images, devices, events
        self._health = Health(not_ready=STARTING)
        self._changed = asyncio.Event()
        self._of_others: dict[str, str | None] = {}
        self.node: Node | None = None

    def set_health(self, health: Health) -> None:
        """The node is well, or why not."""
        if health != self._health:
            self._health = health
            self._changed.set()

    def set_problem(self, complaint: str) -> None:
        """Why the container runtime does not work; "": it does."""
        why = f"container runtime is down: {complaint}" if complaint else ""
        self.set_health(replace(self._health, not_ready=why))

    def set_pressures(self, pressures: frozenset[str]) -> None:
        """The conditions that eviction has found."""
        self.set_health(replace(self._health, pressures=pressures))

    def see(self, node: Node) -> None:
        """The Node as it is now: who gives it resources by its capacity alone is followed in what Pods may have."""
        if self._events is not None:
            self._events.seen(node)
        if found := of_others(node.status, self._devices()[0]):
            self._of_others = found
            self._changed.set()

    def touch(self) -> None:
        """Something that the status shows has changed: an image came or went."""
        self._changed.set()

    async def register(self) -> Node:
        """Make the Node, or bring the one of an earlier agent up to date; tried until it works."""
        failures = 0
        while True:
            try:
                node = await self._register()
            except APIError as error:
                failures += 1
                log.log(logging.WARNING if failures > 3 else logging.INFO, "cannot register: %s", error)
                await self._clock.sleep(RETRY.delay(failures))
            else:
                if self._events is not None and self.node is None:
                    self._events.started(node)
                self.node = node
                return node

    async def run(self) -> None:
        """Write the status when it changed, until cancelled."""
        failures = 0
        while True:
            try:
                if self._changed.is_set() or failures:
                    self._changed.clear()
                    await self._write()
                failures = 0
            except NotFound:
                await self.register()  # deleted: a node that is alive comes back
            except APIError as error:
                failures += 1
                log.info("node status: %s", error)
                await self._clock.sleep(RETRY.delay(failures))
                continue
            await self._wait()

    async def _wait(self) -> None:
        changed = asyncio.ensure_future(self._changed.wait())
        timer = asyncio.ensure_future(self._clock.sleep(EVERY))
        try:
            await asyncio.wait({changed, timer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._changed.set()
            for task in (changed, timer):
                task.cancel()

    async def _register(self) -> Node:
        self._changed.clear()
        wanted = node_object(self._machine, self._figures, await self._status(NodeStatus()))
        try:
            made = await self._client.create(wanted)
        except AlreadyExists:
            pass
        else:
            if not made.status.capacity:
                return await self._patch_status(made)
            if self._events is not None:
                self._events.changed(NodeStatus(), made)
            return made
        key = Key("", self._figures.name)
        found = await self._client.get(Node, key)
        missing = {k: v for k, v in labels(self._machine, self._figures).items() if found.metadata.labels.get(k) != v}
        if missing:
            body = {"metadata": {"labels": missing}}
            found = await self._client.patch(Node, key, Patch(media_type=STRATEGIC_PATCH, body=body))
        if self._health.not_ready == STARTING:
            return found  # an agent that was restarted is not to make its node unready for a moment
        return await self._patch_status(found)

    async def _write(self) -> None:
        assert self.node is not None
        self.node = await self._patch_status(self.node)

    async def _patch_status(self, node: Node) -> Node:
        status = await self._status(node.status)
        body: dict[str, Any] = msgspec.to_builtins(status)
        body["addresses"] = [{"$patch": "replace"}, *body.get("addresses", [])]
        body.setdefault("images", [])
        body["allocatable"] = body.get("allocatable", {}) | self._of_others
        patch = Patch(media_type=STRATEGIC_PATCH, body={"status": body})
        written = await self._client.patch(Node, Key("", self._figures.name), patch, subresource="status")
        if self._events is not None:
            self._events.changed(node.status, written)
        return written

    async def _status(self, before: NodeStatus) -> NodeStatus:
        now = timestamps.format_time(self._clock.now())
        made = conditions(self._health, before.conditions, now)
        status = node_status(self._machine, self._figures, made, await self._images())
        capacity, allocatable = self._devices()
        return msgspec.structs.replace(
            status, capacity=status.capacity | capacity, allocatable=status.allocatable | allocatable
        )
