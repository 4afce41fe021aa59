"""A control plane in memory: the true API on a MemoryStore, its controllers, virtual time, and Pods that obey."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from random import Random
from typing import Any, TypeVar

import msgspec

from podo.api.errors import Conflict, NotFound
from podo.api.resources import Resource
from podo.api.scheme import PartialObject
from podo.api.timestamps import format_time
from podo.api.types.apiextensions_v1 import (
    CustomResourceDefinition,
    CustomResourceDefinitionNames,
    CustomResourceDefinitionSpec,
    CustomResourceDefinitionVersion,
    CustomResourceSubresources,
    CustomResourceSubresourceScale,
    CustomResourceValidation,
    JSONSchemaProps,
)
from podo.api.types.core_v1 import Event, Namespace, Pod, PodCondition
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Client, DeleteOptions, Key, Kind, find, key_of, metadata_kind
from podo.client.events import EventWriter
from podo.client.informers import CachedClient, Informers
from podo.clock import VirtualClock
from podo.controllers.accounts import ACCOUNTS, CONTROLLER_MANAGER
from podo.controllers.base import Controller, Loop
from podo.server.admission.chain import Chain
from podo.server.admission.lookup import CachedLookup
from podo.server.admission.namespace_lifecycle import NamespaceLifecycle
from podo.server.app import install_subresources
from podo.server.context import User
from podo.server.core import MASTER, Core, account, component, running_core, system_chance
from podo.server.registry.catalog import Catalog
from podo.server.watchcache.cache import WatchCache
from podo.store.memory import MemoryStore
from tests.controllers.rights import DefaultRoles

NS = "ns"
NOW = DeleteOptions(grace_period_seconds=0)
Wrap = Callable[[Client], Client]


class Recording(EventWriter):
    """Keeps all events that were recorded, before any are counted together."""

    def __init__(self, client: Client, clock: VirtualClock, chance: Random) -> None:
        super().__init__(client, clock, chance)
        self.recorded: list[Event] = []

    def put(self, event: Event) -> None:
        self.recorded.append(event)
        super().put(event)


L = TypeVar("L", bound="Lab")


class OneByOne:
    """A controller that reconciles only while no other one does, and not while the test holds the turn.

    What comes out then depends on what the controllers do, not on how many turns of the loop each takes.
    """

    def __init__(self, controller: Controller[Any], turn: asyncio.Lock) -> None:
        self._controller, self._turn = controller, turn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._controller, name)

    async def reconcile(self, key: Any) -> Any:
        async with self._turn:
            return await self._controller.reconcile(key)


class Acting:
    """The client of a controller, which is told who the controller is once that is made."""

    def __init__(self, core: Core, wrap: Wrap) -> None:
        self._core, self._wrap = core, wrap
        self.act_as(MASTER)

    def act_as(self, user: User) -> None:
        """From now on be `user`."""
        self._inner = self._wrap(self._core.client(user, manager="podo-controllers"))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def identity_of(controller: Controller[Any]) -> User:
    """Who a controller is in a cluster; what only tests have may do everything."""
    name = ACCOUNTS.get(controller.name)
    if name is None:
        return MASTER
    return component("kube-controller-manager") if name == CONTROLLER_MANAGER else account(name)


class Lab:
    """`client` is the controllers' own; `user` is somebody else's, of whose writes they hear by watching only."""

    def __init__(self, core: Core, clock: VirtualClock, tasks: asyncio.TaskGroup, wrap: Wrap = lambda c: c) -> None:
        self.clock, self._core, self._tasks = clock, core, tasks
        self.user: Client = core.client(manager="kubectl")
        self._wrap = wrap
        self.rights = DefaultRoles()
        core.rights.authorizer = self.rights
        local = core.client(manager="podo-controllers")
        self.informers = Informers(core.client(component("kube-controller-manager")), clock, Random(1))
        self.client = CachedClient(wrap(local), self.informers, clock)
        self.events = Recording(local, clock, Random(1))
        self.loops: list[Loop[Any]] = []
        self.turn: asyncio.Lock | None = None  # set: controllers act one by one
        self.tasks = [tasks.create_task(self.informers.run()), tasks.create_task(self.events.run())]

    def start(self, *make: Callable[[CachedClient, VirtualClock, EventWriter], Controller[Any]]) -> None:
        """Run controllers, made from (client, clock, events)."""
        for factory in make:
            controller = self.made(factory, self.informers, self._wrap)
            controller = OneByOne(controller, self.turn) if self.turn else controller
            self.loops.append(Loop(controller, self.client, self.clock))
            self.tasks.append(self._tasks.create_task(self._run(self.loops[-1])))

    def made(
        self,
        factory: Callable[[CachedClient, VirtualClock, EventWriter], Controller[Any]],
        informers: Informers,
        wrap: Wrap,
    ) -> Controller[Any]:
        """A controller that acts as who it is, with the rights that it has in a cluster."""
        acting: Any = Acting(self._core, wrap)
        controller = factory(CachedClient(acting, informers, self.clock), self.clock, self.events.by(acting))
        acting.act_as(identity_of(controller))
        return controller

    async def _run(self, loop: Loop[Any]) -> None:
        await self.informers.synced()
        await loop.run(workers=2)

    async def settle(self) -> None:
        """Let everybody act, with time standing still, until nobody has anything to do."""
        quiet = 0
        for _ in range(20_000):
            await asyncio.sleep(0)
            quiet = quiet + 1 if all(loop.queue.idle for loop in self.loops) else 0
            if quiet > 100:
                return
        raise AssertionError("the controllers never come to rest")

    async def run_for(self, seconds: float) -> None:
        """Let time pass."""
        await self.settle()
        await self.clock.run_for(seconds)
        await self.settle()

    async def all(self, cls: type, namespace: str = "", labels: str = "") -> list[Any]:
        """All objects of a kind, by name."""
        found = await self.user.list(cls, namespace=namespace, labels=labels)
        return sorted(found.items, key=key_of)

    async def get(self, cls: type, name: str, namespace: str = NS) -> Any:
        """The object, or None."""
        return await find(self.user, cls, Key(namespace, name))

    async def change(self, obj: Any, **spec: Any) -> Any:
        """Change fields of an object's spec, as a user does, whatever else changes meanwhile."""
        return await self._edit(obj, "", lambda now: msgspec.structs.replace(now.spec, **spec), "spec")

    async def change_status(self, obj: Any, **status: Any) -> Any:
        """Change fields of an object's status."""
        return await self._edit(obj, "status", lambda now: msgspec.structs.replace(now.status, **status), "status")

    async def change_meta(self, obj: Any, **meta: Any) -> Any:
        """Change fields of an object's metadata."""
        return await self._edit(obj, "", lambda now: msgspec.structs.replace(now.metadata, **meta), "metadata")

    async def _edit(self, obj: Any, subresource: str, part: Callable[[Any], Any], name: str) -> Any:
        for _ in range(10):
            now = await self.user.get(type(obj), key_of(obj))
            try:
                return await self.user.update(
                    msgspec.structs.replace(now, **{name: part(now)}), subresource=subresource
                )
            except Conflict:
                continue
        raise AssertionError("too many conflicts")

    async def become(self, pods: Iterable[Pod], *, ready: bool = True, phase: str = "Running", **status: Any) -> None:
        """Have Pods run, as their nodes would report it."""
        now = format_time(self.clock.now())
        for pod in pods:
            condition = PodCondition(type="Ready", status=str(ready), last_transition_time=now)
            await self.change_status(pod, phase=phase, conditions=(condition,), **status)

    async def finish_deletions(self) -> int:
        """Have the nodes remove what is being deleted. How many that were."""
        dying = [p for p in await self.all(Pod) if p.metadata.deletion_timestamp]
        for pod in dying:
            try:
                await self.user.delete(Pod, key_of(pod), NOW)
            except NotFound:
                pass
        return len(dying)

    async def serve(self, plural: str, kind: str, group: str = "example.com") -> Kind[PartialObject]:
        """Serve a custom kind with any fields and a scale, as an operator brings it."""
        scale = CustomResourceSubresourceScale(
            spec_replicas_path=".spec.replicas", status_replicas_path=".status.replicas"
        )
        fields = JSONSchemaProps(type="object", x_kubernetes_preserve_unknown_fields=True)
        version = CustomResourceDefinitionVersion(
            name="v1",
            served=True,
            storage=True,
            schema=CustomResourceValidation(open_apiv3_schema=fields),
            subresources=CustomResourceSubresources(scale=scale),
        )
        names = CustomResourceDefinitionNames(plural=plural, kind=kind)
        spec = CustomResourceDefinitionSpec(group=group, scope="Namespaced", names=names, versions=(version,))
        definition = CustomResourceDefinition(metadata=ObjectMeta(name=f"{plural}.{group}"), spec=spec)
        await self.user.create(definition)
        await self.run_for(2)
        resource = Resource(group=group, version="v1", kind=kind, plural=plural, namespaced=True)
        return metadata_kind(resource)

    async def converge(self, *, ready: bool = True) -> None:
        """Let controllers act and all Pods start (and get ready) or go, until nothing changes."""
        for _ in range(100):
            await self.settle()
            gone = await self.finish_deletions()
            new = [p for p in await self.all(Pod) if p.status.phase in ("", "Pending")]
            await self.become(new, ready=ready)
            if not gone and not new:
                return
        raise AssertionError("the Pods never come to rest")

    async def event_lines(self, reason: str = "") -> list[str]:
        """`Type Reason object: message (×count)` of the events written so far, in the order of their writing."""
        await self.settle()
        found = [e for e in (await self.user.list(Event)).items if reason in ("", e.reason)]
        found.sort(key=lambda e: int(e.metadata.resource_version))
        return [
            f"{e.type} {e.reason} {e.involved_object.name}: {e.message}" + (f" (×{e.count})" if e.count > 1 else "")
            for e in found
        ]


def namespaces_only(cache: WatchCache, catalog: Catalog) -> Chain:
    """Admission that keeps namespaces; Pods and Nodes stay as tests make them."""
    return Chain({"NamespaceLifecycle": NamespaceLifecycle(CachedLookup(cache, catalog))})


@asynccontextmanager
async def running_lab(wrap: Wrap = lambda c: c, kind: Callable[..., L] = Lab) -> AsyncIterator[L]:  # type: ignore[assignment]
    """A lab with the namespace NS. `wrap` may come between the controllers and the API, `kind` may be another lab."""
    clock = VirtualClock()
    store = MemoryStore(clock=clock)
    core_of = running_core(store, clock, admission=namespaces_only, chance=system_chance(1))
    async with core_of as core, asyncio.TaskGroup() as tasks:
        install_subresources(core, None)
        lab = kind(core, clock, tasks, wrap)
        for name in (NS, "default"):
            await lab.user.create(Namespace(metadata=ObjectMeta(name=name)))
        try:
            yield lab
            assert not lab.rights.refused
        finally:
            for task in lab.tasks:
                task.cancel()
