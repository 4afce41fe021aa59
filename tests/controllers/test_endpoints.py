import msgspec
import pytest

from podo.api.types.core_v1 import EndpointAddress, Endpoints, EndpointSubset, Service, ServicePort
from podo.client.base import key_of
from podo.controllers.endpoints import EndpointsController, desired_endpoints, subsets_of, truncated
from tests.build import meta, node, pod, served, service

from .test_endpoint_slice import backend, start


@pytest.fixture
async def running(lab):
    await lab.user.create(node("n1"))
    lab.start(EndpointsController)


async def test_a_service_has_endpoints_of_its_name(lab, running):
    await lab.user.create(service())
    await start(lab, backend("a", 1), backend("b", 2, ready=False))
    found = await lab.get(Endpoints, "web")
    assert found.metadata.labels == {"team": "a", "endpoints.kubernetes.io/managed-by": "endpoint-controller"}
    (subset,) = found.subsets
    assert [(a.ip, a.node_name, a.target_ref.name) for a in subset.addresses] == [("10.244.0.1", "n1", "a")]
    assert [a.ip for a in subset.not_ready_addresses] == ["10.244.0.2"]
    assert [(p.name, p.port, p.protocol) for p in subset.ports] == [("http", 8080, "TCP")]


async def test_they_go_with_the_service(lab, running):
    svc = await lab.user.create(service())
    await start(lab, backend("a", 1))
    await lab.user.delete(Service, key_of(svc))
    await lab.settle()
    assert await lab.all(Endpoints) == []


async def test_those_of_a_user_are_left_alone_until_their_service_goes(lab, running):
    await lab.user.create(Endpoints(metadata=meta("alone")))
    await lab.user.create(Endpoints(metadata=meta("own")))
    svc = await lab.user.create(service("own", selector={}))
    await lab.settle()
    assert [e.metadata.name for e in await lab.all(Endpoints)] == ["alone", "own"]
    await lab.user.delete(Service, key_of(svc))
    await lab.settle()
    assert [e.metadata.name for e in await lab.all(Endpoints)] == ["alone"]


async def test_nothing_is_written_without_a_change(lab, running):
    await lab.user.create(service())
    await start(lab, backend("a", 1))
    before = await lab.get(Endpoints, "web")
    await lab.change_meta(backend("a", 1), annotations={"x": "y"})
    lab.loops[0].queue.add(key_of(before))
    await lab.settle()
    assert (await lab.get(Endpoints, "web")).metadata.resource_version == before.metadata.resource_version


def test_pods_with_the_same_ports_share_a_subset():
    http, admin = (ServicePort(name=n, port=p, target_port=p, protocol="TCP") for n, p in (("http", 80), ("adm", 90)))
    found = subsets_of(service(ports=(http, admin)), [backend("a", 1, uid="a"), backend("b", 2, uid="b")])
    assert [([a.ip for a in s.addresses], [p.name for p in s.ports]) for s in found] == [
        (["10.244.0.1", "10.244.0.2"], ["adm", "http"])
    ]


def test_a_headless_service_needs_no_ports():
    svc = service(cluster_ip="None", cluster_ips=("None",), ports=())
    (subset,) = subsets_of(svc, [backend("a", 1)])
    assert subset.ports == ()
    assert subsets_of(service(ports=()), [backend("a", 1)]) == []
    assert desired_endpoints(svc, [subset], None).metadata.labels["service.kubernetes.io/headless"] == ""


def test_pods_that_are_being_deleted_are_left_out_unless_all_are_published():
    going = backend("a", 1, ready=False, deletion_timestamp="2026-01-01T00:00:00Z")
    assert subsets_of(service(), [going]) == []
    (subset,) = subsets_of(service(publish_not_ready_addresses=True), [going])
    assert [a.ip for a in subset.addresses] == ["10.244.0.1"]


def test_the_address_is_of_the_first_family():
    both = pod("a", labels={"app": "web"}, ready=True, node="n1", status=served("10.244.0.1", "fd00::1"))
    (subset,) = subsets_of(service(ip_families=("IPv6", "IPv4")), [both])
    assert [a.ip for a in subset.addresses] == ["fd00::1"]


def addresses(count: int) -> tuple[EndpointAddress, ...]:
    return tuple(EndpointAddress(ip=f"10.{n // 250}.0.{n % 250}") for n in range(count))


@pytest.mark.parametrize(
    ("ready", "waiting", "expected", "over"),
    [
        ((10,), (5,), [(10, 5)], False),
        ((1200,), (5,), [(1000, 0)], True),
        ((900,), (200,), [(900, 100)], True),
        ((600, 600), (0, 0), [(500, 0), (500, 0)], True),
    ],
)
def test_more_than_a_thousand_addresses_are_cut_ready_ones_last(ready, waiting, expected, over):
    given = [
        EndpointSubset(addresses=addresses(r), not_ready_addresses=addresses(w))
        for r, w in zip(ready, waiting, strict=True)
    ]
    kept, cut = truncated(given)
    assert [(len(s.addresses), len(s.not_ready_addresses)) for s in kept] == expected
    assert cut is over
    annotations = desired_endpoints(service(), given, None).metadata.annotations
    assert annotations == ({"endpoints.kubernetes.io/over-capacity": "truncated"} if over else {})


def test_what_is_right_already_is_the_same_object():
    svc, subsets = service(), subsets_of(service(), [backend("a", 1)])
    first = desired_endpoints(svc, subsets, None)
    assert desired_endpoints(svc, subsets, first) == first
    assert msgspec.json.encode(first)
