import asyncio

from podo.node.housekeeping.image_list import watch_images
from podo.node.images.index import Entry, Index


async def test_a_change_of_the_index_is_told_and_other_files_are_not(tmp_path):
    told = asyncio.Event()
    watching = asyncio.ensure_future(watch_images(tmp_path, told.set))
    await asyncio.sleep(0)
    (tmp_path / "other").write_text("x")
    for _ in range(10):
        await asyncio.sleep(0)
    assert not told.is_set()
    Index(tmp_path).add(Entry("sha256:1", "sha256:2", ("a",)))
    await asyncio.wait_for(told.wait(), 5)
    watching.cancel()
    await asyncio.wait([watching])
