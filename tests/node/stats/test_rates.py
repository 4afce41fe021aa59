import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from podo.clock import VirtualClock
from podo.node.runtime.observed import ContainerStats, CPUStats, MemoryStats, SandboxStats
from podo.node.stats.base import FileSystem, NodeUse, PodUse, Processes
from podo.node.stats.moments import FRESH, PAUSE, WINDOW, Moments
from podo.node.stats.rates import NODE, Rate, rates
from tests.node.build import pod

START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = 1_000_000_000


def used(seconds: float, busy: float) -> CPUStats:
    """`busy` core-seconds used in all, `seconds` after the start."""
    return CPUStats(at=START + timedelta(seconds=seconds), usage_ns=round(busy * SECOND))


@pytest.mark.parametrize(
    ("before", "now", "rate"),
    [
        pytest.param(used(0, 1), used(10, 6), Rate(500_000_000, 10.0), id="half a core"),
        pytest.param(used(0, 1), used(0.1, 2), None, id="too near"),
        pytest.param(used(0, 5), used(10, 1), None, id="begun anew"),
    ],
)
def test_a_rate_is_what_was_used_over_the_time(before, now, rate):
    assert rates({"a": before}, {"a": now}).get("a") == rate


def test_what_was_not_there_before_has_no_rate():
    assert rates({}, {"a": used(10, 1)}) == {}


class Machine:
    """Uses half a core, its only container a quarter; counts how often it is read."""

    def __init__(self, clock):
        self.clock, self.reads, self.started, self.attempt = clock, 0, clock.now(), 0

    def _cpu(self, share):
        busy = (self.clock.now() - self.started).total_seconds() * share
        return CPUStats(at=self.clock.now(), usage_ns=round(busy * SECOND))

    def node(self):
        self.reads += 1
        disk = FileSystem(1, 1, 1, 1)
        return NodeUse(
            at=self.clock.now(), started=START, cpu=self._cpu(0.5), memory=None, memory_available=1, memory_capacity=2,
            node_fs=disk, image_fs=disk, processes=Processes(1, 1),
        )  # fmt: skip

    async def pods(self):
        memory = MemoryStats(at=self.clock.now(), usage=1, working_set=1, rss=1)
        container = ContainerStats(container_id="x", name="c", attempt=self.attempt, cpu=self._cpu(0.25), memory=memory)
        sandbox = SandboxStats(sandbox_id="s", pod_uid="u", cpu=self._cpu(0.25), containers=(container,))
        return [PodUse(uid="u", sandbox=sandbox), PodUse(uid="unknown")]


@pytest.fixture
def clock():
    return VirtualClock(START)


async def ask(moments, clock):
    """The moment that one gets who asks now, and how long it took."""
    before = clock.monotonic()
    asked = asyncio.ensure_future(moments.now())
    await clock.run_for(0)
    if not asked.done():
        await clock.run_for(PAUSE)
    return await asked, clock.monotonic() - before


async def test_the_first_who_asks_waits_for_the_rates(clock):
    machine = Machine(clock)
    found, took = await ask(Moments(machine, lambda: [pod(meta={"uid": "u"})], clock), clock)
    assert took == PAUSE
    assert found.rates[NODE] == Rate(500_000_000, PAUSE)
    assert found.rates["u/c/0"].nano_cores == 250_000_000
    assert [use.uid for _, use in found.pods] == ["u"], "one that is no Pod of ours is left out"


async def test_who_asks_soon_after_gets_the_rates_at_once(clock):
    moments = Moments(Machine(clock), list, clock)
    await ask(moments, clock)
    clock.advance(15)
    found, took = await ask(moments, clock)
    assert (took, found.rates[NODE].window) == (0, 15 + PAUSE)


async def test_rates_are_of_the_last_while_however_long_one_has_asked(clock):
    moments = Moments(Machine(clock), list, clock)
    for _ in range(20):
        found, _ = await ask(moments, clock)
        clock.advance(WINDOW.total_seconds())
    assert found.rates[NODE].window == WINDOW.total_seconds()


async def test_for_what_has_begun_meanwhile_one_waits_again(clock):
    machine = Machine(clock)
    moments = Moments(machine, lambda: [pod(meta={"uid": "u"})], clock)
    await ask(moments, clock)
    clock.advance(15)
    machine.attempt = 1
    found, took = await ask(moments, clock)
    assert took == PAUSE
    assert found.rates["u/c/1"].window == PAUSE
    assert found.rates[NODE].window == 15 + 2 * PAUSE


async def test_after_a_quiet_time_old_readings_count_no_more(clock):
    moments = Moments(Machine(clock), list, clock)
    await ask(moments, clock)
    clock.advance(FRESH.total_seconds() + 1)
    found, took = await ask(moments, clock)
    assert (took, found.rates[NODE].window) == (PAUSE, PAUSE)
