from pathlib import Path

import pytest

from podo.network.config import NetworkConfig, of_family, within
from tests.network.build import CONFIG


def test_the_host_has_the_first_address_of_each_node_range():
    dual = NetworkConfig(cluster="x", node_ranges=("10.245.0.0/24", "fd00:10:245::/64"))
    assert dual.host_addresses == ("10.245.0.1", "fd00:10:245::1")


def test_all_ranges_are_podos():
    assert CONFIG.ranges == ("10.244.0.0/16", "10.245.0.0/24", "10.96.0.0/16")


def test_namespaces_lie_in_the_clusters_run_folder():
    assert CONFIG.netns("node-1") == Path("/run/podo/test/netns/node-1")


@pytest.mark.parametrize(("version", "wanted"), [(4, ("10.0.0.1", "10.0.0.0/8")), (6, ("fd00::1",))])
def test_families_are_told_apart(version, wanted):
    assert of_family(["10.0.0.1", "fd00::1", "10.0.0.0/8"], version) == wanted


@pytest.mark.parametrize(
    ("address", "inside"), [("10.244.3.4", True), ("10.96.0.1", True), ("10.97.0.1", False), ("fd00::1", False)]
)
def test_addresses_within_ranges(address, inside):
    assert within(address, CONFIG.ranges) is inside
