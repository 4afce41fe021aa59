"""Keep the flow control objects that every cluster has, and say of each FlowSchema whether its level is there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress

from podo.api.errors import APIError, NotFound
from podo.api.timestamps import format_time
from podo.server.bootstrap.objects import context_of, default_objects, ensure, served_of
from podo.server.core import Core
from podo.server.fairness.configured import Fairness
from podo.server.options import GuardOptions
from podo.server.registry.generic import Change
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Watcher

API_VERSION, SCHEMA, LEVEL = "flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "PriorityLevelConfiguration"
AUTO_UPDATE = "apf.kubernetes.io/autoupdate-spec"
MANDATORY = frozenset({"exempt", "catch-all"})
PRODUCER = "api-priority-and-fairness-config-producer-v1"
CONSUMER = "api-priority-and-fairness-config-consumer-v1"
log = logging.getLogger(__name__)


class Keeper:
    """Watches schemas and levels, and writes what is amiss. Other servers may do the same at the same time."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._wanted = [obj for obj in default_objects() if obj["kind"] in (SCHEMA, LEVEL)]

    async def run(self) -> None:
        """Keep until cancelled."""
        cache = self._core.cache
        while True:
            resources = [cache.resource(self._served(kind).stored.prefix) for kind in (SCHEMA, LEVEL)]
            watchers = [resource.watch(Selection(), cache.revision) for resource in resources]
            try:
                await self._follow(watchers)
            finally:
                for resource, watcher in zip(resources, watchers, strict=True):
                    resource.watchers.remove(watcher)

    async def _follow(self, watchers: Sequence[Watcher]) -> None:
        """Put right what changes until a watch ends."""
        while not any(watcher.closed for watcher in watchers):
            for watcher in watchers:
                watcher.take()
            try:
                await self.put_right()
            except APIError as error:
                log.warning("flow control objects: %s", error)
            changes = [asyncio.ensure_future(watcher.changed()) for watcher in watchers]
            try:
                await asyncio.wait(changes, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for change in changes:
                    change.cancel()

    def _served(self, kind: str) -> Served:
        return served_of(self._core, {"apiVersion": API_VERSION, "kind": kind})

    def _objects(self, kind: str) -> dict[str, Object]:
        resource = self._core.cache.resource(self._served(kind).stored.prefix)
        return {entry.name: entry.object() for entry in resource.select(Selection())}

    async def put_right(self) -> None:
        """Make what is missing, mend what is ours, and note what dangles. Raises APIError."""
        for wanted in self._wanted:
            held = self._objects(wanted["kind"]).get(wanted["metadata"]["name"])
            if held is None:
                await ensure(self._core, wanted)
            elif is_ours(held) and held.get("spec") != wanted["spec"]:
                await self._update(wanted["kind"], held["metadata"]["name"], "", PRODUCER, _mending(wanted))
        levels = self._objects(LEVEL)
        now = format_time(self._core.clock.now())
        for name, schema in self._objects(SCHEMA).items():
            if condition_of(schema) != (wanted_condition := dangling(schema, levels.keys())):
                await self._update(SCHEMA, name, "status", CONSUMER, _noting(wanted_condition, now))

    async def _update(self, kind: str, name: str, subresource: str, manager: str, change: Change) -> None:
        served = self._served(kind)
        context = context_of(self._core, served, "", subresource)
        context.manager = manager
        with suppress(NotFound):
            await self._core.registry.update(context, served, name, change)


def is_ours(obj: Object) -> bool:
    """Whether we keep the object's spec as it was: always for those without which nothing works."""
    metadata = obj["metadata"]
    said = (metadata.get("annotations") or {}).get(AUTO_UPDATE, "")
    return metadata["name"] in MANDATORY or said.lower() == "true"


def _mending(wanted: Object) -> Change:
    async def change(current: Object, revision: int) -> Object:
        return current | {"spec": wanted["spec"]}

    return change


Condition = tuple[str, str, str]
"""Status, reason and message of the condition Dangling."""


def condition_of(schema: Object) -> Condition | None:
    """What the schema says of its level now."""
    for condition in (schema.get("status") or {}).get("conditions") or ():
        if condition["type"] == "Dangling":
            return condition.get("status", ""), condition.get("reason", ""), condition.get("message", "")
    return None


def dangling(schema: Object, levels: Iterable[str]) -> Condition:
    """What it should say."""
    name = schema["spec"]["priorityLevelConfiguration"]["name"]
    text = f'This FlowSchema references the PriorityLevelConfiguration object named "{name}"'
    if name in levels:
        return "False", "Found", f"{text} and it exists"
    return "True", "NotFound", f"{text} but there is no such object"


def _noting(wanted: Condition, now: str) -> Change:
    status, reason, message = wanted

    async def change(current: Object, revision: int) -> Object:
        held = (current.get("status") or {}).get("conditions") or []
        others = [condition for condition in held if condition["type"] != "Dangling"]
        since = next((c.get("lastTransitionTime") for c in held if c not in others and c["status"] == status), now)
        new = {"type": "Dangling", "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        return current | {"status": (current.get("status") or {}) | {"conditions": [*others, new]}}

    return change


@asynccontextmanager
async def keeping_fair(core: Core, options: GuardOptions) -> AsyncIterator[Fairness | None]:
    """The levels by which requests wait for each other, with their objects kept until left; None: they do not."""
    if not options.enable_priority_and_fairness:
        yield None
        return
    total = options.max_requests_inflight + options.max_mutating_requests_inflight
    task = asyncio.create_task(Keeper(core).run(), name="flow control objects")
    try:
        yield Fairness(core.cache, core.catalog, core.clock, total)
    finally:
        task.cancel()
        await asyncio.wait([task])
