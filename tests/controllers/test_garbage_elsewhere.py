"""What servers behind the aggregator hold goes when all of its owners are gone."""

import pytest

from podo.api.errors import NotFound
from podo.api.scheme import PartialObject
from podo.api.types.apiregistration_v1 import APIService, APIServiceSpec, ServiceReference
from podo.api.types.core_v1 import ConfigMap
from podo.api.types.meta_v1 import OwnerReference
from podo.client.base import Key, ObjectList
from podo.controllers.garbage_elsewhere import EVERY, GarbageElsewhere
from podo.controllers.other_servers import OtherServers
from tests.build import meta

from .lab import NS
from .test_namespace_elsewhere import FLUNDERS, GOOD, say_available


class Aquarium:
    """Another server: a client of it, and what it says that it serves."""

    def __init__(self):
        self.flunders = {}

    def put(self, name, *owners):
        self.flunders[name] = PartialObject(
            metadata=meta(name, namespace=NS, uid=f"{name}-uid", owner_references=owners)
        )

    async def fetch(self, path, query):
        assert path == "/apis/wardle.example.com/v1"
        return {"resources": [GOOD]}

    async def list(self, kind, *, namespace="", **selectors):
        assert (kind.resource.group_resource, namespace) == (FLUNDERS, "")
        return ObjectList(list(self.flunders.values()), "1")

    async def get(self, kind, key, **more):
        if key.name not in self.flunders:
            raise NotFound("gone")
        return self.flunders[key.name]

    async def delete(self, kind, key, options):
        assert options.uid == self.flunders[key.name].metadata.uid
        del self.flunders[key.name]


@pytest.fixture
async def aquarium(lab):
    server = Aquarium()
    lab.start(lambda c, k, e: GarbageElsewhere(c, OtherServers(c, server, server.fetch)))
    reference = ServiceReference(namespace="default", name="wardle")
    spec = APIServiceSpec(
        group="wardle.example.com", version="v1", group_priority_minimum=1, version_priority=1,
        insecure_skip_tls_verify=True, service=reference,
    )  # fmt: skip
    made = await lab.user.create(APIService(metadata=meta("v1.wardle.example.com", namespace=""), spec=spec))
    await say_available(lab, made)
    return server


def owned(name, uid, kind="ConfigMap", api_version="v1"):
    return OwnerReference(api_version=api_version, kind=kind, name=name, uid=uid)


async def test_what_has_lost_all_owners_goes_and_the_rest_stays(lab, aquarium):
    owner = await lab.user.create(ConfigMap(metadata=meta("c")))
    mine = owned("c", owner.metadata.uid)
    aquarium.put("free")
    aquarium.put("owned", mine)
    aquarium.put("both", mine, owned("never", "there"))
    aquarium.put("of-another", owned("c", "somebody-elses"))
    aquarium.put("unknown", owned("x", "u", "Thing", "nobody.example.com/v1"))
    await lab.run_for(EVERY + 1)
    assert sorted(aquarium.flunders) == ["both", "free", "owned", "unknown"]
    await lab.user.delete(ConfigMap, Key(NS, "c"))
    await lab.run_for(EVERY + 1)
    assert sorted(aquarium.flunders) == ["free", "unknown"]


async def test_owners_may_be_of_the_other_server_too(lab, aquarium):
    aquarium.put("parent")
    aquarium.put("child", owned("parent", "parent-uid", "Flunder", "wardle.example.com/v1"))
    await lab.run_for(EVERY + 1)
    assert sorted(aquarium.flunders) == ["child", "parent"]
    del aquarium.flunders["parent"]
    await lab.run_for(EVERY + 1)
    assert aquarium.flunders == {}
