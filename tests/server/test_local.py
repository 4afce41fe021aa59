"""The in-process client: what controllers, scheduler and tests use."""

import asyncio

import pytest
from msgspec.structs import replace

from podo.api.errors import AlreadyExists, Conflict, Expired, Invalid, NotFound
from podo.api.types.apps_v1 import Deployment
from podo.api.types.core_v1 import ConfigMap, Container, Node, Pod, PodSpec
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import (
    BOOKMARK,
    INITIAL_EVENTS_END,
    MERGE_PATCH,
    DeleteOptions,
    Key,
    Patch,
    kind_of,
    metadata_kind,
)

KEY = Key("default", "a")


def config(name="a", labels=None, **data):
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default", labels=labels or {}), data=data)


async def take(events, count):
    async with asyncio.timeout(1):
        return [await anext(events) for _ in range(count)]


async def test_what_is_created_can_be_read(client):
    made = await client.create(config(k="v"))
    assert made.metadata.uid
    assert made.metadata.creation_timestamp == "2026-01-01T00:00:00Z"
    assert await client.get(ConfigMap, KEY) == made


async def test_an_object_is_decoded_once_a_revision(client):
    await client.create(config())
    first = await client.get(ConfigMap, KEY)
    listed = await client.list(ConfigMap, namespace="default")
    assert await client.get(ConfigMap, KEY) is first
    assert listed.items[0] is first


async def test_a_name_can_be_taken_once(client):
    await client.create(config())
    with pytest.raises(AlreadyExists, match='configmaps "a" already exists'):
        await client.create(config())


async def test_what_is_missing_is_not_found(client):
    with pytest.raises(NotFound, match=r'deployments\.apps "a" not found'):
        await client.get(Deployment, KEY)
    with pytest.raises(NotFound):
        await client.update(config())
    with pytest.raises(NotFound):
        await client.delete(ConfigMap, KEY)


async def test_a_stale_update_conflicts(client):
    first = await client.create(config(k="1"))
    await client.update(replace(first, data={"k": "2"}))
    with pytest.raises(Conflict, match="the object has been modified"):
        await client.update(replace(first, data={"k": "3"}))


async def test_an_update_without_a_change_writes_nothing(client):
    first = await client.create(config(k="1"))
    assert (await client.update(first)).metadata.resource_version == first.metadata.resource_version


async def test_generate_name_makes_different_names(client):
    body = ConfigMap(metadata=ObjectMeta(generate_name="x-", namespace="default"))
    names = {(await client.create(body)).metadata.name for _ in range(20)}
    assert len(names) == 20
    assert all(name.startswith("x-") and len(name) == 7 for name in names)


async def test_lists_are_sorted_and_selected(client):
    for name in ("c", "a", "b"):
        await client.create(config(name, labels={"app": "x" if name < "c" else "y"}))
    assert [item.metadata.name for item in (await client.list(ConfigMap)).items] == ["a", "b", "c"]
    assert [item.metadata.name for item in (await client.list(ConfigMap, labels="app=x")).items] == ["a", "b"]
    assert [item.metadata.name for item in (await client.list(ConfigMap, labels="app!=x")).items] == ["c"]
    assert [item.metadata.name for item in (await client.list(ConfigMap, fields="metadata.name=b")).items] == ["b"]
    assert not (await client.list(ConfigMap, namespace="other")).items


async def test_a_watch_shows_first_what_is_there_and_then_what_happens(client):
    await client.create(config("a"))
    events = client.watch(ConfigMap)
    first, bookmark = await take(events, 2)
    assert (first.type, first.object.metadata.name) == ("ADDED", "a")
    assert bookmark.type == BOOKMARK
    assert INITIAL_EVENTS_END in bookmark.object.metadata.annotations
    made = await client.create(config("b"))
    await client.update(replace(made, data={"k": "v"}))
    await client.delete(ConfigMap, Key("default", "b"))
    assert [(event.type, event.object.metadata.name) for event in await take(events, 3)] == [
        ("ADDED", "b"),
        ("MODIFIED", "b"),
        ("DELETED", "b"),
    ]


