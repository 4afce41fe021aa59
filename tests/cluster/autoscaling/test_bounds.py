"""Between how many nodes a cluster may choose, as `podo up` is told."""

import msgspec
import pytest

from podo.cluster import config
from podo.cluster.autoscaling.pool import LocalPool
from podo.cluster.config import ClusterConfig, candidates, new_node
from podo.cluster.errors import ClusterError
from podo.cluster.ip_family import IPFamily
from podo.cluster.paths import Paths
from podo.cluster.up import UpOptions, bounded


def cluster(nodes: int = 1) -> ClusterConfig:
    made = ClusterConfig(name="dev", **msgspec.structs.asdict(next(candidates(IPFamily.IPV4))))
    for _ in range(nodes):
        made = made.with_node(new_node(made, cpu="2"))
    return made


def bounds(made, **options):
    found = bounded(made, UpOptions(name="dev", **options)).autoscaling
    return (found.min_nodes, found.max_nodes, found.cpu) if found else None


def test_there_are_none_unless_they_are_asked_for():
    assert bounds(cluster()) is None


@pytest.mark.parametrize(
    ("nodes", "options", "expected"),
    [
        (1, {"max_nodes": 5}, (1, 5, "2")),
        (3, {"max_nodes": 5}, (3, 5, "2")),
        (3, {"max_nodes": 5, "nodes": 2}, (2, 5, "2")),
        (1, {"max_nodes": 5, "cpu": "1"}, (1, 5, "1")),
    ],
)
def test_the_least_is_what_is_asked_for_or_there(nodes, options, expected):
    assert bounds(cluster(nodes), **options) == expected


def test_a_second_up_changes_what_it_names_alone():
    made = bounded(cluster(), UpOptions(name="dev", nodes=1, max_nodes=3))
    made = made.with_node(new_node(made))
    assert bounds(made) == (1, 3, "2")
    assert bounds(made, max_nodes=6)[:2] == (1, 6)
    assert bounds(made, max_nodes=0) is None


def test_fewer_than_there_shall_be_is_refused():
    with pytest.raises(ClusterError, match="less than the 3"):
        bounds(cluster(3), max_nodes=2)


def test_the_pool_reads_what_commands_have_written(tmp_path):
    where = Paths(tmp_path / "state", tmp_path / "run")
    pool, made = LocalPool(where), cluster(2)
    config.save(where, made)
    assert (pool.bounds(), pool.names()) == (None, ["node-1", "node-2"])
    stopped = msgspec.structs.replace(made.nodes[1], stopped=True)
    config.save(where, bounded(made.with_node(stopped), UpOptions(name="dev", max_nodes=4, node_idle=9)))
    assert (pool.bounds().idle_seconds, pool.names()) == (9, ["node-1"])
