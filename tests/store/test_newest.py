from podo.store.base import Event, EventType, Record, Revision
from podo.store.newest import Newest


def event(kind: EventType, key: str, revision: int) -> Event:
    return Event(kind, Record(key, b"value", Revision(1), Revision(revision)), None)


def test_the_last_write_of_a_key_counts():
    newest = Newest()
    newest.take_in([event(EventType.ADDED, "/a", 1), event(EventType.MODIFIED, "/a", 2)])
    assert newest.get("/a").modified == 2
    assert newest.get("/b") is None


def test_what_was_deleted_is_not_known():
    newest = Newest()
    newest.take_in([event(EventType.ADDED, "/a", 1)])
    newest.take_in([event(EventType.DELETED, "/a", 2)])
    assert newest.get("/a") is None


def test_what_was_not_written_for_the_longest_time_is_forgotten_first():
    newest = Newest(kept=2)
    newest.take_in([event(EventType.ADDED, "/a", 1), event(EventType.ADDED, "/b", 2)])
    newest.take_in([event(EventType.MODIFIED, "/a", 3), event(EventType.ADDED, "/c", 4)])
    assert [key for key in ("/a", "/b", "/c") if newest.get(key)] == ["/a", "/c"]
