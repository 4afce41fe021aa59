"""Where podo's own volumes are: a folder each, with the image, what is known of it, and where it is mounted."""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What a volume is; sizes are bytes. `formatted` is how large its file system is: the image may be larger."""

    size: int
    block: bool = False
    fs_type: str = "ext4"
    formatted: int = 0


class VolumeFolder:
    """One volume."""

    def __init__(self, root: Path, handle: str) -> None:
        self.folder = root / handle

    @property
    def image(self) -> Path:
        """The content: a file as large as the volume."""
        return self.folder / "image"

    @property
    def mounted(self) -> Path:
        """Where its file system is mounted, for all nodes of this machine."""
        return self.folder / "mounted"

    def used_by(self) -> list[Path]:
        """Where Pods of this machine's nodes have it as a device; a user whose Pod's folder is gone counts no more."""
        users = [Path(entry.read_text()) for entry in sorted((self.folder / "users").glob("*"))]
        return [target for target in users if target.parent.parent.exists()]

    def use(self, target: Path) -> None:
        """A Pod has it as a device from now on. The caller has the volume's lock, here and below."""
        (self.folder / "users").mkdir(exist_ok=True)
        self._user(target).write_text(str(target))

    def let_go(self, target: Path) -> None:
        """A Pod has it no more."""
        self._user(target).unlink(missing_ok=True)

    def _user(self, target: Path) -> Path:
        return self.folder / "users" / hashlib.sha256(os.fsencode(target)).hexdigest()[:32]

    @property
    def _file(self) -> Path:
        return self.folder / "volume.json"

    def describe(self) -> Description | None:
        """What is known of the volume; None if it is not there, or not complete."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=Description)
        except FileNotFoundError:
            return None

    def note(self, description: Description) -> None:
        """Write it down, whole or not at all; a volume is there once this is done."""
        new = self._file.with_name(".volume.json.new")
        with open(new, "wb") as file:
            file.write(msgspec.json.encode(description))
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._file)

    @contextmanager
    def try_lock(self) -> Iterator[bool]:
        """Alone with the volume if nobody else is: whether that is so. Does not block."""
        opened = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
        finally:
            os.close(opened)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Alone with the volume: the server and the agents of all local nodes work on it. Blocks."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        opened = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(opened, fcntl.LOCK_EX)
            yield
        finally:
            os.close(opened)
