"""Time limits by the injected clock, where `asyncio.timeout` would use the loop's."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from podo.clock import Clock


async def limited(clock: Clock, work: Coroutine[Any, Any, None], seconds: float) -> bool:
    """Run `work` for at most `seconds`, then cancel it; whether it came to its end. Its failures are raised."""
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, timer}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            return False
        await task
        return True
    finally:
        for left in (task, timer):
            left.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)
