"""A lab whose controllers die, hear late, hear twice, and miss things: by chance, but the same for the same seed.

A death comes before or after any write, and takes all controllers with all that they know; new ones take over, with
empty caches. While they live their watches are late and torn, and tell some things again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from random import Random
from typing import Any

from podo.api.errors import Expired, ServiceUnavailable
from podo.client.base import Client
from podo.client.events import EventWriter
from podo.client.informers import CachedClient, Informers
from podo.clock import VirtualClock
from podo.controllers.base import Controller, Loop
from podo.server.core import Core
from tests.controllers.lab import Lab, Wrap, running_lab

Make = Callable[[CachedClient, VirtualClock, EventWriter], Controller[Any]]
DEATH, FAILURE, LATE, TORN, EXPIRED, TWICE = 1 / 30, 1 / 20, 1 / 4, 1 / 25, 1 / 60, 1 / 10
LATEST = 60
"""Turns of the loop that an event may be late."""


class MortalLab(Lab):
    """Until `calm` is set, everything may happen to the controllers."""

    def __init__(self, core: Core, clock: VirtualClock, tasks: asyncio.TaskGroup, wrap: Wrap, *, seed: int) -> None:
        super().__init__(core, clock, tasks, wrap)
        self.chance, self.calm, self.deaths = Random(seed), False, 0
        self._make: list[Make] = []
        self.acts = 0
        self._dead = False
        self._living: list[asyncio.Task[None]] = []

    def start(self, *make: Make) -> None:
        """Run controllers, until they die; then run them again."""
        self._make += make
        self._begin()

    def _begin(self) -> None:
        local = self._core.client(manager="podo-controllers")
        informers = Informers(Deaf(self, local), self.clock, Random(1))  # type: ignore[arg-type]
        self._dead, self.loops = False, []
        client = CachedClient(local, informers, self.clock)
        for factory in self._make:
            controller = self.made(factory, informers, lambda inner: Mortal(self, inner))  # type: ignore[arg-type,return-value]
            self.loops.append(Loop(controller, client, self.clock))
        self._living = [self._tasks.create_task(informers.run())]
        self._living += [self._tasks.create_task(_work(informers, loop)) for loop in self.loops]
        self.tasks += self._living

    def die(self) -> None:
        """All controllers end here, with all that they know."""
        self.deaths += 1
        self._dead = True

    async def settle(self) -> None:
        """Let everybody act until nobody does anything any more; bury the dead, and begin again.

        Who waits for time to pass, to watch again or to try again, does nothing meanwhile.
        """
        quiet, still, acts = 0, 0, self.acts
        for _ in range(200_000):
            await asyncio.sleep(0)
            still, acts = (still + 1, acts) if acts == self.acts else (0, self.acts)
            if self._dead:
                for task in self._living:
                    task.cancel()
                await asyncio.gather(*self._living, return_exceptions=True)
                self._begin()
                quiet = 0
            quiet = quiet + 1 if all(loop.queue.idle for loop in self.loops) else 0
            if quiet > (100 if self.calm else LATEST + 100):
                return
            if still > 600:
                return
        raise AssertionError("the controllers never come to rest")

    async def end_faults(self, look: Callable[[], Any]) -> None:
        """From now on nothing happens any more; let time pass, doing what `look` does after each step."""
        self.calm = True
        for _ in range(12):
            await self.run_for(30)
            await look()


def mortal(seed: int) -> AbstractAsyncContextManager[MortalLab]:
    """A lab whose faults are those of a seed."""
    return running_lab(kind=partial(MortalLab, seed=seed))


async def live(lab: MortalLab, steps: int = 6) -> None:
    """Let time pass while everything may happen, and Pods start or go."""
    for _ in range(steps):
        await lab.run_for(5)
        await lab.converge()


async def _work(informers: Informers, loop: Loop[Any]) -> None:
    await informers.synced()
    await loop.run(workers=2)


class Mortal:
    """A client whose writes may be the last thing that a controller does, or may fail, done or not."""

    def __init__(self, lab: MortalLab, client: Client) -> None:
        self._lab, self._client = lab, client

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._client, name)
        if name not in ("create", "update", "patch", "delete"):
            return call

        async def write(*args: Any, **more: Any) -> Any:
            self._lab.acts += 1
            await self._fate("before the write")
            done = await call(*args, **more)
            await self._fate("after the write")
            return done

        return write

    async def _fate(self, when: str) -> None:
        if self._lab.calm:
            return
        drawn = self._lab.chance.random()
        if drawn < DEATH:
            self._lab.die()
            await asyncio.get_running_loop().create_future()
        elif drawn < DEATH + FAILURE:
            raise ServiceUnavailable(when)


class Deaf:
    """A client whose watches are late, torn, expired, and repeat themselves."""

    def __init__(self, lab: MortalLab, client: Client) -> None:
        self._lab, self._client = lab, client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def watch(self, *args: Any, **more: Any) -> AsyncIterator[Any]:
        chance = self._lab.chance
        async for event in self._client.watch(*args, **more):
            if not self._lab.calm:
                if chance.random() < LATE:
                    for _ in range(chance.randrange(LATEST)):
                        await asyncio.sleep(0)
                drawn = chance.random()
                if drawn < EXPIRED:
                    raise Expired("too old resource version")
                if drawn < EXPIRED + TORN:
                    return
                if drawn < EXPIRED + TORN + TWICE:
                    self._lab.acts += 1
            yield event
            self._lab.acts += 1
            yield event
