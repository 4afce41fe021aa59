"""What only the SQLite store has: a file, which may be somebody else's, full, or from another time."""

import asyncio
import os
import resource
import sqlite3
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from podo.api.errors import Expired, ServiceUnavailable
from podo.clock import VirtualClock
from podo.store.base import Record, Revision
from podo.store.retention import Retention
from podo.store.sqlite import SqliteConfig, SqliteStore, open_sqlite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def store_at(path: Path, clock: VirtualClock | None = None, **config):
    return open_sqlite(SqliteConfig(path, **config), clock or VirtualClock())


def rows(path: Path) -> int:
    with sqlite3.connect(path) as connection:
        count = connection.execute("SELECT count(*) FROM log").fetchone()[0]
    connection.close()
    return count


class TestReopening:
    async def test_everything_is_as_it_was(self, path):
        async with store_at(path) as store:
            first = await store.create("/a", b"1")
            second = await store.update("/a", b"2", expect=first.modified)
            await store.create("/b", b"3")
            await store.delete("/b")
            revision = await store.revision()
        async with store_at(path) as store:
            assert await store.revision() == revision
            assert (await store.list("")).records == [second]
            assert (await store.list("", at=first.modified)).records == [first]
            assert [event.record.key async for event in first_events(store, 4)] == ["/a", "/a", "/b", "/b"]

    async def test_what_was_forgotten_stays_forgotten_and_no_revision_comes_twice(self, path):
        async with store_at(path) as store:
            await store.create("/a", b"1")
            gone = await store.delete("/a")
            await store.compact(gone.modified)
        assert rows(path) == 0
        async with store_at(path) as store:
            with pytest.raises(Expired):
                await store.list("", at=Revision(gone.modified - 1))
            assert (await store.create("/a", b"1")).modified > gone.modified

    async def test_a_file_of_mode_0600_is_made_since_it_holds_secrets(self, path):
        async with store_at(path) as store:
            await store.create("/a", b"1")
            assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}

    async def test_an_empty_file_is_a_new_store(self, path):
        path.touch()
        async with store_at(path) as store:
            await store.create("/a", b"1")


async def first_events(store: SqliteStore, count: int):
    watch = store.watch("", since=Revision(1))
    for _ in range(count):
        yield await anext(watch)
    await watch.aclose()


class TestRefusing:
    async def refusal(self, path: Path) -> str:
        with pytest.raises(ServiceUnavailable) as caught:
            async with store_at(path):
                pass
        return str(caught.value)

    async def test_a_file_that_is_no_database(self, path):
        path.write_bytes(b"apiVersion: v1\nkind: Config\n" * 100)
        assert "it is no SQLite database: choose another file" in await self.refusal(path)
        assert path.read_bytes().startswith(b"apiVersion")

    async def test_a_database_of_another_program(self, path):
        with sqlite3.connect(path) as connection:
            connection.execute("CREATE TABLE log (line TEXT)")
        connection.close()
        assert "but no podo state" in await self.refusal(path)

    async def test_a_state_of_a_newer_podo(self, path):
        async with store_at(path):
            pass
        with sqlite3.connect(path) as connection:
            connection.execute("PRAGMA user_version = 7")
        connection.close()
        assert "written by a newer podo (schema 7; this one knows 1)" in await self.refusal(path)

    async def test_a_file_that_is_in_use(self, path):
        async with store_at(path) as store:
            assert f"in use by process {os.getpid()}: stop that server first" in await self.refusal(path)
            await store.create("/still", b"works")
        async with store_at(path):
            pass

    async def test_a_folder_that_does_not_exist(self, path):
        assert "No such file or directory" in await self.refusal(path / "there" / "state.db")

    async def test_a_folder_in_place_of_the_file(self, path):
        path.mkdir()
        assert "Is a directory" in await self.refusal(path)

    async def test_a_truncated_file(self, path):
        async with store_at(path) as store:
            await store.create("/a", b"1" * 100_000)
        os.truncate(path, 5000)
        assert "damaged: restore it from a snapshot" in await self.refusal(path)


