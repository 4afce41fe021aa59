"""The way of statuses to the API, through outages and name-sakes."""

import asyncio

import pytest
from msgspec.structs import replace

from podo.api.errors import ServiceUnavailable
from podo.api.types.core_v1 import Pod, PodCondition, PodStatus, ResourceRequirements
from podo.client.base import Key
from podo.node.status.writer import StatusWriter
from tests.node.build import pod

KEY = Key("default", "web")


class Flaky:
    """A client that is away until `back` is set."""

    def __init__(self, client):
        self.client, self.back, self.tries = client, False, 0

    async def patch(self, *args, **kwargs):
        self.tries += 1
        if not self.back:
            raise ServiceUnavailable("away")
        return await self.client.patch(*args, **kwargs)


@pytest.fixture
async def made(client):
    fresh = pod()
    return await client.create(replace(fresh, metadata=replace(fresh.metadata, uid="", resource_version="")))


@pytest.fixture
async def writer(client, clock):
    made = StatusWriter(client, clock)
    running = asyncio.ensure_future(made.run())
    await clock.run_for(0)
    yield made
    running.cancel()


def status(phase, **fields):
    return PodStatus(phase=phase, **fields)


async def test_a_status_is_written_at_once(writer, client, clock, made):
    writer.set(made, status("Running", pod_ip="10.244.0.2"))
    await clock.run_for(0)
    assert (await client.get(Pod, KEY)).status.pod_ip == "10.244.0.2"
    assert clock.monotonic() == 0


async def test_the_last_of_many_counts_and_few_are_written(writer, client, clock, made):
    for number in range(100):
        writer.set(made, status("Running", message=str(number)))
    await writer.flushed(made.metadata.uid)
    found = await client.get(Pod, KEY)
    assert found.status.message == "99"
    assert int(found.metadata.resource_version) - int(made.metadata.resource_version) <= 2


async def test_what_is_the_same_is_not_written(writer, client, clock, made):
    writer.set(made, status("Running"))
    await clock.run_for(0)
    before = (await client.get(Pod, KEY)).metadata.resource_version
    writer.set(made, status("Running"))
    await clock.run_for(0)
    assert (await client.get(Pod, KEY)).metadata.resource_version == before


async def test_it_gets_there_when_the_api_comes_back(client, clock, made):
    flaky = Flaky(client)
    writer = StatusWriter(flaky, clock)
    running = asyncio.ensure_future(writer.run())
    writer.set(made, status("Running"))
    await clock.run_for(60)
    assert flaky.tries < 20
    flaky.back = True
    await clock.run_for(11)
    assert (await client.get(Pod, KEY)).status.phase == "Running"
    running.cancel()


async def test_conditions_of_others_stay(writer, client, clock, made):
    foreign = PodCondition(type="example.com/x", status="True")
    await client.update(replace(made, status=status("Pending", conditions=(foreign,))), subresource="status")
    writer.set(made, status("Running", conditions=(PodCondition(type="Ready", status="True"),)))
    await clock.run_for(0)
    found = (await client.get(Pod, KEY)).status.conditions
    assert {c.type for c in found} == {"example.com/x", "Ready"}


async def test_a_pod_of_the_same_name_is_left_alone(writer, client, clock, made):
    stranger = replace(made, metadata=replace(made.metadata, uid="other"))
    writer.set(stranger, status("Failed"))
    await clock.run_for(0)
    assert (await client.get(Pod, KEY)).status.phase != "Failed"
    await asyncio.wait_for(writer.flushed("other"), 1)


async def test_what_somebody_else_wrote_is_put_right(writer, client, clock, made):
    writer.set(made, status("Running"))
    await clock.run_for(0)
    current = await client.get(Pod, KEY)
    changed = await client.update(
        replace(current, status=replace(current.status, phase="Unknown")), subresource="status"
    )
    writer.seen(changed)
    writer.set(made, status("Running"))
    await clock.run_for(0)
    assert (await client.get(Pod, KEY)).status.phase == "Running"


async def test_resources_that_are_no_longer_there_go_from_the_status(writer, client, clock, made):
    both = ResourceRequirements(requests={"cpu": "1", "memory": "1Gi"}, limits={"cpu": "2"})
    writer.set(made, status("Running", resources=both, allocated_resources=both.requests))
    await writer.flushed(made.metadata.uid)
    one = ResourceRequirements(requests={"memory": "1Gi"})
    writer.set(made, status("Running", resources=one, allocated_resources=one.requests))
    await writer.flushed(made.metadata.uid)
    found = (await client.get(Pod, KEY)).status
    assert (found.resources, found.allocated_resources) == (one, one.requests)
