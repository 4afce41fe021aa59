"""One command at a time, and no folder that stays for nothing."""

import pytest

from podo.cluster.errors import ClusterError
from podo.cluster.lock import locked
from podo.cluster.paths import Paths


@pytest.fixture
def where(tmp_path):
    return Paths(tmp_path / "lib/podo/one", tmp_path / "run/podo/one")


def test_a_second_command_is_turned_away(where):
    with (
        locked(where),
        pytest.raises(ClusterError, match="another podo command is changing cluster 'one'"),
        locked(where),
    ):
        pass


def test_one_after_the_other_get_the_lock(where):
    for _ in range(2):
        with locked(where):
            assert where.lock.exists()


def test_a_folder_that_holds_nothing_but_the_lock_goes_with_it(where, tmp_path):
    with pytest.raises(RuntimeError), locked(where):
        raise RuntimeError
    assert not (tmp_path / "run/podo").exists()


def test_a_folder_with_more_in_it_stays(where):
    with locked(where):
        (where.run / "server.pid").touch()
    assert {p.name for p in where.run.iterdir()} == {"lock", "server.pid"}


def test_a_lock_whose_file_is_gone_locks_nothing(where):
    with locked(where):
        where.lock.unlink()
        with locked(where):
            assert where.lock.exists()
