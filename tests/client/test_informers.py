"""Informers that are fed by watches, and the client whose writes they know."""

from random import Random

import msgspec
import pytest

from podo.api.errors import Conflict, NotFound, ServiceUnavailable
from podo.api.resources import by_path
from podo.api.types.core_v1 import ConfigMap, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.client.informers import CachedClient, Informers
from podo.client.reflector import Scope

from .conftest import settle

A, B = Key("ns", "a"), Key("ns", "b")


def config(key: Key, **data: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(namespace=key.namespace, name=key.name), data=data)


@pytest.fixture
def informers(client, clock):
    return Informers(client, clock, Random(1))


@pytest.fixture
def cached(client, informers, clock):
    return CachedClient(client, informers, clock)


async def test_an_informer_has_what_was_there_and_what_comes(client, informers, background):
    await client.create(config(A))
    configs = informers.of(ConfigMap)
    background(informers.run())
    await informers.synced()
    assert configs.synced
    assert configs.get(A)
    await client.create(config(B))
    await client.delete(ConfigMap, A)
    await settle()
    assert (configs.get(A), configs.get(B) is not None) == (None, True)
    assert configs.revision == client.revision


async def test_informers_of_one_kind_and_scope_are_one(informers):
    assert informers.of(Pod) is informers.of(Pod)
    assert informers.of(Pod, scope=Scope(fields="spec.nodeName=n1")) is not informers.of(Pod)
    assert informers.metadata(by_path("", "v1", "pods")) is not informers.of(Pod)


async def test_an_informer_that_is_asked_for_while_they_run_is_fed_too(client, informers, background):
    background(informers.run())
    await settle()
    await client.create(config(A))
    late = informers.of(ConfigMap)
    await informers.synced(late)
    assert late.get(A)


async def test_a_released_informer_is_fed_no_more(client, informers, background):
    configs = informers.of(ConfigMap)
    background(informers.run())
    await informers.synced()
    informers.release(configs)
    await settle()
    await client.create(config(A))
    await settle()
    assert configs.get(A) is None
    assert informers.of(ConfigMap) is not configs


async def test_a_watch_that_ends_is_resumed_without_a_list(client, informers, clock, background):
    configs, seen = informers.of(ConfigMap), []
    configs.handle(lambda old, new: seen.append(new))
    await client.create(config(A))
    background(informers.run())
    await informers.synced()
    client.drop_watches()
    await clock.run_for(1)
    await client.create(config(B))
    await clock.run_for(1)
    assert client.watches == 2
    assert [o.metadata.name for o in seen] == ["a", "b"]


async def test_a_watch_too_old_to_resume_lists_again_and_finds_what_it_missed(client, informers, clock, background):
    configs = informers.of(ConfigMap)
    for key in (A, B):
        await client.create(config(key))
    background(informers.run())
    await informers.synced()
    client.drop_watches()
    await client.delete(ConfigMap, A)
    client.compact()
    await clock.run_for(5)
    assert configs.get(A) is None
    assert configs.get(B)


async def test_a_server_in_trouble_is_asked_ever_more_rarely(client, informers, clock, background):
    informers.of(ConfigMap)
    client.failures = [ServiceUnavailable("no") for _ in range(1000)]
    background(informers.run())
    await clock.run_for(10)
    early = client.watches
    await clock.run_for(100)
    assert 5 <= early <= 9
    assert 5 <= client.watches - early <= 8
    client.failures.clear()
    await clock.run_for(30)
    assert informers.of(ConfigMap).synced


async def test_nobody_waits_for_a_resource_that_is_not_served(client, informers, clock, background):
    configs = informers.of(ConfigMap)
    client.failures = [NotFound("the server could not find the requested resource")] * 3
    background(informers.run())
    await informers.synced()
    assert list(configs) == []
    await clock.run_for(30)
    await client.create(config(A))
    await clock.run_for(30)
    assert configs.get(A), "it is served now"


async def test_a_watch_that_breaks_goes_on_where_it_was(client, informers, clock, background):
    configs = informers.of(ConfigMap)
    background(informers.run())
    await informers.synced()
    client.break_watches(ServiceUnavailable("the server goes down"))
    await clock.run_for(1)
    await client.create(config(A))
    await clock.run_for(1)
    assert configs.get(A)
    assert client.watches == 2


async def test_writes_are_in_the_informer_before_their_events(cached, informers, background):
    configs = cached.informer(ConfigMap)
    background(informers.run())
    await informers.synced()
    made = await cached.create(config(A, x="1"))
    assert configs.get(A) is made
    made = await cached.update(msgspec.structs.replace(made, data={"x": "2"}))
    assert configs.get(A).data == {"x": "2"}
    await cached.delete(ConfigMap, A)
    assert configs.get(A).metadata.deletion_timestamp
    await settle()
    assert configs.get(A) is None


async def test_a_write_that_fails_is_in_no_informer(cached, informers, background):
    configs = cached.informer(ConfigMap)
    background(informers.run())
    await informers.synced()
    made = await cached.create(config(A, x="1"))
    await cached.update(made)
    with pytest.raises(Conflict):
        await cached.update(msgspec.structs.replace(made, data={"x": "stale"}))
    assert configs.get(A).data == {"x": "1"}


class Mute:
    """A client that creates, and says that it may not have."""

    def __init__(self, client, said=ServiceUnavailable):
        self._client, self._said = client, said

    def __getattr__(self, name):
        return getattr(self._client, name)

    async def create(self, *args, **more):
        await self._client.create(*args, **more)
        raise self._said("the answer was lost")


@pytest.mark.parametrize(("said", "seen"), [(ServiceUnavailable, 1), (OSError, 1), (Conflict, 0)])
async def test_a_creation_whose_answer_was_lost_is_found_whatever_name_it_was_given(
    client, clock, background, said, seen
):
    quiet = Informers(client, clock, Random(1))
    cached = CachedClient(Mute(client, said), quiet, clock)
    configs = cached.informer(ConfigMap)
    with pytest.raises(said):
        await cached.create(ConfigMap(metadata=ObjectMeta(namespace="ns", generate_name="a-")))
    assert len(configs) == seen, "before any watch has told of it"


async def test_each_write_reaches_the_handlers_once(cached, informers, background):
    configs, seen = cached.informer(ConfigMap), []
    configs.handle(lambda old, new: seen.append((old is not None, new is not None)))
    background(informers.run())
    await informers.synced()
    made = await cached.create(config(A))
    await settle()
    await cached.update(msgspec.structs.replace(made, data={"x": "2"}))
    await settle()
    assert seen == [(False, True), (True, True)]
