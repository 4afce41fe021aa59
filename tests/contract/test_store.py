"""What every store promises (podo/store/base.py), told on each of them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from podo.api.errors import AlreadyExists, Conflict, Expired, NotFound, ServiceUnavailable, Timeout
from podo.store.base import Event, EventType, Record, Revision
from podo.store.open import FullStore
from tests.contract.stores import STORES, opened

ADDED, MODIFIED, DELETED = EventType.ADDED, EventType.MODIFIED, EventType.DELETED


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[FullStore]:
    async with opened(request.param) as store:
        yield store


async def events(store: FullStore, prefix: str, since: Revision, count: int) -> list[Event]:
    """The next `count` events."""
    async with asyncio.timeout(10), aclosing(store.watch(prefix, since=since)) as watch:
        return [await anext(watch) for _ in range(count)]


def keys(records: list[Record]) -> list[str]:
    return [record.key for record in records]


class TestReading:
    async def test_a_new_store_is_empty_and_at_a_revision_above_zero(self, store):
        page = await store.list("")
        assert page.records == []
        assert page.revision == await store.revision() == 1

    async def test_a_record_is_read_as_it_was_written(self, store):
        record = await store.create("/pods/a", b"\x00\xff value")
        assert record == Record("/pods/a", b"\x00\xff value", record.modified, record.modified)
        assert await store.get("/pods/a") == record

    async def test_a_key_that_was_never_written_is_none(self, store):
        assert await store.get("/pods/a") is None

    async def test_an_empty_value_is_a_value(self, store):
        record = await store.create("/a", b"")
        assert await store.get("/a") == record

    async def test_a_large_value_is_read_whole(self, store):
        value = bytes(range(256)) * 4096
        await store.create("/big", value)
        record = await store.get("/big")
        assert record is not None
        assert record.value == value


class TestWriting:
    async def test_every_write_has_a_revision_of_its_own_and_they_grow(self, store):
        first = await store.create("/a", b"1")
        second = await store.create("/b", b"2")
        third = await store.update("/a", b"3", expect=first.modified)
        fourth = await store.delete("/b")
        assert 1 < first.modified < second.modified < third.modified < fourth.modified == await store.revision()

    async def test_an_update_keeps_the_revision_of_the_creation(self, store):
        first = await store.create("/a", b"1")
        second = await store.update("/a", b"2", expect=first.modified)
        assert second.created == first.created
        assert await store.get("/a") == second

    async def test_a_second_create_is_refused(self, store):
        first = await store.create("/a", b"1")
        with pytest.raises(AlreadyExists):
            await store.create("/a", b"2")
        assert await store.get("/a") == first

    async def test_an_update_with_a_stale_revision_conflicts(self, store):
        first = await store.create("/a", b"1")
        second = await store.update("/a", b"2", expect=first.modified)
        with pytest.raises(Conflict):
            await store.update("/a", b"3", expect=first.modified)
        assert await store.get("/a") == second

    @pytest.mark.parametrize("expect", [Revision(0), Revision(1)])
    async def test_an_update_of_what_does_not_exist_is_not_found(self, store, expect):
        with pytest.raises(NotFound):
            await store.update("/a", b"1", expect=expect)
        assert await store.get("/a") is None

    async def test_a_deletion_gives_the_last_value_at_the_revision_of_the_deletion(self, store):
        first = await store.create("/a", b"1")
        last = await store.delete("/a", expect=first.modified)
        assert last == first._replace(modified=last.modified)
        assert last.modified > first.modified
        assert await store.get("/a") is None

    async def test_a_deletion_with_a_stale_revision_conflicts(self, store):
        first = await store.create("/a", b"1")
        await store.update("/a", b"2", expect=first.modified)
        with pytest.raises(Conflict):
            await store.delete("/a", expect=first.modified)
        assert await store.get("/a") is not None

    @pytest.mark.parametrize("expect", [None, Revision(0), Revision(1)])
    async def test_a_deletion_of_what_does_not_exist_is_not_found(self, store, expect):
        with pytest.raises(NotFound):
            await store.delete("/a", expect=expect)

    async def test_a_key_may_come_again_and_is_then_created_anew(self, store):
        await store.create("/a", b"1")
        gone = await store.delete("/a")
        again = await store.create("/a", b"2")
        assert again.created == again.modified > gone.modified
        assert await store.get("/a") == again

    async def test_of_many_who_update_one_revision_one_succeeds(self, store):
        first = await store.create("/a", b"")
        attempts = [store.update("/a", b"%d" % n, expect=first.modified) for n in range(20)]
        answers = await asyncio.gather(*attempts, return_exceptions=True)
        winners = [answer for answer in answers if isinstance(answer, Record)]
        assert len(winners) == 1
        assert sum(isinstance(answer, Conflict) for answer in answers) == 19
        assert await store.get("/a") == winners[0]

    async def test_of_many_who_create_one_key_one_succeeds(self, store):
        answers = await asyncio.gather(*(store.create("/a", b"%d" % n) for n in range(20)), return_exceptions=True)
        assert sum(isinstance(answer, Record) for answer in answers) == 1
        assert sum(isinstance(answer, AlreadyExists) for answer in answers) == 19

    async def test_of_many_who_delete_one_key_one_succeeds(self, store):
        await store.create("/a", b"")
        answers = await asyncio.gather(*(store.delete("/a") for _ in range(20)), return_exceptions=True)
        assert sum(isinstance(answer, Record) for answer in answers) == 1
        assert sum(isinstance(answer, NotFound) for answer in answers) == 19

    async def test_concurrent_writes_to_many_keys_all_succeed(self, store):
        records = await asyncio.gather(*(store.create(f"/{n:03}", b"%d" % n) for n in range(300)))
        assert len({record.modified for record in records}) == 300
        assert (await store.list("/")).records == records


class TestListing:
    @pytest.fixture
    async def fruits(self, store) -> list[Record]:
        return [await store.create(f"/fruits/{name}", name.encode()) for name in ("apple", "grape", "melon", "plum")]

    async def test_a_list_has_the_records_under_its_prefix_in_order(self, store, fruits):
        await store.create("/fruit", b"")
        await store.create("/fruits0", b"")
        page = await store.list("/fruits/")
        assert page == (fruits, await store.revision(), "", 0)

    async def test_an_empty_prefix_lists_everything(self, store, fruits):
        assert keys((await store.list("")).records) == keys(fruits)

    async def test_the_order_is_that_of_code_points(self, store):
        names = ["/a", "/a-b", "/a/b", "/a0", "/aä", "/a\uffff", "/a\U0001f347", "/b"]
        for name in reversed(names):
            await store.create(name, b"")
        assert keys((await store.list("/")).records) == names
        assert keys((await store.list("/a\uffff")).records) == ["/a\uffff"]

    async def test_pages_follow_on_each_other_and_say_what_remains(self, store, fruits):
        first = await store.list("/fruits/", limit=3)
        assert (keys(first.records), first.remaining) == (keys(fruits[:3]), 1)
        last = await store.list("/fruits/", limit=3, start=first.next_key, at=first.revision)
        assert (keys(last.records), last.remaining, last.next_key) == (keys(fruits[3:]), 0, "")

    async def test_a_page_that_is_just_full_is_the_last(self, store, fruits):
        page = await store.list("/fruits/", limit=4)
        assert (len(page.records), page.remaining, page.next_key) == (4, 0, "")

    async def test_start_is_included_and_may_lie_anywhere(self, store, fruits):
        assert keys((await store.list("/fruits/", start="/fruits/grape")).records) == keys(fruits[1:])
        assert keys((await store.list("/fruits/", start="/a")).records) == keys(fruits)
        assert keys((await store.list("/fruits/", start="/x")).records) == []
        assert keys((await store.list("/fruits/", start="/x", limit=2)).records) == []

    async def test_pages_at_one_revision_show_nothing_of_later_writes(self, store, fruits):
        first = await store.list("/fruits/", limit=1)
        await store.delete("/fruits/melon")
        await store.create("/fruits/kiwi", b"")
        await store.update("/fruits/plum", b"new", expect=fruits[3].modified)
        rest = await store.list("/fruits/", start=first.next_key, at=first.revision)
        assert rest == (fruits[1:], first.revision, "", 0)
        now = await store.list("/fruits/")
        assert keys(now.records) == ["/fruits/apple", "/fruits/grape", "/fruits/kiwi", "/fruits/plum"]

    async def test_the_past_shows_a_key_that_came_again_as_it_was_then(self, store):
        await store.create("/a", b"1")
        gone = await store.delete("/a")
        again = await store.create("/a", b"2")
        assert (await store.list("/", at=gone.modified)).records == []
        assert [r.value for r in (await store.list("/", at=Revision(gone.modified - 1))).records] == [b"1"]
        assert (await store.list("/", at=again.modified)).records == [again]

    async def test_many_records_are_listed_whole(self, store):
        await asyncio.gather(*(store.create(f"/{n:04}", b"") for n in range(1234)))
        assert keys((await store.list("/")).records) == [f"/{n:04}" for n in range(1234)]
        page = await store.list("/", limit=700)
        assert (len(page.records), page.remaining) == (700, 534)

    async def test_a_revision_yet_to_come_is_a_timeout_that_says_so(self, store):
        with pytest.raises(Timeout, match="Too large resource version: 99"):
            await store.list("/", at=Revision(99))


class TestWatching:
    async def test_a_watch_shows_every_write_with_what_it_replaced(self, store):
        first = await store.create("/a", b"1")
        second = await store.update("/a", b"2", expect=first.modified)
        third = await store.delete("/a")
        fourth = await store.create("/a", b"4")
        assert await events(store, "/", Revision(1), 4) == [
            Event(ADDED, first, None),
            Event(MODIFIED, second, first),
            Event(DELETED, third, second),
            Event(ADDED, fourth, None),
        ]

    async def test_a_watch_goes_on_after_its_revision(self, store):
        await store.create("/a", b"")
        second = await store.create("/b", b"")
        third = await store.create("/c", b"")
        assert await events(store, "/", Revision(second.modified - 1), 2) == [
            Event(ADDED, second, None),
            Event(ADDED, third, None),
        ]

    async def test_a_watch_shows_only_its_prefix(self, store):
        await store.create("/pods/a", b"")
        await store.create("/nodes/a", b"")
        wanted = await store.create("/pods/b", b"")
        assert (await events(store, "/pods/", Revision(1), 2))[1] == Event(ADDED, wanted, None)

    async def test_a_watch_passes_from_the_past_to_the_present_without_a_seam(self, store):
        async with asyncio.timeout(10), aclosing(store.watch("/", since=Revision(1))) as watch:
            written: list[Record] = []
            seen: list[Record] = []
            for turn in range(30):
                written += await asyncio.gather(*(store.create(f"/{turn}/{n}", b"") for n in range(5)))
                seen += [(await anext(watch)).record for _ in range(turn % 5 + 1)]
            seen += [(await anext(watch)).record for _ in range(len(written) - len(seen))]
        assert seen == sorted(written, key=lambda record: record.modified)

    async def test_watchers_that_wait_are_woken(self, store):
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            waiting = [tasks.create_task(events(store, "/", Revision(1), 1)) for _ in range(3)]
            await asyncio.sleep(0)
            record = await store.create("/a", b"")
        assert [task.result() for task in waiting] == [[Event(ADDED, record, None)]] * 3

    async def test_a_watch_from_a_revision_to_come_waits_for_it(self, store):
        now = await store.revision()
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(events(store, "/", Revision(now + 1), 1))
            await asyncio.sleep(0)
            await store.create("/early", b"")
            late = await store.create("/late", b"")
        assert waiting.result() == [Event(ADDED, late, None)]

    async def test_a_watch_can_be_left_by_cancellation(self, store):
        task = asyncio.ensure_future(events(store, "/", Revision(1), 1))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.create("/a", b"")


class TestForgetting:
    async def test_what_is_current_outlives_compaction(self, store):
        first = await store.create("/a", b"1")
        second = await store.update("/a", b"2", expect=first.modified)
        other = await store.create("/b", b"3")
        await store.compact(await store.revision())
        assert (await store.list("/")).records == [second, other]
        assert await store.get("/a") == second
        third = await store.update("/a", b"4", expect=second.modified)
        assert third.created == first.created

    async def test_the_past_before_the_compaction_is_expired_for_lists_and_watches(self, store):
        first = await store.create("/a", b"1")
        await store.update("/a", b"2", expect=first.modified)
        await store.compact(await store.revision())
        with pytest.raises(Expired):
            await store.list("/", at=first.modified)
        with pytest.raises(Expired):
            await events(store, "/", first.modified, 1)

    async def test_what_comes_after_the_compaction_is_kept(self, store):
        first = await store.create("/a", b"1")
        await store.create("/b", b"1")
        await store.delete("/b")
        edge = await store.revision()
        second = await store.update("/a", b"2", expect=first.modified)
        await store.compact(edge)
        assert (await store.list("/", at=edge)).records == [first]
        assert await events(store, "/", edge, 1) == [Event(MODIFIED, second, first)]

    async def test_a_deleted_key_stays_deleted_and_its_revision_is_not_given_again(self, store):
        await store.create("/a", b"1")
        gone = await store.delete("/a")
        await store.compact(gone.modified)
        assert await store.get("/a") is None
        assert await store.revision() == gone.modified
        assert (await store.create("/a", b"2")).modified > gone.modified

    async def test_compaction_of_the_past_is_no_error_and_of_the_future_a_timeout(self, store):
        await store.create("/a", b"1")
        now = await store.revision()
        await store.compact(now)
        await store.compact(Revision(now - 1))
        with pytest.raises(Timeout):
            await store.compact(Revision(now + 1))
        assert (await store.list("/", at=now)).revision == now


@pytest.mark.parametrize("name", STORES)
async def test_a_closed_store_ends_its_watches(name):
    async with opened(name) as store:
        await store.create("/a", b"")
        watch = store.watch("/", since=Revision(1))
        await anext(watch)
    with pytest.raises(ServiceUnavailable):
        async with asyncio.timeout(10):
            await anext(watch)
