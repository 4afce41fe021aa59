from functools import partial

import pytest

from podo.api.types.core_v1 import Node, PersistentVolume, PersistentVolumeClaim
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import CSIDriver, StorageClass
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.controllers.default_storage import DefaultStorage
from podo.controllers.volume_binding import VolumeBinding
from podo.controllers.volume_expansion import VolumeExpansion
from podo.controllers.volume_protection import ClaimProtection, VolumeProtection
from podo.controllers.volume_provisioning import VolumeDeletion, VolumeProvisioning, readable
from podo.controllers.volume_reclaim import VolumeReclaim
from podo.storage.drivers import DriverFailure, NoRoom
from podo.storage.fake import FakeVolumes
from tests.controllers.volumes import claim, storage_class

GI = 1 << 30


@pytest.fixture
def maker():
    return FakeVolumes()


@pytest.fixture(autouse=True)
def running(lab, maker):
    makers = {maker.name: maker}
    ours = (VolumeProvisioning, VolumeDeletion, VolumeExpansion)
    lab.start(*(partial(each, makers=makers) for each in ours))
    lab.start(VolumeBinding, VolumeReclaim, ClaimProtection, VolumeProtection)


async def made(lab, *objects):
    for obj in objects:
        await lab.user.create(obj)
    await lab.settle()


def said(lab, *reasons: str) -> list[str]:
    return [e.message for e in lab.events.recorded if e.reason in reasons]


async def changed(lab, body, name: str = "c", subresource: str = "") -> None:
    patch = Patch(media_type=MERGE_PATCH, body=body)
    await lab.user.patch(PersistentVolumeClaim, Key("ns", name), patch, subresource=subresource)
    await lab.settle()


async def test_a_claim_gets_a_volume_that_is_made_for_it(lab, maker):
    await made(
        lab, storage_class("fast", parameters={"kind": "ssd"}, mount_options=("noatime",)), claim("c", cls="fast")
    )
    found = await lab.get(PersistentVolumeClaim, "c")
    assert (found.status.phase, found.spec.volume_name) == ("Bound", f"pvc-{found.metadata.uid}")
    volume = await lab.get(PersistentVolume, found.spec.volume_name, "")
    assert (volume.spec.capacity, volume.spec.csi.driver) == ({"storage": "1Gi"}, maker.name)
    assert volume.metadata.annotations["pv.kubernetes.io/provisioned-by"] == maker.name
    assert "external-provisioner.volume.kubernetes.io/finalizer" in volume.metadata.finalizers
    assert (volume.spec.storage_class_name, volume.spec.mount_options) == ("fast", ("noatime",))
    (request,) = maker.requests
    assert (request.size, request.parameters) == (GI, {"kind": "ssd"})
    assert said(lab, "Provisioning", "ProvisioningSucceeded") == [
        'External provisioner is provisioning volume for claim "ns/c"',
        f"Successfully provisioned volume pvc-{found.metadata.uid}",
    ]


async def test_the_volume_goes_with_its_claim(lab, maker):
    await made(lab, storage_class("fast"), claim("c", cls="fast"))
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert await lab.all(PersistentVolume) == []
    assert maker.there == {}


async def test_a_volume_that_is_to_be_kept_stays(lab, maker):
    await made(lab, storage_class("kept", reclaim_policy="Retain"), claim("c", cls="kept"))
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    (volume,) = await lab.all(PersistentVolume)
    assert volume.status.phase == "Released"
    assert len(maker.there) == 1


async def test_a_volume_that_cannot_be_deleted_is_tried_again(lab, maker):
    await made(lab, storage_class("fast"), claim("c", cls="fast"))
    maker.failures = [DriverFailure("the volume is in use")]
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert said(lab, "VolumeFailedDelete") == ["the volume is in use"]
    assert len(await lab.all(PersistentVolume)) == 1
    await lab.run_for(60)
    assert await lab.all(PersistentVolume) == []


async def test_a_failure_is_said_and_tried_again(lab, maker):
    maker.failures = [DriverFailure("no disk")]
    await made(lab, storage_class("fast"), claim("c", cls="fast"))
    assert said(lab, "ProvisioningFailed") == ['failed to provision volume with StorageClass "fast": no disk']
    await lab.run_for(60)
    assert (await lab.get(PersistentVolumeClaim, "c")).status.phase == "Bound"
    assert len(maker.there) == 1


