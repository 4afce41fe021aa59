"""What a runtime must know again after a restart: one JSON file a sandbox and a container, in their folders.

A record is written before what it describes exists, and removed last: so a crash leaves nothing that nobody knows of.
"""

from datetime import datetime
from pathlib import Path
from typing import TypeVar

import msgspec

from podo.node.images.blobs import write_atomically
from podo.node.runtime.config import ContainerConfig, SandboxConfig

RECORD = "record.json"
_Record = TypeVar("_Record", bound="SandboxRecord | ContainerRecord")


class SandboxRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A sandbox. `ready` falls once, when it is stopped; `boot` tells a sandbox of before a reboot."""

    id: str
    config: SandboxConfig
    created_at: datetime
    boot: str
    ready: bool = False
    ips: tuple[str, ...] = ()
    pause_pid: int = 0
    pause_started: int = 0


class ContainerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A container. `exit_code` is None until it has ended; `pid` and `pid_started` name its first process."""

    id: str
    sandbox_id: str
    config: ContainerConfig
    created_at: datetime
    boot: str
    cgroup: str = ""  # its own, below the Pod's
    log_path: str = ""
    stop_signal: str = ""
    user: tuple[int, int, tuple[int, ...]] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int | None = None
    reason: str = ""
    message: str = ""
    pid: int = 0
    pid_started: int = 0
    doomed: bool = False  # SIGKILL was decided on: whoever finds it running finishes that


def write_record(folder: Path, record: SandboxRecord | ContainerRecord) -> None:
    """Whole or not at all. Not synced to the disk: a crash of the machine ends the containers too."""
    write_atomically(folder / RECORD, msgspec.json.encode(record), durable=False)


def read_records(root: Path, kind: type[_Record]) -> tuple[list[_Record], list[Path]]:
    """All records below `root`, oldest first, and the folders that have none that can be read: leftovers."""
    found: list[_Record] = []
    broken: list[Path] = []
    for folder in root.iterdir() if root.exists() else ():
        try:
            found.append(msgspec.json.decode((folder / RECORD).read_bytes(), type=kind))
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            broken.append(folder)
    return sorted(found, key=lambda record: (record.created_at, record.id)), broken


def boot_id() -> str:
    """Of the running kernel: another one after each start of the machine."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
