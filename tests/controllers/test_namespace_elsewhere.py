"""A namespace's end empties servers behind the aggregator, and waits for those that cannot be asked."""

import pytest

from podo.api.errors import ServiceUnavailable
from podo.api.resources import Resource
from podo.api.scheme import PartialObject
from podo.api.types.apiregistration_v1 import (
    APIService,
    APIServiceCondition,
    APIServiceSpec,
    ServiceReference,
)
from podo.api.types.core_v1 import ConfigMap, Namespace
from podo.client.base import ObjectList
from podo.controllers.namespace import NamespaceController
from podo.controllers.other_servers import OtherServers, deletable
from tests.build import meta

from .lab import NS
from .test_namespace import conditions, delete

FLUNDERS = "flunders.wardle.example.com"
GOOD = {"name": "flunders", "kind": "Flunder", "namespaced": True, "verbs": ["get", "list", "delete", "create"]}


class Aquarium:
    """Another server: a client of it, and what it says that it serves."""

    def __init__(self):
        self.names, self.deleted, self.answers = {"a", "b"}, [], True
        self.holding = ()

    async def fetch(self, path, query):
        assert path == "/apis/wardle.example.com/v1"
        if not self.answers:
            raise ServiceUnavailable("service unavailable")
        return {"resources": [GOOD, GOOD | {"name": "flunders/status"}, GOOD | {"name": "tanks", "namespaced": False}]}

    async def list(self, kind, *, namespace="", **selectors):
        assert (kind.resource.group_resource, namespace) == (FLUNDERS, NS)
        items = [PartialObject(metadata=meta(n, namespace=NS, finalizers=self.holding)) for n in sorted(self.names)]
        return ObjectList(items, "1")

    async def delete(self, kind, key, options):
        self.deleted.append(key.name)
        if not self.holding:
            self.names.discard(key.name)


@pytest.fixture
def aquarium(lab):
    server = Aquarium()
    lab.start(lambda c, k, e: NamespaceController(c, k, e, OtherServers(c, server, server.fetch)))
    return server


@pytest.fixture
async def service(lab):
    spec = APIServiceSpec(
        group="wardle.example.com",
        version="v1",
        group_priority_minimum=1000,
        version_priority=10,
        insecure_skip_tls_verify=True,
        service=ServiceReference(namespace="default", name="wardle"),
    )
    return await lab.user.create(APIService(metadata=meta("v1.wardle.example.com", namespace=""), spec=spec))


async def say_available(lab, service, status="True"):
    made = APIServiceCondition(type="Available", status=status, last_transition_time="2026-01-01T00:00:00Z")
    await lab.change_status(service, conditions=(made,))


async def test_what_other_servers_hold_goes_too(lab, aquarium, service):
    await say_available(lab, service)
    await lab.user.create(ConfigMap(metadata=meta("c")))
    await delete(lab)
    assert sorted(aquarium.deleted) == ["a", "b"]
    assert await lab.get(Namespace, NS, "") is None


async def test_what_stays_there_holds_the_namespace_up(lab, aquarium, service):
    aquarium.holding = ("example.com/hold",)
    await say_available(lab, service)
    await delete(lab)
    found = await conditions(lab)
    assert found["NamespaceContentRemaining"] == (
        "True",
        "SomeResourcesRemain",
        f"Some resources are remaining: {FLUNDERS} has 2 resource instances",
    )
    aquarium.names.clear()
    await lab.run_for(2)
    assert await lab.get(Namespace, NS, "") is None


async def test_a_server_that_is_unavailable_holds_every_namespace_up_and_is_named(lab, aquarium, service):
    await say_available(lab, service, "False")
    await lab.user.create(ConfigMap(metadata=meta("c")))
    await delete(lab)
    assert await lab.all(ConfigMap, NS) == []
    found = await conditions(lab)
    assert found["NamespaceDeletionDiscoveryFailure"] == (
        "True",
        "DiscoveryFailed",
        "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: "
        "wardle.example.com/v1: stale GroupVersion discovery: wardle.example.com/v1",
    )
    assert found["NamespaceDeletionContentFailure"][0] == "False"
    await say_available(lab, service)
    await lab.run_for(2)
    assert await lab.get(Namespace, NS, "") is None


async def test_a_server_that_does_not_say_what_it_serves_holds_it_up_until_it_does(lab, aquarium, service):
    aquarium.answers = False
    await say_available(lab, service)
    await delete(lab)
    found = await conditions(lab)
    assert found["NamespaceDeletionDiscoveryFailure"][2].endswith("wardle.example.com/v1: service unavailable")
    aquarium.answers = True
    await lab.run_for(2)
    assert await lab.get(Namespace, NS, "") is None


async def test_who_serves_nothing_here_is_not_asked(lab, aquarium):
    await delete(lab)
    assert aquarium.deleted == []
    assert await lab.get(Namespace, NS, "") is None


def test_what_can_be_listed_and_deleted_in_namespaces_counts():
    service = APIService(metadata=meta("s", namespace=""), spec=APIServiceSpec(group="g", version="v1"))
    rows = [GOOD, GOOD | {"name": "flunders/scale"}, GOOD | {"name": "x", "verbs": ["list"]}, GOOD | {"namespaced": 0}]
    assert deletable(service, {"resources": rows}) == [
        Resource(
            group="g", version="v1", kind="Flunder", plural="flunders", namespaced=True, verbs=tuple(GOOD["verbs"])
        )
    ]
