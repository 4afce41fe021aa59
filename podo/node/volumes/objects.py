"""Object storage on a node: one rclone mounts a volume for all of the node's Pods, and this keeps it at that.

What is mounted is written down beside it, so that an agent that starts anew finds it; rclone runs on meanwhile. When
rclone ends without being told to, it is started again, and the new mount is put over the dead one wherever a Pod has
that: containers see it too, because their mounts follow (mount_namespaces(7), MS_SLAVE).
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from podo.clock import Clock
from podo.node import syscalls
from podo.node.mounts import MOUNTINFO, mount_points, unmount_now, unmount_quietly
from podo.node.volumes import silence
from podo.node.volumes.silence import Waiting
from podo.storage.drivers import DriverFailure, NodeVolume
from podo.storage.objects.rclone import PATIENCE, PROGRAM, environment, said
from podo.storage.objects.stores import REMOTE, checked, configuration, container_of

MOUNTED_WITHIN, WRITTEN_WITHIN, ENDS_WITHIN, LOOK_EVERY = 30.0, 20.0, 5.0, 0.02  # seconds
AGAIN_AFTER, AGAIN_AT_MOST = 1.0, 30.0  # seconds between attempts to mount again
FLAGS = ("--allow-other", "--vfs-write-back", "0s", "--log-level", "NOTICE")
OPTIONS = {  # what users may set by mountOptions, and what it is otherwise
    "vfs-cache-mode": "writes",
    "dir-cache-time": "1s",
    "dir-perms": "0777",
    "file-perms": "0666",
    "vfs-cache-max-size": "1G",
    "uid": "",
    "gid": "",
    "umask": "",
    "buffer-size": "",
    "timeout": "",
    "vfs-read-chunk-size": "",
}
log = logging.getLogger(__name__)


class MountedStore(msgspec.Struct, frozen=True, kw_only=True):
    """A store that is mounted on this node: by which process, and where Pods have it."""

    driver: str
    place: str
    options: tuple[str, ...]
    configuration: str  # a file in memory
    pid: int
    started: int
    targets: tuple[str, ...] = ()


class ObjectNode:
    """The `NodeDriver` of one kind of store. `netns`: the network that stores are reached from, if not our own."""

    foreign, groups = False, True

    def __init__(
        self, name: str, secrets: Path, clock: Clock, netns: Path | None, waiting: Waiting | None = None
    ) -> None:
        self.name, self._secrets, self._clock, self._netns = name, secrets, clock, netns
        self._dead: asyncio.Queue[Path] = asyncio.Queue()
        self._locks: dict[Path, asyncio.Lock] = {}
        self._watched: dict[Path, int] = {}  # the process of each, as a descriptor
        self._waiting = waiting

    async def stage(self, volume: NodeVolume, staging: Path) -> None:
        async with self._alone(staging):
            known = described(staging)
            if known is not None and alive(known) and is_mounted(staging / "mount"):
                self._watch(staging, known)
                return
            place = checked(volume.attributes.get("container") or volume.attributes.get("bucket") or volume.handle)
            text = configuration(self.name, volume.stage_secrets, container_of(place))
            options = mount_options(volume.access.mount_options)
            await self._mount(staging, place, options, self._written(staging, text), known.targets if known else ())

    async def unstage(self, handle: str, staging: Path) -> None:
        """Unmount once all is in the store; what cannot be written stays for the next mount on this node."""
        async with self._alone(staging):
            self._forget(staging)
            known = described(staging)
            written = await self._until(lambda: not unwritten(staging / "cache"), WRITTEN_WITHIN)
            await asyncio.to_thread(unmount_now, staging / "mount")
            if known is not None:
                await self._end(known)
                Path(known.configuration).unlink(missing_ok=True)
            (staging / "volume.json").unlink(missing_ok=True)
            if written:
                await asyncio.to_thread(shutil.rmtree, staging, ignore_errors=True)
            else:
                log.warning("volume %s: its store does not take what was written; it is kept in %s", handle, staging)

    async def publish(self, volume: NodeVolume, staging: Path | None, target: Path) -> Path:
        if staging is None:
            raise DriverFailure("object stores are for claims and persistent volumes")
        async with self._alone(staging):
            await asyncio.to_thread(_bind, staging / "mount", target, volume.read_only)
            known = described(staging)
            if known is not None and str(target) not in known.targets:
                note(staging, msgspec.structs.replace(known, targets=(*known.targets, str(target))))
        return target

    async def unpublish(self, handle: str, target: Path) -> None:
        while is_mounted(target):  # a mount over a dead one, over another
            await asyncio.to_thread(unmount_now, target)
        with contextlib.suppress(OSError):
            target.rmdir()

    async def run(self, staged: Path) -> None:
        """Mount again whatever dies, until cancelled. `staged` has what was staged before us."""
        for file in sorted((staged / self.name).glob("*/volume.json")):
            if (known := described(file.parent)) is not None:
                self._watch(file.parent, known)
        async with asyncio.TaskGroup() as tasks:
            if self._waiting is not None:
                tasks.create_task(self._end_silent(self._waiting))
            while True:
                tasks.create_task(self._revive(await self._dead.get()))

    async def _revive(self, staging: Path) -> None:
        wait = AGAIN_AFTER
        while True:
            async with self._alone(staging):
                known = described(staging)
                if known is None or (alive(known) and is_mounted(staging / "mount")):
                    return
                log.warning("the mount of %s has died: it is mounted again", known.place)
                try:
                    targets = tuple(t for t in known.targets if is_mounted(Path(t)))
                    await self._mount(staging, known.place, known.options, Path(known.configuration), targets)
                    for target in targets:
                        await asyncio.to_thread(_cover, staging / "mount", Path(target))
                    return
                except (DriverFailure, OSError) as error:
                    log.warning("%s cannot be mounted again: %s", known.place, error)
            await self._clock.sleep(wait)
            wait = min(2 * wait, AGAIN_AT_MOST)

    async def _end_silent(self, waiting: Waiting) -> None:
        """End what serves a store that has gone silent: who waits for it gets an error, and it is mounted again."""
        looks: dict[Path, int] = {}
        while True:
            await self._clock.sleep(silence.LOOK_EVERY)
            looks = {s: looks.get(s, 0) + 1 for s in self._watched if waiting.at(s / "mount")}
            for staging in [s for s, number in looks.items() if number >= silence.LOOKS]:
                known = described(staging)
                if known is None or not await self._is_silent(known):
                    continue
                log.warning("the store of %s is silent: its mount is ended, and mounted again", known.place)
                if alive(known):
                    os.kill(known.pid, signal.SIGKILL)

    async def _is_silent(self, known: MountedStore) -> bool:
        try:
            text = await asyncio.to_thread(Path(known.configuration).read_text)
        except OSError:
            return False
        return await silence.is_silent(text, self._netns)

    async def _mount(
        self, staging: Path, place: str, options: tuple[str, ...], file: Path, targets: tuple[str, ...]
    ) -> None:
        """Have rclone mount it. Raises DriverFailure."""
        mount, printed = staging / "mount", staging / "log"
        self._forget(staging)
        unmount_quietly(mount)
        mount.mkdir(parents=True, exist_ok=True, mode=0o700)
        command = [PROGRAM, "--config", str(file), *PATIENCE, "mount", f"{REMOTE}:{place}", str(mount), *FLAGS]
        command += [*options, "--cache-dir", str(staging / "cache")]
        if self._netns is not None:
            command[:0] = ["nsenter", f"--net={self._netns}", "--"]
        process = await asyncio.to_thread(_started, command, printed)
        known = MountedStore(
            driver=self.name,
            place=place,
            options=options,
            configuration=str(file),
            pid=process,
            started=start_time(process),
            targets=targets,
        )
        note(staging, known)
        there = await self._until(lambda: is_mounted(mount) or not alive(known), MOUNTED_WITHIN)
        if not there or not is_mounted(mount):
            await self._end(known)
            raise DriverFailure(
                said(printed.read_text(errors="replace")) if printed.exists() else "rclone says nothing"
            )
        self._watch(staging, known)

    async def _end(self, known: MountedStore) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if alive(known):
                os.kill(known.pid, number)
            if await self._until(lambda: not alive(known), ENDS_WITHIN):
                return

    async def _until(self, met: Callable[[], bool], seconds: float) -> bool:
        end = self._clock.monotonic() + seconds
        while not met():
            if self._clock.monotonic() > end:
                return False
            await self._clock.sleep(LOOK_EVERY)
        return True

    def _written(self, staging: Path, text: str) -> Path:
        """The store's configuration, in memory only."""
        file = self._secrets / f"{self.name}-{staging.name}.conf"
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as opened:
            opened.write(text)
        return file

    def _alone(self, staging: Path) -> asyncio.Lock:
        return self._locks.setdefault(staging, asyncio.Lock())

    def _watch(self, staging: Path, known: MountedStore) -> None:
        """Hear of the process's end."""
        if staging in self._watched:
            return
        try:
            descriptor = os.pidfd_open(known.pid) if alive(known) else -1
        except ProcessLookupError:
            descriptor = -1
        if descriptor < 0:
            self._dead.put_nowait(staging)
            return
        self._watched[staging] = descriptor
        asyncio.get_running_loop().add_reader(descriptor, self._ended, staging)

    def _ended(self, staging: Path) -> None:
        self._forget(staging)
        self._dead.put_nowait(staging)

    def _forget(self, staging: Path) -> None:
        if (descriptor := self._watched.pop(staging, None)) is not None:
            asyncio.get_running_loop().remove_reader(descriptor)
            os.close(descriptor)


