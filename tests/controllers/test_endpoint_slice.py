import msgspec
import pytest

from podo.api.types.core_v1 import Container, ContainerPort, Pod, Service, ServicePort
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import key_of
from podo.controllers.endpoint_slice import EndpointSliceController, desired_endpoints, hints, plan, ports_of
from tests.build import node, pod, served, service

from .lab import NOW


@pytest.fixture
async def running(lab):
    for name, zone in (("n1", "a"), ("n2", "b")):
        await lab.user.create(node(name, **{"topology.kubernetes.io/zone": zone}))
    lab.start(EndpointSliceController)


def backend(name: str, number: int, **options) -> Pod:
    defaults = {"labels": {"app": "web"}, "ready": True, "node": "n1", "status": served(f"10.244.0.{number}")}
    return pod(name, **(defaults | options))


async def slices(lab) -> list[EndpointSlice]:
    return await lab.all(EndpointSlice)


async def start(lab, *pods: Pod) -> None:
    for one in pods:
        made = await lab.user.create(one)
        await lab.user.update(msgspec.structs.replace(made, status=one.status), subresource="status")
    await lab.settle()


async def test_a_service_gets_a_slice_of_its_ready_pods(lab, running):
    svc = await lab.user.create(service())
    await start(lab, backend("a", 1), backend("b", 2, node="n2", ready=False), pod("other", labels={"app": "x"}))
    (found,) = await slices(lab)
    assert found.metadata.name.startswith("web-")
    assert found.metadata.labels == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    (owner,) = found.metadata.owner_references
    assert (owner.kind, owner.uid, owner.controller, owner.block_owner_deletion) == (
        "Service",
        svc.metadata.uid,
        True,
        True,
    )
    assert found.address_type == "IPv4"
    assert [(p.name, p.port, p.protocol) for p in found.ports] == [("http", 8080, "TCP")]
    first, second = found.endpoints
    assert (first.addresses, first.node_name, first.zone) == (("10.244.0.1",), "n1", "a")
    assert (first.target_ref.kind, first.target_ref.name) == ("Pod", "a")
    assert (first.conditions.ready, first.conditions.serving, first.conditions.terminating) == (True, True, False)
    assert (second.conditions.ready, second.conditions.serving, second.zone) == (False, False, "b")


async def test_a_service_without_pods_has_an_empty_slice_that_is_used_when_pods_come(lab, running):
    await lab.user.create(service())
    await lab.settle()
    (empty,) = await slices(lab)
    assert (empty.endpoints, empty.ports) == ((), ())
    await start(lab, backend("a", 1))
    (filled,) = await slices(lab)
    assert filled.metadata.name == empty.metadata.name
    assert len(filled.endpoints) == 1
    await lab.user.delete(Pod, key_of(backend("a", 1)), NOW)
    await lab.settle()
    (again,) = await slices(lab)
    assert again.endpoints == ()


async def test_a_pod_that_is_being_deleted_serves_on_and_is_not_ready(lab, running):
    await lab.user.create(service())
    await start(lab, backend("a", 1, finalizers=("example.com/hold",)))
    await lab.user.delete(Pod, key_of(backend("a", 1)))
    await lab.settle()
    ((only,),) = [s.endpoints for s in await slices(lab)]
    assert (only.conditions.ready, only.conditions.serving, only.conditions.terminating) == (False, True, True)


async def test_labels_of_the_service_are_on_its_slices(lab, running):
    svc = await lab.user.create(service())
    await start(lab, backend("a", 1))
    await lab.change_meta(svc, labels={"team": "b", "kubernetes.io/service-name": "forged"})
    await lab.settle()
    (found,) = await slices(lab)
    assert found.metadata.labels["team"] == "b"
    assert found.metadata.labels["kubernetes.io/service-name"] == "web"


async def test_a_pod_on_a_node_that_is_not_known_waits_for_it(lab, running):
    await lab.user.create(service())
    await start(lab, backend("a", 1, node="n9"))
    assert [s.endpoints for s in await slices(lab)] == [()]
    await lab.user.create(node("n9"))
    await lab.settle()
    assert [len(s.endpoints) for s in await slices(lab)] == [1]


