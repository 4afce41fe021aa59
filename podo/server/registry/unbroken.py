"""Work that runs to its end, also when whoever asked for it is gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Unbroken:
    """Runs in `tasks`, which ends only after what runs in it. A cancelled caller leaves; the work goes on."""

    def __init__(self, tasks: asyncio.TaskGroup) -> None:
        self._tasks = tasks

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`; what it raises is raised here, if the caller is here still."""
        outcome: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        outcome.add_done_callback(_seen)

        async def finish() -> None:
            try:
                result = await work
            except asyncio.CancelledError:
                outcome.cancel()
                raise
            except Exception as error:  # noqa: BLE001 (a failure of the work is the caller's, not the group's)
                outcome.set_exception(error)
            else:
                outcome.set_result(result)

        self._tasks.create_task(finish())
        return await asyncio.shield(outcome)


def _seen(outcome: "asyncio.Future[Any]") -> None:
    """Nobody may be left to see how it ended."""
    if not outcome.cancelled():
        outcome.exception()
