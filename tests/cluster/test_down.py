"""In which order a cluster's files go."""

import pytest

from podo.cluster import down
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths


@pytest.fixture
def where(tmp_path):
    made = Paths(tmp_path / "lib/podo/one", tmp_path / "run/podo/one")
    (made.state / "nodes/node-1").mkdir(parents=True)
    made.pki.symlink_to(tmp_path)
    for path in (made.config, made.database, tmp_path / "not-ours"):
        path.write_text("x")
    return made


def test_state_goes_and_what_links_lead_to_stays(where, tmp_path):
    down._remove_state(where)
    assert not where.state.exists()
    assert (tmp_path / "not-ours").exists()
    down._remove_state(where)  # may be repeated


def test_traces_of_a_start_that_was_killed_go(where, tmp_path):
    where.run.mkdir(parents=True)
    (where.run / "server.pid").touch()
    down._remove_traces(where)
    assert not (tmp_path / "run/podo").exists()
    assert where.state.exists()  # it holds something


def test_a_name_that_could_lead_elsewhere_is_refused():
    with pytest.raises(ClusterError, match="is no name"):
        down.take_down("../x", "", keep=False, progress=lambda _: None)
