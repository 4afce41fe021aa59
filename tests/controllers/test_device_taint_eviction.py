from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from podo.api.resource_claims import tolerates
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.resource_v1 import (
    AllocationResult,
    Device,
    DeviceAllocationResult,
    DeviceClaim,
    DeviceRequest,
    DeviceRequestAllocationResult,
    DeviceTaint,
    DeviceToleration,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimSpec,
    ResourcePool,
    ResourceSlice,
    ResourceSliceSpec,
)
from podo.controllers.device_taint_eviction import DeviceTaintEviction, leaves_at
from tests.build import meta, pod

BROKEN = DeviceTaint(key="example.com/broken", value="fan", effect="NoExecute")
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(DeviceTaintEviction)


async def world(lab, *tolerations):
    """A Pod on a node, whose claim has the device gpu-0."""
    devices = (Device(name="gpu-0"), Device(name="gpu-1"))
    pool = ResourcePool(name="n1", generation=1, resource_slice_count=1)
    spec = ResourceSliceSpec(driver="gpu.example.com", pool=pool, node_name="n1", devices=devices)
    made = await lab.user.create(ResourceSlice(metadata=ObjectMeta(name="n1-gpus"), spec=spec))
    user = await lab.user.create(pod("p", node="n1"))
    exact = ExactDeviceRequest(device_class_name="gpu", allocation_mode="ExactCount", count=1)
    wanted = ResourceClaimSpec(devices=DeviceClaim(requests=(DeviceRequest(name="gpu", exactly=exact),)))
    claim = await lab.user.create(ResourceClaim(metadata=meta("c"), spec=wanted))
    result = DeviceRequestAllocationResult(
        request="gpu", driver="gpu.example.com", pool="n1", device="gpu-0", tolerations=tolerations
    )
    consumer = ResourceClaimConsumerReference(resource="pods", name="p", uid=user.metadata.uid)
    await lab.change_status(
        claim,
        allocation=AllocationResult(devices=DeviceAllocationResult(results=(result,))),
        reserved_for=(consumer,),
    )
    await lab.settle()
    return made


async def taint(lab, found, number, *taints):
    devices = list((await lab.get(ResourceSlice, "n1-gpus", "")).spec.devices)
    devices[number] = msgspec.structs.replace(devices[number], taints=taints)
    await lab.change(found, devices=tuple(devices))
    await lab.settle()


async def leaves(lab):
    await lab.settle()
    found = await lab.get(Pod, "p")
    return found is None or bool(found.metadata.deletion_timestamp)


async def test_a_pod_leaves_a_device_that_is_tainted(lab):
    found = await world(lab)
    await taint(lab, found, 1, BROKEN)
    assert not await leaves(lab), "it is another device"
    await taint(lab, found, 0, BROKEN)
    assert await leaves(lab)
    assert await lab.event_lines() == ["Normal DeviceTaintManagerEviction p: Marking for deletion"]
    conditions = (await lab.get(Pod, "p")).status.conditions
    assert [c.reason for c in conditions if c.type == "DisruptionTarget"] == ["DeletionByDeviceTaintManager"]


async def test_other_effects_move_nobody(lab):
    found = await world(lab)
    await taint(lab, found, 0, msgspec.structs.replace(BROKEN, effect="NoSchedule"))
    assert not await leaves(lab)


async def test_a_toleration_may_have_an_end(lab):
    found = await world(lab, DeviceToleration(key=BROKEN.key, operator="Exists", toleration_seconds=60))
    added = msgspec.structs.replace(BROKEN, time_added=format_time(lab.clock.now()))
    await taint(lab, found, 0, added)
    await lab.run_for(55)
    assert not await leaves(lab)
    await lab.run_for(10)
    assert await leaves(lab)


async def test_a_taint_that_goes_in_time_moves_nobody(lab):
    found = await world(lab, DeviceToleration(operator="Exists", toleration_seconds=60))
    await taint(lab, found, 0, msgspec.structs.replace(BROKEN, time_added=format_time(lab.clock.now())))
    await taint(lab, found, 0)
    await lab.run_for(120)
    assert not await leaves(lab)


@pytest.mark.parametrize(
    ("tolerations", "seconds"),
    [
        ((), 0),
        ((DeviceToleration(operator="Exists"),), None),
        ((DeviceToleration(key=BROKEN.key, operator="Equal", value="fan", toleration_seconds=5),), 5),
        ((DeviceToleration(key=BROKEN.key, operator="Equal", value="other"),), 0),
        ((DeviceToleration(operator="Exists", toleration_seconds=5), DeviceToleration(operator="Exists")), None),
    ],
)
def test_how_long_one_may_stay(tolerations, seconds):
    added = msgspec.structs.replace(BROKEN, time_added=format_time(NOW))
    wanted = None if seconds is None else NOW + timedelta(seconds=seconds)
    assert leaves_at(added, tolerations, NOW + timedelta(hours=1)) == wanted


def test_a_toleration_of_another_effect_is_about_something_else():
    assert not tolerates(DeviceToleration(operator="Exists", effect="NoSchedule"), BROKEN)
