import msgspec

from podo.api.types.core_v1 import (
    ConfigMap,
    Container,
    Pod,
    ResourceQuota,
    ResourceQuotaSpec,
    ResourceRequirements,
    Service,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.resource_v1 import (
    DeviceClaim,
    DeviceClass,
    DeviceClassSpec,
    DeviceRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)
from podo.client.base import APPLY_PATCH, Key, Patch, key_of
from podo.controllers.resource_quota import AGAIN, ResourceQuotaController
from tests.build import meta, pod, service

from .lab import NOW


async def limited(lab, name="q", **hard):
    made = await lab.user.create(ResourceQuota(metadata=meta(name), spec=ResourceQuotaSpec(hard=hard)))
    await lab.settle()
    return made


async def status(lab, name="q"):
    await lab.settle()
    return (await lab.get(ResourceQuota, name)).status


def asking(name, **requests):
    made = pod(name)
    container = Container(name="c", image="i", resources=ResourceRequirements(requests=requests))
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, containers=(container,)))


async def test_a_new_quota_counts_what_is_there(lab):
    lab.start(ResourceQuotaController)
    await lab.user.create(asking("a", cpu="500m", memory="1Gi"))
    await lab.user.create(asking("b", cpu="1"))
    await limited(lab, **{"pods": "5", "requests.cpu": "2", "memory": "4Gi"})
    found = await status(lab)
    assert found.hard == {"pods": "5", "requests.cpu": "2", "memory": "4Gi"}
    assert found.used == {"pods": "2", "requests.cpu": "1500m", "memory": "1Gi"}


async def test_what_goes_is_free_at_once(lab):
    lab.start(ResourceQuotaController)
    made = await lab.user.create(pod("a"))
    await lab.user.create(service())
    await limited(lab, pods="5", services="1")
    assert (await status(lab)).used == {"pods": "1", "services": "1"}
    await lab.user.delete(Pod, key_of(made), NOW)
    await lab.user.delete(Service, Key("ns", "web"))
    assert (await status(lab)).used == {"pods": "0", "services": "0"}


async def test_a_pod_that_ends_is_free(lab):
    lab.start(ResourceQuotaController)
    made = await lab.user.create(pod("a"))
    await limited(lab, **{"pods": "5", "count/pods": "5"})
    await lab.become([made], phase="Succeeded")
    assert (await status(lab)).used == {"pods": "0", "count/pods": "1"}


async def test_any_resource_is_counted_from_the_first_quota_that_wants_it(lab):
    lab.start(ResourceQuotaController)
    await lab.user.create(ConfigMap(metadata=meta("one")))
    await limited(lab, **{"count/configmaps": "5", "secrets": "1", "count/jobs.batch": "2"})
    await lab.run_for(1)
    assert (await status(lab)).used == {"count/configmaps": "1", "secrets": "0", "count/jobs.batch": "0"}
    await lab.user.delete(ConfigMap, Key("ns", "one"))
    assert (await status(lab)).used["count/configmaps"] == "0"


async def test_other_limits_are_counted_anew(lab):
    lab.start(ResourceQuotaController)
    await lab.user.create(asking("a", cpu="1"))
    made = await limited(lab, pods="5")
    await lab.change(made, hard={"cpu": "3"})
    found = await status(lab)
    assert (found.hard, found.used) == ({"cpu": "3"}, {"cpu": "1"})


async def test_a_charge_for_what_was_never_stored_goes_in_time(lab):
    lab.start(ResourceQuotaController)
    made = await limited(lab, pods="5")
    await lab.change_status(made, used={"pods": "3"})
    assert (await status(lab)).used == {"pods": "3"}, "it may be about to be stored"
    await lab.run_for(AGAIN + 1)
    assert (await status(lab)).used == {"pods": "0"}


async def test_custom_resources_are_counted_from_the_moment_that_they_are_served(lab):
    lab.start(ResourceQuotaController)
    await limited(lab, **{"count/floralsets.example.com": "2"})
    assert (await status(lab)).used == {"count/floralsets.example.com": "0"}
    kind = await lab.serve("floralsets", "FloralSet")
    body = {"apiVersion": "example.com/v1", "kind": "FloralSet", "metadata": {"name": "roses"}}
    patch = Patch(media_type=APPLY_PATCH, body=body, field_manager="me")
    await lab.user.patch(kind, Key("ns", "roses"), patch)
    await lab.change_status(await lab.get(ResourceQuota, "q"), used={"count/floralsets.example.com": "1"})
    await lab.user.delete(kind, Key("ns", "roses"))
    assert (await status(lab)).used == {"count/floralsets.example.com": "0"}


async def test_claims_of_a_class_that_stands_for_an_extended_resource_count_as_that(lab):
    lab.start(ResourceQuotaController)
    gpu = "requests.example.com/gpu"
    standing = DeviceClassSpec(extended_resource_name="example.com/gpu")
    await lab.user.create(DeviceClass(metadata=ObjectMeta(name="gpus"), spec=standing))
    exactly = ExactDeviceRequest(device_class_name="gpus", allocation_mode="ExactCount", count=2)
    spec = ResourceClaimSpec(devices=DeviceClaim(requests=(DeviceRequest(name="r", exactly=exactly),)))
    await lab.user.create(ResourceClaim(metadata=meta("one"), spec=spec))
    await limited(lab, **{gpu: "4"})
    assert (await status(lab)).used == {gpu: "2"}
    await lab.user.delete(ResourceClaim, Key("ns", "one"))
    assert (await status(lab)).used == {gpu: "0"}
