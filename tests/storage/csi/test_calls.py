"""Calls to a driver at a real socket."""

import json
from pathlib import Path

import pytest

from podo.storage.csi.client import SocketCaller
from podo.storage.csi.node import SocketNode, capability
from podo.storage.csi.wire import CSI, METHODS, message
from podo.storage.drivers import Access, Amounts, DriverFailure, NodeVolume, NoRoom, PodInfo
from tests.storage.csi.driver import Driver, serve


@pytest.fixture
async def caller(tmp_path: Path):
    driver = Driver("t.example.com", "n1", tmp_path / "volumes", tmp_path / "kubelet", tmp_path / "log")
    driver.root.mkdir()
    server = await serve(driver, tmp_path / "csi.sock")
    caller = SocketCaller(tmp_path / "csi.sock")
    yield caller
    await caller.close()
    await server.stop(None)


def told(tmp_path: Path) -> list:
    return [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]


async def test_a_driver_says_who_it_is(caller):
    assert (await caller.call("/csi.v1.Identity/GetPluginInfo")).name == "t.example.com"
    about = await caller.call("/csi.v1.Node/NodeGetInfo")
    assert (about.node_id, about.max_volumes_per_node) == ("id-n1", 3)
    assert dict(about.accessible_topology.segments) == {"topology.test/host": "here"}


async def test_failures_keep_their_words(caller, tmp_path):
    big = {"required_bytes": 1 << 50}
    with pytest.raises(NoRoom, match="code = ResourceExhausted desc = no room"):
        await caller.call("/csi.v1.Controller/CreateVolume", name="v", capacity_range=big)
    with pytest.raises(DriverFailure, match="code = Internal"):
        await caller.call("/csi.v1.Node/NodeStageVolume", volume_id="v", staging_target_path="/elsewhere")
    gone = SocketCaller(tmp_path / "nobody.sock")
    with pytest.raises(DriverFailure, match="code = Unavailable"):
        await gone.call("/csi.v1.Identity/Probe")
    await gone.close()


async def test_a_volume_is_told_with_all_that_a_driver_needs(caller, tmp_path):
    seen = lambda path: Path("/var/lib/kubelet") / path.relative_to(tmp_path / "kubelet")  # noqa: E731
    node = SocketNode("t.example.com", caller, frozenset(), seen)
    volume = NodeVolume(
        handle="v",
        access=Access(fs_type="ext4", modes=("ReadWriteMany",), mount_options=("noatime",)),
        attributes={"a": "1"},
        publish_context={"device": "x"},
        publish_secrets={"user": "u"},
        read_only=True,
        pod=PodInfo(context={"b": "2"}),
    )
    with pytest.raises(DriverFailure):  # it may not mount here without rights, but it was told
        await node.publish(volume, tmp_path / "kubelet" / "s", tmp_path / "kubelet" / "missing/t\0")
    ((method, fields),) = [t for t in told(tmp_path) if t[0] == "NodePublishVolume"] or [("", {})]
    assert method == "NodePublishVolume"
    assert fields["target_path"].startswith("/var/lib/kubelet/missing/")
    assert (fields["volume_context"], fields["publish_context"]) == ({"a": "1", "b": "2"}, {"device": "x"})
    assert (fields["secrets"], fields["readonly"]) == ({"user": "u"}, True)
    assert "staging_target_path" not in fields


@pytest.mark.parametrize("grows", [True, False])
async def test_a_node_is_asked_to_grow_a_volume_if_its_driver_does_such(caller, tmp_path, grows):
    node = SocketNode("t.example.com", caller, frozenset({1, 3} if grows else {1}))
    volume = NodeVolume(handle="v", access=Access(modes=("ReadWriteOnce",)))
    await node.grow(volume, tmp_path / "s", tmp_path / "t", 1 << 30)
    calls = [fields for method, fields in told(tmp_path) if method == "NodeExpandVolume"] if grows else []
    assert [(f["volume_id"], f["volume_path"], f["staging_target_path"]) for f in calls] == (
        [("v", str(tmp_path / "t"), str(tmp_path / "s"))] if grows else []
    )
    assert (tmp_path / "log").exists() is grows


@pytest.mark.parametrize(
    ("access", "told"),
    [
        (Access(modes=("ReadWriteOnce",), fs_type="xfs"), {"mount": {"fs_type": "xfs"}, "access_mode": {"mode": 1}}),
        (Access(modes=("ReadWriteOnce", "ReadWriteMany")), {"mount": {}, "access_mode": {"mode": 5}}),
        (Access(modes=("ReadOnlyMany",), block=True), {"block": {}, "access_mode": {"mode": 3}}),
        (Access(modes=("ReadWriteOncePod",)), {"mount": {}, "access_mode": {"mode": 1}}),
    ],
)
def test_how_a_volume_is_used_in_the_words_of_drivers(access, told):
    assert message("VolumeCapability", **capability(access)) == message("VolumeCapability", **told)


def test_all_messages_can_be_made():
    for name in CSI:
        made = message(name)
        assert type(made).FromString(made.SerializeToString()) == made
    assert {n for pair in METHODS.values() for n in pair} <= CSI.keys()


def test_numbers_on_the_wire_are_those_of_the_interface():
    made = message("NodePublishVolumeRequest", volume_id="v", target_path="t", readonly=True, volume_context={"k": "w"})
    assert made.SerializeToString() == b"\n\x01v\x22\x01t0\x01B\x06\n\x01k\x12\x01w"


@pytest.mark.parametrize("broken", [True, False])
async def test_a_driver_says_how_full_a_volume_is_and_whether_it_is_well(caller, tmp_path, broken):
    path = tmp_path / "kubelet/v"
    path.mkdir(parents=True)
    (path / "x").write_text("four")
    if broken:
        (path / "broken").touch()
    seen = lambda path: Path("/var/lib/kubelet") / path.relative_to(tmp_path / "kubelet")  # noqa: E731
    node = SocketNode("t.example.com", caller, frozenset({1, 2, 4}), seen)
    assert node.tells
    found = await node.figures("v", path, tmp_path / "kubelet/s")
    assert found.bytes == Amounts(total=1000, used=4, available=996)
    assert (found.inodes.total, found.inodes.used) == (9, 2)
    assert found.abnormal == ("it is broken" if broken else "")
    (_, fields) = told(tmp_path)[-1]
    assert fields["staging_target_path"] == "/var/lib/kubelet/s"


async def test_of_a_driver_that_tells_no_conditions_none_is_told(caller, tmp_path):
    (tmp_path / "kubelet/v").mkdir(parents=True)
    seen = lambda path: Path("/var/lib/kubelet/v")  # noqa: E731
    node = SocketNode("t.example.com", caller, frozenset({2}), seen)
    assert (await node.figures("v", tmp_path, None)).abnormal is None
    assert not SocketNode("t.example.com", caller, frozenset()).tells
