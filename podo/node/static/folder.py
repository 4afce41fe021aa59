"""Reads the manifests of a folder, and again when they change: the kernel tells."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Pod
from podo.clock import Clock
from podo.node.runtime.exits import CHANGES, watch_folder
from podo.node.static.manifest import InvalidManifest, parse
from podo.node.static.mirrors import Mirrors
from podo.node.worker.dispatch import PodDispatcher

MAX_SIZE = 10 << 20  # bytes of a manifest
log = logging.getLogger(__name__)


class ManifestFolder:
    """Each file whose name does not begin with a dot is one Pod. A file that breaks keeps the Pod it stood for."""

    def __init__(self, folder: Path, node: str, clock: Clock) -> None:
        self._folder, self._node, self._clock = folder, node, clock
        self._known: dict[str, Pod] = {}  # by file name
        self._broken: dict[str, str] = {}  # complaints that were told

    def read(self) -> list[Pod]:
        """All of them now (blocking, brief)."""
        names = sorted(f.name for f in self._folder.iterdir() if f.is_file() and not f.name.startswith("."))
        for gone in self._known.keys() - set(names):
            del self._known[gone]
        for name in names:
            try:
                self._take(name)
                self._broken.pop(name, None)
            except (InvalidManifest, OSError) as error:
                if self._broken.get(name) != str(error):
                    log.error("manifest %s: %s", self._folder / name, error)
                self._broken[name] = str(error)
        return list(self._known.values())

    async def watch(self, changed: Callable[[list[Pod]], None]) -> None:
        """Tell of all Pods after each change, until cancelled."""
        with watch_folder(self._folder, lambda name: changed(self.read()), CHANGES):
            await asyncio.get_running_loop().create_future()

    def _take(self, name: str) -> None:
        path = self._folder / name
        if path.stat().st_size > MAX_SIZE:
            raise InvalidManifest("it is too large")
        pod = parse(path.read_bytes(), file=str(path), node=self._node, seen=format_time(self._clock.now()))
        known = self._known.get(name)
        if known is None or known.metadata.uid != pod.metadata.uid or known.spec != pod.spec:
            self._known[name] = pod


class StaticPods:
    """A folder's Pods on their way to their workers and mirrors. They are known before anything runs."""

    def __init__(self, folder: ManifestFolder, mirrors: Mirrors, pods: PodDispatcher) -> None:
        self._folder, self._mirrors, self._pods = folder, mirrors, pods
        self._changed(folder.read())

    async def run(self) -> None:
        """Follow the folder until cancelled; the mirrors once it is known which there are."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._folder.watch(self._changed), name="manifests")
            await self._pods.synced.wait()
            await self._mirrors.run()

    def _changed(self, pods: list[Pod]) -> None:
        self._pods.set_static(pods)
        self._mirrors.set_static(pods)
