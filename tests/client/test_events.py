import asyncio

import pytest

from podo.api.errors import Forbidden, ServiceUnavailable
from podo.api.types.apps_v1 import Deployment
from podo.api.types.core_v1 import Event, Node, ObjectReference, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.events import AT_ONCE, QUEUED, EventWriter, reference

from .conftest import settle

WEB = Pod(metadata=ObjectMeta(namespace="ns", name="web", uid="u1", resource_version="7"))


@pytest.fixture
def writer(client, clock):
    return EventWriter(client, clock)


@pytest.fixture
def recorder(writer):
    return writer.recorder("replicaset-controller")


def written(client) -> list[Event]:
    return list(client.objects.get(Event, {}).values())


async def test_an_event_says_what_happened_to_whom_when_and_who_saw_it(writer, recorder, client, clock, background):
    background(writer.run())
    recorder.normal(WEB, "Created", "Created container")
    await clock.run_for(0)
    (event,) = written(client)
    assert event.metadata.name.startswith("web.")
    assert event.metadata.namespace == "ns"
    assert event.involved_object == ObjectReference(
        api_version="v1", kind="Pod", namespace="ns", name="web", uid="u1", resource_version="7"
    )
    assert (event.type, event.reason, event.message, event.count) == ("Normal", "Created", "Created container", 1)
    assert event.first_timestamp == event.last_timestamp == "2026-01-01T00:00:00Z"
    assert event.source.component == event.reporting_component == "replicaset-controller"


async def test_the_same_event_again_is_counted(writer, recorder, client, clock, background):
    background(writer.run())
    for _ in range(3):
        recorder.warning(WEB, "BackOff", "Back-off restarting failed container")
        await clock.run_for(60)
    (event,) = written(client)
    assert event.count == 3
    assert event.first_timestamp == "2026-01-01T00:00:00Z"
    assert event.last_timestamp == "2026-01-01T00:02:00Z"
    assert client.patches[-1].body == {
        "count": 3,
        "lastTimestamp": "2026-01-01T00:02:00Z",
        "message": "Back-off restarting failed container",
    }


async def test_a_counted_event_that_has_expired_is_written_anew(writer, recorder, client, clock, background):
    background(writer.run())
    recorder.normal(WEB, "Pulled", "m")
    await clock.run_for(0)
    client.objects[Event].clear()
    recorder.normal(WEB, "Pulled", "m")
    await clock.run_for(0)
    (event,) = written(client)
    assert event.count == 2


async def test_many_different_messages_of_one_reason_become_one_event(writer, recorder, client, clock, background):
    background(writer.run())
    for number in range(14):
        recorder.normal(WEB, "Created", f"message {number}")
        await clock.run_for(1)
    events = written(client)
    assert len(events) == 10
    assert events[-1].message == "(combined from similar events): message 13"
    assert events[-1].count == 5


async def test_a_flood_about_one_object_is_cut_and_others_are_not(writer, recorder, client, clock, background):
    background(writer.run())
    for _ in range(100):
        recorder.normal(WEB, "Again", "m")
    other = Pod(metadata=ObjectMeta(namespace="ns", name="other", uid="u2"))
    recorder.normal(other, "Again", "m")
    await clock.run_for(0, turns=2000)
    counts = {e.involved_object.name: e.count for e in written(client)}
    assert counts == {"web": 25, "other": 1}
    clock.advance(300)
    recorder.normal(WEB, "Again", "m")
    await clock.run_for(0)
    assert {e.involved_object.name: e.count for e in written(client)}["web"] == 26


async def test_an_event_waits_out_a_server_in_trouble(writer, recorder, client, clock, background):
    client.failures = [ServiceUnavailable("no")] * 3
    background(writer.run())
    recorder.normal(WEB, "Created", "m")
    await clock.run_for(60)
    assert len(written(client)) == 1


async def test_an_event_that_is_refused_is_dropped_and_the_next_is_written(writer, recorder, client, clock, background):
    client.failures = [Forbidden("unable to create new content in namespace ns because it is being terminated")]
    background(writer.run())
    recorder.normal(WEB, "First", "m")
    recorder.normal(WEB, "Second", "m")
    await clock.run_for(0)
    assert [e.reason for e in written(client)] == ["Second"]


async def test_recording_never_blocks_even_when_nothing_is_written(recorder):
    for number in range(QUEUED + 5):
        recorder.normal(WEB, "Created", str(number))


async def test_events_about_cluster_scoped_objects_live_in_the_default_namespace(
    writer, recorder, client, clock, background
):
    background(writer.run())
    recorder.normal(Node(metadata=ObjectMeta(name="n1")), "NodeReady", "m")
    await clock.run_for(0)
    (event,) = written(client)
    assert event.metadata.namespace == "default"
    assert event.involved_object.namespace == ""


def test_a_reference_names_kind_and_version_and_a_part():
    ref = reference(Deployment(metadata=ObjectMeta(name="d")), "spec.replicas")
    assert (ref.api_version, ref.kind, ref.name, ref.field_path) == ("apps/v1", "Deployment", "d", "spec.replicas")


class Held:
    """A client whose creations wait until `go` is set."""

    def __init__(self, inner) -> None:
        self._inner, self.go, self.begun = inner, asyncio.Event(), []

    def __getattr__(self, name):
        return getattr(self._inner, name)

    async def create(self, obj, **more):
        self.begun.append(obj)
        await self.go.wait()
        return await self._inner.create(obj, **more)


async def test_events_about_different_objects_are_written_together_but_not_all(client, clock, background):
    held = Held(client)
    writer = EventWriter(held, clock)
    for number in range(AT_ONCE + 1):
        about = ObjectReference(kind="Pod", namespace="ns", name=f"p{number}")
        writer.recorder("c").normal(about, "Created", "m")
    background(writer.run())
    await settle()
    assert len(held.begun) == AT_ONCE
    held.go.set()
    await settle()
    assert len(written(client)) == AT_ONCE + 1


async def test_events_about_one_object_are_written_in_order(client, clock, background):
    held = Held(client)
    writer = EventWriter(held, clock)
    for reason in ("First", "First", "Second"):
        writer.recorder("c").normal(WEB, reason, "m")
    background(writer.run())
    await settle()
    assert [e.reason for e in held.begun] == ["First"]
    held.go.set()
    await settle()
    assert {e.reason: e.count for e in written(client)} == {"First": 2, "Second": 1}
