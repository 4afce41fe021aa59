import asyncio
from datetime import timedelta

from podo.clock import VirtualClock
from podo.cluster.kept_running import kept_running


class Part:
    """Works for so many seconds each time, then fails; returns when no time is left to work."""

    def __init__(self, clock, *seconds):
        self.clock, self.seconds, self.began = clock, list(seconds), []

    async def __call__(self):
        self.began.append(self.clock.monotonic())
        if self.seconds:
            await self.clock.sleep(self.seconds.pop(0))
            raise RuntimeError("broken")


async def test_a_part_that_fails_begins_anew_each_time_later(caplog):
    clock = VirtualClock()
    part = Part(clock, 0, 0, 0)
    running = asyncio.ensure_future(kept_running("ingresses", part, clock))
    await clock.run_for(timedelta(seconds=10))
    await running
    assert part.began == [0, 1, 3, 7]
    assert "ingresses: failed; begins anew in 4 s" in caplog.text


async def test_a_part_that_was_good_for_long_begins_anew_at_once():
    clock = VirtualClock()
    part = Part(clock, 0, 0, 500, 0)
    running = asyncio.ensure_future(kept_running("ingresses", part, clock))
    await clock.run_for(timedelta(seconds=600))
    await running
    assert part.began == [0, 1, 3, 504, 506]


async def test_it_ends_when_it_is_cancelled():
    clock = VirtualClock()
    running = asyncio.ensure_future(kept_running("ingresses", Part(clock, 100), clock))
    await clock.run_for(timedelta(seconds=1))
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
