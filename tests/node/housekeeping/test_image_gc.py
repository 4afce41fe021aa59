from datetime import timedelta

import pytest

from podo.node.housekeeping.image_gc import Disk, ImageGC, ImageLimits, disk_of, excess
from podo.node.images.base import ImageFailure
from podo.node.images.fake import FakeImages, fake_image

LIMITS = ImageLimits(high=85, low=80)


@pytest.mark.parametrize(
    ("available", "percent", "bytes_"),
    [
        pytest.param(1000, 0, 0, id="empty"),
        pytest.param(151, 85, 49, id="just at the threshold, rounded up"),
        pytest.param(160, 84, 0, id="below it"),
        pytest.param(150, 85, 50, id="at it"),
        pytest.param(0, 100, 200, id="full"),
    ],
)
def test_how_much_is_to_be_freed(available, percent, bytes_):
    disk = Disk(1000, available)
    assert disk.used_percent == percent
    assert excess(disk, LIMITS) == bytes_


def test_a_disk_of_nothing_is_not_full():
    assert excess(Disk(0, 0), LIMITS) == 0


def test_a_real_disk_has_figures(tmp_path):
    disk = disk_of(tmp_path)
    assert disk.capacity >= disk.available > 0


class Machine:
    """A disk of 1000 bytes with images of 50, of which some are idle."""

    def __init__(self, clock, available: int, limits: ImageLimits = LIMITS) -> None:
        self.images, self.free, self.warnings = FakeImages(), available, []
        for number, minutes in enumerate((60, 30, 10, 1)):
            name = f"i{number}:v1"
            self.images.present[name] = fake_image(name, size=50)
            self.images.unused[name] = clock.now() - timedelta(minutes=minutes)
        self.images.present["used:v1"] = fake_image("used:v1", size=50)
        self.gc = ImageGC(self.images, self.disk, clock, limits, lambda reason, text: self.warnings.append(reason))

    def disk(self) -> Disk:
        return Disk(1000, self.free + 50 * (5 - len(self.images.present)))

    def left(self) -> list[str]:
        return [name.removesuffix(":v1") for name in self.images.present]


async def test_with_room_on_the_disk_nothing_goes(clock):
    machine = Machine(clock, 500)
    await machine.gc.collect()
    assert len(machine.left()) == 5


async def test_the_longest_idle_go_first_until_there_is_room(clock):
    machine = Machine(clock, 110)
    await machine.gc.collect()
    assert machine.left() == ["i2", "i3", "used"]
    assert machine.disk().available == 210
    assert machine.warnings == []


async def test_what_was_used_a_moment_ago_stays_and_the_lack_is_told(clock):
    machine = Machine(clock, 0)
    await machine.gc.collect()
    assert machine.left() == ["i3", "used"]
    assert machine.warnings == ["FreeDiskSpaceFailed"]


async def test_under_pressure_all_idle_ones_go(clock):
    machine = Machine(clock, 500)
    await machine.gc.free_all()
    assert machine.left() == ["used"]


async def test_what_has_been_idle_for_too_long_goes_from_an_empty_disk_too(clock):
    machine = Machine(clock, 900, ImageLimits(most_idle=timedelta(minutes=20)))
    await machine.gc.collect()
    assert machine.left() == ["i2", "i3", "used"]


class Broken(FakeImages):
    async def idle(self):
        raise ImageFailure("the index is damaged")


async def test_a_failure_is_told_from_the_second_time_on(clock):
    warnings = []
    gc = ImageGC(Broken(), lambda: Disk(100, 0), clock, LIMITS, lambda reason, text: warnings.append((reason, text)))
    await gc.collect()
    assert warnings == []
    await gc.collect()
    assert warnings == [("ImageGCFailed", "the index is damaged")]
