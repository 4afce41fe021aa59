import msgspec
import pytest

from podo.api.types.core_v1 import LoadBalancerIngress, Service
from podo.client.base import Key, key_of
from podo.controllers.load_balancer import FINALIZER, LoadBalancerController, addresses_of
from podo.network.address_pool import AddressPool
from tests.build import service

RANGE = "192.0.2.8/30"
FIRST, LAST = "192.0.2.8", "192.0.2.11"


def start(lab, ranges=(RANGE,)):
    lab.start(lambda client, clock, events: LoadBalancerController(client, events, ranges))


def balanced(name, **spec):
    spec = {"type": "LoadBalancer", "cluster_ip": "", "cluster_ips": ()} | spec
    return service(name, **spec)


async def given(lab, name):
    return addresses_of(await lab.get(Service, name))


async def test_each_gets_an_address_of_its_own_in_its_status(lab):
    start(lab)
    for name in ("a", "b"):
        await lab.user.create(balanced(name))
    await lab.settle()
    made = await lab.get(Service, "a")
    assert made.status.load_balancer.ingress == (LoadBalancerIngress(ip=(await given(lab, "a"))[0], ip_mode="VIP"),)
    assert {*await given(lab, "a"), *await given(lab, "b")} == {"192.0.2.8", "192.0.2.9"}
    assert len(await lab.event_lines("EnsuredLoadBalancer")) == 2


async def test_the_address_that_is_asked_for_is_given_if_it_is_free_and_in_the_pool(lab):
    start(lab)
    await lab.user.create(balanced("a", load_balancer_ip=LAST))
    await lab.settle()
    await lab.user.create(balanced("b", load_balancer_ip=LAST))
    await lab.user.create(balanced("c", load_balancer_ip="203.0.113.1"))
    await lab.settle()
    assert await given(lab, "a") == [LAST]
    assert {*await given(lab, "b"), *await given(lab, "c")} == {"192.0.2.8", "192.0.2.9"}


async def test_an_address_is_free_again_when_its_service_goes_or_changes_its_type(lab):
    start(lab, ["192.0.2.8/32"])
    await lab.user.create(balanced("a"))
    await lab.settle()
    await lab.user.create(balanced("b"))
    await lab.settle()
    assert (await given(lab, "a"), await given(lab, "b")) == ([FIRST], [])
    assert "no address is left" in (await lab.event_lines("SyncLoadBalancerFailed"))[0]
    await lab.change(await lab.get(Service, "a"), type="ClusterIP")
    await lab.settle()
    assert await given(lab, "b") == [FIRST]
    await lab.user.delete(Service, key_of(await lab.get(Service, "b")))
    await lab.user.create(balanced("c"))
    await lab.settle()
    assert await given(lab, "c") == [FIRST]


async def test_a_service_with_an_address_has_a_finalizer_until_it_has_none_any_more(lab):
    start(lab)
    await lab.user.create(balanced("a"))
    await lab.user.create(balanced("gone"))
    await lab.user.create(balanced("other", load_balancer_class="example.com/other"))
    await lab.settle()
    assert (await lab.get(Service, "a")).metadata.finalizers == (FINALIZER,)
    assert (await lab.get(Service, "other")).metadata.finalizers == ()
    await lab.change(await lab.get(Service, "a"), type="ClusterIP")
    await lab.user.delete(Service, key_of(await lab.get(Service, "gone")))
    await lab.settle()
    made = await lab.get(Service, "a")
    assert (made.metadata.finalizers, addresses_of(made)) == ((), [])
    assert await lab.get(Service, "gone") is None
    assert len(await lab.event_lines("DeletedLoadBalancer")) == 2


async def test_addresses_of_before_a_restart_stay_where_they_are(lab):
    old = await lab.user.create(balanced("old"))
    status = msgspec.structs.replace(
        old.status, load_balancer=msgspec.structs.replace(old.status.load_balancer, ingress=(ingress(FIRST),))
    )
    await lab.user.update(msgspec.structs.replace(old, status=status), subresource="status")
    await lab.user.create(balanced("a-new-one"))
    start(lab)
    await lab.settle()
    assert (await given(lab, "old"), await given(lab, "a-new-one")) == ([FIRST], ["192.0.2.9"])


def ingress(address):
    return LoadBalancerIngress(ip=address, ip_mode="VIP")


@pytest.mark.parametrize(
    ("spec", "is_given"),
    [
        pytest.param({"load_balancer_class": "example.com/other"}, False, id="another class"),
        pytest.param({"load_balancer_class": "podo/load-balancer"}, True, id="podo's class"),
        pytest.param({"type": "NodePort"}, False, id="another type"),
    ],
)
async def test_whose_affair_a_service_is(lab, spec, is_given):
    start(lab)
    await lab.user.create(balanced("a", **spec))
    await lab.settle()
    assert bool(await given(lab, "a")) is is_given


def test_a_pool_gives_addresses_of_the_family_and_remembers_holders():
    pool, a = AddressPool(["192.0.2.8/31", "fd00::8/127"]), Key("x", "a")
    assert pool.take(a, "IPv6", []) == "fd00::8"
    assert pool.take(a, "IPv4", []) == pool.take(a, "IPv4", []) == "192.0.2.8"
    assert pool.take(Key("x", "b"), "IPv4", ["192.0.2.8"]) == "192.0.2.9"
    assert pool.take(Key("x", "c"), "IPv4", []) == ""
    assert pool.release(a, kept=["fd00::8"]) == ["192.0.2.8"]
    assert pool.take(Key("x", "c"), "IPv4", []) == "192.0.2.8"
