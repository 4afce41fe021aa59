"""The Node object and the Lease, against the true API."""

import asyncio
import dataclasses

import pytest
from msgspec.structs import replace

from podo.api import quantity
from podo.api.types.coordination_v1 import Lease
from podo.api.types.core_v1 import Node
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.node.images.fake import FakeImages
from podo.node.registration.lease import LeaseKeeper
from podo.node.registration.machine import Machine, this_machine
from podo.node.registration.node_events import NodeEvents, changes
from podo.node.registration.node_object import Health, NodeFigures, allocatable, capacity, conditions
from podo.node.registration.register import Registration

MACHINE = Machine(architecture="amd64", cpus=2, memory=8 * 2**30, disk=100 * 2**30, huge_pages={"2Mi": 0})
FIGURES = NodeFigures(name="node-1", addresses=("10.245.0.2",), runtime_version="podo://0.1.0")
KEY = Key("", "node-1")


@pytest.fixture
def registration(client, clock):
    return Registration(client, clock, MACHINE, FIGURES, FakeImages("hello:v1").list)


def condition(node, kind="Ready"):
    return next(c for c in node.status.conditions if c.type == kind)


def test_capacity_is_the_machines_unless_it_is_set():
    assert capacity(MACHINE, FIGURES)["cpu"] == "2"
    small = NodeFigures(name="a", addresses=(), runtime_version="", cpu="500m", memory="1Gi")
    assert capacity(MACHINE, small) == {
        "cpu": "500m",
        "ephemeral-storage": "104857600Ki",
        "memory": "1Gi",
        "pods": "110",
        "hugepages-2Mi": "0",
    }
    assert allocatable(MACHINE, small)["memory"] == "946176Ki"


def test_huge_pages_are_no_memory_for_anybody_else():
    machine = dataclasses.replace(MACHINE, huge_pages={"2Mi": 64 * 2**20, "1Gi": 2**30})
    here = allocatable(machine, FIGURES)
    assert (here["hugepages-2Mi"], here["hugepages-1Gi"]) == ("64Mi", "1Gi")
    less = quantity.to_int(allocatable(MACHINE, FIGURES)["memory"]) - quantity.to_int(here["memory"])
    assert less == 64 * 2**20 + 2**30


def test_a_condition_keeps_its_time_while_it_stays():
    first = conditions(Health(), (), "2026-01-01T00:00:00Z")
    later = conditions(Health(pressures=frozenset({"DiskPressure"})), first, "2026-01-01T01:00:00Z")
    times = {c.type: (c.status, c.last_transition_time[11:13], c.last_heartbeat_time[11:13]) for c in later}
    assert times["Ready"] == ("True", "00", "01")
    assert times["DiskPressure"] == ("True", "01", "01")


def test_this_machine_can_be_read(tmp_path):
    machine = this_machine(tmp_path)
    assert machine.cpus > 0
    assert machine.memory > 0
    assert machine.disk > 0


async def test_a_new_node_is_made_with_labels_and_status(registration, client):
    await registration.register()
    node = await client.get(Node, KEY)
    assert node.metadata.labels["kubernetes.io/hostname"] == "node-1"
    assert node.metadata.labels["kubernetes.io/arch"] == "amd64"
    assert node.status.capacity["pods"] == "110"
    assert [(a.type, a.address) for a in node.status.addresses] == [
        ("InternalIP", "10.245.0.2"),
        ("Hostname", "node-1"),
    ]
    assert condition(node).status == "False"
    assert node.status.images[0].size_bytes == 1000


async def test_resources_that_somebody_gives_the_node_are_for_pods_until_they_are_taken_back(
    registration, client, clock
):
    await registration.register()
    running = asyncio.ensure_future(registration.run())
    for amount, expected in (("4", "4"), ("6", "6"), (None, None)):
        body = {"status": {"capacity": {"example.com/dongle": amount, "kubernetes.io/none": "1"}}}
        node = await client.patch(Node, KEY, Patch(media_type=MERGE_PATCH, body=body), subresource="status")
        registration.see(node)
        await clock.run_for(0)
        node = await client.get(Node, KEY)
        assert node.status.allocatable.get("example.com/dongle") == expected
        assert "kubernetes.io/none" not in node.status.allocatable
        assert node.status.allocatable["pods"] == "110"
    revision = node.metadata.resource_version
    registration.see(node)
    await clock.run_for(1)
    assert (await client.get(Node, KEY)).metadata.resource_version == revision, "nothing is left to say"
    running.cancel()


async def test_it_becomes_ready_at_once_and_is_then_left_alone(registration, client, clock):
    await registration.register()
    running = asyncio.ensure_future(registration.run())
    registration.set_health(Health())
    await clock.run_for(0)
    node = await client.get(Node, KEY)
    assert condition(node).status == "True"
    await clock.run_for(299)
    assert (await client.get(Node, KEY)).metadata.resource_version == node.metadata.resource_version
    await clock.run_for(2)
    assert condition(await client.get(Node, KEY)).last_heartbeat_time == "2026-01-01T00:05:00Z"
    running.cancel()


class Heard:
    """Keeps the events that it is given."""

    def __init__(self):
        self.events = []

    def normal(self, about, reason, message):
        self.events.append((about.name, about.uid, reason, message))

    warning = normal

    def reasons(self):
        found, self.events = [reason for _, _, reason, _ in self.events], []
        return found


