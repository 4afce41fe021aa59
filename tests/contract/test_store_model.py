"""Random operations on a store and on a plain model of it: both must always tell the same story."""

import asyncio
import os
from contextlib import aclosing
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from podo.api.errors import AlreadyExists, APIError, Conflict, Expired, NotFound
from podo.store.base import Event, EventType, Record, Revision
from podo.store.open import FullStore
from tests.contract.stores import STORES, opened

KEYS = ["/", "/a", "/a/", "/a/b", "/a/b/c", "/a0", "/b", "/b/\U0001f347", "/é"]
PREFIXES = ["", *KEYS]


@dataclass
class Model:
    """All the past there ever was: the records as of each revision, and the events."""

    states: dict[Revision, dict[str, Record]] = field(default_factory=lambda: {Revision(1): {}})
    events: list[Event] = field(default_factory=list)
    compacted: Revision = field(default=Revision(1))

    @property
    def now(self) -> dict[str, Record]:
        return self.states[max(self.states)]

    def note(self, kind: EventType, record: Record) -> None:
        after = dict(self.now)
        previous = after.pop(record.key, None)
        if kind is not EventType.DELETED:
            after[record.key] = record
        self.states[record.modified] = after
        self.events.append(Event(kind, record, previous))


writes = st.tuples(st.sampled_from(["create", "update", "delete"]), st.sampled_from(KEYS), st.binary(max_size=5))
expects = st.sampled_from(["current", "stale", "none"])
checks = st.tuples(st.sampled_from(PREFIXES), st.integers(0, 4), st.floats(0, 1))
operations = st.lists(
    st.one_of(
        st.tuples(st.just("write"), writes, expects),
        st.tuples(st.just("check"), checks),
        st.tuples(st.just("compact"), st.floats(0, 1)),
    ),
    max_size=40,
)


def revision_at(model: Model, share: float) -> Revision:
    """A revision of the model: `share` of the way through its history."""
    revisions = sorted(model.states)
    return revisions[round(share * (len(revisions) - 1))]


async def write(store: FullStore, model: Model, verb: str, key: str, value: bytes, expect: str) -> None:
    """Do it on the store; the model says what must come of it."""
    current = model.now.get(key)
    known = current.modified if current else Revision(1)
    revision = {"current": known, "stale": Revision(known - 1), "none": None}[expect]
    wanted: type[APIError] | None = None
    if verb == "create":
        kind, call, wanted = EventType.ADDED, store.create(key, value), AlreadyExists if current else None
    else:
        wanted = NotFound if not current else Conflict if expect == "stale" else None
        if verb == "update":
            kind, call = EventType.MODIFIED, store.update(key, value, expect=revision or known)
        else:
            kind, call = EventType.DELETED, store.delete(key, expect=revision)
    if wanted:
        with pytest.raises(wanted):
            await call
        return
    model.note(kind, await call)
    record = model.events[-1].record
    assert record.modified == await store.revision()
    assert record.value == (current.value if verb == "delete" and current else value)
    assert record.created == (record.modified if verb == "create" else current and current.created)


async def check(store: FullStore, model: Model, prefix: str, limit: int, share: float) -> None:
    """Lists and watches at a revision of the past."""
    at = revision_at(model, share)
    if at < model.compacted:
        with pytest.raises(Expired):
            await store.list(prefix, at=at)
        return
    records = [record for key, record in sorted(model.states[at].items()) if key.startswith(prefix)]
    page = await store.list(prefix, at=at, limit=limit)
    found = page.records
    while page.next_key:
        assert len(found) + page.remaining == len(records)
        page = await store.list(prefix, at=at, limit=limit, start=page.next_key)
        found += page.records
    assert found == records
    for key in KEYS:
        assert await store.get(key) == model.now.get(key)
    events = [e for e in model.events if e.record.modified > at and e.record.key.startswith(prefix)]
    if events:
        async with aclosing(store.watch(prefix, since=at)) as watch:
            assert [await anext(watch) for _ in events] == events


async def story(name: str, operations: list[tuple]) -> None:
    model = Model()
    async with asyncio.timeout(60), opened(name) as store:
        for kind, *details in operations:
            if kind == "write":
                (verb, key, value), expect = details
                await write(store, model, verb, key, value, expect)
            elif kind == "check":
                await check(store, model, *details[0])
            else:
                target = revision_at(model, details[0])
                await store.compact(target)
                model.compacted = max(model.compacted, target)
        for prefix in ("", "/a"):
            await check(store, model, prefix, 0, 1.0)


@pytest.mark.parametrize("name", [n for n in STORES if isinstance(n, str)])
@settings(max_examples=int(os.environ.get("PODO_MODEL_EXAMPLES", "60")), deadline=None)
@given(operations=operations)
def test_a_store_and_a_dictionary_tell_the_same_story(name, operations):
    asyncio.run(story(name, operations))


@pytest.mark.e2e
@settings(max_examples=5, deadline=None, phases=[Phase.generate])  # a new etcd takes a second
@given(operations=operations)
def test_etcd_and_a_dictionary_tell_the_same_story(operations):
    asyncio.run(story("etcd", operations))
