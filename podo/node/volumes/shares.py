"""Volumes that mount(8) brings: file systems of devices, and shares of file servers (NFS, SMB).

All are `NodeDriver`s like those of CSI: mounted once for a node, bound for each Pod. A share that a Pod names itself is
mounted for that Pod alone.
"""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from podo.node import syscalls
from podo.node.mounts import MOUNTINFO, mount_points, unmount_now, unmount_quietly
from podo.storage.drivers import DriverFailure, NodeVolume
from podo.storage.objects.rclone import ended

DEVICE, NFS, SMB = "kubernetes.io/local-volume", "kubernetes.io/nfs", "smb.csi.podo"
MOUNTED_WITHIN = 60.0  # seconds: a server that does not answer
FORMAT = {"ext2": "-F", "ext3": "-F", "ext4": "-F", "xfs": "-f", "btrfs": "-f"}
Run = Callable[..., Awaitable[tuple[int, str]]]
"""Runs a command to its end: its status, and what it says."""


async def run(*command: str) -> tuple[int, str]:
    """Run a command. Raises DriverFailure if it is not there or does not end."""
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=nothing, stdout=pipe, stderr=asyncio.subprocess.STDOUT
        )
    except FileNotFoundError as error:
        raise DriverFailure(f"{command[0]} is not installed") from error
    try:
        async with asyncio.timeout(MOUNTED_WITHIN):
            output, _ = await process.communicate()
    except TimeoutError as error:
        raise DriverFailure(f"{command[0]} does not end within {MOUNTED_WITHIN:.0f} s") from error
    finally:
        await ended(process)
    return process.returncode or 0, output.decode(errors="replace").strip()


class _Mounting:
    """What all have in common. `lazily`: a server may be gone, and unmounting must not wait for it."""

    foreign = groups = False
    name, lazily = "", False

    def __init__(self, run: Run = run) -> None:
        self._run = run

    async def stage(self, volume: NodeVolume, staging: Path) -> None:
        if not is_mounted(staging):
            staging.mkdir(parents=True, exist_ok=True, mode=0o750)
            await self._mount(volume, staging)

    async def unstage(self, handle: str, staging: Path) -> None:
        await asyncio.to_thread(self._unmount, staging)

    async def publish(self, volume: NodeVolume, staging: Path | None, target: Path) -> Path:
        if not is_mounted(target):
            target.mkdir(parents=True, exist_ok=True)
            if staging is None:
                await self._mount(volume, target)
            else:
                await asyncio.to_thread(_bind, staging, target, volume.read_only)
        return target

    async def unpublish(self, handle: str, target: Path) -> None:
        await asyncio.to_thread(self._unmount, target)

    def _unmount(self, point: Path) -> None:
        if is_mounted(point):
            (unmount_quietly if self.lazily else unmount_now)(point)
        with contextlib.suppress(OSError):
            point.rmdir()

    async def _mount(self, volume: NodeVolume, target: Path) -> None:
        raise DriverFailure(f"{self.name} mounts nothing")

    async def _mount_as(self, kind: str, source: str, target: Path, options: list[str]) -> None:
        """mount(8), in the words of kubelets when it fails. Raises DriverFailure."""
        arguments = ["-t", kind, *(["-o", ",".join(options)] if options else []), source, str(target)]
        status, said = await self._run("mount", *arguments)
        if status:
            words = f"Mounting command: mount\nMounting arguments: {' '.join(arguments)}\nOutput: {said}\n"
            raise DriverFailure(f"mount failed: exit status {status}\n{words}")


