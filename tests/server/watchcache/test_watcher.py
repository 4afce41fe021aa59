"""What one watch sees of the changes."""

import asyncio

import pytest

from podo.api.selectors import parse_fields, parse_labels
from podo.server.watchcache import watcher as module
from podo.server.watchcache.entry import Change
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Seen, Watcher, Watchers
from podo.store.base import EventType

from .build import entry


def fields_of(obj):
    return {"spec.nodeName": obj.get("spec", {}).get("nodeName", "")}


def change(name="x", revision=5, *, before=None, type=EventType.MODIFIED, namespace="ns", **more):
    previous = entry(name, revision - 1, namespace=namespace, **before) if before is not None else None
    return Change(type, entry(name, revision, namespace=namespace, **more), previous)


A, B = {"labels": {"app": "a"}}, {"labels": {"app": "b"}}


@pytest.mark.parametrize(
    ("type", "before", "after", "seen"),
    [
        pytest.param(EventType.ADDED, None, A, Seen.ADDED, id="made"),
        pytest.param(EventType.ADDED, None, B, None, id="another is made"),
        pytest.param(EventType.MODIFIED, A, A, Seen.MODIFIED, id="changed"),
        pytest.param(EventType.MODIFIED, B, A, Seen.ADDED, id="comes in"),
        pytest.param(EventType.MODIFIED, A, B, Seen.LEFT, id="leaves"),
        pytest.param(EventType.MODIFIED, B, B, None, id="stays out"),
        pytest.param(EventType.DELETED, A, A, Seen.DELETED, id="deleted"),
        pytest.param(EventType.DELETED, B, B, None, id="another is deleted"),
    ],
)
def test_a_selection_sees_objects_come_and_go(type, before, after, seen):
    watcher = Watcher(Selection("", parse_labels("app=a")), fields_of, 0)
    watcher.offer(change(type=type, before=before, **after))
    assert [notice.seen for notice in watcher.take()] == ([seen] if seen else [])


def test_what_the_client_has_seen_already_is_not_shown_again():
    watcher = Watcher(Selection(), fields_of, 7)
    for revision in (6, 7, 8):
        watcher.offer(change(revision=revision))
    assert [notice.change.revision for notice in watcher.take()] == [8]


async def test_a_watcher_wakes_at_the_first_of_a_batch():
    watcher = Watcher(Selection(), fields_of, 0)
    waiting = asyncio.ensure_future(watcher.changed())
    await asyncio.sleep(0)
    assert not waiting.done()
    watcher.offer(change(revision=1))
    watcher.offer(change(revision=2))
    await waiting
    assert len(watcher.take()) == 2
    assert watcher.take() == []


def test_a_watcher_that_takes_nothing_is_closed():
    watcher = Watcher(Selection(), fields_of, 0)
    for revision in range(1, module.BACKLOG + 3):
        watcher.offer(change(revision=revision))
    assert watcher.closed


@pytest.mark.parametrize(
    ("selection", "sees"),
    [
        pytest.param(Selection(), ["a/x", "b/x"], id="all"),
        pytest.param(Selection("b"), ["b/x"], id="a namespace"),
        pytest.param(Selection("b", None, parse_fields("metadata.name=x")), ["b/x"], id="one object"),
        pytest.param(Selection("b", None, parse_fields("metadata.name=y")), [], id="another object"),
        pytest.param(Selection("", None, parse_fields("metadata.name=x")), ["a/x", "b/x"], id="a name anywhere"),
        pytest.param(Selection("", None, parse_fields("spec.nodeName=n1")), ["a/x"], id="a field"),
        pytest.param(Selection("b", None, parse_fields("spec.nodeName=n1")), [], id="a field in a namespace"),
    ],
)
def test_changes_reach_whom_they_concern(selection, sees):
    watchers, watcher = Watchers(fields_of), Watcher(selection, fields_of, 0)
    watchers.add(watcher)
    watchers.tell(change(type=EventType.ADDED, namespace="a", spec={"nodeName": "n1"}))
    watchers.tell(change(type=EventType.ADDED, namespace="b", spec={"nodeName": "n2"}))
    assert [notice.change.entry.key for notice in watcher.take()] == sees
    watchers.remove(watcher)
    assert watchers.everyone() == []


def test_a_pod_that_moves_is_seen_by_both_nodes():
    watchers = Watchers(fields_of)
    old, new = (
        Watcher(Selection("", None, parse_fields(f"spec.nodeName={node}")), fields_of, 0) for node in ("n1", "n2")
    )
    watchers.add(old)
    watchers.add(new)
    watchers.tell(change(before={"spec": {"nodeName": "n1"}}, spec={"nodeName": "n2"}))
    assert [notice.seen for notice in old.take()] == [Seen.LEFT]
    assert [notice.seen for notice in new.take()] == [Seen.ADDED]
