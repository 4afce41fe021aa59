"""What a controller is, and the one loop that runs all of them.

A controller is asked to reconcile a key: it reads from informers, decides by a pure function, writes, and returns when
to be asked again. It sees keys, never events, and is right after any number of lost or doubled calls.

Raising means: again, after a back-off. A Conflict is a quiet retry. A key that is added while it is in work runs once
more afterwards, never twice at a time.
"""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar, runtime_checkable

from podo.api.errors import AlreadyExists, APIError, Conflict, NotFound, is_terminating
from podo.client.base import Kind, key_of
from podo.client.informers import CachedClient, Informers
from podo.client.reflector import ALL, Scope
from podo.client.workqueue import QueueMetrics, WorkQueue
from podo.clock import Clock

K = TypeVar("K", bound=Hashable)
log = logging.getLogger(__name__)
WORKERS = 10  # of a controller; they wait for writes most of the time, and the store commits waiting writes together


class Outcome(NamedTuple):
    """How a reconcile that succeeded ended: `requeue_after` so many seconds, if at all."""

    requeue_after: float | None = None


DONE = Outcome()


@dataclass(frozen=True)
class Watch(Generic[K]):
    """Objects of `kind` concern the keys that `to` gives. A change concerns those of the object before and after it.

    `when(old, new)`, with None where there is no object, says whether a change can matter at all.
    """

    kind: type[Any] | Kind[Any]
    to: Callable[[Any], Iterable[K]]
    when: Callable[[Any, Any], bool] = lambda old, new: True
    scope: Scope = ALL


def itself(obj: Any) -> Iterable[Any]:
    """For a controller's own kind: the object's key."""
    return (key_of(obj),)


class Controller(Protocol[K]):
    """`watches` says which changes lead to which keys; `reconcile` makes the world of a key right."""

    @property
    def name(self) -> str:
        """As in logs and metrics: `replicaset`."""
        ...

    @property
    def watches(self) -> Sequence[Watch[K]]: ...

    async def reconcile(self, key: K) -> Outcome: ...


@runtime_checkable
class Attached(Protocol):
    """A controller that also finds keys by itself: from kinds that come and go, or at its start."""

    def attach(self, add: Callable[[Any], None]) -> None:
        """Call `add` with a key whenever there is one, from now on."""
        ...


class Loop(Generic[K]):
    """The worker loop of one controller. Making it attaches it to the informers; `run` works."""

    def __init__(
        self, controller: Controller[K], client: CachedClient, clock: Clock, *, metrics: QueueMetrics | None = None
    ) -> None:
        self.controller = controller
        self.queue: WorkQueue[K] = WorkQueue(clock, metrics=metrics)
        for watch in controller.watches:
            client.informer(watch.kind, watch.scope).handle(self._handler(watch))
        if isinstance(controller, Attached):
            controller.attach(self.queue.add)

    async def run(self, workers: int = WORKERS) -> None:
        """Work until cancelled. The informers must have synced."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.queue.run(), name=f"{self.controller.name} timer")
            for number in range(workers):
                tasks.create_task(self._work(), name=f"{self.controller.name} {number}")

    async def step(self) -> None:
        """Reconcile the next key."""
        key = await self.queue.get()
        try:
            outcome = await self.controller.reconcile(key)
        except Exception as error:  # noqa: BLE001 - one key's failure must not end the others' work
            self._report(key, error)
            self.queue.retry(key)
        else:
            self.queue.forget(key)
            if outcome.requeue_after is not None:
                self.queue.add_after(key, outcome.requeue_after)
        finally:
            self.queue.done(key)

    async def _work(self) -> None:
        while True:
            await self.step()

    def _handler(self, watch: Watch[K]) -> Callable[[Any, Any], None]:
        def handle(old: Any, new: Any) -> None:
            try:
                if watch.when(old, new):
                    for obj in (old, new):
                        for key in watch.to(obj) if obj is not None else ():
                            self.queue.add(key)
            except Exception:
                # a bug about one odd object must not stop the informer, which others share
                log.exception("%s: cannot tell whom a change concerns", self.controller.name)

        return handle

    def _report(self, key: K, error: Exception) -> None:
        name = self.controller.name
        if isinstance(error, (Conflict, AlreadyExists, NotFound)) or is_terminating(error):
            log.debug("%s %s: %s", name, key, error)  # somebody else was faster; the next try sees what they did
        elif isinstance(error, APIError):
            log.warning("%s %s: %s", name, key, error)
        else:
            log.error("%s %s failed", name, key, exc_info=error)


async def run(
    controllers: Sequence[Controller[Any]],
    client: CachedClient,
    informers: Informers,
    clock: Clock,
    *,
    metrics: Callable[[str], QueueMetrics] | None = None,
) -> None:
    """Run `controllers` until cancelled. The caller runs the informers, the event writer and any election."""
    loops = [Loop(c, client, clock, metrics=metrics(c.name) if metrics else None) for c in controllers]
    await informers.synced()
    async with asyncio.TaskGroup() as tasks:
        for loop in loops:
            tasks.create_task(loop.run(), name=loop.controller.name)
