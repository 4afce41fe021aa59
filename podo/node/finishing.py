"""Work that must not be cut off half-way: when its caller is cancelled, it is waited for first.

A thread runs on when nobody waits for it any more, and so does a program that was told to make something: whoever
cleans up after a cancelled call would do so before the thing is there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")


async def to_its_end(work: Awaitable[T]) -> T:
    """The result of `work`. A cancellation is raised once it has ended, whatever it came to."""
    task = asyncio.ensure_future(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # seen, though it is the cancellation that counts
        raise cancelled
    return task.result()


async def in_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """`asyncio.to_thread`, but when it returns or raises, the thread has done with it."""
    return await to_its_end(asyncio.to_thread(function, *args, **kwargs))