async def test_pods_that_leave_the_selection_leave_the_slice(lab, running):
    await lab.user.create(service())
    await start(lab, backend("a", 1), backend("b", 2))
    await lab.change_meta(backend("a", 1), labels={"app": "debug"})
    await lab.settle()
    (found,) = await slices(lab)
    assert [e.target_ref.name for e in found.endpoints] == ["b"]


async def test_a_service_without_selector_or_with_an_external_name_is_left_to_others(lab, running):
    await lab.user.create(service("a", selector={}))
    external = {"type": "ExternalName", "external_name": "x.example", "cluster_ip": "", "cluster_ips": ()}
    await lab.user.create(service("b", **external, ip_families=()))
    await lab.settle()
    assert await slices(lab) == []


async def test_a_slice_that_somebody_deletes_or_changes_is_put_right(lab, running):
    await lab.user.create(service())
    await start(lab, backend("a", 1))
    (found,) = await slices(lab)
    await lab.user.update(msgspec.structs.replace(found, endpoints=()))
    await lab.settle()
    assert [len(s.endpoints) for s in await slices(lab)] == [1]
    await lab.user.delete(EndpointSlice, key_of(found))
    await lab.settle()
    assert [len(s.endpoints) for s in await slices(lab)] == [1]


async def test_nothing_is_written_for_what_an_endpoint_does_not_show(lab, running):
    await lab.user.create(service())
    await start(lab, backend("a", 1))
    (before,) = await slices(lab)
    await lab.change_meta(backend("a", 1), annotations={"x": "y"})
    await lab.settle()
    (after,) = await slices(lab)
    assert after.metadata.resource_version == before.metadata.resource_version


SVC = msgspec.structs.replace(service(), metadata=msgspec.structs.replace(service().metadata, uid="svc"))


def many(count: int, first: int = 0, svc: Service = SVC):
    behind = [
        backend(f"p{n}", 0, uid=f"u{n}", status=served(f"10.244.{n // 250}.{n % 250 + 1}"))
        for n in range(first, first + count)
    ]
    return desired_endpoints(svc, behind, lambda name: node(name))


def named(made: list[EndpointSlice]) -> list[EndpointSlice]:
    return [
        msgspec.structs.replace(s, metadata=msgspec.structs.replace(s.metadata, name=f"s{n}"))
        for n, s in enumerate(made)
    ]


def test_a_slice_holds_a_hundred_endpoints():
    changes = plan(SVC, many(250), [])
    assert [len(s.endpoints) for s in changes.create] == [100, 100, 50]
    assert changes.update == changes.delete == []


def test_new_endpoints_fill_the_slice_that_has_room_for_all_of_them():
    have = named(plan(SVC, many(150), []).create)
    changes = plan(SVC, many(160), have)
    assert [(s.metadata.name, len(s.endpoints)) for s in changes.update] == [("s1", 60)]
    assert changes.create == changes.delete == []


def test_a_change_of_one_pod_changes_one_slice():
    have = named(plan(SVC, many(150), []).create)
    wanted = many(150)
    (place,) = wanted
    changed = msgspec.structs.replace(wanted[place][120], zone="z")
    wanted[place][120] = changed
    changes = plan(SVC, wanted, have)
    assert [s.metadata.name for s in changes.update] == ["s1"]


def test_slices_that_run_empty_go():
    have = named(plan(SVC, many(150), []).create)
    changes = plan(SVC, many(100), have)
    assert [s.metadata.name for s in changes.delete] == ["s1"]
    assert changes.create == changes.update == []


def test_all_pods_replaced_at_once_keeps_the_slice():
    have = named(plan(SVC, many(3), []).create)
    changes = plan(SVC, many(3, first=10), have)
    assert [s.metadata.name for s in changes.update] == ["s0"]
    assert changes.create == changes.delete == []


