import pytest
from msgspec.structs import replace

from podo.api.types.core_v1 import ObjectReference, PersistentVolume, PersistentVolumeClaim
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.client.base import MERGE_PATCH, Key, Patch, key_of
from podo.controllers.volume_binding import VolumeBinding
from podo.controllers.volume_protection import ClaimProtection, VolumeProtection
from podo.controllers.volume_reclaim import VolumeReclaim
from tests.controllers.volumes import RWO, claim, csi, storage_class, user_of, volume


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(VolumeBinding, VolumeReclaim, ClaimProtection, VolumeProtection)


async def made(lab, *objects):
    for obj in objects:
        await lab.user.create(obj)
    await lab.settle()


async def bond(lab, name: str) -> tuple[str, str]:
    """(phase, volume) of a claim."""
    found = await lab.get(PersistentVolumeClaim, name)
    return found.status.phase, found.spec.volume_name


async def phase(lab, name: str) -> str:
    return (await lab.get(PersistentVolume, name, "")).status.phase


def said(lab, reason: str) -> list[str]:
    return [e.message for e in lab.events.recorded if e.reason == reason]


async def test_a_claim_gets_the_smallest_volume_that_suffices_and_both_say_so(lab):
    await made(lab, volume("large", "9Gi"), volume("fits", "3Gi"), volume("small", "1Gi"), claim("c", "2Gi"))
    found = await lab.get(PersistentVolumeClaim, "c")
    assert (found.status.phase, found.spec.volume_name) == ("Bound", "fits")
    assert (found.status.capacity, found.status.access_modes) == ({"storage": "3Gi"}, RWO)
    assert found.metadata.annotations == {
        "pv.kubernetes.io/bind-completed": "yes",
        "pv.kubernetes.io/bound-by-controller": "yes",
    }
    bound = await lab.get(PersistentVolume, "fits", "")
    ref = bound.spec.claim_ref
    assert (ref.kind, ref.namespace, ref.name, ref.uid) == ("PersistentVolumeClaim", "ns", "c", found.metadata.uid)
    assert bound.status.phase == "Bound"
    assert [await phase(lab, n) for n in ("large", "small")] == ["Available", "Available"]


@pytest.mark.parametrize(
    ("offered", "wanted", "phase_of_claim"),
    [
        pytest.param({"cls": "a"}, {"cls": "b"}, "Pending", id="another class"),
        pytest.param({"modes": ("ReadOnlyMany",)}, {}, "Pending", id="another access mode"),
        pytest.param({"volume_mode": "Block"}, {}, "Pending", id="another volume mode"),
        pytest.param({"size": "512Mi"}, {}, "Pending", id="too small"),
        pytest.param({}, {"selector": LabelSelector(match_labels={"disk": "ssd"})}, "Pending", id="not selected"),
        pytest.param(
            {"labels": {"disk": "ssd"}},
            {"selector": LabelSelector(match_labels={"disk": "ssd"})},
            "Bound",
            id="selected",
        ),
        pytest.param({"cls": "a"}, {"cls": "a"}, "Bound", id="the same class"),
        pytest.param({"modes": ("ReadWriteOnce", "ReadOnlyMany")}, {}, "Bound", id="more access modes"),
    ],
)
async def test_what_a_volume_must_have_to_suit_a_claim(lab, offered, wanted, phase_of_claim):
    await made(lab, volume("v", **offered), claim("c", **wanted))
    assert (await bond(lab, "c"))[0] == phase_of_claim


async def test_a_volume_that_comes_later_is_found(lab):
    await made(lab, claim("c"))
    assert await bond(lab, "c") == ("Pending", "")
    assert said(lab, "FailedBinding") == ["no persistent volumes available for this claim and no storage class is set"]
    await made(lab, volume("v"))
    assert await bond(lab, "c") == ("Bound", "v")


