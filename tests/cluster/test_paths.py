import pytest

from podo.cluster.down import _remove_state
from podo.cluster.errors import ClusterError
from podo.cluster.paths import Paths
from podo.cluster.up import UpOptions, plan


@pytest.fixture
def where(tmp_path) -> Paths:
    found = Paths(tmp_path / "state", tmp_path / "run")
    for folder in ("pki", "images", "nodes/node-1"):
        (found.state / folder).mkdir(parents=True)
    for name in ("cluster.json", "state.db", "state.db-wal", ".cluster.json.new", "kubeconfig"):
        (found.state / name).write_text("")
    return found


def test_what_podo_makes_is_its_own(where):
    assert where.foreign() == []
    assert Paths(where.state / "none", where.run).foreign() == []


def test_removing_the_state_leaves_what_is_not_podos(where):
    (where.state / "thesis.txt").write_text("years of work")
    _remove_state(where)
    assert [p.name for p in where.state.iterdir()] == ["thesis.txt"]


def test_removing_the_state_of_podo_alone_removes_the_folder(where):
    _remove_state(where)
    assert not where.state.exists()


def test_a_folder_with_other_things_is_refused_for_a_new_cluster(tmp_path):
    where = Paths(tmp_path / "home", tmp_path / "run")
    where.state.mkdir()
    (where.state / "thesis.txt").write_text("years of work")
    with pytest.raises(ClusterError, match=r"not podo's: thesis\.txt"):
        plan(where, UpOptions(name="x"))
