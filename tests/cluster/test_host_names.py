import pytest

from podo.cluster.config import ClusterConfig
from podo.cluster.host_names import disable, enable, with_server, without_server

CLUSTER = ClusterConfig(
    name="mine",
    node_networks=("10.245.0.0/24",),
    pod_networks=("10.244.0.0/16",),
    service_networks=("10.96.0.0/16",),
    api_port=6443,
)
BEFORE = "# by hand\nsearch example.org\nnameserver 192.0.2.53\n"


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "resolv.conf"
    made.write_text(BEFORE)
    made.chmod(0o640)
    return made


def test_the_clusters_server_comes_first_and_once(file, tmp_path):
    for _ in range(2):
        assert "10.96.0.10 first" in enable(CLUSTER, file=file, resolved=tmp_path / "absent")
    assert file.read_text() == "nameserver 10.96.0.10 # podo:mine\n" + BEFORE
    assert file.stat().st_mode & 0o777 == 0o640


def test_undoing_leaves_what_was_there(file, tmp_path):
    enable(CLUSTER, file=file, resolved=tmp_path / "absent")
    for _ in range(2):
        disable("mine", file=file, resolved=tmp_path / "absent")
    assert file.read_text() == BEFORE


def test_a_link_is_followed_and_stays_a_link(file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(file)
    enable(CLUSTER, file=link, resolved=tmp_path / "absent")
    assert link.is_symlink()
    assert file.read_text().startswith("nameserver 10.96.0.10")


def test_where_there_is_no_file_one_is_made_and_disabling_makes_none(tmp_path):
    disable("mine", file=tmp_path / "none", resolved=tmp_path / "absent")
    assert not (tmp_path / "none").exists()
    enable(CLUSTER, file=tmp_path / "none", resolved=tmp_path / "absent")
    assert (tmp_path / "none").read_text() == "nameserver 10.96.0.10 # podo:mine\n"


def test_other_clusters_lines_stay():
    both = with_server(with_server(BEFORE, "10.96.0.10", "mine"), "10.97.0.10", "mine-too")
    assert without_server(both, "mine") == with_server(BEFORE, "10.97.0.10", "mine-too")
