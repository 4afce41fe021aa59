"""Objects as bytes, from the store to the reader."""

import msgspec
import pytest

from podo.server.watchcache.entry import Change, Entry, head_of, stored_value, tail_of
from podo.store.base import EventType

from .build import entry, value


def test_what_is_stored_has_its_type_and_metadata_first_and_no_revision():
    obj = {
        "data": {"a": "b"},
        "metadata": {"resourceVersion": "7", "name": "x"},
        "apiVersion": "v1",
        "kind": "ConfigMap",
    }
    assert stored_value(obj) == b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"x"},"data":{"a":"b"}}'


def test_a_tail_has_the_revision_and_completes_a_head():
    whole = head_of("ConfigMap", "v1") + tail_of(value("x", data={"a": "b"}), 12)
    assert msgspec.json.decode(whole) == {
        "kind": "ConfigMap",
        "apiVersion": "v1",
        "metadata": {"resourceVersion": "12", "name": "x"},
        "data": {"a": "b"},
    }


def test_a_tail_without_a_revision_shows_none():
    assert tail_of(value("x"), 0) == b'"metadata":{"name":"x"}}'


@pytest.mark.parametrize(("key", "namespace", "name"), [("ns/x", "ns", "x"), ("x", "", "x")])
def test_namespace_and_name_come_from_the_key(key, namespace, name):
    found = Entry(key, 1, value(name))
    assert (found.namespace, found.name) == (namespace, name)


def test_labels_are_read_from_the_bytes():
    assert entry("x", labels={"app": "web"}).labels == {"app": "web"}
    assert entry("x").labels == {}


def test_fields_are_those_of_the_kind_beside_name_and_namespace():
    found = entry("x", spec={"nodeName": "n1"}).fields(lambda obj: {"spec.nodeName": obj["spec"]["nodeName"]})
    assert found == {"metadata.name": "x", "metadata.namespace": "ns", "spec.nodeName": "n1"}


def test_each_reader_gets_an_object_of_its_own():
    shared = entry("x", data={"a": "b"})
    shared.object()["data"]["a"] = "changed"
    assert shared.object()["data"] == {"a": "b"}


def test_what_leaves_a_selection_is_shown_as_it_was_at_the_revision_of_the_change():
    before, after = entry("x", 5, labels={"app": "a"}), entry("x", 123, labels={"app": "b"})
    left = Change(EventType.MODIFIED, after, before).left()
    assert (left.revision, left.labels) == (123, {"app": "a"})
    assert left.object()["metadata"]["resourceVersion"] == "123"
