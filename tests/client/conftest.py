import asyncio

import pytest

from podo.clock import VirtualClock

from .scripted import ScriptedClient


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def client() -> ScriptedClient:
    return ScriptedClient()


@pytest.fixture
async def background():
    """Runs coroutines beside the test and ends them with it; what one of them raises fails the test."""
    tasks: list[asyncio.Task[None]] = []

    def start(coroutine) -> asyncio.Task[None]:
        tasks.append(asyncio.ensure_future(coroutine))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def settle(turns: int = 30) -> None:
    """Let every task act until it waits."""
    for _ in range(turns):
        await asyncio.sleep(0)
