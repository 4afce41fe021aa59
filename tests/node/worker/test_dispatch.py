"""Workers and the API together: Pods come, go, and are there already when an agent starts."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest
from msgspec.structs import replace

from podo.api.types.core_v1 import Node, Pod
from podo.client.base import STRATEGIC_PATCH, DeleteOptions, Key, Patch
from podo.client.informers import Informers
from podo.node.events import PodEvents
from podo.node.references import References
from podo.node.runtime.fake import FakeRuntime
from podo.node.status.writer import StatusWriter
from podo.node.worker.dispatch import PATIENCE, PodDispatcher
from podo.node.worker.state import Verdict
from tests.node.build import container, pod
from tests.node.fakes import KeptEvents, parts

KEY = Key("default", "web")
NODE = msgspec.convert(
    {"metadata": {"name": "node-1"}, "status": {"allocatable": {"cpu": "1", "memory": "1Gi", "pods": "5"}}}, Node
)


class Agent:
    """A node without a machine; `restart` gives it a new agent over the same runtime and folders."""

    def __init__(self, folder, clock, client, runtime):
        self.folder, self.clock, self.client, self.runtime = folder, clock, client, runtime
        self.events, self.tasks = KeptEvents(), []

    def start(self, client=None):
        client = client or self.client
        informers = Informers(client, self.clock)
        made = parts(
            self.folder,
            self.clock,
            self.runtime,
            client,
            events=PodEvents(self.events),
            statuses=StatusWriter(client, self.clock),
            references=References(client, informers, self.clock),
        )
        self.parts = made
        self.dispatcher = PodDispatcher(made, informers, lambda: NODE)
        self.tasks = [asyncio.ensure_future(t) for t in (informers.run(), made.statuses.run(), self.dispatcher.run())]

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def restart(self, client=None):
        await self.stop()
        self.start(client)
        await self.clock.run_for(0)


@asynccontextmanager
async def agent(folder, clock, client):
    async with FakeRuntime(clock) as runtime:
        made = Agent(folder, clock, client, runtime)
        made.start()
        await clock.run_for(0)
        try:
            yield made
        finally:
            await made.stop()


async def create(client, wanted=None):
    wanted = wanted or pod()
    return await client.create(replace(wanted, metadata=replace(wanted.metadata, uid="", resource_version="")))


async def phase(client, key=KEY):
    return (await client.get(Pod, key)).status.phase


async def is_gone(client, clock):
    return await comes_true(clock, lambda: _is_empty(client))


async def _is_empty(client):
    return not (await client.list(Pod)).items


async def comes_true(clock, condition):
    """Turn the loop until it is true; true time passes too, as folders are deleted in a thread."""
    async with asyncio.timeout(10):
        while not await condition():
            await clock.run_for(0)
            await asyncio.to_thread(int)
    return True


async def test_a_pod_of_this_node_runs(tmp_path, clock, client):
    async with agent(tmp_path, clock, client):
        await create(client)
        await clock.run_for(0)
        assert await phase(client) == "Running"
        assert clock.monotonic() == 0


async def test_a_pod_of_another_node_does_not(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client, pod(nodeName="node-2"))
        await clock.run_for(0)
        assert not node.dispatcher.workers


async def test_a_deletion_is_confirmed(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client)
        await clock.run_for(0)
        await client.delete(Pod, KEY)
        assert await is_gone(client, clock)

        async def swept():
            return not (await node.runtime.observe()).sandboxes

        assert await comes_true(clock, swept)


async def test_a_forced_deletion_ends_what_runs(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client)
        await clock.run_for(0)
        await client.delete(Pod, KEY, DeleteOptions(grace_period_seconds=0))
        await clock.run_for(31)
        assert not [c for c in (await node.runtime.observe()).containers if c.state.value == "CONTAINER_RUNNING"]


async def test_a_pod_that_was_deleted_at_once_takes_no_room_while_it_ends(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await client.create(asking("first", "800m", command=["sleep", "inf"]))  # which ignores SIGTERM
        await clock.run_for(0, turns=200)
        await client.delete(Pod, Key("default", "first"), DeleteOptions(grace_period_seconds=0))
        await client.create(asking("second", "800m"))
        await clock.run_for(0, turns=200)
        assert len(node.dispatcher.workers) == 2
        assert await phase(client, Key("default", "second")) == "Running"


async def test_a_pod_that_does_not_fit_is_refused(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client, pod(container(resources={"requests": {"cpu": "3"}})))
        await clock.run_for(0)
        found = (await client.get(Pod, KEY)).status
        assert (found.phase, found.reason) == ("Failed", "OutOfcpu")
        assert found.message.startswith("Pod was rejected: Node didn't have enough resource: cpu, requested: 3000")
        assert not found.container_statuses
        assert not (await node.runtime.observe()).sandboxes
        await client.delete(Pod, KEY)
        assert await is_gone(client, clock)


async def test_a_new_agent_finds_everything_as_it_was(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client)
        await clock.run_for(0)
        before = await node.runtime.observe()
        version = (await client.get(Pod, KEY)).metadata.resource_version
        await node.restart()
        await clock.run_for(60)
        assert await node.runtime.observe() == before
        assert (await client.get(Pod, KEY)).metadata.resource_version == version


async def test_what_was_deleted_while_no_agent_ran_is_ended(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client)
        await clock.run_for(0)
        await node.stop()
        await client.delete(Pod, KEY, DeleteOptions(grace_period_seconds=0))
        await node.restart()
        await clock.run_for(40)

        async def swept():
            return not (await node.runtime.observe()).sandboxes and not list((tmp_path / "pods").iterdir())

        assert await comes_true(clock, swept)


class Away:
    """A client whose server does not answer."""

    def __getattr__(self, name):
        from podo.api.errors import ServiceUnavailable

        async def fail(*args, **kwargs):
            raise ServiceUnavailable("away")

        async def watch(*args, **kwargs):
            raise ServiceUnavailable("away")
            yield

        return watch if name == "watch" else fail


async def test_without_the_api_a_new_agent_goes_on_with_what_the_last_one_knew(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client)
        await clock.run_for(0)
        await node.restart(Away())
        await clock.run_for(PATIENCE + 1)
        (running,) = (await node.runtime.observe()).containers
        node.runtime.crash(running.id)
        await clock.run_for(1)
        assert [c.attempt for c in (await node.runtime.observe()).containers] == [0, 1]


async def test_an_evicted_pod_fails(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        made = await create(client)
        await clock.run_for(0)
        node.dispatcher.end(made.metadata.uid, Verdict("Evicted", "The node was low on resource: memory.", grace=0))
        await clock.run_for(3)
        found = (await client.get(Pod, KEY)).status
        assert (found.phase, found.reason) == ("Failed", "Evicted")


async def test_a_pod_with_a_finalizer_is_not_started_again_after_its_end(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as node:
        await create(client, pod(meta={"finalizers": ["example.com/x"]}))
        await clock.run_for(0)
        await client.delete(Pod, KEY)
        await clock.run_for(20)

        async def left():
            return not node.dispatcher.workers

        assert await comes_true(clock, left)
        assert (await client.get(Pod, KEY)).metadata.finalizers == ("example.com/x",)


@pytest.mark.parametrize("count", [30])
async def test_many_pods_at_once(tmp_path, clock, client, count):
    wanted = [pod(meta={"name": f"web-{n}"}) for n in range(count)]
    node = replace(NODE, status=replace(NODE.status, allocatable=NODE.status.allocatable | {"pods": "110"}))
    async with agent(tmp_path, clock, client) as made:
        made.dispatcher._node = lambda: node
        for each in wanted:
            await create(client, each)
        for _ in range(10):
            await clock.run_for(0)
        assert [p.status.phase for p in (await client.list(Pod)).items] == ["Running"] * count


def asking(name, cpu, command=("serve",), **meta):
    resources = {"requests": {"cpu": cpu}}
    return pod(
        container(resources=resources, command=list(command)),
        meta={"name": name, "uid": "", "resourceVersion": ""} | meta,
    )


async def resize(client, name, cpu):
    patch = {"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": cpu}}}]}}
    return await client.patch(
        Pod, Key("default", name), Patch(media_type=STRATEGIC_PATCH, body=patch), subresource="resize"
    )


async def test_a_resize_waits_until_the_node_has_room(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as a:
        await client.create(asking("large", "600m"))
        await client.create(asking("small", "200m"))
        await clock.run_for(0, turns=200)
        await resize(client, "small", "500m")
        await clock.run_for(0, turns=200)
        status = (await client.get(Pod, Key("default", "small"))).status
        (pending,) = [c for c in status.conditions if c.type == "PodResizePending"]
        text = "Node didn't have enough resource: cpu, requested: 500, used: 600, capacity: 1000"
        assert (pending.reason, pending.message, pending.observed_generation) == ("Deferred", text, 2)
        assert status.container_statuses[0].allocated_resources == {"cpu": "200m"}
        await resize(client, "large", "400m")
        await clock.run_for(6, turns=200)
        status = (await client.get(Pod, Key("default", "small"))).status
        assert [c.type for c in status.conditions if "Resize" in c.type] == []
        assert status.container_statuses[0].resources.requests == {"cpu": "500m"}
        assert a.events.reasons().count("ResizeDeferred") == 1


async def test_what_was_granted_outlives_the_agent(tmp_path, clock, client):
    async with agent(tmp_path, clock, client) as a:
        await client.create(asking("small", "200m"))
        await clock.run_for(0, turns=200)
        await resize(client, "small", "2")
        await clock.run_for(0, turns=200)
        await a.restart()
        await clock.run_for(6, turns=200)
        status = (await client.get(Pod, Key("default", "small"))).status
        assert [c.type for c in status.conditions if "Resize" in c.type] == ["PodResizePending"]
        assert status.container_statuses[0].allocated_resources == {"cpu": "200m"}
        assert status.container_statuses[0].restart_count == 0
