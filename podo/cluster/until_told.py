"""How a component's process ends: when its work does, or when it is told to."""

import asyncio
import logging
import signal
from collections.abc import Coroutine
from typing import Any


async def until_told(work: Coroutine[Any, Any, Any]) -> int:
    """Run `work` until it ends or SIGTERM or SIGINT comes, which is a good end; the exit status."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    working, waiting = asyncio.ensure_future(work), asyncio.ensure_future(told.wait())
    await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    failed = working.done()
    waiting.cancel()
    working.cancel()
    for result in await asyncio.gather(working, return_exceptions=True):
        if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
            logging.getLogger("podo").error("ended by a failure", exc_info=result)
            return 1
    return 1 if failed else 0
