"""podo's own volumes with real images, loop devices and mounts; nothing is left of them."""

import asyncio
import os
from pathlib import Path

import pytest

from podo.node.mounts import mounts_below, unmount_below
from podo.node.volumes.local import LocalNode
from podo.storage.drivers import Access, DriverFailure, NodeVolume, NoRoom, Origin, VolumeRequest
from podo.storage.local import loops
from podo.storage.local.layout import VolumeFolder
from podo.storage.local.maker import LocalVolumes, rounded

pytestmark = pytest.mark.e2e
MI = 1 << 20


@pytest.fixture
def root(tmp_path: Path):
    yield tmp_path / "volumes"
    left = mounts_below(tmp_path)
    unmount_below(tmp_path)
    devices = loops.staying(tmp_path)
    for device in loops.below(tmp_path):
        loops.detach(device)
    assert (left, devices) == ([], []), "left behind"


def request(name: str = "v", size: int = 32 * MI, **more) -> VolumeRequest:
    access = Access(block=more.pop("block", False), fs_type=more.pop("fs_type", ""))
    return VolumeRequest(name=name, size=size, access=access, **more)


def used(handle: str = "v", **more) -> NodeVolume:
    return NodeVolume(handle=handle, access=Access(block=more.pop("block", False)), **more)


async def published(node: LocalNode, target: Path, volume: NodeVolume | None = None) -> Path:
    volume = volume or used()
    await node.stage(volume, target.parent)
    return await node.publish(volume, target.parent, target)


async def ended(node: LocalNode, target: Path, handle: str = "v") -> None:
    await node.unpublish(handle, target)
    await node.unstage(handle, target.parent)