class DeviceNode(_Mounting):
    """The file system of a block device of the node, made if the device is blank: a `local` volume (KEP-121)."""

    name = DEVICE

    async def _mount(self, volume: NodeVolume, target: Path) -> None:
        device, kind = volume.handle, volume.access.fs_type or "ext4"
        found = await self._kind_of(device)
        if not found:
            if kind not in FORMAT:
                raise DriverFailure(f"{device} is blank, and cannot be made a file system of type {kind!r}")
            status, said = await self._run(f"mkfs.{kind}", FORMAT[kind], device)
            if status:
                words = f"format of disk {device} failed: type:({kind}) errcode:(exit status {status})"
                raise DriverFailure(f"{words} {said}")
        await self._mount_as(found or kind, device, target, [*volume.access.mount_options])

    async def grow(self, volume: NodeVolume, staging: Path | None, path: Path, size: int) -> None:
        """Let the mounted file system use all of its device."""
        kind = await self._kind_of(volume.handle)
        tool = ("xfs_growfs", str(path)) if kind == "xfs" else ("resize2fs", volume.handle)
        status, said = await self._run(*tool)
        if status:
            raise DriverFailure(f"resize of device {volume.handle} failed: {said}")

    async def _kind_of(self, device: str) -> str:
        """The type of the file system on a device; "" if the device is blank. Raises DriverFailure if it is neither."""
        status, said = await self._run("blkid", "-p", "-s", "TYPE", "-s", "PTTYPE", "-o", "export", device)
        if status == 2:
            return ""
        known = dict(line.partition("=")[::2] for line in said.splitlines())
        if status or "TYPE" not in known:
            raise DriverFailure(f"{device} has no file system, and is not blank: {known.get('PTTYPE') or said}")
        return known["TYPE"]


class NFSNode(_Mounting):
    """A folder of an NFS server; the handle is SERVER:PATH."""

    name, lazily = NFS, True

    async def _mount(self, volume: NodeVolume, target: Path) -> None:
        options = [*volume.access.mount_options, *(["ro"] if volume.read_only else [])]
        await self._mount_as("nfs", volume.handle, target, options)


class SMBNode(_Mounting):
    """A share of an SMB server, as Azure Files has them; `secrets` is a folder in memory."""

    name, lazily = SMB, True

    def __init__(self, secrets: Path, run: Run = run) -> None:
        super().__init__(run)
        self._secrets = secrets

    async def _mount(self, volume: NodeVolume, target: Path) -> None:
        file = self._secrets / f"smb-{target.name}.conf"
        await asyncio.to_thread(_write, file, credentials(volume.stage_secrets))
        try:
            options = [*DEFAULTS_OF_SMB, *volume.access.mount_options, *(["ro"] if volume.read_only else [])]
            await self._mount_as("cifs", share_of(volume), target, [f"credentials={file}", *options])
        finally:
            file.unlink(missing_ok=True)


DEFAULTS_OF_SMB = ("vers=3.1.1", "dir_mode=0777", "file_mode=0777", "actimeo=30", "mfsymlinks", "nosharesock")


def share_of(volume: NodeVolume) -> str:
    """Where a share is, by a volume's attributes: `source`, or `server` or `storageAccount` with `shareName`."""
    known = {name.lower(): value for name, value in volume.attributes.items()}
    if source := known.get("source"):
        return source if source.startswith("//") else f"//{source.lstrip('/')}"
    account, share = known.get("storageaccount", ""), known.get("sharename", "")
    server = known.get("server") or (f"{account}.file.core.windows.net" if account else "")
    if not server or not share:
        raise DriverFailure("the volume has neither a source (//server/share) nor a shareName with a storageAccount")
    return f"//{server}/{share}"


def credentials(secret: Mapping[str, str]) -> str:
    """The file that mount.cifs reads, from a Secret with the keys of the SMB and Azure drivers."""
    known = {name.lower(): value.strip() for name, value in secret.items()}
    user = known.get("username") or known.get("azurestorageaccountname", "")
    password = known.get("password") or known.get("azurestorageaccountkey", "")
    if not user or not password:
        raise DriverFailure("the Secret has neither username and password nor azurestorageaccountname and …key")
    if any("\n" in value for value in (user, password)):
        raise DriverFailure("a value of the share's Secret has more than one line")
    domain = f"domain={known['domain']}\n" if known.get("domain") else ""
    return f"username={user}\npassword={password}\n{domain}"


def is_mounted(point: Path) -> bool:
    """Whether something is mounted there; it is not asked, as its server may not answer."""
    return str(point) in mount_points(MOUNTINFO.read_text())


def _bind(source: Path, target: Path, read_only: bool) -> None:
    try:
        syscalls.mount(str(source), target, "", syscalls.MS_BIND)
        if read_only:
            syscalls.mount("", target, "", syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY)
    except OSError as error:
        raise DriverFailure(f"the volume cannot be bound: {error.strerror}") from error


def _write(file: Path, text: str) -> None:
    """Only we may read it."""
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as opened:
        opened.write(text)
