"""From files to workers and to mirrors in a true API."""

import asyncio
from contextlib import asynccontextmanager

import msgspec
import pytest

from podo.api.types.core_v1 import Node, Pod
from podo.client.base import DeleteOptions, Key, find
from podo.client.informers import Informers
from podo.node.references import References
from podo.node.runtime.fake import FakeRuntime
from podo.node.static.folder import ManifestFolder, StaticPods
from podo.node.static.mirrors import MirrorChanges, Mirrors, mirror_changes, mirror_of
from podo.node.static.statuses import MirroredStatuses
from podo.node.status.writer import StatusWriter
from podo.node.worker.dispatch import PodDispatcher
from tests.node.fakes import parts
from tests.node.static.test_manifest import PLAIN, read

WEB = Key("default", "web-node-1")
NODE = msgspec.convert({"metadata": {"name": "node-1", "uid": "u-1"}}, Node)


class Agent:
    """A node without a machine, but with a folder of manifests."""

    def __init__(self, folder, clock, client, runtime):
        self.folder, self.clock, self.client, self.runtime = folder, clock, client, runtime
        self.manifests = folder / "manifests"
        self.manifests.mkdir(exist_ok=True)
        self.tasks = []

    async def start(self):
        informers, writer = Informers(self.client, self.clock), StatusWriter(self.client, self.clock)
        statuses = MirroredStatuses(writer)
        references = References(self.client, informers, self.clock)
        made = parts(self.folder, self.clock, self.runtime, self.client, statuses=statuses, references=references)
        mirrors = Mirrors(self.client, self.clock, lambda: NODE, statuses.mirrored)
        self.dispatcher = PodDispatcher(made, informers, lambda: None, mirrors)
        static = StaticPods(ManifestFolder(self.manifests, "node-1", self.clock), mirrors, self.dispatcher)
        running = (informers.run(), writer.run(), self.dispatcher.run(), static.run())
        self.tasks = [asyncio.ensure_future(work) for work in running]
        await self.settle()
        async with asyncio.timeout(10):  # it looks for leftovers in a thread: that takes true time
            await self.dispatcher.synced.wait()
        await self.settle()

    async def stop(self):
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def settle(self, seconds=0):
        await self.clock.run_for(seconds, turns=200)

    def write(self, text, name="web.yaml"):
        fresh = self.manifests / f".{name}"
        fresh.write_text(text)
        fresh.rename(self.manifests / name)

    async def until(self, condition):
        """Threads and the kernel take true time."""
        async with asyncio.timeout(10):
            while not await condition():
                await self.settle(1)

    async def running(self):
        return [c.image for c in (await self.runtime.observe()).containers if c.state.name == "RUNNING"]


@pytest.fixture
async def agent(tmp_path, clock, client):
    async with FakeRuntime(clock) as runtime, agent_of(tmp_path, clock, client, runtime) as made:
        yield made


@asynccontextmanager
async def agent_of(folder, clock, client, runtime):
    made = Agent(folder, clock, client, runtime)
    try:
        yield made
    finally:
        await made.stop()


async def test_a_manifest_runs_and_is_seen_in_the_api(agent, client):
    agent.write(PLAIN)
    await agent.start()
    assert await agent.running() == ["hello:v1"]
    mirror = await client.get(Pod, WEB)
    (owner,) = mirror.metadata.owner_references
    assert (owner.kind, owner.name, owner.uid, owner.controller) == ("Node", "node-1", "u-1", True)
    annotations = mirror.metadata.annotations
    assert annotations["kubernetes.io/config.mirror"] == annotations["kubernetes.io/config.hash"]
    assert (mirror.status.phase, mirror.status.container_statuses[0].ready) == ("Running", True)


