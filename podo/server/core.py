"""The API without HTTP: store, watch cache and registry, put together and running."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from podo.clock import Clock
from podo.server.admission_point import Admission, AdmitAll, FieldManager
from podo.server.audit.local import Recorder
from podo.server.authorization.local import Rights
from podo.server.context import User
from podo.server.customresources.following import Definitions, no_conversion
from podo.server.customresources.installing import Converting
from podo.server.customresources.ownership import versions_of
from podo.server.customresources.patches import CustomPatches
from podo.server.fields import Fields, built_in_versions
from podo.server.local import LocalClient
from podo.server.operations import Operations
from podo.server.patch_point import Patcher
from podo.server.patching import Patches
from podo.server.registry.catalog import Catalog
from podo.server.registry.generic import Chance, Registry
from podo.server.registry.unbroken import Unbroken
from podo.server.watchcache.cache import Source, WatchCache

MASTER = User("system:apiserver", groups=("system:masters", "system:authenticated"))


AUTHENTICATED = "system:authenticated"
ACCOUNTS_NAMESPACE = "kube-system"


def component(name: str) -> User:
    """A part of a control plane that has a name and a role of its own, such as `kube-scheduler`."""
    return User(f"system:{name}", groups=(AUTHENTICATED,))


def account(name: str) -> User:
    """A part that is known by a service account of kube-system, as Kubernetes' controllers are."""
    groups = ("system:serviceaccounts", f"system:serviceaccounts:{ACCOUNTS_NAMESPACE}", AUTHENTICATED)
    return User(f"system:serviceaccount:{ACCOUNTS_NAMESPACE}:{name}", groups=groups)


@dataclass(frozen=True)
class Core:
    """A running API. `client` is how what runs in this process uses it."""

    clock: Clock
    catalog: Catalog
    cache: WatchCache
    registry: Registry
    operations: Operations
    recorder: Recorder = field(default_factory=Recorder)
    """Takes down what the clients do, once it is told where."""
    rights: Rights = field(default_factory=Rights)
    """Who may do what, for the clients; once they are told, they ask."""
    sources: list[Callable[[], Iterator[str]]] = field(default_factory=list)
    """Lines of metrics, of whoever counts something."""

    def client(self, user: User = MASTER, *, manager: str = "podo") -> LocalClient:
        """A client that acts as `user` and owns the fields that it sets as `manager`."""
        return LocalClient(
            self.operations, self.clock, user, manager=manager, recorder=self.recorder, rights=self.rights
        )


def system_chance(seed: int | None = None) -> Chance:
    """Random uids and name suffixes; the same for the same seed."""
    source = random.Random(seed)
    return Chance(lambda: str(uuid.UUID(int=source.getrandbits(128), version=4)), source.choice)


AdmissionOf = Callable[[WatchCache, Catalog], Admission]
"""Makes admission, which looks at other objects in the cache."""


@asynccontextmanager
async def running_core(
    store: Source,
    clock: Clock,
    *,
    admission: AdmissionOf | None = None,
    fields: FieldManager | None = None,
    chance: Chance | None = None,
    shared: bool = False,
    patcher: Patcher | None = None,
    converting: Converting = no_conversion,
) -> AsyncIterator[Core]:
    """The API on `store`, ready to be used; `shared`: other processes write to the store too.

    `converting` is who converts the custom resources of a definition between its versions.
    """
    catalog = Catalog()
    cache = WatchCache(store, catalog.fields_of, shared=shared, monotonic=clock.monotonic)
    admitting = admission(cache, catalog) if admission else AdmitAll()
    versions = versions_of(built_in_versions)
    try:
        async with asyncio.TaskGroup() as tasks:
            feeding = tasks.create_task(cache.run(), name="watch cache")
            await cache.ready.wait()
            try:
                async with asyncio.TaskGroup() as writes:
                    registry = Registry(
                        store,
                        cache,
                        admission=admitting,
                        fields=fields or Fields(versions),
                        chance=chance or system_chance(),
                        unbroken=Unbroken(writes),
                    )
                    operations = Operations(
                        catalog, registry, patcher or CustomPatches(Patches(versions), versions), admitting
                    )
                    definitions = Definitions(registry, catalog, clock, MASTER, converting)
                    await definitions.load()
                    following = writes.create_task(definitions.run(), name="definitions")
                    try:
                        yield Core(clock, catalog, cache, registry, operations)
                    finally:
                        following.cancel()
            finally:
                cache.close()
                feeding.cancel()
    except BaseExceptionGroup as failures:
        raise _single(failures) from None


def _single(failures: BaseExceptionGroup[BaseException]) -> BaseException:
    """What failed, as itself where it is one failure."""
    found: BaseException = failures
    while isinstance(found, BaseExceptionGroup) and len(found.exceptions) == 1:
        found = found.exceptions[0]
    return found
