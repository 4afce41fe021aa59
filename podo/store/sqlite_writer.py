"""The one thread that waits for the disk: it does jobs on the writing connection, one after the other."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from queue import SimpleQueue

Job = Callable[[sqlite3.Connection], None]
Done = Callable[[Exception | None], None]


class WriterThread:
    """Runs jobs in order; a job that fails leaves nothing behind. `done` is called on the loop, in the same order."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection, self._loop = connection, asyncio.get_running_loop()
        self._jobs: SimpleQueue[tuple[Job, Done] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="podo-store-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job, done: Done) -> None:
        """Queue `job`. `done` gets the error that ended it, or None."""
        self._jobs.put((job, done))

    async def close(self) -> None:
        """Return once all queued jobs are done and answered, and the thread has ended."""
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        await asyncio.sleep(0)  # the answers were queued on the loop before the thread ended

    def _run(self) -> None:
        while queued := self._jobs.get():
            job, done = queued
            self._loop.call_soon_threadsafe(done, self._attempt(job))

    def _attempt(self, job: Job) -> Exception | None:
        try:
            job(self._connection)
        except Exception as error:  # noqa: BLE001 - a worker loop: the job's owner gets it
            if self._connection.in_transaction:
                self._connection.rollback()
            return error
        return None
