"""Volumes without a file system: what was asked for, and failures on demand."""

from collections.abc import Sequence
from datetime import datetime

from podo.api.types.core_v1 import Container, Pod
from podo.node.runtime.config import Device, Mount
from podo.node.volumes.base import VolumeFailure


class FakeVolumes:
    """`failures` are raised one after the other; `mounted` has the uids of Pods whose volumes are there."""

    def __init__(self) -> None:
        self.mounted: set[str] = set()
        self.refreshed: list[str] = []
        self.failures: list[VolumeFailure] = []

    async def mount(self, pod: Pod) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.mounted.add(pod.metadata.uid)

    async def refresh(self, pod: Pod) -> datetime | None:
        self.refreshed.append(pod.metadata.uid)
        return None

    async def mounts(
        self, pod: Pod, container: Container, environment: Sequence[tuple[str, str]]
    ) -> tuple[tuple[Mount, ...], tuple[Device, ...]]:
        return (), ()

    async def release(self, uid: str) -> None:
        self.mounted.discard(uid)