async def test_deleting_the_mirror_restarts_nothing_and_brings_a_new_one(agent, client):
    agent.write(PLAIN)
    await agent.start()
    before, seen = await client.get(Pod, WEB), await agent.runtime.observe()
    await client.delete(Pod, WEB)

    async def replaced():
        found = await find(client, Pod, WEB)
        return found is not None and found.metadata.uid != before.metadata.uid and found.status.phase == "Running"

    await agent.until(replaced)
    assert (await agent.runtime.observe()).containers == seen.containers


async def test_files_come_change_and_go_while_the_agent_runs(agent, client):
    await agent.start()
    agent.write(PLAIN)

    async def runs(image):
        found = await find(client, Pod, WEB)
        there = found is not None and found.spec.containers[0].image == image and found.status.phase == "Running"
        return there and await agent.running() == [image]

    await agent.until(lambda: runs("hello:v1"))
    agent.dispatcher._parts.images.present["hello:v2"] = agent.dispatcher._parts.images.present["hello:v1"]
    agent.write(PLAIN.replace("hello:v1", "hello:v2"))
    await agent.until(lambda: runs("hello:v2"))
    (agent.manifests / "web.yaml").unlink()

    async def gone():
        return await find(client, Pod, WEB) is None and not agent.dispatcher.workers

    await agent.until(gone)
    assert (await agent.runtime.observe()).sandboxes == ()


async def test_a_broken_file_keeps_what_it_stood_for(agent):
    agent.write(PLAIN)
    await agent.start()
    agent.write("nonsense: [")
    await agent.settle(60)
    assert await agent.running() == ["hello:v1"]


async def test_a_new_agent_goes_on_with_what_runs_and_ends_what_has_no_file_any_more(agent, client):
    agent.write(PLAIN)
    agent.write(PLAIN.replace("name: web", "name: other"), "other.yaml")
    await agent.start()
    before = {c.id for c in (await agent.runtime.observe()).containers}
    assert len(before) == 2
    await agent.stop()
    (agent.manifests / "other.yaml").unlink()
    await agent.start()

    async def one_left():
        return len((await agent.runtime.observe()).sandboxes) == 1

    await agent.until(one_left)
    assert {c.id for c in (await agent.runtime.observe()).containers} < before
    assert await find(client, Pod, Key("default", "other-node-1")) is None
    assert (await client.get(Pod, WEB)).status.phase == "Running"


def test_which_mirrors_go_and_come():
    pod = read(node="node-1")
    mirror = mirror_of(pod, NODE)
    leaving = msgspec.structs.replace(
        mirror, metadata=msgspec.structs.replace(mirror.metadata, deletion_timestamp="2026-01-01T00:00:00Z")
    )
    changed = mirror_of(read(PLAIN + "  hostNetwork: true\n", node="node-1"), NODE)
    assert mirror_changes({WEB: pod}, {WEB: mirror}) == MirrorChanges()
    assert mirror_changes({WEB: pod}, {}) == MirrorChanges((), (pod,))
    assert mirror_changes({}, {WEB: mirror}) == MirrorChanges((mirror,), ())
    assert mirror_changes({WEB: pod}, {WEB: leaving}) == MirrorChanges((leaving,), ())
    assert mirror_changes({WEB: pod}, {WEB: changed}) == MirrorChanges((changed,), ())


async def test_a_pod_of_somebody_else_in_a_mirrors_place_is_let_be(agent, client):
    foreign = read(node="node-1")
    meta = msgspec.structs.replace(foreign.metadata, uid="", annotations={})
    made = await client.create(
        msgspec.structs.replace(foreign, metadata=meta, spec=msgspec.structs.replace(foreign.spec, node_name="node-2"))
    )
    agent.write(PLAIN)
    await agent.start()
    await agent.settle(20)
    assert (await client.get(Pod, WEB)).metadata.uid == made.metadata.uid
    assert await agent.running() == ["hello:v1"]
    await client.delete(Pod, WEB, DeleteOptions(grace_period_seconds=0))

    async def mirrored():
        found = await find(client, Pod, WEB)
        return found is not None and found.status.phase == "Running"

    await agent.until(mirrored)