async def test_many_claims_never_share_a_volume(lab):
    await made(lab, *(claim(f"c{n}") for n in range(6)), *(volume(f"v{n}") for n in range(4)))
    bonds = [await bond(lab, f"c{n}") for n in range(6)]
    assert sorted(v for p, v in bonds if p == "Bound") == ["v0", "v1", "v2", "v3"]


async def test_a_volume_that_is_reserved_goes_to_its_claim_only(lab):
    reserved = volume("v", "9Gi", claim_ref=ObjectReference(namespace="ns", name="mine"))
    await made(lab, reserved, claim("other"), volume("w", "9Gi"), claim("mine"))
    assert await bond(lab, "mine") == ("Bound", "v")
    assert await bond(lab, "other") == ("Bound", "w")
    found = await lab.get(PersistentVolume, "v", "")
    assert "pv.kubernetes.io/bound-by-controller" not in found.metadata.annotations


async def test_a_claim_that_names_its_volume_waits_for_it(lab):
    await made(lab, volume("other"), claim("c", volume_name="mine"))
    assert await bond(lab, "c") == ("Pending", "mine")
    await made(lab, volume("mine"))
    assert await bond(lab, "c") == ("Bound", "mine")
    found = await lab.get(PersistentVolumeClaim, "c")
    assert "pv.kubernetes.io/bound-by-controller" not in found.metadata.annotations


async def test_a_claim_that_names_a_volume_that_does_not_suit_says_why(lab):
    await made(lab, volume("v", "1Gi"), claim("c", "2Gi", volume_name="v"))
    assert await bond(lab, "c") == ("Pending", "v")
    assert said(lab, "VolumeMismatch") == ['Cannot bind to requested volume "v": requested PV is too small']


async def test_a_claim_that_names_a_volume_of_another_waits(lab):
    await made(lab, volume("v"), claim("first"))
    await made(lab, claim("second", volume_name="v"))
    assert await bond(lab, "second") == ("Pending", "v")
    assert said(lab, "FailedBinding")[-1] == 'volume "v" already bound to a different claim.'


async def test_a_claim_whose_volume_is_gone_is_lost(lab):
    await made(lab, volume("v"), claim("c"))
    await lab.user.delete(PersistentVolume, Key("", "v"))
    body = {"metadata": {"finalizers": None}}
    await lab.user.patch(PersistentVolume, Key("", "v"), Patch(media_type=MERGE_PATCH, body=body))
    await lab.settle()
    assert await bond(lab, "c") == ("Lost", "v")
    assert said(lab, "ClaimLost") == ["Bound claim has lost its PersistentVolume. Data on the volume is lost!"]


async def test_a_kept_volume_is_released_with_its_claim_and_not_given_to_the_next(lab):
    await made(lab, volume("v", persistent_volume_reclaim_policy="Retain"), claim("c"))
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert await phase(lab, "v") == "Released"
    await made(lab, claim("c"))
    assert await bond(lab, "c") == ("Pending", "")


async def test_a_volume_that_nobody_can_delete_fails_and_says_so(lab):
    await made(lab, volume("v", persistent_volume_reclaim_policy="Delete"), claim("c"))
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert await phase(lab, "v") == "Failed"
    assert len(said(lab, "VolumeFailedDelete")) == 1


async def test_a_volume_of_a_driver_is_left_to_its_provisioner(lab):
    await made(lab, volume("v", persistent_volume_reclaim_policy="Delete", csi=csi()), claim("c"))
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert await phase(lab, "v") == "Released"


async def test_a_volume_whose_claim_took_another_is_free_again(lab):
    await made(lab, claim("c", volume_name="named"))
    uid = (await lab.get(PersistentVolumeClaim, "c")).metadata.uid
    taken = volume(
        "v",
        claim_ref=ObjectReference(namespace="ns", name="c", uid=uid),
        annotations={"pv.kubernetes.io/bound-by-controller": "yes"},
    )
    await made(lab, taken)
    assert await phase(lab, "v") == "Available"
    assert (await lab.get(PersistentVolume, "v", "")).spec.claim_ref is None


