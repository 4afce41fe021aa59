"""The objects of one kind, now and as they were."""

from itertools import islice

import pytest

from podo.api.errors import Expired
from podo.api.selectors import parse_fields, parse_labels
from podo.server.watchcache import resource as module
from podo.server.watchcache.resource import ResourceCache
from podo.server.watchcache.selection import Selection
from podo.store.base import EventType

from .build import value


def fields_of(obj):
    return {"spec.nodeName": obj.get("spec", {}).get("nodeName", "")}


class Lab:
    """A cache that numbers its writes."""

    def __init__(self):
        self.cache, self.revision = ResourceCache(fields_of), 0

    def put(self, name, *, namespace="ns", **more):
        self.revision += 1
        key = f"{namespace}/{name}"
        kind = EventType.MODIFIED if self.cache.get(key) else EventType.ADDED
        self.cache.apply(kind, key, self.revision, value(name, namespace=namespace, **more))

    def drop(self, name, *, namespace="ns"):
        self.revision += 1
        self.cache.apply(EventType.DELETED, f"{namespace}/{name}", self.revision, value(name, namespace=namespace))

    def names(self, labels="", fields="", namespace="", after=""):
        selection = Selection(
            namespace, parse_labels(labels) if labels else None, parse_fields(fields) if fields else None
        )
        return [found.key for found in self.cache.select(selection, after)]


@pytest.fixture
def lab():
    return Lab()


def test_objects_are_in_order_of_namespace_and_name(lab):
    for namespace, name in (("b", "x"), ("a", "z"), ("a-b", "y"), ("a", "y")):
        lab.put(name, namespace=namespace)
    assert lab.names() == ["a-b/y", "a/y", "a/z", "b/x"]
    assert lab.names(namespace="a") == ["a/y", "a/z"]
    assert lab.names(namespace="a", after="a/y") == ["a/z"]
    assert lab.cache.count("a", after="a/y") == 1


def test_selection_by_label_follows_changes(lab):
    lab.put("x", labels={"app": "a"})
    lab.put("y", labels={"app": "b"})
    assert lab.names(labels="app=a") == ["ns/x"]
    lab.put("y", labels={"app": "a"})
    lab.put("z", labels={"app": "a"})
    lab.drop("x")
    assert lab.names(labels="app=a") == ["ns/y", "ns/z"]
    assert lab.names(labels="app=b") == []
    assert lab.names(labels="app in (a,b)") == ["ns/y", "ns/z"]


def test_selection_by_several_conditions_meets_all(lab):
    lab.put("x", labels={"app": "a", "tier": "f"}, spec={"nodeName": "n1"})
    lab.put("y", labels={"app": "a"}, spec={"nodeName": "n1"})
    assert lab.names(labels="app=a,tier", fields="spec.nodeName=n1") == ["ns/x"]
    assert lab.names(labels="app=a,!tier") == ["ns/y"]


def test_selection_by_field_and_by_name(lab):
    lab.put("x", spec={"nodeName": "n1"})
    lab.put("y", spec={"nodeName": "n2"})
    assert lab.names(fields="spec.nodeName=n2") == ["ns/y"]
    assert lab.names(fields="spec.nodeName!=n2") == ["ns/x"]
    assert lab.names(fields="metadata.name=y") == ["ns/y"]
    assert lab.names(fields="metadata.name=y", namespace="ns") == ["ns/y"]
    assert lab.names(fields="metadata.name=y", namespace="other") == []


def test_an_index_reads_no_object_that_it_does_not_find(lab):
    for number in range(100):
        lab.put(f"x{number}", labels={"app": str(number)})
    assert lab.names(labels="app=7") == ["ns/x7"]
    seen = list(lab.cache._candidates(Selection("", parse_labels("app=8")), ""))
    assert seen == ["ns/x8"]


def test_the_past_can_be_read_while_the_window_reaches_back(lab):
    lab.put("a", data={"v": "1"})
    lab.put("b")
    then = lab.revision
    lab.put("a", data={"v": "2"})
    lab.drop("b")
    lab.put("c")
    past = list(lab.cache.as_of(then))
    assert [found.key for found in past] == ["ns/a", "ns/b"]
    assert past[0].object()["data"] == {"v": "1"}
    assert [found.key for found in lab.cache.as_of(then, after="ns/a")] == ["ns/b"]
    assert list(lab.cache.as_of(then, namespace="other")) == []


def test_what_is_older_than_the_window_has_expired(lab):
    lab.put("a")
    lab.cache.begin_at(lab.revision)
    with pytest.raises(Expired, match=r"too old resource version: 0 \(1\)"):
        lab.cache.since(0)
    assert list(lab.cache.since(1)) == []


def test_the_window_is_bounded_in_bytes(lab):
    big = "x" * (module.WINDOW_BYTES // 50)
    for number in range(200):
        lab.put("a", data={"v": big + str(number)})
    assert lab.cache.floor > 0
    assert sum(len(change.entry.tail) for change in lab.cache.since(lab.cache.floor)) < 2 * module.WINDOW_BYTES


def test_a_watch_of_one_namespace_is_replayed_only_that(lab):
    lab.put("x", namespace="a")
    lab.put("y", namespace="b")
    watcher = lab.cache.watch(Selection("b"), 0)
    lab.put("z", namespace="a")
    assert [notice.change.entry.key for notice in watcher.take()] == ["b/y"]


class Counted(ResourceCache):
    """Counts the keys that are looked at."""

    looked_at = 0

    def keys(self, namespace="", after=""):
        for key in super().keys(namespace, after):
            self.looked_at += 1
            yield key


def test_a_page_of_the_past_costs_what_it_returns_whatever_was_changed_since(lab):
    lab.cache = Counted(fields_of)
    for number in range(500):
        lab.put(f"x{number:03}")
    then = lab.revision
    for number in range(0, 500, 50):
        lab.put(f"x{number:03}", labels={"changed": "yes"})
    lab.drop("x001")
    lab.put("x0005")
    page = list(islice(lab.cache.as_of(then), 10))
    assert [found.key for found in page] == [f"ns/x{number:03}" for number in range(10)]
    assert page[0].labels == {}
    assert lab.cache.looked_at < 15
    assert lab.cache.count_as_of(then, after="ns/x009") == 490
