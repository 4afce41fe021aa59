import pytest

from podo.client.base import Key
from podo.network.dns.zone import Pointer, Zone
from tests.network.build import CONFIG, endpoint, endpoint_slice, service

HEADLESS = service("web", ip="None")


@pytest.fixture
def zone():
    return Zone(CONFIG)


def test_the_generation_grows_only_when_an_answer_changes(zone):
    zone.service_changed(None, service())
    before = zone.generation
    zone.service_changed(service(), service(labels={"a": "b"}))
    zone.slice_changed(None, endpoint_slice("10.244.1.2"))  # endpoints of a cluster IP have no names
    assert zone.generation == before
    zone.service_changed(service(), service(ip="10.96.0.77"))
    assert zone.generation == before + 1


def test_endpoints_of_a_headless_service_may_come_before_it_and_from_several_slices(zone):
    zone.slice_changed(None, endpoint_slice("10.244.1.2", name="x"))
    zone.slice_changed(None, endpoint_slice("10.244.1.3", name="y"))
    assert zone.entry("default", "web") is None
    zone.service_changed(None, HEADLESS)
    assert [host.address for host in zone.entry("default", "web").hosts] == ["10.244.1.2", "10.244.1.3"]


def test_an_endpoint_that_turns_unready_loses_its_name_and_its_pointer(zone):
    zone.service_changed(None, HEADLESS)
    before = endpoint_slice(endpoint("10.244.1.2", hostname="a"))
    zone.slice_changed(None, before)
    assert zone.pointers("10.244.1.2") == (Pointer(Key("default", "web"), "a"),)
    zone.slice_changed(before, endpoint_slice(endpoint("10.244.1.2", hostname="a", ready=False)))
    assert zone.entry("default", "web").hosts == ()
    assert zone.pointers("10.244.1.2") == ()


def test_two_headless_services_point_from_one_address(zone):
    for name in ("one", "two"):
        zone.service_changed(None, service(name, ip="None"))
        zone.slice_changed(None, endpoint_slice("10.244.1.2", of=name, name=name))
    assert {each.service.name for each in zone.pointers("10.244.1.2")} == {"one", "two"}
    zone.service_changed(service("one", ip="None"), None)
    assert {each.service.name for each in zone.pointers("10.244.1.2")} == {"two"}


def test_a_namespace_is_known_while_it_has_a_name(zone):
    zone.service_changed(None, service())
    assert zone.has_namespace("default")
    zone.service_changed(service(), None)
    assert not zone.has_namespace("default")
    assert zone.entry("default", "web") is None


def test_a_service_without_a_cluster_ip_yet_has_no_name(zone):
    zone.service_changed(None, service(ip=""))
    assert zone.entry("default", "web") is None
