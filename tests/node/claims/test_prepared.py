"""Claims of Pods on a node, with a driver at a real socket and a true API."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from msgspec.structs import replace

from podo.api.resource_claims import consumer
from podo.api.types.core_v1 import (
    Container,
    Namespace,
    Pod,
    PodResourceClaim,
    PodSpec,
    ResourceRequirements,
)
from podo.api.types.core_v1 import ResourceClaim as Use
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.resource_v1 import ResourceClaim, ResourceSlice
from podo.client.base import Key
from podo.clock import VirtualClock
from podo.node.claims.drivers import WIPE_AFTER, ClaimDrivers, ClaimFailure, PluginRefused
from podo.node.claims.health import DeviceHealth
from podo.node.claims.prepared import NodeClaims
from podo.node.claims.records import ClaimRecords
from podo.server.app import install_subresources
from podo.server.core import running_core
from podo.store.memory import MemoryStore
from tests.node.claims.driver import Driver
from tests.scheduler.devices.build import DRIVER, allocations, claim, device, piece

VERSIONS = ["v1.DRAPlugin", "v1beta1.DRAPlugin"]


def user(name: str = "p", request: str = "", uid: str = "") -> Pod:
    use = ResourceRequirements(claims=(Use(name="gpu", request=request),))
    containers = (Container(name="with", image="i", resources=use), Container(name="without", image="i"))
    entries = (PodResourceClaim(name="gpu", resource_claim_name="c"),)
    meta = ObjectMeta(name=name, namespace="default", uid=uid or f"uid-{name}")
    return Pod(metadata=meta, spec=PodSpec(containers=containers, resource_claims=entries))


class Node:
    """What is at hand in a test."""

    def __init__(self, client, clock, folder) -> None:
        self.client, self.clock, self.folder = client, clock, folder
        self.driver = Driver(DRIVER)
        self.start()

    def start(self) -> None:
        """As an agent does, also one that starts anew."""
        records = ClaimRecords(self.folder / "claims.json")
        self.health = DeviceHealth(records, self.clock)
        self.drivers = ClaimDrivers(self.client, self.clock, "a", str, self.health)
        self.claims = NodeClaims(self.client, self.drivers, records, self.health)

    async def register(self, endpoint: str = "dra.sock", versions=VERSIONS) -> None:
        await self.drivers.take_in(DRIVER, str(self.folder / endpoint), versions)

    async def connected(self) -> None:
        """Return when the driver can be reached."""
        up = asyncio.Event()
        following = asyncio.create_task(self.drivers.find(DRIVER).caller.follow(lambda there: there and up.set()))
        async with asyncio.timeout(5):
            await up.wait()
        following.cancel()

    async def allocate(self, *pods: Pod) -> None:
        """Have the claim `c` allocated for these Pods."""
        made = claim()
        created = await self.client.create(replace(made, metadata=replace(made.metadata, uid="")))
        (found,) = allocations([created], [piece("s", device("d"))])
        status = replace(created.status, allocation=found, reserved_for=tuple(consumer(pod) for pod in pods))
        await self.client.update(replace(created, status=status), subresource="status")


@pytest.fixture
async def node(tmp_path):
    async with running(tmp_path) as made:
        yield made


@asynccontextmanager
async def running(folder):
    clock = VirtualClock()
    async with running_core(MemoryStore(), clock) as core, asyncio.TaskGroup() as tasks:
        install_subresources(core, None)
        client = core.client()
        await client.create(Namespace(metadata=ObjectMeta(name="default")))
        made = Node(client, clock, folder)
        await made.driver.serve(folder / "dra.sock")
        following = tasks.create_task(made.drivers.run())
        await clock.run_for(0, turns=20)
        try:
            yield made
        finally:
            following.cancel()
            await made.driver.stop()


async def test_a_container_gets_what_the_driver_prepared_for_its_claim(node):
    await node.register()
    await node.allocate(user())
    await node.claims.prepare(user())
    pod = user()
    assert node.claims.devices(pod, pod.spec.containers[0]) == (f"{DRIVER}/gpu=c",)
    assert node.claims.devices(pod, pod.spec.containers[1]) == ()
    other = user(request="another")
    assert node.claims.devices(other, other.spec.containers[0]) == ()
    await node.claims.prepare(user())
    assert node.driver.asked == [("NodePrepareResources", "c")]


async def test_what_pods_share_is_given_back_by_the_last(node):
    await node.register()
    await node.allocate(user("p"), user("q"))
    for name in "pq":
        await node.claims.prepare(user(name))
    await node.claims.unprepare("uid-p")
    assert node.driver.asked == [("NodePrepareResources", "c")]
    await node.claims.unprepare("uid-q")
    await node.claims.unprepare("uid-q")
    assert node.driver.asked == [("NodePrepareResources", "c"), ("NodeUnprepareResources", "c")]


async def test_a_new_agent_knows_what_is_prepared(node):
    await node.register()
    await node.allocate(user())
    await node.claims.prepare(user())
    again = ClaimRecords(node.folder / "claims.json")
    (record,) = again
    assert (record.name, record.pods, record.ready) == ("c", {"uid-p"}, False)
    assert record.cdi_devices("r") == [f"{DRIVER}/gpu=c"]


@pytest.mark.parametrize("registered", [True, False], ids=["refused", "no driver"])
async def test_a_failure_is_told_in_the_drivers_words(node, registered):
    node.driver.error = "out of magic"
    if registered:
        await node.register()
    await node.allocate(user())
    words = "NodePrepareResources failed for ResourceClaim c: out of magic" if registered else f"{DRIVER} is not regis"
    with pytest.raises(ClaimFailure, match=words):
        await node.claims.prepare(user())
    assert len(list(node.claims.records)) == registered  # what was asked for is given back, nothing else


async def test_only_who_has_the_claim_gets_it(node):
    await node.register()
    with pytest.raises(ClaimFailure, match=r"fetch ResourceClaim c: .*not found"):
        await node.claims.prepare(user())
    await node.allocate(user("other"))
    with pytest.raises(ClaimFailure, match=r"pod p \(uid-p\) is not allowed to use ResourceClaim c"):
        await node.claims.prepare(user())


async def test_a_claim_of_the_same_name_waits_for_the_old_one(node):
    await node.register()
    await node.allocate(user())
    await node.claims.prepare(user())
    found = await node.client.get(ResourceClaim, Key("default", "c"))
    await node.client.update(replace(found, status=replace(found.status, reserved_for=())), subresource="status")
    await node.client.delete(ResourceClaim, Key("default", "c"))
    await node.allocate(user("q"))
    with pytest.raises(ClaimFailure, match=r"old ResourceClaim with same name c and different UID .* still exists"):
        await node.claims.prepare(user("q"))
    await node.claims.unprepare("uid-p")
    await node.claims.prepare(user("q"))


async def test_a_driver_must_speak_what_we_do_and_have_an_endpoint_of_its_own(node):
    with pytest.raises(PluginRefused, match="none of services supported by the plugin"):
        await node.register(versions=["v1alpha1.DRAPlugin"])
    await node.register()
    with pytest.raises(PluginRefused, match="already registered"):
        await node.register()


async def slices(node) -> list[str]:
    return [s.metadata.name for s in (await node.client.list(ResourceSlice)).items]


async def test_what_a_driver_offers_goes_some_time_after_it(node):
    await node.register()
    await node.client.create(piece("s", device("d")))
    await node.client.create(piece("other-node", device("d"), nodeName="b"))
    await node.drivers.gone(DRIVER, str(node.folder / "dra.sock"))
    await node.clock.run_for(WIPE_AFTER - 1, turns=50)
    assert len(await slices(node)) == 2
    await node.clock.run_for(2, turns=50)
    assert await slices(node) == ["other-node"]


async def test_a_driver_that_comes_back_keeps_what_it_offers(node):
    await node.register()
    await node.client.create(piece("s", device("d")))
    await node.drivers.gone(DRIVER, str(node.folder / "dra.sock"))
    await node.register()
    await node.connected()
    await node.clock.run_for(WIPE_AFTER * 2, turns=50)
    assert await slices(node) == ["s"]


async def test_a_status_tells_of_the_health_of_devices(node):
    said = {"device": {"pool_name": "p", "device_name": "d"}, "health": 2, "message": "hot"}
    said["last_updated_time"] = int(node.clock.now().timestamp())
    node.driver.health = [said]
    changed = asyncio.Event()
    poked: list[set[str]] = []
    await node.allocate(user())
    node.health.changed = lambda uids: (poked.append(uids), changed.set())
    await node.register()
    await node.claims.prepare(user())
    container = user().spec.containers[0]
    (status,) = node.claims.statuses(user(), container)
    assert status.name == "claim:gpu"
    assert [r.resource_id for r in status.resources] == [f"{DRIVER}/gpu=c"]
    assert status.resources[0].health in ("Unknown", "Unhealthy")