async def test_what_was_written_is_there_for_the_next_and_no_more_than_asked_for(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    made = await maker.create(request())
    assert made.size == 32 * MI
    await published(node, target)
    assert os.listdir(target) == []
    (target / "x").write_text("kept")
    with pytest.raises(OSError, match="No space left"):
        (target / "big").write_bytes(b"x" * 40 * MI)
    (target / "big").unlink()
    await ended(node, target)
    assert (mounts_below(tmp_path), loops.staying(root)) == ([], [])
    await published(node, target)
    assert (target / "x").read_text() == "kept"
    await ended(node, target)


async def test_two_nodes_of_a_machine_share_a_volume_and_the_last_one_unmounts_it(root, tmp_path):
    maker, one, two = LocalVolumes(root), LocalNode(root), LocalNode(root)
    await maker.create(request())
    await published(one, tmp_path / "n1" / "v")
    await published(two, tmp_path / "n2" / "v")
    (tmp_path / "n1/v/x").write_text("seen")
    assert (tmp_path / "n2/v/x").read_text() == "seen"
    await ended(one, tmp_path / "n1" / "v")
    assert (tmp_path / "n2/v/x").read_text() == "seen"
    await ended(two, tmp_path / "n2" / "v")


async def test_calls_may_be_repeated(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    assert await maker.create(request()) == await maker.create(request())
    for _ in range(2):
        await published(node, target)
    assert len(mounts_below(target)) == 1
    for _ in range(2):
        await ended(node, target)
    for _ in range(2):
        await maker.delete("v", {})
    assert os.listdir(root) == []


async def test_many_that_come_and_go_at_once_leave_nothing(root, tmp_path):
    maker, nodes = LocalVolumes(root), [LocalNode(root) for _ in range(4)]
    await maker.create(request())

    async def pod(number: int) -> None:
        target = tmp_path / f"n{number}" / "v"
        for round_ in range(5):
            await published(nodes[number], target)
            (target / f"{number}-{round_}").write_text("x")
            await ended(nodes[number], target)

    await asyncio.gather(*(pod(n) for n in range(4)))
    target = tmp_path / "last" / "v"
    await published(nodes[0], target)
    assert len(os.listdir(target)) == 20
    await ended(nodes[0], target)


async def test_a_volume_in_use_is_not_deleted(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    await maker.create(request())
    await published(node, target)
    with pytest.raises(DriverFailure, match="in use"):
        await maker.delete("v", {})
    await ended(node, target)
    await maker.delete("v", {})


async def test_a_volume_that_is_not_used_grows_and_keeps_its_files(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    await maker.create(request())
    await published(node, target)
    (target / "x").write_text("kept")
    before = os.statvfs(target).f_blocks
    await ended(node, target)
    grown = await maker.grow("v", 64 * MI, Access(), {})
    assert (grown.size, grown.on_node) == (64 * MI, False)
    await published(node, target)
    assert os.statvfs(target).f_blocks > before * 1.7
    assert (target / "x").read_text() == "kept"
    await ended(node, target)


async def test_a_volume_in_use_grows_at_once_or_when_it_is_mounted_again(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    await maker.create(request())
    await published(node, target)
    before = os.statvfs(target).f_blocks
    grown = await maker.grow("v", 64 * MI, Access(), {})
    if grown.on_node:  # without CAP_SYS_RESOURCE
        await ended(node, target)
        await published(node, target)
    assert os.statvfs(target).f_blocks > before * 1.7
    await ended(node, target)


async def test_a_block_volume_is_a_device_of_its_size(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    await maker.create(request(block=True))
    device = await published(node, target, used(block=True))
    assert int(Path(f"/sys/block/{device.name}/size").read_text()) * 512 == 32 * MI
    device.open("r+b").write(b"raw")
    await maker.grow("v", 40 * MI, Access(block=True), {})
    assert int(Path(f"/sys/block/{device.name}/size").read_text()) * 512 == 40 * MI
    await ended(node, target)
    assert VolumeFolder(root, "v").image.open("rb").read(3) == b"raw"


async def test_a_device_stays_while_a_pod_of_another_node_has_it(root, tmp_path):
    maker, first, second = LocalVolumes(root), LocalNode(root), LocalNode(root)
    await maker.create(request(block=True))
    device = await published(first, tmp_path / "a/pods/p/v", used(block=True))
    assert await published(second, tmp_path / "b/pods/p/v", used(block=True)) == device
    for pod in ("a", "b"):
        (tmp_path / pod / "pods/p").mkdir(parents=True, exist_ok=True)
    await ended(first, tmp_path / "a/pods/p/v")
    assert loops.of(VolumeFolder(root, "v").image) == [device]
    await ended(second, tmp_path / "b/pods/p/v")
    assert loops.of(VolumeFolder(root, "v").image) == []


async def test_a_device_goes_although_a_node_that_is_gone_has_never_given_it_back(root, tmp_path):
    maker, node = LocalVolumes(root), LocalNode(root)
    await maker.create(request(block=True))
    await node.stage(used(block=True), tmp_path)
    await node.publish(used(block=True), tmp_path, tmp_path / "removed-node/pod/v")
    await published(node, tmp_path / "pod/v", used(block=True))
    await ended(node, tmp_path / "pod/v")
    assert loops.of(VolumeFolder(root, "v").image) == []


async def test_a_copy_of_a_block_volume_in_use_has_what_was_written_to_it(root, tmp_path):
    maker, node = LocalVolumes(root), LocalNode(root)
    await maker.create(request(block=True))
    device = await published(node, tmp_path / "pod" / "v", used(block=True))
    written = os.open(device, os.O_WRONLY)
    os.write(written, b"written")
    await maker.snapshot("s", "v")
    await maker.create(request("clone", block=True, origin=Origin(volume="v")))
    for copy in ("s", "clone"):
        assert VolumeFolder(root, copy).image.read_bytes()[:7] == b"written"
    os.close(written)
    await ended(node, tmp_path / "pod" / "v")


async def test_a_snapshot_is_the_volume_as_it_was_and_becomes_volumes(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    await maker.create(request())
    await published(node, target)
    (target / "x").write_text("before")
    taken = await maker.snapshot("s", "v")
    assert taken == await maker.snapshot("s", "v")
    (target / "x").write_text("after")
    await maker.create(request("w", 64 * MI, origin=Origin(snapshot="s")))
    await published(node, tmp_path / "pod" / "w", used("w"))
    assert (tmp_path / "pod/w/x").read_text() == "before"
    assert os.statvfs(tmp_path / "pod/w").f_blocks > os.statvfs(target).f_blocks * 1.7
    await ended(node, tmp_path / "pod" / "w", "w")
    await ended(node, target)
    await maker.delete("s", {})
    with pytest.raises(DriverFailure, match="there is no snapshot"):
        await maker.size_of("s")


async def test_snapshots_of_a_group_are_taken_while_all_its_volumes_are_held(root, tmp_path):
    maker, node = LocalVolumes(root), LocalNode(root)
    for name in ("v", "w"):
        await maker.create(request(name))
        await published(node, tmp_path / "pod" / name, used(name))
        (tmp_path / "pod" / name / "x").write_text(name)
    handle, taken = await maker.snapshot_group("g", ["w", "v"])
    assert (handle, [(s.handle, s.volume) for s in taken]) == ("g", [("g-v", "v"), ("g-w", "w")])
    assert await maker.snapshot_group("g", ["v", "w"]) == (handle, taken)
    for name in ("v", "w"):
        (tmp_path / "pod" / name / "x").write_text("they are let go again")
        await ended(node, tmp_path / "pod" / name, name)
    await maker.create(request("r", origin=Origin(snapshot="g-w")))
    await published(node, tmp_path / "pod" / "r", used("r"))
    assert (tmp_path / "pod/r/x").read_text() == "w"
    await ended(node, tmp_path / "pod" / "r", "r")
    await maker.delete_group("g", ["g-v", "g-w"], {})
    assert sorted(f.name for f in root.iterdir()) == ["r", "v", "w"]
    with pytest.raises(DriverFailure, match="there is no volume missing"):
        await maker.snapshot_group("h", ["v", "missing"])


async def test_a_volume_that_an_ending_container_has_still_is_the_same_file_system_for_the_next(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    await maker.create(request())
    await published(node, target)
    (target / "x").write_text("first")
    image = VolumeFolder(root, "v").image
    (device,) = loops.of(image)
    script = ("sh", "-c", "echo ready; exec sleep 60")
    pipe = asyncio.subprocess.PIPE
    copy = await asyncio.create_subprocess_exec("unshare", "--mount", "--propagation", "private", *script, stdout=pipe)
    await copy.stdout.readline()  # it has a copy of our mounts from now on
    await ended(node, target)
    assert loops.of(image) == [device]
    await maker.grow("v", 64 * MI, Access(), {})  # must not be done behind the back of who has it
    await published(node, target)
    assert loops.of(image) == [device]
    assert (target / "x").read_text() == "first"
    (target / "y").write_text("second")
    copy.kill()
    await copy.wait()
    await ended(node, target)
    await published(node, target)
    assert sorted(os.listdir(target)) == ["x", "y"]
    await ended(node, target)


async def test_a_clone_of_a_volume_in_use_is_whole(root, tmp_path):
    maker, node, target = LocalVolumes(root), LocalNode(root), tmp_path / "pod" / "v"
    await maker.create(request())
    await published(node, target)
    (target / "x").write_text("written a moment ago")
    await maker.create(request("w", origin=Origin(volume="v")))
    await published(node, tmp_path / "pod" / "w", used("w"))
    assert (tmp_path / "pod/w/x").read_text() == "written a moment ago"
    await ended(node, tmp_path / "pod" / "w", "w")
    await ended(node, target)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({"origin": Origin(volume="missing")}, id="of nothing"),
        pytest.param({"origin": Origin(volume="v"), "size": 16 * MI}, id="smaller than its origin"),
        pytest.param({"origin": Origin(volume="v"), "block": True}, id="of another mode"),
    ],
)
async def test_a_copy_that_cannot_be(root, asked):
    maker = LocalVolumes(root)
    await maker.create(request())
    with pytest.raises(DriverFailure):
        await maker.create(request("w", **asked))


async def test_a_half_made_volume_is_made_anew(root, tmp_path):
    volume = VolumeFolder(root, "v")
    volume.folder.mkdir(parents=True)
    volume.image.write_bytes(b"half")
    made = await LocalVolumes(root).create(request())
    assert volume.image.stat().st_size == made.size


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        pytest.param(request(size=1 << 60), NoRoom, id="more than the disk has"),
        pytest.param(request(fs_type="ntfs"), DriverFailure, id="unknown file system"),
        pytest.param(request("../x"), DriverFailure, id="not a name"),
    ],
)
async def test_what_cannot_be_made(root, asked, why):
    with pytest.raises(why):
        await LocalVolumes(root).create(asked)


async def test_a_volume_that_is_not_there_is_said(root, tmp_path):
    LocalVolumes(root)
    with pytest.raises(DriverFailure, match="there is no volume"):
        await published(LocalNode(root), tmp_path / "pod" / "v")


@pytest.mark.parametrize(("size", "given"), [(1, 8 * MI), (32 * MI, 32 * MI), (32 * MI + 1, 33 * MI)])
def test_sizes_are_rounded_up(size, given):
    assert rounded(size) == given
