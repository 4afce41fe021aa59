import msgspec
import pytest

from podo.api.types.core_v1 import EndpointAddress, EndpointPort, Endpoints, EndpointSubset, Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import Key
from podo.controllers.endpoint_slice import EndpointSliceController
from podo.controllers.endpoint_slice_mirroring import MOST, EndpointSliceMirroringController, mirrored
from podo.controllers.endpoints import EndpointsController
from tests.build import meta, service


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(EndpointSliceMirroringController, EndpointSliceController, EndpointsController)


def endpoints(*subsets, **more):
    return Endpoints(metadata=meta("web", **more), subsets=subsets)


def subset(*addresses, port=80, waiting=()):
    return EndpointSubset(
        addresses=tuple(EndpointAddress(ip=a) for a in addresses),
        not_ready_addresses=tuple(EndpointAddress(ip=a) for a in waiting),
        ports=(EndpointPort(name="http", port=port, protocol="TCP"),),
    )


async def slices(lab):
    await lab.settle()
    return [
        (s.address_type, s.ports[0].port, [(e.addresses[0], e.conditions.ready) for e in s.endpoints])
        for s in await lab.all(EndpointSlice)
    ]


async def replace(lab, *subsets):
    now = await lab.get(Endpoints, "web")
    return await lab.user.update(msgspec.structs.replace(now, subsets=subsets))


async def test_endpoints_that_somebody_keeps_are_mirrored_through_their_life(lab):
    await lab.user.create(service(selector={}))
    await lab.user.create(endpoints(subset("10.1.2.3", waiting=("10.1.2.9",)), labels={"team": "a"}))
    assert await slices(lab) == [("IPv4", 80, [("10.1.2.3", True), ("10.1.2.9", False)])]
    (made,) = await lab.all(EndpointSlice)
    assert made.metadata.labels == {
        "team": "a",
        "kubernetes.io/service-name": "web",
        "endpointslice.kubernetes.io/managed-by": "endpointslicemirroring-controller.k8s.io",
    }
    (owner,) = made.metadata.owner_references
    assert (owner.kind, owner.name, owner.controller) == ("Endpoints", "web", True)
    assert made.metadata.generate_name == "web-"

    await replace(lab, subset("10.2.3.4", port=81))
    assert await slices(lab) == [("IPv4", 81, [("10.2.3.4", True)])]
    (kept,) = await lab.all(EndpointSlice)
    assert kept.metadata.uid == made.metadata.uid, "a slice is changed rather than replaced"

    await lab.user.delete(Endpoints, Key("ns", "web"))
    assert await slices(lab) == []


async def test_families_and_ports_have_slices_of_their_own(lab):
    await lab.user.create(service(selector={}))
    await lab.user.create(endpoints(subset("10.0.0.1", "fd00::1"), subset("10.0.0.2", port=81)))
    assert sorted(await slices(lab)) == [
        ("IPv4", 80, [("10.0.0.1", True)]),
        ("IPv4", 81, [("10.0.0.2", True)]),
        ("IPv6", 80, [("fd00::1", True)]),
    ]


@pytest.mark.parametrize(
    "how",
    [
        pytest.param({"labels": {"endpointslice.kubernetes.io/skip-mirror": "true"}}, id="not wanted"),
        pytest.param({"annotations": {"control-plane.alpha.kubernetes.io/leader": "x"}}, id="a lock"),
    ],
)
async def test_some_are_not_mirrored(lab, how):
    await lab.user.create(service(selector={}))
    await lab.user.create(endpoints(subset("10.0.0.1"), **how))
    assert await slices(lab) == []


async def test_a_service_that_gets_a_selector_has_only_its_own_slices(lab):
    made = await lab.user.create(service(selector={}))
    await lab.user.create(endpoints(subset("10.0.0.1")))
    assert len(await slices(lab)) == 1
    await lab.change(made, selector={"app": "web"})
    await lab.settle()
    (left,) = await lab.all(EndpointSlice)
    assert left.metadata.labels["endpointslice.kubernetes.io/managed-by"] == "endpointslice-controller.k8s.io"
    assert await lab.get(Service, "web")


async def test_labels_follow(lab):
    await lab.user.create(service(selector={}))
    made = await lab.user.create(endpoints(subset("10.0.0.1")))
    await lab.settle()
    await lab.change_meta(made, labels={"new": "label"})
    await lab.settle()
    (found,) = await lab.all(EndpointSlice)
    assert found.metadata.labels["new"] == "label"


def test_a_subset_is_mirrored_up_to_a_bound():
    many = subset(*(f"10.0.{n // 250}.{n % 250}" for n in range(MOST + 5)))
    (found,) = mirrored([many]).values()
    assert len(found) == MOST
