"""The copy and its indexes; how it is fed is tested in test_informers."""

import msgspec

from podo.api.types.core_v1 import Pod, PodSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import ADDED, DELETED, MODIFIED, Key, WatchEvent, kind_of
from podo.client.informer import Informer, by_namespace


def pod(name: str, revision: int, *, uid: str = "u", namespace: str = "ns", node: str = "") -> Pod:
    meta = ObjectMeta(name=name, namespace=namespace, uid=uid, resource_version=str(revision))
    return Pod(metadata=meta, spec=PodSpec(node_name=node))


def by_node(obj: Pod):
    return (obj.spec.node_name,) if obj.spec.node_name else ()


def watched(**options) -> tuple[Informer[Pod], list]:
    informer, seen = Informer(kind_of(Pod), **options), []
    informer.handle(lambda old, new: seen.append((old, new)))
    return informer, seen


A = Key("ns", "a")


def test_events_reach_the_copy_the_indexes_and_the_handlers():
    informer, seen = watched()
    nodes = informer.index(by_node)
    first, second = pod("a", 1), pod("a", 2, node="n1")
    informer.apply(WatchEvent(ADDED, first))
    informer.apply(WatchEvent(MODIFIED, second))
    assert (informer.get(A), nodes("n1"), len(informer)) == (second, [second], 1)
    gone = pod("a", 3, node="n1")
    informer.apply(WatchEvent(DELETED, gone))
    assert (informer.get(A), nodes("n1"), list(nodes.values())) == (None, [], [])
    assert seen == [(None, first), (first, second), (gone, None)]


def test_an_index_that_is_asked_for_late_has_what_is_there_and_is_shared():
    informer, _ = watched()
    informer.apply(WatchEvent(ADDED, pod("a", 1)))
    assert [p.metadata.name for p in informer.index(by_namespace)("ns")] == ["a"]
    assert informer.index(by_namespace) is informer.index(by_namespace)


def test_a_late_handler_is_told_of_what_is_there():
    informer, _ = watched()
    informer.apply(WatchEvent(ADDED, pod("a", 1)))
    seen = []
    informer.handle(lambda old, new: seen.append((old, new)))
    assert seen == [(None, pod("a", 1))]


def test_an_event_that_is_older_than_the_copy_changes_nothing():
    informer, seen = watched()
    informer.observe(pod("a", 5))
    informer.apply(WatchEvent(ADDED, pod("a", 4)))
    informer.apply(WatchEvent(DELETED, pod("a", 4)))
    informer.apply(WatchEvent(MODIFIED, pod("a", 5)))
    assert informer.get(A) == pod("a", 5)
    assert len(seen) == 1


def test_a_write_is_seen_at_once():
    informer, seen = watched()
    informer.observe(pod("a", 5))
    assert informer.get(A) == pod("a", 5)
    assert seen == [(None, pod("a", 5))]


def test_the_late_answer_of_a_create_does_not_bring_back_what_was_deleted_since():
    informer, _ = watched()
    informer.apply(WatchEvent(ADDED, pod("a", 5)))
    informer.apply(WatchEvent(DELETED, pod("a", 6)))
    informer.observe(pod("a", 5))
    assert informer.get(A) is None


def test_a_scope_that_might_leave_it_out_observes_no_write():
    informer, _ = watched(complete=False)
    informer.observe(pod("a", 5))
    assert informer.get(A) is None


def test_a_deletion_of_ours_shows_as_terminating_until_its_event():
    informer, _ = watched()
    informer.apply(WatchEvent(ADDED, pod("a", 1)))
    informer.observe_deletion(informer.get(A), "2026-01-01T00:00:00Z")
    assert informer.get(A).metadata.deletion_timestamp == "2026-01-01T00:00:00Z"
    informer.apply(WatchEvent(MODIFIED, pod("a", 2)))
    assert informer.get(A) == pod("a", 2)


def test_a_deletion_of_ours_leaves_a_newer_copy_alone():
    informer, _ = watched()
    old = pod("a", 1)
    informer.apply(WatchEvent(ADDED, old))
    informer.apply(WatchEvent(MODIFIED, pod("a", 2)))
    informer.observe_deletion(old, "2026-01-01T00:00:00Z")
    assert informer.get(A) == pod("a", 2)


def test_a_list_drops_what_it_lacks_but_not_what_was_written_since():
    informer, seen = watched()
    for name, revision in (("a", 1), ("b", 2)):
        informer.apply(WatchEvent(ADDED, pod(name, revision)))
    informer.observe(pod("c", 9))
    informer.retain({Key("ns", "b")}, 5)
    assert sorted(p.metadata.name for p in informer) == ["b", "c"]
    assert seen[-1] == (pod("a", 1), None)


def test_an_object_that_was_replaced_between_two_lists_goes_and_comes():
    informer, seen = watched()
    old, new = pod("a", 1, uid="first"), pod("a", 7, uid="second")
    informer.apply(WatchEvent(ADDED, old))
    informer.apply(WatchEvent(ADDED, new))
    assert seen == [(None, old), (old, None), (None, new)]


def test_a_transform_makes_objects_smaller_or_leaves_them_out():
    def only_on_nodes(obj: Pod) -> Pod | None:
        return msgspec.structs.replace(obj, spec=PodSpec()) if obj.spec.node_name else None

    informer, _ = watched(transform=only_on_nodes)
    informer.apply(WatchEvent(ADDED, pod("a", 1, node="n1")))
    informer.apply(WatchEvent(ADDED, pod("b", 2)))
    assert list(informer) == [pod("a", 1)]
    informer.apply(WatchEvent(MODIFIED, pod("a", 3)))
    assert list(informer) == []
