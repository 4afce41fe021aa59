import json
from pathlib import Path

import pytest

from podo.network.base import PodSandbox, PortMapping
from podo.network.cni.configuration import (
    ConfigurationError,
    Network,
    Runtime,
    addresses_of,
    find,
    parse,
    request,
    runtime_of,
)

BRIDGE = {"type": "bridge", "bridge": "cni0"}
LISTED = {
    "name": "net",
    "cniVersion": "1.0.0",
    "plugins": [BRIDGE, {"type": "portmap", "capabilities": {"portMappings": True}}],
}


def sandbox(**more):
    return PodSandbox(id="box", netns=Path("/n"), namespace="ns", name="a", uid="u", **more)


def test_the_first_file_by_name_counts(tmp_path):
    assert find(tmp_path / "absent") is None
    (tmp_path / "README").write_text("no configuration")
    assert find(tmp_path) is None
    (tmp_path / "20.conflist").write_text(json.dumps(LISTED | {"name": "second"}))
    (tmp_path / "10.conflist").write_text(json.dumps(LISTED))
    assert find(tmp_path).name == "net"


def test_a_single_plugin_is_a_list_of_one():
    assert parse(json.dumps(BRIDGE | {"name": "one"}), "x") == Network("one", "0.2.0", (BRIDGE | {"name": "one"},))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"name": "x", "plugins": []}', '{"name": "x", "plugins": [{}]}'])
def test_what_is_no_configuration_is_told(text):
    with pytest.raises(ConfigurationError, match=r"x\.conf is no CNI configuration"):
        parse(text, "x.conf")


@pytest.mark.parametrize(
    ("version", "supported"), [("0.4.0", False), ("1.0.0", False), ("1.1.0", True), ("2.0.0", True)]
)
def test_collecting_is_part_of_newer_versions(version, supported):
    assert Network("n", version, ()).supports_gc is supported


def test_a_plugin_gets_the_networks_name_and_version_and_the_result_so_far():
    network = parse(json.dumps(LISTED), "x")
    assert request(network, BRIDGE, Runtime(), None) == BRIDGE | {"name": "net", "cniVersion": "1.0.0"}
    assert request(network, BRIDGE, Runtime(), {"ips": []})["prevResult"] == {"ips": []}


def test_only_a_plugin_with_the_capability_gets_what_the_runtime_knows():
    network = parse(json.dumps(LISTED), "x")
    runtime = runtime_of(sandbox(port_mappings=(PortMapping(container_port=80, host_port=8080, host_ip="192.0.2.1"),)))
    wanted = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp", "hostIP": "192.0.2.1"}
    assert request(network, network.plugins[1], runtime, None)["runtimeConfig"] == {"portMappings": [wanted]}
    assert "capabilities" not in request(network, network.plugins[1], runtime, None)
    assert "runtimeConfig" not in request(network, BRIDGE, runtime, None)


def test_bandwidth_comes_from_annotations():
    made = runtime_of(sandbox(annotations={"kubernetes.io/ingress-bandwidth": "10M"}))
    assert made.values == {"bandwidth": {"ingressRate": 10_000_000, "ingressBurst": 2147483647}}
    with pytest.raises(ConfigurationError, match="egress-bandwidth"):
        runtime_of(sandbox(annotations={"kubernetes.io/egress-bandwidth": "fast"}))


@pytest.mark.parametrize(
    ("result", "addresses"),
    [
        ({"ips": [{"address": "10.1.0.2/24"}, {"address": "fd00::2/64"}]}, ("10.1.0.2", "fd00::2")),
        ({"ip4": {"ip": "10.1.0.2/24"}}, ("10.1.0.2",)),
        ({}, ()),
    ],
)
def test_addresses_are_read_from_results_of_all_versions(result, addresses):
    assert addresses_of(result) == addresses