async def test_a_watch_since_a_revision_misses_nothing(client):
    made = await client.create(config("a"))
    await client.create(config("b"))
    events = client.watch(ConfigMap, since=made.metadata.resource_version)
    assert [event.object.metadata.name for event in await take(events, 1)] == ["b"]


async def test_a_watch_since_before_the_window_expires(client):
    with pytest.raises(Expired):
        await anext(client.watch(ConfigMap, since="0"))


async def test_an_object_that_leaves_a_selection_is_deleted_as_it_had_been(client):
    made = await client.create(config(labels={"app": "x"}))
    events = client.watch(ConfigMap, labels="app=x", since=made.metadata.resource_version)
    changed = await client.update(replace(made, metadata=replace(made.metadata, labels={"app": "y"})))
    [gone] = await take(events, 1)
    assert (gone.type, gone.object.metadata.labels) == ("DELETED", {"app": "x"})
    assert gone.object.metadata.resource_version == changed.metadata.resource_version


async def test_finalizers_hold_an_object_until_the_last_is_taken_off(client):
    meta = ObjectMeta(name="a", namespace="default", finalizers=("example.com/hold",))
    await client.create(ConfigMap(metadata=meta))
    await client.delete(ConfigMap, KEY)
    held = await client.get(ConfigMap, KEY)
    assert held.metadata.deletion_timestamp == "2026-01-01T00:00:00Z"
    await client.update(replace(held, metadata=replace(held.metadata, finalizers=())))
    with pytest.raises(NotFound):
        await client.get(ConfigMap, KEY)


async def test_preconditions_keep_another_object_from_being_deleted(client):
    await client.create(config())
    with pytest.raises(Conflict, match=r"the UID in the precondition \(other\) does not match"):
        await client.delete(ConfigMap, KEY, DeleteOptions(uid="other"))


async def test_status_and_spec_are_written_apart(client):
    made = await client.create(Node(metadata=ObjectMeta(name="n")))
    assert made.status.phase == ""
    shown = replace(made, spec=replace(made.spec, unschedulable=True), status=replace(made.status, phase="Running"))
    after = await client.update(shown, subresource="status")
    assert (after.spec.unschedulable, after.status.phase) == (None, "Running")
    after = await client.update(replace(shown, metadata=after.metadata, status=made.status))
    assert (after.spec.unschedulable, after.status.phase) == (True, "Running")


async def test_any_kind_can_be_seen_by_its_metadata_only(client):
    await client.create(config(labels={"app": "x"}))
    [seen] = (await client.list(metadata_kind(kind_of(ConfigMap).resource))).items
    assert (seen.kind, seen.api_version, seen.metadata.labels) == ("ConfigMap", "v1", {"app": "x"})


async def test_watchers_by_node_see_only_that_nodes_pods(client):
    for name, node in (("p", "n1"), ("q", "n2")):
        pod = Pod(metadata=ObjectMeta(name=name, namespace="default"))
        spec = replace(pod.spec, node_name=node, containers=(Container(name="c", image="i"),))
        await client.create(replace(pod, spec=spec))
    events = client.watch(Pod, fields="metadata.name=q")
    first, _ = await take(events, 2)
    assert first.object.spec.node_name == "n2"


async def test_no_write_gives_an_object_another_uid(client):
    spec = PodSpec(containers=(Container(name="a", image="a"),))
    made = await client.create(Pod(metadata=ObjectMeta(name="a", namespace="default"), spec=spec))
    other = Patch(media_type=MERGE_PATCH, body={"metadata": {"uid": "other"}})
    for subresource in ("", "status"):
        with pytest.raises(Invalid, match=r"metadata\.uid: Invalid value: \"other\": field is immutable"):
            await client.patch(Pod, KEY, other, subresource=subresource)
    assert (await client.get(Pod, KEY)).metadata.uid == made.metadata.uid
