"""How full volumes are: of true folders, and of file systems and drivers that fail or do not answer."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from podo.clock import VirtualClock
from podo.node.volumes import figures
from podo.node.volumes.figures import VolumeReadings, measured
from podo.storage.drivers import Amounts, DriverFailure, VolumeFigures
from tests.node.build import UID, pod

CLAIM = [{"name": "db", "persistentVolumeClaim": {"claimName": "disk"}}, {"name": "tmp", "emptyDir": {}}]
FULL = VolumeFigures(bytes=Amounts(10, 10, 0))


class Drivers:
    """Answers what it is told to; `None` leaves it to the file system."""

    def __init__(self, answer: VolumeFigures | DriverFailure | None) -> None:
        self.answer, self.asked = answer, 0
        self.held: asyncio.Event | None = None

    async def figures(self, uid: str, name: str) -> VolumeFigures | None:
        self.asked += 1
        if self.held is not None:
            await self.held.wait()
        if isinstance(self.answer, DriverFailure):
            raise self.answer
        return self.answer


def readings(path: Path, drivers: Drivers, clock: VirtualClock | None = None) -> VolumeReadings:
    return VolumeReadings(lambda uid: {"db": path, "tmp": path}, drivers, clock or VirtualClock())


async def test_the_file_system_says_it_where_the_driver_does_not(tmp_path):
    found = (await readings(tmp_path, Drivers(None)).of([pod(volumes=CLAIM)]))[UID]
    assert found.keys() == {"db"}
    assert 0 < found["db"].bytes.available <= found["db"].bytes.total
    assert found["db"].abnormal is None


async def test_what_is_known_is_asked_again_only_after_a_while(tmp_path):
    clock, drivers = VirtualClock(), Drivers(FULL)
    mine = readings(tmp_path, drivers, clock)
    for _ in range(3):
        assert (await mine.of([pod(volumes=CLAIM)]))[UID]["db"] == FULL
    assert drivers.asked == 1
    clock.advance(figures.FRESH + timedelta(seconds=1))
    await mine.of([pod(volumes=CLAIM)])
    assert drivers.asked == 2


@pytest.mark.parametrize("answer", [DriverFailure("no"), None])
async def test_a_volume_that_cannot_be_asked_is_left_out(tmp_path, answer):
    assert await readings(tmp_path / "gone", Drivers(answer)).of([pod(volumes=CLAIM)]) == {}


async def test_a_driver_that_does_not_answer_holds_nobody_up_and_is_asked_only_once(tmp_path):
    drivers, impatient = Drivers(FULL), 0.01
    drivers.held = asyncio.Event()
    mine = VolumeReadings(lambda uid: {"db": tmp_path}, drivers, VirtualClock(), patience=impatient)
    for _ in range(3):
        assert await mine.of([pod(volumes=CLAIM)]) == {}
    assert drivers.asked == 1
    drivers.held.set()
    assert (await mine.of([pod(volumes=CLAIM)]))[UID]["db"] == FULL


def test_a_folder_is_measured_as_its_file_system(tmp_path):
    found = measured(tmp_path)
    assert found.bytes.total >= found.bytes.used + found.bytes.available > 0
    with pytest.raises(OSError, match="No such file"):
        measured(tmp_path / "missing")
