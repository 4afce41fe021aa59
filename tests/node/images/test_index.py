import asyncio

import pytest

from podo.node.images.base import ImageFailure
from podo.node.images.index import Entry, Index, can_be_pulled_again, find, with_entry, without
from podo.node.images.reference import parse

ONE, TWO = "sha256:" + "1" * 64, "sha256:" + "2" * 64
REMOTE = "docker.io/library/a@sha256:" + "d" * 64
A1 = Entry(ONE, "m1", ("docker.io/library/a:1",), (REMOTE,))


def test_an_image_is_found_by_each_of_its_names():
    for name in (parse("a:1"), parse(REMOTE), ONE, ONE.removeprefix("sha256:")):
        assert find([A1], name) == A1
    assert find([A1], parse("a:2")) is None
    assert find([A1], TWO) is None


def test_a_digest_decides_over_the_tag_beside_it():
    assert find([A1], parse("a:other@sha256:" + "d" * 64)) == A1
    assert find([A1], parse("a:1@sha256:" + "e" * 64)) is None


def test_a_tag_moves_to_the_new_image():
    first, second = with_entry([A1], Entry(TWO, "m2", A1.tags))
    assert (first.id, first.tags, first.digests) == (ONE, (), (REMOTE,))
    assert (second.id, second.tags) == (TWO, A1.tags)


def test_an_image_collects_names():
    (merged,) = with_entry([A1], Entry(ONE, "m1", ("docker.io/library/b:1",)))
    assert merged.tags == ("docker.io/library/a:1", "docker.io/library/b:1")
    assert merged.digests == (REMOTE,)


@pytest.mark.parametrize(
    ("entry", "name", "left"),
    [
        pytest.param(A1, parse("a:1"), [], id="the last tag takes the image"),
        pytest.param(A1, ONE, [], id="the id takes it with all names"),
        pytest.param(A1, parse("z"), [A1], id="a name of nobody"),
        pytest.param(A1, parse(REMOTE), [Entry(ONE, "m1", A1.tags, ())], id="a digest leaves the tags"),
        pytest.param(
            Entry(ONE, "m1", ("docker.io/library/a:1", "docker.io/library/a:2")),
            parse("a:2"),
            [Entry(ONE, "m1", ("docker.io/library/a:1",))],
            id="a tag of several",
        ),
    ],
)
def test_names_are_taken_away(entry, name, left):
    assert without([entry], name) == left


async def test_many_writers_lose_nothing(tmp_path):
    async with asyncio.TaskGroup() as tasks:
        for n in range(20):
            entry = Entry(f"sha256:{n:064x}", "m", (f"docker.io/library/x:{n}",))
            tasks.create_task(asyncio.to_thread(Index(tmp_path).add, entry))
    assert len(Index(tmp_path).list()) == 20


def test_a_damaged_index_is_named(tmp_path):
    (tmp_path / "index.json").write_text("{")
    with pytest.raises(ImageFailure, match=r"index\.json is damaged"):
        Index(tmp_path).list()


@pytest.mark.parametrize(
    ("entry", "whole"),
    [
        pytest.param(A1, True, id="a tag and a digest of one repository"),
        pytest.param(Entry(ONE, "m1", (), (REMOTE,)), True, id="pulled by digest"),
        pytest.param(Entry(ONE, "m1", ("docker.io/library/a:1",)), False, id="built here"),
        pytest.param(
            Entry(ONE, "m1", ("docker.io/library/b:1",), (REMOTE,)), False, id="built here, and pulled as well"
        ),
        pytest.param(Entry(ONE, "m1", ("localhost:5000/a:1",), ("localhost:5000/a@sha256:1",)), True, id="with a port"),
        pytest.param(Entry(ONE, "m1"), False, id="without a name"),
    ],
)
def test_what_a_registry_can_give_back(entry, whole):
    assert can_be_pulled_again(entry) is whole
