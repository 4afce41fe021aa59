import pytest

from podo.network.names import bridge_name, node_link_name, owner, pod_link_name, table_name


@pytest.mark.parametrize(
    "name",
    [
        bridge_name("a-cluster-with-quite-a-long-name"),
        node_link_name("a-cluster-with-quite-a-long-name", "node-100"),
        pod_link_name("0" * 64),
    ],
)
def test_link_names_fit_the_kernel(name):
    assert len(name) <= 15


def test_the_default_clusters_bridge_has_a_name_to_remember():
    assert bridge_name("default") == "podo0"
    assert bridge_name("a") != bridge_name("b")


def test_link_names_are_the_same_at_every_start_and_differ_by_what_they_name():
    assert pod_link_name("a") == pod_link_name("a") != pod_link_name("b")
    assert node_link_name("x", "node-1") != node_link_name("y", "node-1")
    assert node_link_name("ab", "c") != node_link_name("a", "bc")


def test_what_is_made_carries_the_clusters_name():
    assert (owner("dev"), table_name("dev")) == ("podo:dev", "podo-dev")
