"""kill -9 of a writer, again and again: no write that was answered is lost, and none is there by half.

PODO_CRASH_ROUNDS says how often (each round takes some tenths of a second), PODO_CRASH_SEED which random numbers.
"""

import asyncio
import os
import random
import sqlite3
import sys
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from podo.api.errors import Expired
from podo.clock import SystemClock
from podo.store.base import EventType, Revision
from podo.store.sqlite import SqliteConfig, SqliteStore, open_sqlite
from tests.contract.crashing_writer import KEYS_EACH, RETENTION, TASKS, digest

ROUNDS = int(os.environ.get("PODO_CRASH_ROUNDS", "6"))
SEED = int(os.environ.get("PODO_CRASH_SEED", "1"))
GONE = "-"


@dataclass
class Told:
    """What the victim told: the digest of each key that was answered last, and those asked for and not answered."""

    answered: dict[str, str] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    revision: int = 1
    answers: int = 0

    def hear(self, line: str) -> None:
        verb, _, key, name, *revision = line.split()
        if verb == "ask":
            self.asked[key] = name
        else:
            self.answered[key] = self.asked.pop(key)
            assert self.answered[key] == name
            self.revision = max(self.revision, int(revision[0]))
            self.answers += 1


async def run_and_kill(path: Path, seed: int, after: int, told: Told) -> None:
    """Let the victim live for `after` answers."""
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.contract.crashing_writer", str(path), str(seed), stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout
    try:
        async with asyncio.timeout(60):
            while told.answers < after:
                told.hear((await victim.stdout.readline()).decode())
    finally:
        victim.kill()
        rest = await victim.stdout.read()
        await victim.wait()
    for line in rest.decode().splitlines():
        told.hear(line)


async def check(store: SqliteStore, told: Told) -> None:
    """Adopt what the store has into `told`, after checking that it may have it."""
    assert await store.revision() >= told.revision
    for key in (f"/{task}/{n}" for task in range(TASKS) for n in range(KEYS_EACH)):
        record = await store.get(key)
        found = digest(record.value) if record else GONE
        assert found in {told.answered.get(key, GONE), told.asked.get(key, told.answered.get(key, GONE))}, key
        told.answered[key] = found
    told.asked.clear()
    told.answers, told.revision = 0, await store.revision()
    page = await store.list("/")
    assert {record.key for record in page.records} == {key for key, name in told.answered.items() if name != GONE}
    await check_log(store, page.revision)


async def check_log(store: SqliteStore, until: Revision) -> None:
    """The remembered events, applied to the oldest remembered state, give the current one."""
    since = Revision(1)
    while True:
        try:
            state = {record.key: record for record in (await store.list("/", at=since)).records}
            break
        except Expired as error:
            since = Revision(int(str(error).split("from ")[1].split()[0]))
    async with aclosing(store.watch("/", since=since)) as watch:
        for revision in range(since + 1, until + 1):
            event = await anext(watch)
            assert event.record.modified == revision, "a revision is missing"
            assert event.previous == state.pop(event.record.key, None)
            if event.type is not EventType.DELETED:
                state[event.record.key] = event.record
    assert sorted(state.values()) == (await store.list("/")).records


@pytest.mark.slow
async def test_no_answered_write_is_lost_and_none_is_half_there(tmp_path):
    path, told, chance = tmp_path / "state.db", Told(), random.Random(SEED)
    for turn in range(ROUNDS):
        await run_and_kill(path, SEED * 10_000 + turn, chance.randrange(1, 1500), told)
        async with open_sqlite(SqliteConfig(path, RETENTION), SystemClock()) as store:
            await check(store, told)
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()
