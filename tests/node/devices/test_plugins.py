"""Plug-ins over real sockets: registration, health, allocation, and what a new agent still knows."""

import asyncio
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from podo.clock import SystemClock
from podo.node.devices import wire
from podo.node.devices.allocation import NotAllocated
from podo.node.devices.ledger import Ledger
from podo.node.devices.plugins import DevicePlugins
from podo.node.devices.pod_resources import PodResources
from podo.node.runtime.exits import CHANGES, IN_CREATE, watch_folder
from podo.rpc.caller import CallFailed, SocketCaller
from tests.node.build import pod
from tests.node.devices.plugin import Plugin
from tests.node.devices.test_allocation import NAME, asking


@pytest.fixture
def tmp_path():
    """Pytest's own is too long for the path of a socket."""
    with tempfile.TemporaryDirectory(prefix="podo-") as folder:
        yield Path(folder)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "device-plugins"


async def listening(folder):
    """Return once the agent's socket is in a folder."""
    folder.mkdir(exist_ok=True)
    appeared = asyncio.Event()
    with watch_folder(folder, lambda name: appeared.set(), CHANGES | IN_CREATE):
        async with asyncio.timeout(10):
            while not (folder / "kubelet.sock").exists():
                appeared.clear()
                await appeared.wait()


@asynccontextmanager
async def agent(tmp_path):
    """The agent's side; `until` waits for amounts of the node."""
    plugins = DevicePlugins(tmp_path / "device-plugins", tmp_path / "in.sock", Ledger(tmp_path / "l"), SystemClock())
    changed = asyncio.Condition()

    async def tell():
        async with changed:
            changed.notify_all()

    async def until(capacity, allocatable):
        async with asyncio.timeout(10), changed:
            await changed.wait_for(lambda: plugins.amounts() == ({NAME: str(capacity)}, {NAME: str(allocatable)}))

    async with asyncio.TaskGroup() as tasks:
        plugins.changed = lambda: tasks.create_task(tell())
        running = tasks.create_task(plugins.run())
        await listening(tmp_path / "device-plugins")
        yield SimpleNamespace(plugins=plugins, until=until)
        running.cancel()


@asynccontextmanager
async def plugged(folder, **devices):
    plugin = Plugin(folder, NAME)
    plugin.devices = devices or {"a": "Healthy", "b": "Healthy", "c": "Unhealthy"}
    await plugin.start()
    try:
        yield plugin
    finally:
        await plugin.stop()


def user(uid, *counts, **spec):
    made = pod(*(asking(n, f"c{i}") for i, n in enumerate(counts)), **spec)
    return replace(made, metadata=replace(made.metadata, uid=uid))


async def test_devices_are_offered_with_their_health_and_go_ill_with_the_plugin(tmp_path, folder):
    async with agent(tmp_path) as node:
        async with plugged(folder) as plugin:
            await node.until(3, 2)
            await plugin.offer(a="Unhealthy", b="Healthy", c="Unhealthy", d="Healthy")
            await node.until(4, 2)
        await node.until(4, 0)
        with pytest.raises(NotAllocated, match="no healthy devices present"):
            await node.plugins.allocate(user("u", 1), ())
        async with plugged(folder, a="Healthy"):
            await node.until(1, 1)


async def test_a_container_gets_the_preferred_devices_and_all_that_comes_with_them(tmp_path, folder):
    async with agent(tmp_path) as node, plugged(folder, a="Healthy", b="Healthy", c="Healthy") as plugin:
        await node.until(3, 3)
        made = user("u", 2)
        await node.plugins.allocate(made, ())
        await node.plugins.allocate(made, ())  # as an agent does that sees the Pod anew
        grant = await node.plugins.granted(made, made.spec.containers[0])
        assert grant.ids == ("b", "c")
        assert grant.env == {"DEVICES": "b,c"}
        assert (grant.mounts[0].container_path, grant.mounts[0].readonly) == ("/plugged", True)
        assert (grant.devices[0].host_path, grant.devices[0].permissions) == ("/dev/zero", "r")
        assert plugin.calls == [
            ("GetPreferredAllocation", ["a", "b", "c"]), ("Allocate", ["b", "c"]), ("PreStartContainer", ["b", "c"]),
        ]  # fmt: skip


async def test_the_devices_of_a_container_are_told_with_their_health(tmp_path, folder):
    def health(node, made):
        (status,) = node.plugins.statuses(made, made.spec.containers[0])
        return status.name, {r.resource_id: r.health for r in status.resources}

    async with agent(tmp_path) as node:
        made, other = user("u", 2), replace(pod(), metadata=replace(pod().metadata, uid="other"))
        async with plugged(folder, a="Healthy", b="Healthy") as plugin:
            await node.until(2, 2)
            await node.plugins.allocate(made, ())
            assert health(node, made) == (NAME, {"a": "Healthy", "b": "Healthy"})
            await plugin.offer(a="Unhealthy", b="Healthy")
            await node.until(2, 1)
            assert health(node, made) == (NAME, {"a": "Unhealthy", "b": "Healthy"})
        await node.until(2, 0)
        assert health(node, made) == (NAME, {"a": "Unhealthy", "b": "Unhealthy"})
        assert node.plugins.statuses(other, other.spec.containers[0]) == ()
        assert node.plugins.ledger.holders() == {"u"}


