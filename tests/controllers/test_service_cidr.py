import pytest

from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import IPAddress, IPAddressSpec, ParentReference, ServiceCIDR, ServiceCIDRSpec
from podo.client.base import Key
from podo.controllers.service_cidr import FINALIZER, GRACE, ServiceCIDRController


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(ServiceCIDRController)


async def create(lab, name, *cidrs):
    await lab.user.create(ServiceCIDR(metadata=ObjectMeta(name=name), spec=ServiceCIDRSpec(cidrs=cidrs)))
    await lab.settle()


async def claim(lab, address):
    labels = {"ipaddress.kubernetes.io/ip-family": "IPv4", "ipaddress.kubernetes.io/managed-by": "ipallocator.k8s.io"}
    parent = ParentReference(resource="services", namespace="ns", name="web")
    await lab.user.create(
        IPAddress(metadata=ObjectMeta(name=address, labels=labels), spec=IPAddressSpec(parent_ref=parent))
    )


async def find(lab, name):
    await lab.settle()
    return await lab.get(ServiceCIDR, name, "")


async def remove(lab, name):
    await lab.user.delete(ServiceCIDR, Key("", name))
    await lab.settle()


async def test_a_range_that_is_there_is_ready_and_protected(lab):
    await create(lab, "more", "10.100.0.0/24")
    found = await find(lab, "more")
    assert found.metadata.finalizers == (FINALIZER,)
    (condition,) = found.status.conditions
    assert (condition.type, condition.status, condition.message) == (
        "Ready",
        "True",
        "Kubernetes Service CIDR is ready",
    )


async def test_a_range_that_nobody_uses_goes_after_a_moment(lab):
    await create(lab, "more", "10.100.0.0/24")
    await remove(lab, "more")
    assert await find(lab, "more")
    await lab.run_for(GRACE + 1)
    assert await find(lab, "more") is None


async def test_a_range_in_use_stays_until_its_last_address_goes(lab):
    await create(lab, "more", "10.100.0.0/24")
    await claim(lab, "10.100.0.7")
    await remove(lab, "more")
    await lab.run_for(60)
    (condition,) = (await find(lab, "more")).status.conditions
    assert (condition.status, condition.reason) == ("False", "Terminating")
    await lab.user.delete(IPAddress, Key("", "10.100.0.7"))
    await lab.settle()
    assert await find(lab, "more") is None


async def test_a_range_within_another_may_go(lab):
    await create(lab, "more", "10.100.0.0/24")
    await claim(lab, "10.100.0.7")
    await remove(lab, "more")
    await create(lab, "wide", "10.100.0.0/16")
    await lab.run_for(GRACE + 1)
    assert await find(lab, "more") is None
