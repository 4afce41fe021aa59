"""When routes are looked at; what they should be is in test_routes.py, and how they are set in tests/e2e."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from podo.clock import VirtualClock
from podo.network.route_keeper import RouteKeeper
from podo.network.routes import Place
from tests.network.build import CONFIG, node

ONE = node("node-1", address="10.245.0.2", pod_range="10.244.1.0/24")


class CountingKeeper(RouteKeeper):
    """Counts its looks instead of touching the kernel, and fails as often as it is told to."""

    looks, failures = 0, 0

    async def sync(self):
        self.looks += 1
        if self.failures:
            self.failures -= 1
            raise OSError("no buffer space available")


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
async def keeper(clock):
    made = CountingKeeper(CONFIG, Place("podo0", ("10.245.0.1",)), clock)
    run = asyncio.ensure_future(made.run())
    await clock.run_for(0)
    yield made
    run.cancel()


async def test_a_change_of_nodes_is_looked_at_at_once(keeper, clock):
    keeper.node_changed(None, ONE)
    await clock.run_for(0)
    assert keeper.looks == 2


async def test_a_heartbeat_is_no_change(keeper, clock):
    keeper.node_changed(
        ONE, msgspec.structs.replace(ONE, metadata=msgspec.structs.replace(ONE.metadata, labels={"a": ""}))
    )
    await clock.run_for(0)
    assert keeper.looks == 1


async def test_a_failure_is_tried_again(keeper, clock):
    keeper.failures = 2
    keeper.node_changed(ONE, None)
    await clock.run_for(timedelta(seconds=2.5))
    assert keeper.looks == 4


async def test_every_now_and_then_somebody_else_may_have_removed_one(keeper, clock):
    await clock.run_for(timedelta(seconds=61))
    assert keeper.looks == 4
