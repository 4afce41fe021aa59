"""Pods with resource claims: placed where devices are, which are then the Pod's; what happens while there are none."""

from datetime import timedelta

import msgspec
import pytest
from msgspec.structs import replace

from podo.api.resource_claims import EXTENDED
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Container, Event, Pod, PodResourceClaim, PodResourceClaimStatus, ResourceRequirements
from podo.api.types.meta_v1 import Condition
from podo.api.types.resource_v1 import AllocatedDeviceStatus, ResourceClaim
from podo.client.base import APPLY_PATCH, Key, Patch
from podo.clock import VirtualClock
from tests.scheduler.build import node, pod
from tests.scheduler.devices.build import DRIVER, claim, device, device_class, first_of, piece, request, wish
from tests.scheduler.test_scheduler import placed, scheduling

CLAIM = Key("default", "c")


@pytest.fixture
def clock():
    return VirtualClock()


def user_of(*claims: str, name: str = "p", **fields) -> Pod:
    entries = tuple(PodResourceClaim(name=c, resource_claim_name=c) for c in claims)
    return pod(name, resource_claims=entries, **fields)


def fresh(made: ResourceClaim) -> ResourceClaim:
    return replace(made, metadata=replace(made.metadata, uid=""))


async def events(client) -> list[tuple[str, str]]:
    return [(e.reason, e.message) for e in (await client.list(Event)).items]


async def test_a_pod_goes_where_the_device_is_and_has_the_claim(clock):
    async with scheduling(clock) as client:
        for obj in (node("a"), node("b"), device_class(), piece("s", device("d"), nodeName="b"), fresh(claim())):
            await client.create(obj)
        await client.create(user_of("c"))
        assert await placed(client, clock, "p") == "b"
        found = await client.get(ResourceClaim, CLAIM)
        (result,) = found.status.allocation.devices.results
        assert (result.request, result.driver, result.pool, result.device) == ("r", DRIVER, "s", "d")
        assert found.status.allocation.allocation_timestamp == format_time(clock.now())
        assert found.metadata.finalizers == ("resource.kubernetes.io/delete-protection",)
        assert [(c.resource, c.name) for c in found.status.reserved_for] == [("pods", "p")]


async def test_a_pod_waits_unseen_for_its_claim_then_for_its_class_then_for_a_device(clock):
    async with scheduling(clock) as client:
        await client.create(node("a"))
        await client.create(user_of("c"))
        assert await placed(client, clock, "p") == ""
        assert await events(client) == []
        await client.create(fresh(claim()))
        assert await placed(client, clock, "p", 1) == ""
        why = "0/1 nodes are available: request r: device class gpu does not exist."
        assert (await events(client))[0][1].startswith(why)
        await client.create(device_class())
        assert await placed(client, clock, "p", 11) == ""
        (condition,) = (await client.get(Pod, Key("default", "p"))).status.conditions
        why = "0/1 nodes are available: 1 cannot allocate all claims. still not schedulable, preemption: 0/1 nodes"
        assert condition.message.startswith(why)
        await client.create(piece("s", device("d")))
        assert await placed(client, clock, "p", 11) == "a"


async def test_two_pods_never_get_one_device(clock):
    async with scheduling(clock) as client:
        for obj in (node("a"), device_class(), piece("s", device("d"))):
            await client.create(obj)
        for name in "cd":
            await client.create(fresh(claim(name=name)))
            await client.create(user_of(name, name=f"of-{name}"))
        await clock.run_for(1, turns=300)
        nodes = [await placed(client, clock, f"of-{name}") for name in "cd"]
        assert sorted(nodes) == ["", "a"]
        waits = f"of-{'cd'[nodes.index('')]}"
        first = await client.get(ResourceClaim, Key("default", "cd"[nodes.index("a")]))
        status = replace(first.status, allocation=None, reserved_for=())
        await client.update(replace(first, status=status), subresource="status")
        assert await placed(client, clock, waits, 11) == "a"


