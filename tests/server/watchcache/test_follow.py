"""What is worked out from objects, kept up to date when it is asked."""

from podo.api.types.core_v1 import ConfigMap
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key
from podo.server.watchcache.follow import Follower


class Names:
    def __init__(self):
        self.names, self.cleared = set(), 0

    def clear(self):
        self.names.clear()
        self.cleared += 1

    def change(self, previous, current):
        if previous is not None:
            self.names.discard(previous.name)
        if current is not None:
            self.names.add(current.name)


def config(name):
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="ns"))


async def test_a_follower_sees_what_was_there_and_what_comes_and_goes(core, client):
    served = core.catalog.by_path("", "v1", "configmaps")
    await client.create(config("a"))
    await core.cache.consistent()
    names = Names()
    follower = Follower(core.cache, served.stored.prefix, names)
    assert follower.catch_up()
    assert names.names == {"a"}
    await client.create(config("b"))
    await client.delete(ConfigMap, Key("ns", "a"))
    await core.cache.consistent()
    assert follower.catch_up()
    assert names.names == {"b"}
    assert not follower.catch_up()
    assert names.cleared == 1


async def test_a_follower_that_fell_behind_starts_anew(core, client):
    served = core.catalog.by_path("", "v1", "configmaps")
    names = Names()
    follower = Follower(core.cache, served.stored.prefix, names)
    follower.catch_up()
    await client.create(config("a"))
    await core.cache.consistent()
    follower._watcher.close()
    assert follower.catch_up()
    assert (names.names, names.cleared) == ({"a"}, 2)
