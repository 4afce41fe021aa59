import asyncio
import threading

import pytest

from podo.node.finishing import in_thread, to_its_end


async def test_a_result_and_a_failure_come_as_they_are():
    assert await in_thread(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        await in_thread(lambda: 1 / 0)


@pytest.mark.parametrize("times", [1, 3])
async def test_a_cancelled_call_returns_only_when_its_thread_has_ended(times):
    started, go, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        started.set()
        go.wait(10)
        ended.set()

    call = asyncio.ensure_future(in_thread(work))
    await asyncio.to_thread(started.wait)
    for _ in range(times):
        call.cancel()
        await asyncio.sleep(0)
        assert not call.done()
    go.set()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert ended.is_set()


async def test_a_failure_after_a_cancellation_is_the_cancellation():
    async def fails() -> None:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        raise ValueError

    call = asyncio.ensure_future(to_its_end(fails()))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