async def test_no_two_pods_have_the_same_device_until_one_is_gone(tmp_path, folder):
    async with agent(tmp_path) as node, plugged(folder, a="Healthy", b="Healthy"):
        await node.until(2, 2)
        one, other = user("1", 1), user("2", 1, 1)
        await node.plugins.allocate(one, ())
        with pytest.raises(NotAllocated, match="Requested: 1, Available: 0"):
            await node.plugins.allocate(other, ["1"])
        assert not node.plugins.ledger.of("2")
        await node.plugins.allocate(other, [])
        assert sorted(node.plugins.ledger.taken(NAME)) == ["a", "b"]


async def test_what_an_init_container_had_is_used_again_and_what_a_sidecar_has_is_not(tmp_path, folder):
    limits = {"limits": {NAME: "1"}}
    first = {"name": "first", "image": "i", "resources": limits}
    side = {"name": "side", "image": "i", "restartPolicy": "Always", "resources": limits}
    async with agent(tmp_path) as node, plugged(folder, a="Healthy", b="Healthy"):
        await node.until(2, 2)
        await node.plugins.allocate(user("1", 1, initContainers=[first, side]), ())
        given = {name: grants[NAME].ids for name, grants in node.plugins.ledger.of("1").items()}
        assert given["first"] == given["side"]
        assert given["c0"] != given["side"]


async def test_a_plugin_that_refuses_keeps_the_pod_out(tmp_path, folder):
    async with agent(tmp_path) as node, plugged(folder, a="Healthy") as plugin:
        await node.until(1, 1)
        plugin.refuses = "a"
        with pytest.raises(NotAllocated, match="rpc error: code = Internal desc = it is broken"):
            await node.plugins.allocate(user("1", 1), ())
        assert not node.plugins.ledger.taken(NAME)


async def test_a_new_agent_knows_who_has_what_before_plugins_come_again(tmp_path, folder):
    made = user("1", 1)
    async with agent(tmp_path) as node, plugged(folder, a="Healthy", b="Healthy"):
        await node.until(2, 2)
        await node.plugins.allocate(made, ())
    async with agent(tmp_path) as node:
        assert node.plugins.amounts() == ({NAME: "0"}, {NAME: "0"})
        assert not list(folder.glob("example*"))  # so that plug-ins register anew
        await node.plugins.allocate(made, ["1"])
        assert (await node.plugins.granted(made, made.spec.containers[0])).ids == ("b",)
        async with plugged(folder, a="Healthy", b="Healthy"):
            await node.until(2, 2)
            await node.plugins.allocate(user("2", 1), ["1"])
            assert node.plugins.ledger.of("2")["c0"][NAME].ids == ("a",)


@pytest.mark.parametrize(
    ("resource", "version", "why"),
    [(NAME, "v1alpha1", "is not supported by kubelet"), ("kubernetes.io/thing", "v1beta1", "is invalid")],
)
async def test_who_registers_wrongly_is_refused(tmp_path, folder, resource, version, why):
    async with agent(tmp_path) as node:
        with pytest.raises(CallFailed, match=why):
            await Plugin(folder, resource).register(version)
        assert not node.plugins.resources


async def test_monitors_see_who_has_what(tmp_path, folder):
    pods = [user("1", 1)]
    async with agent(tmp_path) as node, plugged(folder, a="Healthy", b="Healthy"):
        await node.until(2, 2)
        await node.plugins.allocate(pods[0], ())
        told = PodResources(node.plugins, lambda: pods)
        async with asyncio.TaskGroup() as tasks:
            door = tasks.create_task(told.run(tmp_path / "told", tmp_path / "t.sock"))
            await listening(tmp_path / "told")
            monitor = SocketCaller(tmp_path / "told/kubelet.sock", wire.POD_RESOURCES)
            (entry,) = (await monitor.call(wire.LIST_PODS)).pod_resources
            (device,) = entry.containers[0].devices
            assert (device.resource_name, list(device.device_ids)) == (NAME, ["b"])
            assert device.topology.nodes[0].ID == 0
            meta = pods[0].metadata
            name = {"pod_name": meta.name, "pod_namespace": meta.namespace}
            assert (await monitor.call(wire.GET_POD, **name)).pod_resources == entry
            with pytest.raises(CallFailed, match="not found"):
                await monitor.call(wire.GET_POD, pod_name="other", pod_namespace="default")
            all_devices = (await monitor.call(wire.ALLOCATABLE)).devices
            assert [list(d.device_ids) for d in all_devices] == [["a"], ["b"]]
            await monitor.close()
            door.cancel()
