"""How full the volumes are that Pods have by claims or from drivers, as kubelets tell it (KEP-1432 for their health).

A file system that does not answer holds nobody up: what was known of it is told, and it is asked again only once it has
answered.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

from podo.api.types.core_v1 import Pod, Volume
from podo.clock import Clock
from podo.storage.drivers import Amounts, DriverFailure, VolumeFigures

FRESH = timedelta(seconds=10)  # how old figures may be
PATIENCE = 2.0  # seconds to wait for them
AT_ONCE = 8  # threads that may hang in file systems

Found = Mapping[str, Mapping[str, VolumeFigures]]
"""By the uid of the Pod and the name of the volume."""


class Telling(Protocol):
    """Asks drivers: `Publishing`."""

    async def figures(self, uid: str, name: str) -> VolumeFigures | None: ...


class _Known(NamedTuple):
    at: datetime
    figures: VolumeFigures


class VolumeReadings:
    """`paths` are where a Pod's volumes are, by their names."""

    def __init__(
        self, paths: Callable[[str], Mapping[str, Path]], drivers: Telling, clock: Clock, patience: float = PATIENCE
    ) -> None:
        self._paths, self._drivers, self._clock, self._patience = paths, drivers, clock, patience
        self._known: dict[tuple[str, str], _Known] = {}
        self._asked: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="volume-figures")

    async def of(self, pods: Iterable[Pod]) -> Found:
        """The figures of all volumes of these Pods, as far as they can be had soon."""
        wanted = {(p.metadata.uid, v.name): path for p in pods for v, path in self._mounted(p)}
        for gone in self._known.keys() - wanted.keys():
            del self._known[gone]
        for place, path in wanted.items():
            known = self._known.get(place)
            if place not in self._asked and (known is None or self._clock.now() - known.at >= FRESH):
                self._asked[place] = asyncio.create_task(self._ask(place, path))
        if waited := [task for place, task in self._asked.items() if place in wanted]:
            await asyncio.wait(waited, timeout=self._patience)
        found: dict[str, dict[str, VolumeFigures]] = {}
        for uid, name in wanted:
            if (known := self._known.get((uid, name))) is not None:
                found.setdefault(uid, {})[name] = known.figures
        return found

    def _mounted(self, pod: Pod) -> list[tuple[Volume, Path]]:
        paths = self._paths(pod.metadata.uid)
        return [(v, paths[v.name]) for v in pod.spec.volumes if v.name in paths and is_told(v)]

    async def _ask(self, place: tuple[str, str], path: Path) -> None:
        try:
            figures = await self._drivers.figures(*place)
            if figures is None:
                figures = await asyncio.get_running_loop().run_in_executor(self._threads, measured, path)
            self._known[place] = _Known(self._clock.now(), figures)
        except (DriverFailure, OSError):
            self._known.pop(place, None)
        finally:
            del self._asked[place]


def is_told(volume: Volume) -> bool:
    """Whether a volume outlives its Pod or is a driver's: others count as the Pod's own files."""
    return any((volume.persistent_volume_claim, volume.ephemeral, volume.csi))


def claim_name(pod: Pod, volume: Volume) -> str:
    """The claim by which a Pod has a volume; "" if by none."""
    if volume.persistent_volume_claim is not None:
        return volume.persistent_volume_claim.claim_name
    return f"{pod.metadata.name}-{volume.name}" if volume.ephemeral else ""


def measured(path: Path) -> VolumeFigures:
    """What the file system says, or of a block device its size alone (blocking). Raises OSError."""
    if stat.S_ISBLK(path.stat().st_mode):
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return VolumeFigures(bytes=Amounts(os.lseek(opened, 0, os.SEEK_END)))
        finally:
            os.close(opened)
    found = os.statvfs(path)
    unit = found.f_frsize
    return VolumeFigures(
        bytes=Amounts(found.f_blocks * unit, (found.f_blocks - found.f_bfree) * unit, found.f_bavail * unit),
        inodes=Amounts(found.f_files, found.f_files - found.f_ffree, found.f_ffree),
    )
