"""What workers ask of volumes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from podo.api.types.core_v1 import Container, Pod
from podo.node.runtime.config import Device, Mount


class VolumeFailure(Exception):
    """A volume cannot be had (yet); the text is for an event (reason FailedMount)."""


class MountFailure(Exception):
    """A container cannot mount what it asks for; the text is for its status (CreateContainerConfigError)."""


@dataclass(frozen=True)
class Places:
    """Folders of a node: `pods` on disk, `volatile` in memory; each has one folder for each Pod's uid."""

    pods: Path
    volatile: Path

    def pod(self, uid: str) -> Path:
        """The Pod's folder on disk."""
        return self.pods / uid

    def volume(self, uid: str, name: str) -> Path:
        """A volume on disk."""
        return self.pods / uid / "volumes" / name

    def secret(self, uid: str, name: str) -> Path:
        """A volume in memory."""
        return self.volatile / uid / name

    def subpath(self, uid: str, container: str, index: int) -> Path:
        """Where a part of a volume is bound for one mount of one container."""
        return self.pods / uid / "subpaths" / container / str(index)


class Volumes(Protocol):
    """All calls may be repeated: what is there already stays."""

    async def mount(self, pod: Pod) -> None:
        """Make all volumes of the Pod ready. Raises VolumeFailure."""
        ...

    async def refresh(self, pod: Pod) -> datetime | None:
        """Bring what is made from API objects up to date; when to do so again even if no object changes."""
        ...

    async def mounts(
        self, pod: Pod, container: Container, environment: Sequence[tuple[str, str]]
    ) -> tuple[tuple[Mount, ...], tuple[Device, ...]]:
        """What the container's volumeMounts and volumeDevices are on this node. Raises MountFailure."""
        ...

    async def release(self, uid: str) -> None:
        """Take everything of a Pod away, contents included."""
        ...