def described(staging: Path) -> MountedStore | None:
    """What is known of a staged volume."""
    try:
        return msgspec.json.decode((staging / "volume.json").read_bytes(), type=MountedStore)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def note(staging: Path, known: MountedStore) -> None:
    """Write down what is known of it."""
    new = staging / "volume.json.new"
    new.write_bytes(msgspec.json.encode(known))
    new.replace(staging / "volume.json")


def mount_options(wanted: tuple[str, ...]) -> tuple[str, ...]:
    """rclone's options, of those that a volume may set (`uid=1000`, `ro`). Raises DriverFailure."""
    found, flags = {name: value for name, value in OPTIONS.items() if value}, []
    for option in wanted:
        name, _, value = option.partition("=")
        if option == "ro":
            flags.append("--read-only")
        elif name in OPTIONS and value:
            found[name] = value
        elif option not in ("rw", "defaults"):
            raise DriverFailure(f"mount option {option!r} is none of an object store: {', '.join(sorted(OPTIONS))}, ro")
    return (*(f"--{name}={value}" for name, value in found.items()), *flags)


def is_mounted(point: Path) -> bool:
    """Whether something is mounted there, dead or alive: what is mounted is not asked, as it may not answer."""
    return str(point) in mount_points(MOUNTINFO.read_text())


