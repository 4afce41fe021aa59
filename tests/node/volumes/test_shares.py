"""What mount(8) is asked for: for devices, NFS and SMB. Nothing is mounted here."""

from pathlib import Path

import pytest

from podo.api.types.core_v1 import (
    LocalVolumeSource,
    NFSVolumeSource,
    PersistentVolume,
    PersistentVolumeSpec,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.node.volumes import shares
from podo.node.volumes.shares import DEVICE, NFS, DeviceNode, NFSNode, SMBNode, credentials, share_of
from podo.node.volumes.wanted import driven, share
from podo.storage.drivers import Access, DriverFailure, NodeVolume

KEYS = {"azurestorageaccountname": "acc", "azurestorageaccountkey": "secret=="}
AZURE = {"storageAccount": "acc", "shareName": "data"}


class Tools:
    """Answers commands by their names, and keeps them."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.answers, self.ran = answers, []

    async def __call__(self, *command: str) -> tuple[int, str]:
        self.ran.append(command)
        return self.answers.get(command[0].replace(".", "_"), (0, ""))


def volume(handle: str, **more) -> NodeVolume:
    access = Access(fs_type=more.pop("fs_type", ""), mount_options=more.pop("options", ()))
    return NodeVolume(handle=handle, access=access, **more)


async def test_a_blank_device_gets_a_file_system_and_is_mounted(tmp_path):
    tools = Tools(blkid=(2, ""))
    await DeviceNode(tools).stage(volume("/dev/x", fs_type="xfs", options=("noatime",)), tmp_path / "staged")
    assert tools.ran[1:] == [
        ("mkfs.xfs", "-f", "/dev/x"),
        ("mount", "-t", "xfs", "-o", "noatime", "/dev/x", str(tmp_path / "staged")),
    ]


async def test_a_device_with_a_file_system_keeps_it_whatever_is_asked_for(tmp_path):
    tools = Tools(blkid=(0, "DEVNAME=/dev/x\nTYPE=ext3"))
    await DeviceNode(tools).stage(volume("/dev/x", fs_type="xfs"), tmp_path / "staged")
    assert tools.ran[1:] == [("mount", "-t", "ext3", "/dev/x", str(tmp_path / "staged"))]


@pytest.mark.parametrize("said", [(0, "PTTYPE=gpt"), (4, "bad usage")])
async def test_a_device_that_is_neither_blank_nor_a_file_system_is_left_alone(tmp_path, said):
    tools = Tools(blkid=said)
    with pytest.raises(DriverFailure, match="has no file system, and is not blank"):
        await DeviceNode(tools).stage(volume("/dev/x"), tmp_path / "staged")
    assert [command[0] for command in tools.ran] == ["blkid"]


@pytest.mark.parametrize(("kind", "tool"), [("ext4", ("resize2fs", "/dev/x")), ("xfs", ("xfs_growfs", "/m"))])
async def test_the_file_system_of_a_device_grows_by_its_own_tool(kind, tool):
    tools = Tools(blkid=(0, f"TYPE={kind}"))
    await DeviceNode(tools).grow(volume("/dev/x"), None, Path("/m"), 1)
    assert tools.ran[-1] == tool


async def test_a_mount_that_fails_is_told_in_the_words_of_kubelets(tmp_path):
    tools, target = Tools(mount=(32, "mount.nfs: Connection refused")), tmp_path / "t"
    with pytest.raises(DriverFailure) as failure:
        await NFSNode(tools).publish(volume("nas:/data", read_only=True), None, target)
    assert str(failure.value) == (
        "mount failed: exit status 32\nMounting command: mount\n"
        f"Mounting arguments: -t nfs -o ro nas:/data {target}\nOutput: mount.nfs: Connection refused\n"
    )


async def test_a_share_of_azure_is_mounted_with_a_secret_that_no_command_line_has_and_that_does_not_stay(tmp_path):
    seen = []

    async def run(*command: str) -> tuple[int, str]:
        seen.append((command, (tmp_path / "smb-staged.conf").read_text()))
        return 0, ""

    node = SMBNode(tmp_path, run)
    await node.stage(volume("h", attributes=AZURE, stage_secrets=KEYS), tmp_path / "staged")
    ((command, secret),) = seen
    assert command[:3] == ("mount", "-t", "cifs")
    assert command[-2] == "//acc.file.core.windows.net/data"
    assert "secret" not in " ".join(command)
    assert secret == "username=acc\npassword=secret==\n"
    assert not (tmp_path / "smb-staged.conf").exists()


async def test_a_kernel_without_smb_says_so(tmp_path):
    tools = Tools(mount=(32, "mount error: cifs filesystem not supported by the system"))
    with pytest.raises(DriverFailure, match="cifs filesystem not supported by the system"):
        await SMBNode(tmp_path, tools).stage(volume("h", attributes=AZURE, stage_secrets=KEYS), tmp_path / "staged")


@pytest.mark.parametrize(
    ("attributes", "where"),
    [
        (AZURE, "//acc.file.core.windows.net/data"),
        ({"source": "//nas/x"}, "//nas/x"),
        ({"source": "nas/x"}, "//nas/x"),
        ({"server": "nas", "shareName": "y"}, "//nas/y"),
    ],
)
def test_where_a_share_is(attributes, where):
    assert share_of(volume("h", attributes=attributes)) == where


@pytest.mark.parametrize("attributes", [{}, {"shareName": "x"}, {"storageAccount": "a"}])
def test_a_share_that_is_nowhere_is_refused(attributes):
    with pytest.raises(DriverFailure, match="neither a source"):
        share_of(volume("h", attributes=attributes))


@pytest.mark.parametrize("secret", [{}, {"username": "u"}, {"username": "u", "password": "x\ny=z"}])
def test_credentials_that_are_none_or_more_than_one_are_refused(secret):
    with pytest.raises(DriverFailure):
        credentials(secret)


async def test_a_command_that_is_not_there_is_told():
    with pytest.raises(DriverFailure, match="no-such-tool is not installed"):
        await shares.run("no-such-tool")
    assert await shares.run("sh", "-c", "echo out; echo err >&2; exit 3") == (3, "out\nerr")


def persistent(**spec) -> PersistentVolume:
    more = {"access_modes": ("ReadWriteMany",), "mount_options": ("hard",)} | spec
    return PersistentVolume(metadata=ObjectMeta(name="pv"), spec=PersistentVolumeSpec(**more))


def test_an_nfs_volume_is_brought_by_its_driver():
    wanted = driven(persistent(nfs=NFSVolumeSource(server="nas", path="/x", read_only=True)), read_only=False)
    assert (wanted.driver, wanted.volume.handle, wanted.volume.read_only) == (NFS, "nas:/x", True)
    assert wanted.volume.access.mount_options == ("hard",)
    six = share("v", NFSVolumeSource(server="fd00::1", path="/x"), Access(), read_only=False, ephemeral=True)
    assert (six.volume.handle, six.ephemeral) == ("[fd00::1]:/x", True)


def test_only_a_device_with_a_file_system_is_more_than_a_path(tmp_path):
    assert driven(persistent(local=LocalVolumeSource(path=str(tmp_path))), read_only=False) is None
    device = next(path for path in Path("/dev").iterdir() if path.is_block_device())
    found = driven(persistent(local=LocalVolumeSource(path=str(device), fs_type="xfs")), read_only=False)
    assert (found.driver, found.volume.handle, found.volume.access.fs_type) == (DEVICE, str(device), "xfs")
    as_device = persistent(local=LocalVolumeSource(path=str(device)), volume_mode="Block")
    assert driven(as_device, read_only=False) is None