async def test_the_provisioner_of_the_class_is_asked(lab):
    await made(lab, storage_class("fast"), claim("c", cls="fast"))
    found = await lab.get(PersistentVolumeClaim, "c")
    assert found.status.phase == "Pending"
    assert found.metadata.annotations == {
        "volume.kubernetes.io/storage-provisioner": "x.example.com",
        "volume.beta.kubernetes.io/storage-provisioner": "x.example.com",
    }
    assert said(lab, "ExternalProvisioning")[0].startswith("Waiting for a volume to be created either by the external")


async def test_a_claim_of_a_class_that_waits_is_asked_for_only_when_a_node_is_chosen(lab):
    await made(lab, storage_class("slow", waits=True), volume("v", cls="slow"), claim("c", cls="slow"))
    assert await bond(lab, "c") == ("Pending", "")
    assert said(lab, "WaitForFirstConsumer") == ["waiting for first consumer to be created before binding"]
    found = await lab.get(PersistentVolumeClaim, "c")
    marks = {"metadata": {"annotations": {"volume.kubernetes.io/selected-node": "n1"}}}
    await lab.user.patch(PersistentVolumeClaim, key_of(found), Patch(media_type=MERGE_PATCH, body=marks))
    await lab.settle()
    found = await lab.get(PersistentVolumeClaim, "c")
    assert found.metadata.annotations["volume.kubernetes.io/storage-provisioner"] == "x.example.com"


async def test_a_claim_that_waits_names_the_pod_that_it_waits_for(lab):
    await made(lab, storage_class("slow", waits=True), user_of("p", "c"), claim("c", cls="slow"))
    assert said(lab, "WaitForPodScheduled") == ["waiting for pod p to be scheduled"]


async def test_a_volume_that_the_scheduler_reserved_is_bound_even_if_the_class_waits(lab):
    await made(lab, storage_class("slow", waits=True), claim("c", cls="slow"))
    uid = (await lab.get(PersistentVolumeClaim, "c")).metadata.uid
    await made(lab, volume("v", cls="slow", claim_ref=ObjectReference(namespace="ns", name="c", uid=uid)))
    assert await bond(lab, "c") == ("Bound", "v")


async def test_a_claim_without_class_gets_the_default_one_once_there_is_one(lab):
    await made(lab, claim("c", cls=None), claim("none", cls=""))
    assert (await lab.get(PersistentVolumeClaim, "c")).spec.storage_class_name is None
    await made(lab, storage_class("standard", default=True))
    assert (await lab.get(PersistentVolumeClaim, "c")).spec.storage_class_name == "standard"
    assert (await lab.get(PersistentVolumeClaim, "none")).spec.storage_class_name == ""


async def test_a_class_that_does_not_exist_is_said(lab):
    await made(lab, claim("c", cls="missing"))
    assert said(lab, "ProvisioningFailed") == ['storageclass.storage.k8s.io "missing" not found']
    await made(lab, storage_class("missing"))
    found = await lab.get(PersistentVolumeClaim, "c")
    assert "volume.kubernetes.io/storage-provisioner" in found.metadata.annotations


async def test_claims_for_ephemeral_volumes_are_made_and_owned_by_their_pod(lab):
    from podo.api.types.core_v1 import EphemeralVolumeSource, PersistentVolumeClaimTemplate, Volume
    from podo.controllers.ephemeral_volume import EphemeralVolumes

    lab.start(EphemeralVolumes)
    template = PersistentVolumeClaimTemplate(metadata=ObjectMeta(labels={"a": "b"}), spec=claim("x").spec)
    user = user_of("p")
    scratch = Volume(name="scratch", ephemeral=EphemeralVolumeSource(volume_claim_template=template))
    await made(lab, replace(user, spec=replace(user.spec, volumes=(scratch,))))
    found = await lab.get(PersistentVolumeClaim, "p-scratch")
    (owner,) = found.metadata.owner_references
    assert (owner.kind, owner.name, owner.controller, found.metadata.labels) == ("Pod", "p", True, {"a": "b"})
