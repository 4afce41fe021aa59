"""Keeps APIServices as they are to be: those of this server are there, those of others say whether they answer."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from podo.api.errors import AlreadyExists, APIError, Conflict, NotFound
from podo.api.timestamps import format_time
from podo.api.types.apiregistration_v1 import APIService
from podo.clock import Clock
from podo.server.context import Context, User
from podo.server.counting import Counter
from podo.server.customresources import definition as definitions
from podo.server.customresources.definition import Definition
from podo.server.registry.catalog import Catalog
from podo.server.registry.deleting import DeleteOptions
from podo.server.registry.generic import Registry
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Watcher

from .availability import LOCAL, PASSED, Availability, Finding, with_finding
from .merging import Merged
from .priorities import MANAGED, ON_START, OWN_GROUP, GroupVersion, local_service
from .registered import GROUP, Registered, of

log = logging.getLogger(__name__)
EVERY, RETRY = 30.0, 2.0
"""Seconds after which a server is asked again that answered, and one that did not."""
EVERYTHING = Selection()
Signature = tuple[object, ...]


class Following:
    """Runs beside the API until cancelled."""

    def __init__(
        self,
        registry: Registry,
        catalog: Catalog,
        clock: Clock,
        user: User,
        *,
        registered: Registered,
        availability: Availability,
        merged: Merged,
    ) -> None:
        self._registry, self._catalog, self._clock, self._user = registry, catalog, clock, user
        self._registered, self._availability, self._merged = registered, availability, merged
        self._kinds = [
            registered.served,
            _kind(catalog, definitions.GROUP, definitions.PLURAL),
            _kind(catalog, "", "services"),
            _kind(catalog, "discovery.k8s.io", "endpointslices"),
        ]
        self._changed = asyncio.Event()
        self._checking: set[str] = set()
        self._due: dict[str, float] = {}
        self._seen: dict[str, Signature] = {}
        self._custom: dict[Entry, frozenset[GroupVersion]] = {}
        """What each definition serves."""
        self._wanted: set[GroupVersion] = set()
        text = "How often an APIService became unavailable, by why."
        self.unavailable = Counter("aggregator_unavailable_apiservice_total", text, "name", "reason")

    async def begin(self) -> None:
        """Register what is built in, before the first request."""
        async with asyncio.TaskGroup() as tasks:
            for wanted in self._built_in():
                tasks.create_task(self._ensure(wanted, custom=False))
        await self._local()

    async def run(self) -> None:
        """Follow; `begin` comes first."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                async with self._watching() as watchers:
                    await self._follow(watchers, tasks)

    async def _follow(self, watchers: Sequence[Watcher], tasks: asyncio.TaskGroup) -> None:
        look = changed = True
        while not any(watcher.closed for watcher in watchers):
            if look:
                await self._local(changed=changed)
            for service in list(self._registered.remote().values()):
                self._consider(service, tasks)
            await self._wait()
            self._changed.clear()
            seen = [watcher.take() for watcher in watchers]
            look, changed = bool(seen[0] or seen[1]), bool(seen[0])

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[list[Watcher]]:
        revision = await self._registry.cache.consistent()
        watchers = [self._registry.watch(kind, EVERYTHING, revision) for kind in self._kinds]
        for watcher in watchers:
            watcher.wake = self._changed.set
        try:
            yield watchers
        finally:
            for kind, watcher in zip(self._kinds, watchers, strict=True):
                self._registry.unwatch(kind, watcher)

    async def _wait(self) -> None:
        """Until something changes, or the next check is due."""
        waiting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._changed.wait())]
        if self._due:
            pause = max(0.0, min(self._due.values()) - self._clock.monotonic())
            waiting.append(asyncio.ensure_future(self._clock.sleep(pause)))
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in waiting:
                each.cancel()

    def _built_in(self) -> list[GroupVersion]:
        found = {GroupVersion(served.resource.group, served.resource.version): None for served in self._catalog}
        own = {served.resource.group for served in self._catalog if not served.typed_items}
        return [each for each in found if each.group in own and each.group != OWN_GROUP]

    async def _local(self, *, changed: bool = True) -> None:
        """An APIService for each version of a custom group; none for what is no more; all of this server available.

        `changed`: not only definitions have, but APIServices.
        """
        entries = self._registry.cache.resource(self._kinds[1].stored.prefix).select(EVERYTHING)
        self._custom = {
            entry: self._custom[entry] if entry in self._custom else _versions_of(entry) for entry in entries
        }
        wanted = {version for versions in self._custom.values() for version in versions}
        if wanted == self._wanted and not changed:
            return
        self._wanted = wanted
        for each in sorted(wanted):
            await self._ensure(each, custom=True)
        for service in list(self._registered.all()):
            managed = (service.metadata.labels or {}).get(MANAGED)
            if managed == "true" and of(service) not in wanted:
                with suppress(APIError):
                    ctx = self._context("")
                    await self._registry.delete(ctx, self._kinds[0], service.metadata.name, DeleteOptions())
            elif service.spec.service is None:
                await self._say(service, LOCAL)

    async def _ensure(self, wanted: GroupVersion, *, custom: bool) -> None:
        if (found := self._registered.find(wanted.service_name)) is not None:
            if not custom and (found.metadata.labels or {}).get(MANAGED) == ON_START:
                await self._say(found, LOCAL)
            return
        with suppress(AlreadyExists):
            await self._registry.create(self._context(""), self._kinds[0], local_service(wanted, custom=custom))
            await self._registry.cache.consistent()
            if (made := self._registered.find(wanted.service_name)) is not None:
                await self._say(made, LOCAL)

    def _consider(self, service: APIService, tasks: asyncio.TaskGroup) -> None:
        """Check a remote one if something about it has changed, or it is time."""
        name, signature = service.metadata.name, self._signature(service)
        if name in self._checking:
            return
        if signature == self._seen.get(name) and self._clock.monotonic() < self._due.get(name, 0):
            return
        self._seen[name] = signature
        self._checking.add(name)
        tasks.create_task(self._check(service), name=f"check of {name}")

    def _signature(self, service: APIService) -> Signature:
        where = service.spec.service
        assert where is not None
        cache, key = self._registry.cache, f"{where.namespace}/{where.name}"
        entry = cache.resource(self._kinds[2].stored.prefix).get(key)
        slices = self._availability.slices_of(where.namespace, where.name)
        versions = tuple(each.metadata.resource_version for each in slices)
        return service.spec, entry.revision if entry is not None else 0, versions

    async def _check(self, service: APIService) -> None:
        name = service.metadata.name
        try:
            found = await self._availability.check(service)
            good = found == PASSED
            if good:
                await self._merged.learn(service)
            await self._say(service, found)
            self._due[name] = self._clock.monotonic() + (EVERY if good else RETRY)
        except Exception:
            log.exception("could not check APIService %s", name)
            self._due[name] = self._clock.monotonic() + RETRY
        finally:
            self._checking.discard(name)
            if self._registered.find(name) is None:
                self._due.pop(name, None)
                self._seen.pop(name, None)
            self._changed.set()

    async def _say(self, service: APIService, found: Finding) -> None:
        """Write the condition, if it is not there yet."""
        now = format_time(self._clock.now())
        current = {"conditions": [_plain(each) for each in service.status.conditions]}
        if with_finding(current, found, now) is None:
            return
        if found.status == "False":
            self.unavailable.add(service.metadata.name, found.reason)

        async def change(obj: Object, revision: int) -> Object:
            status = with_finding(obj.get("status") or {}, found, now)
            return obj if status is None else obj | {"status": status}

        try:
            await self._registry.update(self._context("status"), self._kinds[0], service.metadata.name, change)
        except (Conflict, NotFound):
            pass  # gone, or changed: there is another event
        except APIError:
            log.warning("could not write the status of APIService %s", service.metadata.name, exc_info=True)

    def _context(self, subresource: str) -> Context:
        now = self._clock.now()
        return Context(self._user, now, group=GROUP, subresource=subresource, manager="kube-apiserver")


def _versions_of(entry: Entry) -> frozenset[GroupVersion]:
    found = Definition(entry)
    return frozenset(GroupVersion(found.spec.group, v.name) for v in found.spec.versions if v.served)


def _plain(condition: object) -> Object:
    return {
        "type": getattr(condition, "type", ""),
        "status": getattr(condition, "status", ""),
        "reason": getattr(condition, "reason", ""),
        "message": getattr(condition, "message", ""),
        "lastTransitionTime": getattr(condition, "last_transition_time", ""),
    }


def _kind(catalog: Catalog, group: str, plural: str) -> Served:
    served = catalog.by_path(group, "v1", plural)
    assert served is not None
    return served
