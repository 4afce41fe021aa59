import os

import pytest

from podo.cluster.backup.archive import Content, Volume, extents_of, fill, opened, write
from podo.cluster.errors import ClusterError

MI = 1 << 20


def sparse(path, size: int, **data: bytes):
    """A file with holes; `at_N` is what is at the N-th mebibyte."""
    with open(path, "wb") as file:
        os.truncate(file.fileno(), size)
        for name, text in data.items():
            file.seek(int(name.removeprefix("at_")) * MI)
            file.write(text)
    return path


def volume(image, name: str) -> Volume:
    size = image.stat().st_size
    extents = extents_of(image)
    return Volume(namespace="ns", claim=name, size=size, block=False, fs_type="ext4", formatted=size, extents=extents)


def content(*volumes: Volume) -> Content:
    return Content(cluster="c", taken="t", namespaces=("ns",), objects=[{"kind": "X"}], volumes=volumes)


def test_volumes_come_back_as_they_were_and_holes_take_no_room(tmp_path):
    images = [sparse(tmp_path / "a", 64 * MI, at_0=b"first", at_40=b"last" * 300_000), sparse(tmp_path / "b", 8 * MI)]
    written = content(volume(images[0], "a"), volume(images[1], "b"))
    write(tmp_path / "x", b"p", written, images)
    assert (tmp_path / "x").stat().st_size < MI
    with opened(tmp_path / "x", b"p") as (found, tar):
        assert found == written
        for each, image in zip(found.volumes, images, strict=True):
            fill(tar, each, tmp_path / "new")
            assert (tmp_path / "new").read_bytes() == image.read_bytes()
            assert (tmp_path / "new").stat().st_blocks <= image.stat().st_blocks


def test_only_its_owner_may_read_the_file(tmp_path):
    write(tmp_path / "x", b"p", content(), [])
    assert (tmp_path / "x").stat().st_mode & 0o077 == 0


def test_a_backup_that_fails_leaves_nothing(tmp_path):
    gone = volume(sparse(tmp_path / "a", 8 * MI, at_1=b"x"), "a")
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "x", b"p", content(gone), [tmp_path / "not-there"])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a"]


def test_data_that_is_not_there_is_said(tmp_path):
    image = sparse(tmp_path / "a", 8 * MI, at_1=b"x")
    write(tmp_path / "x", b"p", content(), [])
    with opened(tmp_path / "x", b"p") as (_, tar), pytest.raises(ClusterError, match="lacks the data of claim ns/a"):
        fill(tar, volume(image, "a"), tmp_path / "new")


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    image = sparse(tmp_path / "a", 8 * MI, at_1=os.urandom(3 * MI))
    known = volume(image, "a")
    write(tmp_path / "x", b"p", content(known), [image])
    os.truncate(tmp_path / "x", 2 * MI)
    with pytest.raises(ClusterError, match="not whole"), opened(tmp_path / "x", b"p") as (_, tar):
        fill(tar, known, tmp_path / "new")
