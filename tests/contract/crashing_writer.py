"""The victim of the crash suite: writes at random until it is killed, and tells what it asks for and what is answered.

    python -m tests.contract.crashing_writer FILE SEED

One line a step on standard output, each in one write(2): "ask TASK KEY DIGEST" before, "got TASK KEY DIGEST REVISION"
after; DIGEST is "-" for a deletion. Each task has keys of its own, so that what a key must hold is known at any time.
"""

import asyncio
import hashlib
import os
import random
import sys
from datetime import timedelta
from pathlib import Path

from podo.clock import SystemClock
from podo.store.base import Record, Store
from podo.store.retention import Retention
from podo.store.sqlite import SqliteConfig, open_sqlite

TASKS, KEYS_EACH = 8, 5
RETENTION = Retention(events=200, age=timedelta(hours=1))  # so that compaction runs all the time


def digest(value: bytes) -> str:
    return hashlib.sha1(value).hexdigest()[:12]


def tell(line: str) -> None:
    os.write(1, line.encode() + b"\n")


async def write_for_ever(store: Store, task: int, chance: random.Random) -> None:
    while True:
        key = f"/{task}/{chance.randrange(KEYS_EACH)}"
        current = await store.get(key)
        value = chance.randbytes(int(chance.paretovariate(0.4)) % 20_000)
        deletion = current is not None and chance.random() < 0.3
        name = "-" if deletion else digest(value)
        tell(f"ask {task} {key} {name}")
        record: Record
        if current is None:
            record = await store.create(key, value)
        elif deletion:
            record = await store.delete(key, expect=current.modified)
        else:
            record = await store.update(key, value, expect=current.modified)
        tell(f"got {task} {key} {name} {record.modified}")


async def main(path: Path, seed: int) -> None:
    async with open_sqlite(SqliteConfig(path, RETENTION), SystemClock()) as store, asyncio.TaskGroup() as tasks:
        for task in range(TASKS):
            tasks.create_task(write_for_ever(store, task, random.Random(f"{seed}/{task}")))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