async def test_users_hear_of_the_start_and_of_every_change_once(client, clock):
    heard = Heard()
    telling = Registration(client, clock, MACHINE, FIGURES, FakeImages().list, events=NodeEvents(heard))
    await telling.register()
    assert heard.events[-1] == ("node-1", "node-1", "Starting", "Starting kubelet.")
    assert heard.reasons() == [
        *("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"),
        "Starting",
    ]
    running = asyncio.ensure_future(telling.run())
    telling.set_health(Health())
    await clock.run_for(0)
    assert heard.events == [("node-1", "node-1", "NodeReady", "Node node-1 status is now: NodeReady")]
    heard.reasons()
    telling.set_pressures(frozenset({"DiskPressure"}))
    await clock.run_for(0)
    assert heard.reasons() == ["NodeHasDiskPressure"]
    await clock.run_for(700)
    assert heard.reasons() == [], "a heartbeat is no news"
    telling.set_health(Health(not_ready="runtime is down"))
    await clock.run_for(0)
    assert heard.reasons() == ["NodeHasNoDiskPressure", "NodeNotReady"]
    running.cancel()


async def test_users_hear_when_a_node_takes_no_new_pods_and_when_it_does_again(client, clock):
    heard = Heard()
    telling = Registration(client, clock, MACHINE, FIGURES, FakeImages().list, events=NodeEvents(heard))
    node = await telling.register()
    heard.reasons()
    cordoned = replace(node, spec=replace(node.spec, unschedulable=True))
    for seen in (node, cordoned, cordoned, node):
        telling.see(seen)
    assert heard.reasons() == ["NodeNotSchedulable", "NodeSchedulable"]


async def test_users_hear_of_a_reboot(client, clock):
    before = Registration(client, clock, replace_machine(boot_id="one"), FIGURES, FakeImages().list)
    await before.register()
    heard = Heard()
    machine = replace_machine(boot_id="two")
    after = Registration(client, clock, machine, FIGURES, FakeImages().list, events=NodeEvents(heard))
    await after.register()
    running = asyncio.ensure_future(after.run())
    after.set_health(Health())
    await clock.run_for(0)
    assert ("node-1", "node-1", "Rebooted", "Node node-1 has been rebooted, boot id: two") in heard.events
    heard.reasons()
    await clock.run_for(700)
    assert heard.reasons() == []
    running.cancel()


def replace_machine(**changes):
    return dataclasses.replace(MACHINE, **changes)


async def test_a_node_that_comes_back_is_not_started_again(client, clock):
    heard = Heard()
    telling = Registration(client, clock, MACHINE, FIGURES, FakeImages().list, events=NodeEvents(heard))
    await telling.register()
    heard.reasons()
    await client.delete(Node, KEY)
    await telling.register()
    assert "Starting" not in heard.reasons()


async def test_an_agent_that_is_restarted_tells_of_its_start_alone(registration, client, clock):
    await registration.register()
    heard = Heard()
    again = Registration(client, clock, MACHINE, FIGURES, FakeImages().list, events=NodeEvents(heard))
    await again.register()
    assert heard.reasons() == ["Starting"]


def test_conditions_of_others_are_not_told_of():
    made = conditions(Health(), (), "2026-01-01T00:00:00Z")
    foreign = replace(made[0], type="GPUsHealthy")
    assert list(changes(made, (*made, foreign))) == []
    assert list(changes(made, (replace(made[-1], status="Unknown"),))) == []


async def test_an_old_node_keeps_what_users_wrote(registration, client):
    await registration.register()
    node = await client.get(Node, KEY)
    labels = {k: v for k, v in node.metadata.labels.items() if k != "kubernetes.io/os"} | {"disk": "ssd"}
    await client.update(replace(node, metadata=replace(node.metadata, labels=labels)))
    await registration.register()
    labels = (await client.get(Node, KEY)).metadata.labels
    assert labels["disk"] == "ssd"
    assert labels["kubernetes.io/os"] == "linux"


async def test_a_node_that_was_deleted_comes_back(registration, client, clock):
    await registration.register()
    running = asyncio.ensure_future(registration.run())
    await client.delete(Node, KEY)
    registration.touch()
    await clock.run_for(0)
    assert (await client.get(Node, KEY)).metadata.name == "node-1"
    running.cancel()


async def test_the_lease_is_renewed_every_ten_seconds(registration, client, clock):
    await registration.register()
    keeper = LeaseKeeper(client, clock, "node-1", lambda: registration.node)
    running = asyncio.ensure_future(keeper.run())
    await clock.run_for(0)
    first = await client.get(Lease, Key("kube-node-lease", "node-1"))
    assert first.spec.lease_duration_seconds == 40
    assert first.metadata.owner_references[0].name == "node-1"
    await clock.run_for(10)
    second = await client.get(Lease, Key("kube-node-lease", "node-1"))
    assert second.spec.renew_time == "2026-01-01T00:00:10.000000Z"
    running.cancel()


async def test_a_lease_that_somebody_else_wrote_is_taken_again(registration, client, clock):
    keeper = LeaseKeeper(client, clock, "node-1", lambda: None)
    await keeper.renew()
    held = await client.get(Lease, Key("kube-node-lease", "node-1"))
    await client.update(replace(held, spec=replace(held.spec, holder_identity="other")))
    running = asyncio.ensure_future(keeper.run())
    await clock.run_for(0)
    assert (await client.get(Lease, Key("kube-node-lease", "node-1"))).spec.holder_identity == "node-1"
    running.cancel()
