"""Looks after volumes while Pods have them: lets them use what they have grown to, and says when one is not well.

Growing: KEP-1790, health: KEP-1432. A node may read its Pods' claims but not watch them, so it looks now and then.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Protocol

from podo.api.types.core_v1 import Pod, Volume
from podo.clock import Clock
from podo.node.events import Recorder
from podo.node.volumes.base import VolumeFailure
from podo.node.volumes.claims import GrownClaim
from podo.node.volumes.figures import Found

GROWTH_EVERY, HEALTH_EVERY, REPEAT_EVERY = 5.0, 60.0, 60.0  # seconds
log = logging.getLogger(__name__)


class Growing(Protocol):
    """Lets a volume of a Pod grow: `ClaimVolumes`."""

    def may_grow(self, pod: Pod, volume: Volume) -> bool: ...

    async def grow(self, pod: Pod, volume: Volume) -> GrownClaim | None: ...


class Telling(Protocol):
    """Knows how volumes are: `VolumeReadings`."""

    async def of(self, pods: Iterable[Pod]) -> Found: ...


class Repeating(NamedTuple):
    """Which volumes, by a Pod's uid and their names, are to be brought again and again, and who does that."""

    wanted: Callable[[str, str], bool]
    bring: Callable[[Pod, Volume], Awaitable[None]]


class VolumeCare:
    """`pods` are those that run here."""

    def __init__(
        self,
        pods: Callable[[], Iterable[Pod]],
        volumes: Growing,
        readings: Telling,
        events: Recorder,
        clock: Clock,
        node: str,
        repeating: Repeating,
    ) -> None:
        self._pods, self._volumes, self._readings = pods, volumes, readings
        self._events, self._clock, self._node = events, clock, node
        self._repeating = repeating

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._again(self.grow_all, GROWTH_EVERY))
            tasks.create_task(self._again(self.tell_of_all, HEALTH_EVERY))
            tasks.create_task(self._again(self.repeat_all, REPEAT_EVERY))

    async def _again(self, step: Callable[[], Awaitable[None]], every: float) -> None:
        while True:
            await self._clock.sleep(every)
            await step()

    async def grow_all(self) -> None:
        """Let all volumes use what they have grown to."""
        for pod in self._pods():
            for volume in pod.spec.volumes:
                if self._volumes.may_grow(pod, volume):
                    await self._grow(pod, volume)

    async def _grow(self, pod: Pod, volume: Volume) -> None:
        try:
            grown = await self._volumes.grow(pod, volume)
        except VolumeFailure as error:
            log.warning("volume %s of Pod %s cannot grow: %s", volume.name, pod.metadata.name, error)
            words = f'NodeExpandVolume.NodeExpandVolume failed for volume "{volume.name}" : {error}'
            self._events.warning(pod, "VolumeResizeFailed", words)
            return
        if grown is not None:
            words = f'MountVolume.NodeExpandVolume succeeded for volume "{grown.volume}" {self._node}'
            for about in (pod, grown.claim):
                self._events.normal(about, "FileSystemResizeSuccessful", words)

    async def repeat_all(self) -> None:
        """Have drivers that want to bring volumes again, for secrets that change. What fails stays as it is."""
        for pod in self._pods():
            for volume in pod.spec.volumes:
                if self._repeating.wanted(pod.metadata.uid, volume.name):
                    try:
                        await self._repeating.bring(pod, volume)
                    except VolumeFailure as error:
                        words = f'MountVolume.SetUp failed for volume "{volume.name}" : {error}'
                        self._events.warning(pod, "FailedMount", words)

    async def tell_of_all(self) -> None:
        """Say of which volumes drivers say that they are not well."""
        pods = [*self._pods()]
        found = await self._readings.of(pods)
        for pod in pods:
            for name, figures in found.get(pod.metadata.uid, {}).items():
                if figures.abnormal:
                    self._events.warning(pod, "VolumeConditionAbnormal", f"Volume {name}: {figures.abnormal}")
