import os

import pytest

from podo.node.runtime.log_place import prepare


@pytest.fixture
def log(tmp_path):
    return tmp_path / "pod" / "main" / "0.log"


def test_the_folder_is_made(log):
    prepare(log)
    assert log.parent.is_dir()
    assert not log.exists()


def test_a_log_that_is_there_stays(log):
    prepare(log)
    log.write_text("before")
    prepare(log)
    assert log.read_text() == "before"


def test_a_link_in_its_place_goes_and_what_it_led_to_stays(log, tmp_path):
    (tmp_path / "secret").write_text("s")
    prepare(log)
    log.symlink_to(tmp_path / "secret")
    prepare(log)
    assert not log.is_symlink()
    assert (tmp_path / "secret").read_text() == "s"


def test_a_link_in_its_folders_place_goes(log, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    log.parent.parent.mkdir()
    log.parent.symlink_to(tmp_path / "elsewhere")
    prepare(log)
    assert not log.parent.is_symlink()
    assert log.parent.is_dir()


def test_a_pipe_in_its_place_goes(log):
    prepare(log)
    os.mkfifo(log)
    prepare(log)
    assert not log.exists()
