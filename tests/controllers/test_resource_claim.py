import msgspec
import pytest

from podo.api.resource_claims import FINALIZER
from podo.api.types.core_v1 import (
    Container,
    ContainerExtendedResourceRequest,
    Pod,
    PodExtendedResourceClaimStatus,
    PodResourceClaim,
    PodResourceClaimStatus,
    ResourceRequirements,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.resource_v1 import (
    AllocationResult,
    DeviceAllocationResult,
    DeviceClaim,
    DeviceRequest,
    DeviceRequestAllocationResult,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimConsumerReference,
    ResourceClaimSpec,
    ResourceClaimTemplate,
    ResourceClaimTemplateSpec,
)
from podo.client.base import Key, key_of
from podo.controllers.ownership import reference_to
from podo.controllers.resource_claim import POD_CLAIM, ResourceClaimController, base_name
from tests.build import meta, pod

from .lab import NOW

EXACT = ExactDeviceRequest(device_class_name="gpu.example.com", allocation_mode="ExactCount", count=1)
SPEC = ResourceClaimSpec(devices=DeviceClaim(requests=(DeviceRequest(name="gpu", exactly=EXACT),)))
DEVICE = DeviceRequestAllocationResult(request="gpu", driver="gpu.example.com", pool="n1", device="gpu-0")
ALLOCATED = AllocationResult(devices=DeviceAllocationResult(results=(DEVICE,)))


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(ResourceClaimController)


def using(name="p", *, template="", claim="", node=""):
    made = pod(name, node=node, phase="Pending")
    wanted = PodResourceClaim(name="gpu", resource_claim_template_name=template, resource_claim_name=claim)
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, resource_claims=(wanted,)))


async def create_template(lab):
    spec = ResourceClaimTemplateSpec(metadata=ObjectMeta(labels={"team": "a"}), spec=SPEC)
    await lab.user.create(ResourceClaimTemplate(metadata=meta("gpus"), spec=spec))


async def claims(lab):
    await lab.settle()
    return await lab.all(ResourceClaim)


async def allocate(lab, claim, *consumers):
    """As the scheduler does: the finalizer first, then the devices and for whom they are."""
    await lab.change_meta(claim, finalizers=(FINALIZER,))
    await lab.change_status(claim, allocation=ALLOCATED, reserved_for=consumers)
    await lab.settle()


def consumer(made):
    return ResourceClaimConsumerReference(resource="pods", name=made.metadata.name, uid=made.metadata.uid)


async def test_a_pod_gets_a_claim_of_its_own_from_a_template(lab):
    await create_template(lab)
    await lab.user.create(using(template="gpus"))
    (made,) = await claims(lab)
    assert made.metadata.name.startswith("p-gpu-")
    assert (made.metadata.labels, made.metadata.annotations) == ({"team": "a"}, {POD_CLAIM: "gpu"})
    (owner,) = made.metadata.owner_references
    assert (owner.kind, owner.name, owner.controller, owner.block_owner_deletion) == ("Pod", "p", True, None)
    assert made.spec == SPEC
    (status,) = (await lab.get(Pod, "p")).status.resource_claim_statuses
    assert (status.name, status.resource_claim_name) == ("gpu", made.metadata.name)
    await lab.run_for(60)
    assert len(await claims(lab)) == 1


async def test_a_template_that_is_missing_is_told_and_waited_for(lab):
    await lab.user.create(using(template="gpus"))
    assert await claims(lab) == []
    (line,) = await lab.event_lines()
    assert line.startswith(
        'Warning FailedResourceClaimCreation p: PodResourceClaim gpu: resource claim template "gpus"'
    )
    await create_template(lab)
    assert len(await claims(lab)) == 1


async def test_when_the_pod_has_ended_its_claim_goes_with_what_it_holds(lab):
    await create_template(lab)
    made = await lab.user.create(using(template="gpus"))
    (claim,) = await claims(lab)
    await allocate(lab, claim, consumer(made))
    assert (await claims(lab))[0].status.allocation
    await lab.become([made], phase="Succeeded")
    assert await claims(lab) == []


async def test_a_shared_claim_is_given_back_by_the_last_who_uses_it(lab):
    claim = await lab.user.create(ResourceClaim(metadata=meta("shared"), spec=SPEC))
    users = [await lab.user.create(using(name, claim="shared")) for name in ("a", "b")]
    await allocate(lab, claim, *map(consumer, users))
    await lab.user.delete(Pod, key_of(users[0]), NOW)
    (found,) = await claims(lab)
    assert [c.name for c in found.status.reserved_for] == ["b"]
    assert found.status.allocation
    await lab.user.delete(Pod, key_of(users[1]), NOW)
    (found,) = await claims(lab)
    assert (found.status.reserved_for, found.status.allocation, found.metadata.finalizers) == ((), None, ())


async def test_a_claim_in_use_is_deleted_when_it_is_free(lab):
    claim = await lab.user.create(ResourceClaim(metadata=meta("shared"), spec=SPEC))
    made = await lab.user.create(using("a", claim="shared"))
    await allocate(lab, claim, consumer(made))
    await lab.user.delete(ResourceClaim, Key("ns", "shared"))
    assert len(await claims(lab)) == 1
    await lab.user.delete(Pod, key_of(made), NOW)
    assert await claims(lab) == []


async def test_a_pod_that_was_bound_past_the_scheduler_is_entered(lab):
    claim = await lab.user.create(ResourceClaim(metadata=meta("shared"), spec=SPEC))
    await allocate(lab, claim)
    made = await lab.user.create(using("a", claim="shared", node="n1"))
    (found,) = await claims(lab)
    assert found.status.reserved_for == (consumer(made),)


async def test_pods_without_claims_concern_nobody(lab):
    await lab.user.create(pod("plain"))
    assert await claims(lab) == []
    assert not (await lab.get(Pod, "plain")).status.resource_claim_statuses


async def test_a_claim_that_the_status_says_is_not_needed_is_not_made(lab):
    created = await lab.user.create(using(template="gpus"))
    await lab.change_status(created, resource_claim_statuses=(PodResourceClaimStatus(name="gpu"),))
    await create_template(lab)
    await lab.run_for(60)
    assert await claims(lab) == []


def test_long_names_are_shortened_alike():
    assert base_name("p", "c") == "p-c-"
    assert base_name("p" * 63, "c" * 63) == "p" * 28 + "-" + "c" * 28


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
async def test_the_claim_of_a_pods_extended_resources_goes_when_the_pod_is_done(lab, phase):
    amounts, wanted = {"example.com/gpu": "1"}, pod("p", node="n1", phase="Running")
    container = Container(name="c", image="i", resources=ResourceRequirements(requests=amounts, limits=amounts))
    spec = msgspec.structs.replace(wanted.spec, containers=(container,))
    user = await lab.user.create(msgspec.structs.replace(wanted, spec=spec))
    made = ResourceClaim(metadata=meta("made", owner_references=(reference_to(user),)), spec=SPEC)
    claim = await lab.user.create(made)
    await allocate(lab, claim, consumer(user))
    mapping = ContainerExtendedResourceRequest(
        container_name="c", resource_name="example.com/gpu", request_name="container-0-request-0"
    )
    told = PodExtendedResourceClaimStatus(resource_claim_name="made", request_mappings=(mapping,))
    await lab.change_status(user, extended_resource_claim_status=told)
    await lab.settle()
    assert len(await claims(lab)) == 1
    await lab.change_status(user, phase=phase)
    assert await claims(lab) == []