async def test_pods_share_a_claim(clock):
    async with scheduling(clock) as client:
        for obj in (node("a"), node("b"), device_class(), piece("s", device("d"), nodeName="b"), fresh(claim())):
            await client.create(obj)
        for name in "xy":
            await client.create(user_of("c", name=name))
        await clock.run_for(12, turns=300)
        assert [await placed(client, clock, name) for name in "xy"] == ["b", "b"]
        found = await client.get(ResourceClaim, CLAIM)
        assert sorted(c.name for c in found.status.reserved_for) == ["x", "y"]


async def test_an_expression_that_fails_is_told_and_tried_again(clock):
    async with scheduling(clock) as client:
        failing = fresh(claim(request("r", f"device.attributes['{DRIVER}'].x == 1")))
        for obj in (node("a"), device_class(), piece("s", device("d")), failing, user_of("c")):
            await client.create(obj)
        assert await placed(client, clock, "p") == ""
        told = (
            'running "DynamicResources" filter plugin: claim default/c: selector #0: CEL runtime error: no such key: x'
        )
        assert await events(client) == [("FailedScheduling", told)]
        (condition,) = (await client.get(Pod, Key("default", "p"))).status.conditions
        assert (condition.reason, condition.message) == ("SchedulerError", told)


async def test_a_claim_that_nobody_has_is_freed_when_it_stands_in_the_way(clock):
    async with scheduling(clock) as client:
        for obj in (node("a"), node("b", unschedulable=True), device_class(), fresh(claim())):
            await client.create(obj)
        await client.create(piece("on-b", device("d"), nodeName="b"))
        found = await client.get(ResourceClaim, CLAIM)
        selector = {
            "nodeSelectorTerms": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["b"]}]}]
        }
        result = {"request": "r", "driver": DRIVER, "pool": "on-b", "device": "d"}
        body = {"allocation": {"devices": {"results": [result]}, "nodeSelector": selector}}
        status = msgspec.convert(body, type(found.status))
        await client.update(replace(found, status=status), subresource="status")
        await client.create(piece("on-a", device("d")))
        await client.create(user_of("c"))
        assert await placed(client, clock, "p", 11) == "a"
        assert any("deallocation of ResourceClaim completed" in message for _, message in await events(client))


async def test_a_node_with_the_better_alternative_is_preferred(clock):
    async with scheduling(clock) as client:
        classes = [device_class("big", "device.attributes['gpu.example.com'].big"), device_class("any")]
        pieces = [piece(f"on-{n}", device("d", attributes={"big": n == "b"}), nodeName=n) for n in ("a", "b", "c")]
        choice = first_of("r", best=wish(cls="big"), good=wish(cls="any"))
        for obj in (node("a"), node("b"), node("c"), *classes, *pieces, fresh(claim(choice)), user_of("c")):
            await client.create(obj)
        assert await placed(client, clock, "p") == "b"


async def test_the_pod_is_bound_when_its_device_is_ready(clock):
    async with scheduling(clock) as client:
        slow = device("d", bindingConditions=["ready"], bindingFailureConditions=["broken"])
        for obj in (node("a"), device_class(), piece("s", slow), fresh(claim()), user_of("c")):
            await client.create(obj)
        assert await placed(client, clock, "p", 1) == ""
        assert await events(client) == [
            ("BindingConditionsPending", "waiting for binding conditions for device on node a")
        ]
        found = await client.get(ResourceClaim, CLAIM)
        stamp = format_time(clock.now() - timedelta(seconds=1))
        ready = Condition(type="ready", status="True", reason="Done", message="", last_transition_time=stamp)
        said = AllocatedDeviceStatus(driver=DRIVER, pool="s", device="d", conditions=(ready,))
        await client.update(replace(found, status=replace(found.status, devices=(said,))), subresource="status")
        assert await placed(client, clock, "p", 1) == "a"


