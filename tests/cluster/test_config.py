import msgspec
import pytest

from podo.cluster import config
from podo.cluster.config import ClusterConfig, candidates, check_name, new_node
from podo.cluster.errors import ClusterError
from podo.cluster.ip_family import IPFamily
from podo.cluster.paths import Paths


@pytest.fixture
def cluster() -> ClusterConfig:
    return cluster_of(IPFamily.IPV4)


def cluster_of(family: IPFamily) -> ClusterConfig:
    return ClusterConfig(name="dev", **msgspec.structs.asdict(next(candidates(family))))


@pytest.fixture
def where(tmp_path) -> Paths:
    return Paths(tmp_path / "state", tmp_path / "run")


def test_nodes_are_numbered_and_get_their_own_addresses(cluster):
    for _ in range(2):
        cluster = cluster.with_node(new_node(cluster))
    assert [(n.name, n.addresses, n.pod_cidrs) for n in cluster.nodes] == [
        ("node-1", ("10.245.0.2",), ("10.244.1.0/24",)),
        ("node-2", ("10.245.0.3",), ("10.244.2.0/24",)),
    ]


def test_a_removed_nodes_number_is_used_again(cluster):
    for _ in range(3):
        cluster = cluster.with_node(new_node(cluster))
    cluster = cluster.without_node("node-2")
    assert new_node(cluster).name == "node-2"


def test_replacing_a_node_keeps_its_place(cluster):
    for _ in range(2):
        cluster = cluster.with_node(new_node(cluster))
    changed = cluster.with_node(new_node(cluster.without_node("node-1"), cpu="2"))
    assert [(n.name, n.cpu) for n in changed.nodes] == [("node-1", "2"), ("node-2", "")]


def test_well_known_addresses(cluster):
    assert (cluster.host_address, cluster.api_service_address, cluster.dns_address) == (
        "10.245.0.1",
        "10.96.0.1",
        "10.96.0.10",
    )


@pytest.mark.parametrize(
    ("family", "addresses", "ranges"),
    [
        (IPFamily.IPV6, ("fd00:10:245::2",), ("fd00:10:244:1::/64",)),
        (IPFamily.DUAL, ("10.245.0.2", "fd00:10:245::2"), ("10.244.1.0/24", "fd00:10:244:1::/64")),
    ],
    ids=str,
)
def test_nodes_have_an_address_and_a_range_of_each_family(family, addresses, ranges):
    node = new_node(cluster_of(family))
    assert (node.addresses, node.pod_cidrs) == (addresses, ranges)


@pytest.mark.parametrize("family", IPFamily)
def test_a_cluster_knows_its_families(family):
    assert cluster_of(family).ip_family is family


@pytest.mark.parametrize(
    ("family", "api", "url", "pools"),
    [
        (IPFamily.IPV6, "fd00:10:96::1", "https://[fd00:10:245::1]:6443", ("fd00:10:245:0:8000::/66",)),
        (IPFamily.DUAL, "10.96.0.1", "https://10.245.0.1:6443", ("10.245.0.128/26", "fd00:10:245:0:8000::/66")),
    ],
    ids=str,
)
def test_the_api_is_at_an_address_of_the_primary_family(family, api, url, pools):
    cluster = cluster_of(family)
    assert (cluster.api_service_address, cluster.api_url, cluster.balancer_ranges) == (api, url, pools)


def test_what_was_saved_is_loaded(cluster, where):
    config.save(where, cluster)
    assert config.load(where) == cluster


def test_a_description_of_before_ip_families_is_read(cluster, where):
    node = {"name": "node-1", "address": "10.245.0.2", "pod_cidr": "10.244.1.0/24"}
    networks = {"node_network": "10.245.0.0/24", "pod_network": "10.244.0.0/16", "service_network": "10.96.0.0/16"}
    where.config.parent.mkdir(parents=True)
    where.config.write_bytes(msgspec.json.encode({"name": "dev", "api_port": 6443, "nodes": [node]} | networks))
    assert config.load(where) == cluster.with_node(new_node(cluster))


@pytest.mark.parametrize("text", ["{", "[]", '{"name": 1}', "7"])
def test_a_damaged_description_says_so(cluster, where, text):
    config.save(where, cluster)
    where.config.write_text(text)
    with pytest.raises(ClusterError, match="is damaged") as error:
        config.load(where)
    assert str(where.state) in error.value.hint


def test_an_unknown_node_is_named_beside_the_known(cluster):
    with pytest.raises(ClusterError, match="no node 'node-9'") as error:
        cluster.with_node(new_node(cluster)).node("node-9")
    assert error.value.hint == "its nodes: node-1"


@pytest.mark.parametrize("family", IPFamily)
def test_no_two_candidates_share_anything(family):
    rows = list(candidates(family))
    for attribute in ("node_networks", "pod_networks", "service_networks", "api_port"):
        assert len({getattr(r, attribute) for r in rows}) == len(rows)


@pytest.mark.parametrize("name", ["", "A", "-a", "a/b", "..", "a" * 41])
def test_a_bad_name_is_refused(name):
    with pytest.raises(ClusterError):
        check_name(name)