async def test_a_node_without_room_is_given_back_to_the_scheduler(lab, maker):
    maker.failures = [NoRoom("full")]
    marks = {"volume.kubernetes.io/selected-node": "n1"}
    await made(lab, storage_class("slow", waits=True), claim("c", cls="slow", annotations=marks))
    found = await lab.get(PersistentVolumeClaim, "c")
    assert (found.status.phase, "volume.kubernetes.io/selected-node" in found.metadata.annotations) == (
        "Pending",
        False,
    )


async def test_the_driver_is_told_where_and_says_from_where_its_volume_can_be_used(lab, maker):
    marks = {"volume.kubernetes.io/selected-node": "n1"}
    await made(lab, Node(metadata=ObjectMeta(name="n1", labels={"zone": "a"})), storage_class("slow", waits=True))
    await made(lab, claim("c", cls="slow", annotations=marks))
    (volume,) = await lab.all(PersistentVolume)
    (term,) = volume.spec.node_affinity.required.node_selector_terms
    (expression,) = term.match_expressions
    assert (expression.key, expression.operator, expression.values) == ("zone", "In", ("a",))


async def test_claims_of_other_provisioners_are_left_alone(lab, maker):
    await made(lab, storage_class("other", "other.example.com"), claim("c", cls="other"))
    assert maker.requests == []


async def test_a_claim_that_asks_for_more_gets_it(lab, maker):
    await made(lab, storage_class("fast", allow_volume_expansion=True), claim("c", cls="fast"))
    await changed(lab, {"spec": {"resources": {"requests": {"storage": "3Gi"}}}})
    found = await lab.get(PersistentVolumeClaim, "c")
    assert (found.status.capacity, found.status.conditions) == ({"storage": "3Gi"}, ())
    assert not found.status.allocated_resource_statuses
    (volume,) = await lab.all(PersistentVolume)
    assert volume.spec.capacity == {"storage": "3Gi"}
    assert list(maker.there.values()) == [3 * GI]
    assert said(lab, "VolumeResizeSuccessful") == ["Resize volume succeeded"]


async def test_growing_that_needs_the_node_waits_for_it(lab):
    slow = FakeVolumes("slow.example.com", grows_on_node=True)
    ours = (VolumeProvisioning, VolumeExpansion)
    lab.start(*(partial(each, makers={slow.name: slow}) for each in ours))
    await made(lab, storage_class("slow", slow.name, allow_volume_expansion=True), claim("c", cls="slow"))
    await changed(lab, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}})
    found = await lab.get(PersistentVolumeClaim, "c")
    assert found.status.capacity == {"storage": "1Gi"}
    assert [c.type for c in found.status.conditions] == ["FileSystemResizePending"]
    assert found.status.allocated_resource_statuses == {"storage": "NodeResizePending"}


async def test_growing_that_fails_is_said_and_tried_again(lab, maker):
    await made(lab, storage_class("fast", allow_volume_expansion=True), claim("c", cls="fast"))
    maker.failures = [DriverFailure("no disk")] * 3
    await changed(lab, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}})
    assert said(lab, "VolumeResizeFailed")[0].endswith("failed: no disk")
    assert [c.type for c in (await lab.get(PersistentVolumeClaim, "c")).status.conditions] == ["Resizing"]
    await lab.run_for(60)
    assert (await lab.get(PersistentVolumeClaim, "c")).status.capacity == {"storage": "2Gi"}


async def test_a_cluster_has_a_default_class_and_leaves_what_was_changed(lab):
    await made(lab, storage_class("local", "mine.example.com"))
    lab.start(lambda client, clock, events: DefaultStorage(client))
    await lab.settle()
    assert (await lab.get(StorageClass, "local", "")).provisioner == "mine.example.com"
    assert (await lab.get(CSIDriver, "local.csi.podo", "")).spec.attach_required is False


@pytest.mark.parametrize(("size", "text"), [(GI, "1Gi"), (5 * GI + 1, "5368709121"), (1 << 20, "1Mi"), (0, "0")])
def test_sizes_as_quantities(size, text):
    assert readable(size) == text
