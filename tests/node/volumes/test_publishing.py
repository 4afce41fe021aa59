"""What drivers are asked for a Pod's volumes, and what is known of it afterwards: a driver of others that is fake."""

from pathlib import Path

import pytest

from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import CSIDriver, CSIDriverSpec
from podo.clock import VirtualClock
from podo.node.volumes.base import Places, VolumeFailure
from podo.node.volumes.publishing import Publishing, Wanted
from podo.node.volumes.tokens import Tokens
from podo.storage.drivers import Access, Amounts, DriverFailure, NodeVolume, VolumeFigures
from tests.node.build import UID, pod

NAME = "t.example.com"


class Driver:
    """Keeps what it was asked; `failing` says of which calls it fails."""

    name, foreign, groups, tells = NAME, True, True, True

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.failing: set[str] = set()

    async def stage(self, volume, staging) -> None:
        self._do("stage", volume.handle)

    async def unstage(self, handle, staging) -> None:
        self._do("unstage", handle)

    async def publish(self, volume, staging, target) -> Path:
        self._do("publish", volume.handle)
        return target

    async def unpublish(self, handle, target) -> None:
        self._do("unpublish", handle)

    async def grow(self, volume, staging, path, size) -> None:
        self._do("grow", f"{volume.handle} {size}")

    async def figures(self, handle, path, staging) -> VolumeFigures:
        self._do("figures", handle)
        return VolumeFigures(bytes=Amounts(7))

    def _do(self, what: str, handle: str) -> None:
        if what in self.failing:
            raise DriverFailure(f"no {what}")
        self.asked.append((what, handle))


def wanted(handle: str = "h", modes: tuple[str, ...] = ("ReadWriteOnce",), grow_to: int = 0) -> Wanted:
    volume = NodeVolume(handle=handle, access=Access(modes=modes))
    return Wanted(driver=NAME, label=f"pv-{handle}", volume=volume, grow_to=grow_to)


@pytest.fixture
def driver() -> Driver:
    return Driver()


@pytest.fixture
def publishing(client, driver, tmp_path) -> Publishing:
    places, clock = Places(tmp_path / "pods", tmp_path / "volatile"), VirtualClock()
    more = {"node": "node-1", "kubelet": tmp_path / "kubelet", "tokens": Tokens(client, clock)}
    return Publishing(client, places, clock, {NAME: driver}, **more)


async def info(client, **spec) -> None:
    await client.create(CSIDriver(metadata=ObjectMeta(name=NAME), spec=CSIDriverSpec(attach_required=False, **spec)))


@pytest.mark.parametrize("repeats", [True, False])
async def test_a_driver_says_whether_it_wants_to_publish_again_and_again_until_the_pod_is_gone(
    client, publishing, tmp_path, repeats
):
    await info(client, requires_republish=repeats)
    await publishing.publish(pod(), "data", wanted(), tmp_path / "unused")
    assert publishing.is_to_repeat(UID, "data") is repeats
    assert not publishing.is_to_repeat(UID, "other")
    await publishing.release(UID)
    assert not publishing.is_to_repeat(UID, "data")


async def test_a_volume_that_a_pod_has_grows_and_tells_how_full_it_is(client, publishing, driver, tmp_path):
    await info(client)
    assert not publishing.grows(UID, "data")
    await publishing.grow(UID, "data", wanted(grow_to=9))  # of no Pod: nothing
    await publishing.publish(pod(), "data", wanted(), tmp_path / "unused")
    assert publishing.grows(UID, "data")
    await publishing.grow(UID, "data", wanted(grow_to=9))
    assert (await publishing.figures(UID, "data")).bytes.total == 7
    assert await publishing.figures(UID, "other") is None
    assert driver.asked == [("stage", "h"), ("publish", "h"), ("grow", "h 9"), ("figures", "h")]
    driver.failing = {"grow"}
    with pytest.raises(VolumeFailure, match="no grow"):
        await publishing.grow(UID, "data", wanted(grow_to=9))


async def test_the_volume_of_one_pod_is_no_other_s_until_it_is_gone(client, publishing, driver, tmp_path):
    await info(client)
    alone, other = wanted(modes=("ReadWriteOncePod",)), pod(meta={"name": "other", "uid": "u2"})
    await publishing.publish(pod(), "data", alone, tmp_path / "unused")
    with pytest.raises(VolumeFailure, match="already in use by another pod"):
        await publishing.publish(other, "data", alone, tmp_path / "unused")
    driver.failing = {"unpublish"}
    with pytest.raises(VolumeFailure, match="TearDown failed"):
        await publishing.release(UID)
    with pytest.raises(VolumeFailure, match="already in use by another pod"):
        await publishing.publish(other, "data", alone, tmp_path / "unused")
    driver.failing = set()
    await publishing.release(UID)
    await publishing.publish(other, "data", alone, tmp_path / "unused")
    assert driver.asked[-1] == ("publish", "h")


async def test_what_was_staged_is_known_until_it_is_taken_away(client, publishing, driver, tmp_path):
    await info(client)
    await publishing.publish(pod(), "data", wanted(), tmp_path / "unused")
    driver.failing = {"unstage"}  # or an agent that is killed between the two
    with pytest.raises(VolumeFailure, match="no unstage"):
        await publishing.release(UID)
    driver.failing = set()
    await publishing.release(UID)
    assert driver.asked[-1] == ("unstage", "h")
    await publishing.release(UID)
    assert driver.asked.count(("unstage", "h")) == 1


async def test_a_volume_is_unstaged_once_its_last_user_has_let_it_go(client, publishing, driver, tmp_path):
    await info(client)
    other = pod(meta={"name": "other", "uid": "u2"})
    await publishing.publish(pod(), "data", wanted(), tmp_path / "unused")
    await publishing.publish(pod(), "again", wanted(), tmp_path / "unused")  # the same claim, by two names
    await publishing.publish(other, "data", wanted(), tmp_path / "unused")
    await publishing.release(UID)
    assert ("unstage", "h") not in driver.asked
    await publishing.release("u2")
    assert driver.asked[-1] == ("unstage", "h")


async def test_a_driver_that_is_not_here_is_told(publishing, tmp_path):
    missing = Wanted(driver="x.example.com", label="pv", volume=NodeVolume(handle="h", access=Access()))
    with pytest.raises(VolumeFailure, match=r"x\.example\.com not found in the list of registered"):
        await publishing.publish(pod(), "data", missing, tmp_path)
