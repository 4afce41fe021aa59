"""What a killed agent left of Pods that nobody knows: drivers take away what is theirs before folders go."""

from podo.node.volumes.base import VolumeFailure
from podo.node.volumes.fake import FakeVolumes
from podo.node.worker.leftovers import remove_leftovers
from tests.node.fakes import FakeCgroups, facts


class Releasing(FakeVolumes):
    """Keeps what it was asked to release while its folder was there; some it cannot."""

    def __init__(self, pods, refused: str = "") -> None:
        super().__init__()
        self.pods, self.refused, self.released = pods, refused, []

    async def release(self, uid: str) -> None:
        if uid == self.refused:
            raise VolumeFailure("the driver is not here")
        if (self.pods / uid).exists():
            self.released.append(uid)


async def test_drivers_take_away_what_they_brought_before_a_pods_folder_goes(tmp_path):
    mine = facts(tmp_path)
    for uid in ("known", "gone", "stuck"):
        (mine.places.pods / uid / "published").mkdir(parents=True)
    volumes = Releasing(mine.places.pods, refused="stuck")
    await remove_leftovers(mine, FakeCgroups(), lambda uid: uid == "known", volumes)
    assert volumes.released == ["gone"]
    assert sorted(f.name for f in mine.places.pods.iterdir()) == ["known", "stuck"]
    volumes.refused = ""
    await remove_leftovers(mine, FakeCgroups(), lambda uid: uid == "known", volumes)
    assert [f.name for f in mine.places.pods.iterdir()] == ["known"]