def start_time(pid: int) -> int:
    """When a process started, in ticks since boot; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])


def alive(known: MountedStore) -> bool:
    """Whether the very process that mounted it runs; a child that has ended is taken leave of."""
    with contextlib.suppress(ChildProcessError):
        os.waitpid(known.pid, os.WNOHANG)
    return known.started != 0 and start_time(known.pid) == known.started


def unwritten(cache: Path) -> bool:
    """Whether rclone has files that are not in the store yet, as it notes beside each."""
    for path in (cache / "vfsMeta").rglob("*"):
        try:
            if path.is_file() and msgspec.json.decode(path.read_bytes()).get("Dirty"):
                return True
        except (OSError, msgspec.DecodeError):
            continue  # just being written, or gone
    return False


def _started(command: list[str], printed: Path) -> int:
    """Start rclone so that it outlives us; its pid (nsenter becomes it)."""
    with open(printed, "wb") as output:
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                cwd="/",
                env=environment(),
            )
        except FileNotFoundError as error:
            raise DriverFailure(f"{command[0]} is not installed") from error
    child.returncode = 0  # it lives on: Popen must neither wait for it nor warn about it
    return child.pid


def _bind(mount: Path, target: Path, read_only: bool) -> None:
    """The mount at the target, where containers' mounts can follow it (blocking). Raises DriverFailure."""
    if is_mounted(target):
        return
    target.mkdir(parents=True, exist_ok=True)
    try:
        _cover(mount, target)
        if read_only:
            flags = syscalls.MS_REMOUNT | syscalls.MS_BIND | syscalls.MS_RDONLY | syscalls.MS_NOSUID | syscalls.MS_NODEV
            syscalls.mount("", target, "", flags)
    except OSError as error:
        raise DriverFailure(f"the volume cannot be bound: {error.strerror}") from error


def _cover(mount: Path, target: Path) -> None:
    """Bind the mount over whatever is at the target."""
    syscalls.mount(str(mount), target, "", syscalls.MS_BIND)
    syscalls.mount("", target, "", syscalls.MS_SHARED)