async def test_a_device_that_breaks_is_told_and_the_claim_freed(clock):
    async with scheduling(clock) as client:
        slow = device("d", bindingConditions=["ready"], bindingFailureConditions=["broken"])
        for obj in (node("a"), device_class(), piece("s", slow), fresh(claim()), user_of("c")):
            await client.create(obj)
        await clock.run_for(1, turns=200)
        found = await client.get(ResourceClaim, CLAIM)
        broken = Condition(
            type="broken", status="True", reason="Fire", message="hot", last_transition_time=stamp(clock)
        )
        said = AllocatedDeviceStatus(driver=DRIVER, pool="s", device="d", conditions=(broken,))
        await client.update(replace(found, status=replace(found.status, devices=(said,))), subresource="status")
        assert await placed(client, clock, "p", 0) == ""
        told = 'device binding failed: claim=c, reason=Fire, message="hot"'
        assert ("FailedScheduling", f'running PreBind plugin "DynamicResources": {told}') in await events(client)
        assert (await client.get(ResourceClaim, CLAIM)).status.reserved_for == ()
        await client.create(piece("z", device("other")))
        assert await placed(client, clock, "p", 30) == "a"
        (result,) = (await client.get(ResourceClaim, CLAIM)).status.allocation.devices.results
        assert result.device in ("d", "other")


def stamp(clock: VirtualClock) -> str:
    return format_time(clock.now())


async def test_an_extended_resource_that_a_class_stands_for_gets_a_claim_of_its_own(clock):
    async with scheduling(clock) as client:
        for obj in (node("a"), device_class(extendedResourceName="example.com/gpu"), piece("s", device("d"))):
            await client.create(obj)
        amounts = {"example.com/gpu": "1"}
        container = Container(name="c", image="i", resources=ResourceRequirements(requests=amounts, limits=amounts))
        await client.create(pod("p", containers=(container,)))
        assert await placed(client, clock, "p", 1) == "a"
        (made,) = (await client.list(ResourceClaim)).items
        assert made.metadata.annotations == {EXTENDED: "true"}
        assert made.metadata.name.startswith("p-extended-resources-")
        assert [r.device for r in made.status.allocation.devices.results] == ["d"]
        status = (await client.get(Pod, Key("default", "p"))).status.extended_resource_claim_status
        assert status.resource_claim_name == made.metadata.name
        assert [(m.container_name, m.resource_name, m.request_name) for m in status.request_mappings] == [
            ("c", "example.com/gpu", "container-0-request-0")
        ]
        await client.create(pod("q", containers=(container,)))
        assert await placed(client, clock, "q", 1) == ""


async def test_a_generated_claim_is_used_once_the_pods_status_names_it(clock):
    async with scheduling(clock) as client:
        for obj in (node("a"), device_class(), piece("s", device("d"))):
            await client.create(obj)
        entry = PodResourceClaim(name="gpu", resource_claim_template_name="t")
        made = await client.create(pod("p", resource_claims=(entry,)))
        owner = {"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": made.metadata.uid, "controller": True}
        mine = msgspec.convert(
            {"metadata": {"name": "c", "namespace": "default", "ownerReferences": [owner]}}, ResourceClaim
        )
        await client.create(replace(mine, spec=claim().spec))
        assert await placed(client, clock, "p", 1) == ""
        statuses = [{"name": "gpu", "resourceClaimName": "c"}]
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "default"}}
        patch = Patch(
            media_type=APPLY_PATCH, body=body | {"status": {"resourceClaimStatuses": statuses}}, field_manager="x"
        )
        await client.patch(Pod, Key("default", "p"), patch, subresource="status")
        assert await placed(client, clock, "p", 1) == "a"


async def test_a_pod_runs_without_a_claim_that_its_status_says_is_not_needed(clock):
    async with scheduling(clock) as client:
        await client.create(node("a"))
        entry = PodResourceClaim(name="gpu", resource_claim_template_name="t")
        made = await client.create(pod("p", resource_claims=(entry,)))
        status = replace(made.status, resource_claim_statuses=(PodResourceClaimStatus(name="gpu"),))
        await client.update(replace(made, status=status), subresource="status")
        assert await placed(client, clock, "p", 1) == "a"


async def test_a_pod_whose_scheduling_fails_keeps_no_other_from_its_node(clock):
    async with scheduling(clock, Broken()) as client:
        await client.create(node("a"))
        await client.create(pod("broken"))
        await client.create(pod("p"))
        assert await placed(client, clock, "p", 1) == "a"
        assert await placed(client, clock, "broken") == ""


class Broken:
    """A filter with a mistake in it."""

    name, helped_by = "Broken", frozenset()

    def filter(self, info, snapshot):
        if info.pod.metadata.name == "broken":
            raise ZeroDivisionError
