"""Old events go by themselves."""

import asyncio
from datetime import timedelta

import pytest

from podo.api.errors import Forbidden
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Event, Namespace, ObjectReference
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.server.admission_point import AdmitAll
from podo.server.app import ServerConfig, serving
from podo.server.core import running_core, system_chance
from podo.server.event_lifetime import EVERY, EventLifetime
from podo.server.options import GuardOptions
from podo.store.memory import MemoryStore

HOUR = 3600.0


@pytest.fixture
async def lifetime(core, client):
    await client.create(Namespace(metadata=ObjectMeta(name="default")))
    return EventLifetime(core, HOUR)


def event(name, clock):
    now = format_time(clock.now())
    about = ObjectReference(kind="Pod", name="a", namespace="default")
    meta = ObjectMeta(name=name, namespace="default")
    return Event(
        metadata=meta, involved_object=about, reason="R", first_timestamp=now, last_timestamp=now, type="Normal"
    )


async def names(client):
    return {found.metadata.name for found in (await client.list(Event)).items}


async def test_an_event_goes_an_hour_after_it_was_written(lifetime, client, clock):
    await client.create(event("a", clock))
    clock.advance(timedelta(minutes=30))
    await client.create(event("b", clock))
    clock.advance(timedelta(minutes=29))
    await lifetime.look()
    assert await names(client) == {"a", "b"}
    clock.advance(timedelta(minutes=1))
    await lifetime.look()
    assert await names(client) == {"b"}


async def test_an_event_that_happens_again_stays(lifetime, client, clock):
    await client.create(event("a", clock))
    clock.advance(timedelta(minutes=50))
    again = {"count": 2, "lastTimestamp": format_time(clock.now())}
    await client.patch(Event, Key("default", "a"), Patch(media_type=MERGE_PATCH, body=again))
    clock.advance(timedelta(minutes=50))
    await lifetime.look()
    assert await names(client) == {"a"}
    clock.advance(timedelta(minutes=10))
    await lifetime.look()
    assert await names(client) == set()


async def test_a_time_that_has_not_come_yet_keeps_no_event(lifetime, client, clock):
    await client.create(event("a", clock))
    future = {"lastTimestamp": "2999-01-01T00:00:00Z"}
    await client.patch(Event, Key("default", "a"), Patch(media_type=MERGE_PATCH, body=future))
    clock.advance(timedelta(hours=1))
    await lifetime.look()
    assert await names(client) == set()


async def test_it_looks_every_minute_and_at_all_of_many(lifetime, client, clock):
    for number in range(700):
        await client.create(event(f"e{number}", clock))
    running = asyncio.ensure_future(lifetime.run())
    await clock.run_for(HOUR - EVERY)
    assert len(await names(client)) == 700
    await clock.run_for(EVERY + 1)
    assert await names(client) == set()
    running.cancel()


class RefuseAll(AdmitAll):
    """As a webhook would that refuses every deletion."""

    async def validate(self, attributes):
        raise Forbidden("no")


async def test_nobody_is_asked_whether_an_event_may_go(clock):
    async with running_core(MemoryStore(), clock, chance=system_chance(1)) as core:
        await core.client().create(Namespace(metadata=ObjectMeta(name="default")))
        await core.client().create(event("a", clock))
        core.registry.admission = RefuseAll()
        clock.advance(timedelta(hours=1))
        await EventLifetime(core, HOUR).look()
        assert await names(core.client()) == set()


async def test_what_another_server_has_deleted_is_no_trouble(lifetime, core, client, clock):
    await client.create(event("a", clock))
    clock.advance(timedelta(hours=2))
    await asyncio.gather(lifetime.look(), EventLifetime(core, HOUR).look())
    assert await names(client) == set()


async def test_a_server_lets_events_go_as_it_was_told(clock):
    config = ServerConfig(port=0, guard=GuardOptions(event_ttl=120.0, enable_priority_and_fairness=False))
    async with serving(config, clock) as server:
        client = server.core.client()
        await client.create(event("a", clock))
        await clock.run_for(110)
        assert await names(client) == {"a"}
        await clock.run_for(90)
        assert await names(client) == set()
