import os
import socket

import pytest

from podo.rpc.short_path import MOST_BYTES, shortened


def served(path):
    """A socket that listens at `path`."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    return made


@pytest.mark.parametrize("long", [False, True])
def test_a_socket_is_made_and_reached_however_long_its_path_is(tmp_path, long):
    folder = tmp_path.joinpath(*["x" * 60] * (3 if long else 0))
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / "plugin.sock"
    with shortened(place) as path, served(path), socket.socket(socket.AF_UNIX) as caller:
        assert len(os.fsencode(path)) <= MOST_BYTES
        assert place.is_socket()
        with shortened(place) as again:
            caller.connect(str(again))


def test_nothing_is_open_afterwards(tmp_path):
    folder = tmp_path / ("x" * 120)
    folder.mkdir()
    before = len(os.listdir("/proc/self/fd"))
    with shortened(folder / "plugin.sock"):
        assert len(os.listdir("/proc/self/fd")) == before + 1
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError), shortened(tmp_path / ("x" * 120) / "plugin.sock"):
        raise AssertionError("it is not there")
