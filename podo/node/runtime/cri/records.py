"""What a node must know of its sandboxes and containers that their runtime does not tell: what they are to be."""

from pathlib import Path
from typing import TypeVar

import msgspec

from podo.node.images.blobs import write_atomically
from podo.node.runtime.config import ContainerConfig, SandboxConfig

_Config = TypeVar("_Config", SandboxConfig, ContainerConfig)


class Records:
    """Configurations by id: one file each. They are written right after what they describe was made, so what has none
    is a leftover of a crash."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def write(self, thing_id: str, config: SandboxConfig | ContainerConfig) -> None:
        """Whole or not at all; not synced to the disk."""
        write_atomically(self._folder / thing_id, msgspec.json.encode(config), durable=False)

    def read(self, thing_id: str, kind: type[_Config]) -> _Config | None:
        """None if there is none that can be read."""
        try:
            return msgspec.json.decode((self._folder / thing_id).read_bytes(), type=kind)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def forget(self, thing_id: str) -> None:
        """May be repeated."""
        (self._folder / thing_id).unlink(missing_ok=True)

    def keep(self, ids: set[str]) -> None:
        """Forget all others."""
        for file in self._folder.iterdir():
            if file.name not in ids:
                file.unlink(missing_ok=True)