class TestFull:
    async def fill(self, store: SqliteStore) -> tuple[list[Record], ServiceUnavailable]:
        """Write, several at once, until the store refuses; (what was answered, the refusal)."""
        written: list[Record] = []
        for turn in range(10_000):
            writes = (store.create(f"/{turn:05}/{n}", os.urandom(20_000)) for n in range(3))
            answers = await asyncio.gather(*writes, return_exceptions=True)
            written += [answer for answer in answers if isinstance(answer, Record)]
            for answer in answers:
                if not isinstance(answer, Record):
                    assert isinstance(answer, ServiceUnavailable)
                    return written, answer
        raise AssertionError("it never got full")

    async def test_at_its_limit_it_says_so_keeps_what_it_has_and_writes_nothing_by_half(self, path):
        async with store_at(path, max_bytes=1_000_000) as store:
            written, refusal = await self.fill(store)
            assert "no space left: free some on its disk" in str(refusal)
            assert (await store.list("/")).records == written
            assert await store.revision() == written[-1].modified
        async with store_at(path) as store:
            assert (await store.list("/")).records == written
            after = await store.create("/more", b"now")
            assert after.modified == written[-1].modified + 1

    @pytest.mark.e2e
    async def test_on_a_full_disk_it_does_the_same_and_goes_on_once_there_is_space(self, small_disk):
        ballast = small_disk / "ballast"
        ballast.write_bytes(bytes(2_000_000))
        async with store_at(small_disk / "state.db") as store:
            written, refusal = await self.fill(store)
            assert "no space left" in str(refusal)
            assert (await store.list("/")).records == written
            ballast.unlink()
            written.append(await store.create("/more", b"x" * 100_000))
            assert (await store.list("/")).records == written
        async with store_at(small_disk / "state.db") as store:
            assert (await store.list("/")).records == written


class TestDiskErrors:
    async def test_a_disk_error_fails_the_write_and_the_store_goes_on_afterwards(self, path):
        async with store_at(path) as store:
            before = await store.create("/before", b"1")
            with (
                files_up_to(200_000),
                pytest.raises(ServiceUnavailable, match="the disk reports an error: see `dmesg`"),
            ):
                await store.create("/big", bytes(400_000))
            assert (await store.list("")).records == [before]
            after = await store.create("/big", bytes(400_000))
            assert after.modified == before.modified + 1
        async with store_at(path) as store:
            assert (await store.list("")).records == [before, after]


@contextmanager
def files_up_to(size: int) -> Iterator[None]:
    """While this lasts, this process cannot write beyond `size` bytes of a file: the kernel answers EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "podo-test", tmp_path], check=True)
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", tmp_path], check=True)


class TestForgetting:
    async def test_old_events_go_by_age_as_writes_come(self, path):
        clock = VirtualClock()
        async with store_at(path, clock, retention=Retention(events=1000, age=timedelta(minutes=5))) as store:
            old = await store.create("/a", b"1")
            clock.advance(timedelta(minutes=4))
            young = await store.update("/a", b"2", expect=old.modified)
            clock.advance(timedelta(minutes=2))
            last = await store.update("/a", b"3", expect=young.modified)
            assert (await store.list("", at=young.modified)).records == [young]
            with pytest.raises(Expired):
                await store.list("", at=Revision(old.modified - 1))
            assert await store.get("/a") == last

    async def test_old_events_go_by_count_and_the_file_keeps_little_more_than_what_is_current(self, path):
        async with store_at(path, retention=Retention(events=100)) as store:
            record = await store.create("/a", b"")
            for _ in range(1500):
                record = await store.update("/a", b"", expect=record.modified)
        assert rows(path) < 200

    async def test_a_list_in_pages_that_is_under_way_is_not_cut_by_compaction(self, path):
        async with store_at(path) as store:
            written = await asyncio.gather(*(store.create(f"/{n:05}", b"") for n in range(2000)))
            listing = asyncio.ensure_future(store.list(""))
            await asyncio.sleep(0)
            await store.delete("/01999")
            await store.compact(await store.revision())
            assert (await listing).records == written


class TestCommitting:
    async def test_a_writer_that_is_cancelled_holds_up_nobody(self, path):
        async with store_at(path) as store:
            impatient = asyncio.ensure_future(store.create("/a", b"1"))
            await asyncio.sleep(0)
            patient = asyncio.ensure_future(store.delete("/a"))
            await asyncio.sleep(0)
            impatient.cancel()
            assert (await patient).value == b"1"
            with pytest.raises(asyncio.CancelledError):
                await impatient

    async def test_more_writes_than_a_batch_are_all_committed_in_order(self, path):
        async with store_at(path, batch=100) as store:
            records = await asyncio.gather(*(store.create(f"/{n:04}", b"") for n in range(1000)))
            assert [record.modified for record in records] == list(range(2, 1002))

    async def test_writes_that_wait_are_finished_when_the_store_closes(self, path):
        async with store_at(path) as store:
            waiting = [asyncio.ensure_future(store.create(f"/{n}", b"")) for n in range(50)]
            await asyncio.sleep(0)
        assert len(await asyncio.gather(*waiting)) == 50
        with pytest.raises(ServiceUnavailable):
            await store.create("/late", b"")

    async def test_the_loop_turns_while_the_disk_writes(self, path):
        async with store_at(path) as store:
            write, turns = asyncio.ensure_future(store.create("/a", b"x" * 3_000_000)), 0
            while not write.done():
                turns += 1
                await asyncio.sleep(0)
            assert turns > 5
