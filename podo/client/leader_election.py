"""One of many holds a Lease and leads; the others wait. The protocol is client-go's, so both may compete for a Lease.

A follower never trusts another machine's wall clock: it measures, with its own monotonic clock, since when it has seen
the Lease unchanged.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

import msgspec

from podo.api.errors import AlreadyExists, APIError, Conflict
from podo.api.timestamps import format_microtime
from podo.api.types.coordination_v1 import Lease, LeaseSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Client, Key, find
from podo.clock import Clock

log = logging.getLogger(__name__)


class LeadershipLost(Exception):
    """The Lease could not be renewed in time; another may lead now."""


@dataclass(frozen=True, kw_only=True)
class Election:
    """Who stands for what. Seconds, with client-go's defaults; the Lease's duration must be the longest."""

    lease: Key
    identity: str
    duration: float = 15.0
    renew_within: float = 10.0
    retry_every: float = 2.0


class Elector:
    """A candidate: `run` leads while the Lease is held."""

    def __init__(self, client: Client, clock: Clock, election: Election, *, chance: Random | None = None) -> None:
        self._client, self._clock, self._election, self._chance = client, clock, election, chance or Random()
        self._seen: LeaseSpec | None = None
        self._seen_at = 0.0
        self.leading = False

    async def run(self, lead: Callable[[], Awaitable[None]]) -> None:
        """Wait for the Lease, then run `lead`, renewing meanwhile. When `lead` returns, the Lease is given up.

        Raises LeadershipLost, with `lead` cancelled, when the Lease cannot be renewed.
        """
        while not await self._try():
            await self._clock.sleep(self._election.retry_every * (1 + 0.2 * self._chance.random()))
        self.leading = True
        log.info("%s leads by the Lease %s", self._election.identity, self._election.lease)
        try:
            async with asyncio.TaskGroup() as tasks:
                renewing = tasks.create_task(self._renew())
                await lead()
                renewing.cancel()
            await self._try(giving_up=True)
        except BaseExceptionGroup as failures:
            # not `except*`: what is raised there comes out as a group on some versions of Python 3.11
            lost, others = failures.split(LeadershipLost)
            if others is not None or lost is None:
                raise
            raise lost.exceptions[0] from None
        finally:
            self.leading = False

    async def _renew(self) -> None:
        renewed = self._clock.monotonic()
        while True:
            await self._clock.sleep(self._election.retry_every)
            if await self._try():
                renewed = self._clock.monotonic()
            elif self._clock.monotonic() - renewed >= self._election.renew_within:
                raise LeadershipLost(f"{self._election.identity} could not renew the Lease {self._election.lease}")

    async def _try(self, *, giving_up: bool = False) -> bool:
        """Take, renew or give up the Lease. Whether it is ours now."""
        try:
            async with asyncio.timeout(self._election.renew_within):
                return await self._write(giving_up)
        except (APIError, TimeoutError) as error:
            if not isinstance(error, (Conflict, AlreadyExists)):
                log.warning("the Lease %s: %s", self._election.lease, error)
            return False

    async def _write(self, giving_up: bool) -> bool:
        namespace, name = self._election.lease
        lease = await find(self._client, Lease, self._election.lease)
        if lease is not None and lease.spec != self._seen:
            self._seen, self._seen_at = lease.spec, self._clock.monotonic()
        unchanged_for = self._clock.monotonic() - self._seen_at
        if lease is not None and not may_take(lease.spec, self._election.identity, unchanged_for):
            return False
        now = format_microtime(self._clock.now())
        spec = claim(lease.spec if lease else None, self._election, now)
        if giving_up:
            spec = msgspec.structs.replace(spec, holder_identity="", lease_duration_seconds=1)
        if lease is None:
            made = await self._client.create(Lease(metadata=ObjectMeta(namespace=namespace, name=name), spec=spec))
        else:
            made = await self._client.update(msgspec.structs.replace(lease, spec=spec))
        self._seen, self._seen_at = made.spec, self._clock.monotonic()
        return not giving_up


def may_take(held: LeaseSpec, identity: str, unchanged_for: float) -> bool:
    """Whether a candidate may write itself into a Lease that it has seen unchanged for so many seconds."""
    if held.holder_identity in ("", identity):
        return True
    return unchanged_for >= (held.lease_duration_seconds or 0)


def claim(held: LeaseSpec | None, election: Election, now: str) -> LeaseSpec:
    """The Lease that says: this candidate leads. Taking it over from another counts as a transition."""
    held = held or LeaseSpec()
    ours = held.holder_identity == election.identity
    transitions = held.lease_transitions or 0
    return LeaseSpec(
        holder_identity=election.identity,
        lease_duration_seconds=int(election.duration),
        acquire_time=held.acquire_time if ours else now,
        renew_time=now,
        lease_transitions=transitions if ours or not held.renew_time else transitions + 1,
    )
