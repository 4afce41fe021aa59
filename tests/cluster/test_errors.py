"""What a person is told when the machine refuses."""

import errno
import os

import pytest

from podo.cluster.doctor import disk_complaint
from podo.cluster.errors import explained
from podo.cluster.paths import write_atomically


@pytest.mark.parametrize(
    ("number", "words", "hint"),
    [
        (errno.ENOSPC, "the disk is full: /state/pki/ca.crt: No space left on device", "df -h /state/pki"),
        (errno.EDQUOT, "the disk is full: /state/pki/ca.crt: Disk quota exceeded", "--state-dir"),
        (errno.EACCES, "/state/pki/ca.crt: Permission denied", "use sudo"),
        (errno.EROFS, "/state/pki/ca.crt: Read-only file system", "podo doctor"),
    ],
)
def test_what_the_machine_refuses_is_told_with_what_to_do(number, words, hint):
    told = explained(OSError(number, os.strerror(number), "/state/pki/ca.crt"))
    assert str(told) == words
    assert hint in told.hint


def test_a_failure_without_a_file_is_told_too():
    assert str(explained(OSError(errno.EMFILE, "Too many open files"))) == "Too many open files"


def test_a_disk_with_room_is_fine_and_one_without_is_named(tmp_path):
    assert disk_complaint(tmp_path / "not/yet/there", 1) is None
    told = disk_complaint(tmp_path / "not/yet/there", 1 << 60)
    assert str(told).startswith(f"the disk is full: {tmp_path} has ")


def test_a_file_that_cannot_be_written_keeps_its_content_and_is_named(tmp_path):
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(OSError, match="Is a directory") as caught:
        write_atomically(path, b"x")
    assert caught.value.filename == str(path)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