def test_a_slice_of_an_earlier_service_of_that_name_goes():
    old = msgspec.structs.replace(SVC, metadata=msgspec.structs.replace(SVC.metadata, uid="old"))
    have = named(plan(old, many(1, svc=old), []).create)
    changes = plan(SVC, many(1), have)
    assert [s.metadata.name for s in changes.delete] == ["s0"]
    assert len(changes.create) == 1


def test_what_is_right_is_left_alone():
    for count in (0, 1, 150):
        have = named(plan(SVC, many(count), []).create)
        changes = plan(SVC, many(count), have)
        assert (changes.create, changes.update, changes.delete) == ([], [], [])


def test_both_families_have_slices_of_their_own():
    svc = msgspec.structs.replace(SVC, spec=msgspec.structs.replace(SVC.spec, ip_families=("IPv4", "IPv6")))
    behind = [backend("a", 0, status=served("10.244.0.1", "fd00::1")), backend("b", 0, status=served("10.244.0.2"))]
    changes = plan(svc, desired_endpoints(svc, behind, lambda name: node(name)), [])
    assert [(s.address_type, [e.addresses for e in s.endpoints]) for s in changes.create] == [
        ("IPv4", [("10.244.0.1",), ("10.244.0.2",)]),
        ("IPv6", [("fd00::1",)]),
    ]


def test_pods_whose_ports_of_a_name_differ_are_in_different_slices():
    def listening(name: str, number: int, port: int) -> Pod:
        made = backend(name, number, uid=name)
        container = Container(name="c", ports=(ContainerPort(name="web", container_port=port, protocol="TCP"),))
        return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, containers=(container,)))

    port = ServicePort(name="http", port=80, target_port="web", protocol="TCP")
    svc = msgspec.structs.replace(SVC, spec=msgspec.structs.replace(SVC.spec, ports=(port,)))
    wanted = desired_endpoints(svc, [listening("a", 1, 8080), listening("b", 2, 9090)], lambda name: node(name))
    assert sorted(s.ports[0].port for s in plan(svc, wanted, []).create) == [8080, 9090]
    assert ports_of(svc, backend("c", 3)) == ()


def test_publishing_what_is_not_ready_makes_every_pod_ready():
    svc = msgspec.structs.replace(SVC, spec=msgspec.structs.replace(SVC.spec, publish_not_ready_addresses=True))
    behind = [backend("a", 1, ready=False, node="unknown", deletion_timestamp="2026-01-01T00:00:00Z")]
    ((only,),) = desired_endpoints(svc, behind, lambda name: None).values()
    assert (only.conditions.ready, only.conditions.serving, only.conditions.terminating) == (True, False, True)


def test_a_headless_service_says_so_and_gives_pods_of_its_subdomain_a_name():
    svc = service(cluster_ip="None", cluster_ips=("None",), ports=())
    one = backend("a", 1)
    one = msgspec.structs.replace(one, spec=msgspec.structs.replace(one.spec, hostname="h", subdomain="web"))
    wanted = desired_endpoints(svc, [one, backend("b", 2, uid="b")], lambda name: node(name))
    (made,) = plan(svc, wanted, []).create
    assert made.metadata.labels["service.kubernetes.io/headless"] == ""
    assert [e.hostname for e in made.endpoints] == ["h", ""]


@pytest.mark.parametrize(
    ("pod_", "included"),
    [
        (backend("a", 1), True),
        (backend("a", 1, phase="Succeeded"), False),
        (backend("a", 1, phase="Failed"), False),
        (backend("a", 1, status={}), False),
    ],
)
def test_who_can_be_an_endpoint(pod_, included):
    assert bool(desired_endpoints(SVC, [pod_], lambda name: node(name))) is included


@pytest.mark.parametrize(
    ("distribution", "zones", "nodes"),
    [("", [], []), ("PreferClose", ["z"], []), ("PreferSameZone", ["z"], []), ("PreferSameNode", ["z"], ["n"])],
)
def test_traffic_distribution_asks_for_hints(distribution, zones, nodes):
    found = hints(distribution, "z", "n")
    assert [z.name for z in (found.for_zones if found else ())] == zones
    assert [n.name for n in (found.for_nodes if found else ())] == nodes
