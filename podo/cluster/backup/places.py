"""Where backups are kept: a folder, or object storage (`blob:CONTAINER/FOLDER`, `s3:BUCKET/FOLDER`) by rclone."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol, cast

import msgspec

from podo.cluster.backup import SUFFIX
from podo.cluster.errors import ClusterError
from podo.storage.drivers import DriverFailure
from podo.storage.objects import BLOB, S3
from podo.storage.objects.rclone import PROGRAM, configured, environment, said
from podo.storage.objects.stores import REMOTE, checked, configuration, container_of

KINDS = {"blob": BLOB, "s3": S3}
PATIENCE = ("--contimeout", "10s", "--timeout", "60s")
LIMIT = 6 * 3600.0  # seconds for one backup on its way


class Kept(NamedTuple):
    """A backup that is kept."""

    name: str
    size: int


class BackupPlace(Protocol):
    """A place. Calls raise ClusterError."""

    def put(self, file: Path) -> str:
        """Keep a file there, which is gone from here afterwards; how it is called there."""
        ...

    def all(self) -> list[Kept]:
        """The backups, the oldest first."""
        ...

    def delete(self, name: str) -> None: ...

    def opened(self, name: str) -> "contextlib.AbstractContextManager[BinaryIO]":
        """A backup, to be read from its beginning."""
        ...


class Folder:
    """A folder of the machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, file: Path) -> str:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = self._folder / file.name
        part = target.with_name(f".{file.name}.part")
        _ran("cp", "--reflink=auto", str(file), str(part))
        part.rename(target)
        file.unlink()
        return str(target)

    def all(self) -> list[Kept]:
        return [Kept(f.name, f.stat().st_size) for f in sorted(self._folder.glob(f"*{SUFFIX}"))]

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        with open(self._folder / name, "rb") as file:
            yield file


class Store:
    """A container or bucket, with or without a folder in it. What it is called in messages is `label`."""

    def __init__(self, driver: str, place: str, secret: dict[str, str], label: str) -> None:
        try:
            self._place, self._label = checked(place), label
            self._configuration = configuration(driver, secret)
        except DriverFailure as error:
            raise ClusterError(str(error)) from error

    def put(self, file: Path) -> str:
        self._rclone("mkdir", f"{REMOTE}:{container_of(self._place)}")
        self._rclone("copyto", str(file), f"{REMOTE}:{self._place}/{file.name}")
        file.unlink()
        return f"{self._label}/{file.name}"

    def all(self) -> list[Kept]:
        text = self._rclone("lsjson", "--files-only", f"{REMOTE}:{self._place}")
        found = [Kept(each["Name"], each["Size"]) for each in msgspec.json.decode(text)]
        return sorted(kept for kept in found if kept.name.endswith(SUFFIX))

    def delete(self, name: str) -> None:
        self._rclone("deletefile", f"{REMOTE}:{self._place}/{name}")

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """It is read as it comes: nothing of it is written to a disk."""
        with configured(self._configuration) as file:
            command = [PROGRAM, "--config", file, *PATIENCE, "cat", f"{REMOTE}:{self._place}/{name}"]
            with _started(command) as process:
                try:
                    yield cast(BinaryIO, process.stdout)
                finally:
                    process.kill()

    def _rclone(self, *arguments: str) -> str:
        with configured(self._configuration) as file:
            return _ran(PROGRAM, "--config", file, *PATIENCE, *arguments)


def place_of(text: str, store_file: Path | None) -> BackupPlace:
    """A place as users write it; the file has the store's credentials, KEY=VALUE a line. Raises ClusterError."""
    kind, colon, place = text.partition(":")
    if not colon or kind not in KINDS:
        return Folder(Path(text))
    if store_file is None:
        raise ClusterError(f"{text} is object storage: --store-file is to say how it is reached")
    return Store(KINDS[kind], place, read_secret(store_file), text)


def read_secret(file: Path) -> dict[str, str]:
    """The credentials of a store. Raises ClusterError."""
    try:
        lines = [line.strip() for line in file.read_text().splitlines()]
    except OSError as error:
        raise ClusterError(f"the store's file cannot be read: {error}") from error
    pairs = [line.partition("=") for line in lines if line and not line.startswith("#")]
    if not pairs or not all(name.strip() and equals for name, equals, _ in pairs):
        raise ClusterError(f"{file} is to have KEY=VALUE lines, with the keys that a store's Secret has")
    return {name.strip(): value.strip() for name, _, value in pairs}


def prune(place: BackupPlace, cluster: str, keep: int) -> list[str]:
    """Delete all but the newest backups of a cluster; what was deleted."""
    mine = [kept.name for kept in place.all() if kept.name.startswith(f"{cluster}-")]
    gone = mine[:-keep] if keep else []
    for name in gone:
        place.delete(name)
    return gone


def _ran(*command: str) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=LIMIT, env=environment(), stdin=-3
        )
    except FileNotFoundError as error:
        raise ClusterError(f"{command[0]} is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{command[0]} does not end") from error
    if done.returncode:
        raise ClusterError(said(done.stderr))
    return done.stdout


def _started(command: list[str]) -> "subprocess.Popen[bytes]":
    nothing = subprocess.DEVNULL
    try:
        return subprocess.Popen(command, stdin=nothing, stderr=nothing, stdout=subprocess.PIPE, env=environment())
    except FileNotFoundError as error:
        raise ClusterError(f"{command[0]} is not installed") from error
