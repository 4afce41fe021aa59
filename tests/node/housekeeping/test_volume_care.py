"""What is done for volumes while Pods have them."""

import asyncio

from podo.api.types.core_v1 import PersistentVolumeClaim
from podo.api.types.meta_v1 import ObjectMeta
from podo.clock import VirtualClock
from podo.node.housekeeping.volume_care import GROWTH_EVERY, HEALTH_EVERY, REPEAT_EVERY, Repeating, VolumeCare
from podo.node.volumes.base import VolumeFailure
from podo.node.volumes.claims import GrownClaim
from podo.storage.drivers import Amounts, VolumeFigures
from tests.node.build import UID, pod
from tests.node.fakes import KeptEvents

VOLUMES = [{"name": "db", "persistentVolumeClaim": {"claimName": "disk"}}, {"name": "tmp", "emptyDir": {}}]
CLAIM = PersistentVolumeClaim(metadata=ObjectMeta(name="disk", namespace="default"))


class Growing:
    """`left` volumes grow, then none; or all attempts fail."""

    def __init__(self, left: int, failure: str = "") -> None:
        self.left, self.failure = left, failure

    def may_grow(self, pod, volume) -> bool:
        return volume.name == "db"

    async def grow(self, pod, volume):
        if self.failure:
            raise VolumeFailure(self.failure)
        self.left -= 1
        return GrownClaim(CLAIM, "pvc-1") if self.left >= 0 else None


class Readings:
    def __init__(self, abnormal: str | None) -> None:
        self.abnormal = abnormal

    async def of(self, pods):
        return {UID: {"db": VolumeFigures(bytes=Amounts(), abnormal=self.abnormal)}}


class Brought:
    """What was brought again: volumes named `db`; `failure` is raised if it is said."""

    def __init__(self) -> None:
        self.all, self.failure = [], ""

    async def bring(self, pod, volume) -> None:
        self.all.append((pod.metadata.uid, volume.name))
        if self.failure:
            raise VolumeFailure(self.failure)


def care(
    volumes: Growing, abnormal: str | None, clock: VirtualClock, brought: Brought | None = None
) -> tuple[VolumeCare, KeptEvents]:
    events = KeptEvents()
    repeating = Repeating(lambda uid, name: brought is not None and name == "db", (brought or Brought()).bring)
    pods = lambda: [pod(volumes=VOLUMES)]  # noqa: E731
    return VolumeCare(pods, volumes, Readings(abnormal), events, clock, "n1", repeating), events


async def test_volumes_of_drivers_that_want_it_are_brought_again_and_again():
    clock, brought = VirtualClock(), Brought()
    mine, events = care(Growing(0), "", clock, brought)
    task = asyncio.create_task(mine.run())
    await clock.run_for(2 * REPEAT_EVERY)
    brought.failure = "the driver refuses"
    await clock.run_for(REPEAT_EVERY)
    task.cancel()
    assert brought.all == [(UID, "db")] * 3
    assert events.all == [("Warning", "FailedMount", 'MountVolume.SetUp failed for volume "db" : the driver refuses')]


async def test_a_volume_that_has_grown_is_used_whole_and_pod_and_claim_are_told_once():
    clock = VirtualClock()
    mine, events = care(Growing(1), "", clock)
    task = asyncio.create_task(mine.run())
    await clock.run_for(3 * GROWTH_EVERY)
    task.cancel()
    words = 'MountVolume.NodeExpandVolume succeeded for volume "pvc-1" n1'
    assert events.all == [("Normal", "FileSystemResizeSuccessful", words)] * 2


async def test_a_volume_that_cannot_grow_is_told_of_and_tried_again():
    clock = VirtualClock()
    volumes = Growing(1, "no room")
    mine, events = care(volumes, None, clock)
    await mine.grow_all()
    assert events.all == [
        ("Warning", "VolumeResizeFailed", 'NodeExpandVolume.NodeExpandVolume failed for volume "db" : no room')
    ]
    volumes.failure = ""
    await mine.grow_all()
    assert "FileSystemResizeSuccessful" in events.reasons()


async def test_of_a_volume_that_is_not_well_its_pod_is_told_again_and_again():
    clock = VirtualClock()
    mine, events = care(Growing(0), "it is broken", clock)
    task = asyncio.create_task(mine.run())
    await clock.run_for(2 * HEALTH_EVERY)
    task.cancel()
    assert events.all == [("Warning", "VolumeConditionAbnormal", "Volume db: it is broken")] * 2


async def test_of_volumes_that_are_well_nothing_is_said():
    mine, events = care(Growing(0), "", VirtualClock())
    await mine.tell_of_all()
    assert events.all == []
