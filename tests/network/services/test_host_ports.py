import pytest

from podo.network.base import PortMapping
from podo.network.services.host_ports import OpenPorts, SavedHostPorts, host_port_fragment
from podo.network.services.tables import IPV4, IPV6

ADDRESSES = ("10.244.1.2", "fd00::2")
HTTP = PortMapping(container_port=80, host_port=8080)
PORTS = OpenPorts((HTTP,), ADDRESSES)


class RecordedPorts:
    """Which host ports are open."""

    def __init__(self):
        self.open_ports = {}

    def expect(self, sandbox_id, ports):
        self.open_ports[sandbox_id] = ports

    async def open(self, sandbox_id, ports):
        self.expect(sandbox_id, ports)

    async def close(self, sandbox_id):
        self.open_ports.pop(sandbox_id, None)


def elements(ports, family=IPV4):
    return {(item.name, item.key): value for item, value in host_port_fragment(ports, family).items.items()}


@pytest.mark.parametrize(
    ("mapping", "wanted"),
    [
        pytest.param(HTTP, ("host-ports", "tcp . 8080", "10.244.1.2 . 80"), id="every address"),
        pytest.param(
            PortMapping(container_port=53, host_port=53, protocol="UDP", host_ip="10.245.0.2"),
            ("address-host-ports", "10.245.0.2 . udp . 53", "10.244.1.2 . 53"),
            id="one address",
        ),
        pytest.param(
            PortMapping(container_port=80, host_port=80, host_ip="0.0.0.0"),
            ("host-ports", "tcp . 80", "10.244.1.2 . 80"),
            id="the unspecified address",
        ),
    ],
)
def test_a_host_port_is_an_element(mapping, wanted):
    name, key, value = wanted
    assert elements(OpenPorts((mapping,), ADDRESSES)) == {(name, key): value}


def test_an_address_of_another_family_is_not_for_this_table():
    mapping = PortMapping(container_port=1, host_port=1, host_ip="10.245.0.2")
    assert elements(OpenPorts((mapping,), ADDRESSES), IPV6) == {}


def test_a_pod_without_host_ports_wants_nothing():
    assert host_port_fragment(OpenPorts((), ADDRESSES), IPV4).items == {}


async def test_a_restart_opens_what_was_open(tmp_path):
    before = SavedHostPorts(tmp_path / "node" / "ports.json", RecordedPorts())
    await before.open("a", PORTS)
    await before.open("b", PORTS)
    await before.close("a")
    rules = RecordedPorts()
    await SavedHostPorts(tmp_path / "node" / "ports.json", rules).restore()
    assert rules.open_ports == {"b": PORTS}


async def test_sandboxes_that_went_meanwhile_lose_theirs(tmp_path):
    rules = RecordedPorts()
    saved = SavedHostPorts(tmp_path / "ports.json", rules)
    await saved.open("a", PORTS)
    await saved.open("b", PORTS)
    await saved.retain({"b"})
    assert rules.open_ports == {"b": PORTS}


async def test_a_pod_without_host_ports_costs_nothing(tmp_path):
    saved = SavedHostPorts(tmp_path / "ports.json", RecordedPorts())
    await saved.open("a", OpenPorts((), ADDRESSES))
    await saved.close("a")
    assert not (tmp_path / "ports.json").exists()
