import msgspec
import pytest

from podo.api.errors import NotFound
from podo.api.types.core_v1 import (
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource,
    PersistentVolumeSpec,
    Pod,
    Volume,
    VolumeResourceRequirements,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import VolumeAttributesClass
from podo.client.base import key_of
from podo.controllers.volume_protection import (
    CLAIM,
    CLASS,
    VOLUME,
    ClaimProtection,
    ClassProtection,
    VolumeProtection,
    protected,
)
from podo.storage.pod_claims import claims_of
from tests.build import meta, pod

from .lab import NOW

DATA = Volume(name="data", persistent_volume_claim=PersistentVolumeClaimVolumeSource(claim_name="c"))
SPEC = PersistentVolumeClaimSpec(
    access_modes=("ReadWriteOnce",), resources=VolumeResourceRequirements(requests={"storage": "1Gi"})
)


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(ClaimProtection, ClassProtection, VolumeProtection)


def user_of(name: str, node: str = "n1") -> Pod:
    made = pod(name, node=node)
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, volumes=(DATA,)))


async def test_a_claim_goes_only_when_no_pod_uses_it(lab):
    claim = await lab.user.create(PersistentVolumeClaim(metadata=meta("c"), spec=SPEC))
    for name in ("a", "b"):
        await lab.user.create(user_of(name))
    await lab.settle()
    assert CLAIM in (await lab.get(PersistentVolumeClaim, "c")).metadata.finalizers
    await lab.user.delete(PersistentVolumeClaim, key_of(claim))
    await lab.settle()
    assert (await lab.get(PersistentVolumeClaim, "c")).metadata.deletion_timestamp
    await lab.user.delete(Pod, key_of(user_of("a")), NOW)
    await lab.settle()
    assert await lab.get(PersistentVolumeClaim, "c")
    await lab.become([await lab.get(Pod, "b")], ready=False, phase="Succeeded")
    await lab.settle()
    assert await lab.get(PersistentVolumeClaim, "c") is None


async def test_a_pod_that_is_not_bound_does_not_hold_its_claim(lab):
    claim = await lab.user.create(PersistentVolumeClaim(metadata=meta("c"), spec=SPEC))
    await lab.user.create(user_of("a", node=""))
    await lab.settle()
    await lab.user.delete(PersistentVolumeClaim, key_of(claim))
    await lab.settle()
    assert await lab.get(PersistentVolumeClaim, "c") is None


async def test_a_volume_goes_only_when_it_is_not_bound(lab):
    from podo.api.types.core_v1 import HostPathVolumeSource

    spec = PersistentVolumeSpec(
        capacity={"storage": "1Gi"}, access_modes=("ReadWriteOnce",), host_path=HostPathVolumeSource(path="/data")
    )
    volume = await lab.user.create(PersistentVolume(metadata=ObjectMeta(name="v"), spec=spec))
    await lab.change_status(volume, phase="Bound")
    await lab.settle()
    assert VOLUME in (await lab.get(PersistentVolume, "v", "")).metadata.finalizers
    await lab.user.delete(PersistentVolume, key_of(volume))
    await lab.settle()
    assert await lab.get(PersistentVolume, "v", "")
    await lab.change_status(volume, phase="Released")
    await lab.settle()
    assert await lab.get(PersistentVolume, "v", "") is None


@pytest.mark.parametrize(
    ("before", "dying", "used", "after"),
    [
        ((), False, False, ("f",)),
        (("f",), False, False, ("f",)),
        (("f", "g"), True, False, ("g",)),
        (("f",), True, True, ("f",)),
        ((), True, True, ()),
    ],
)
def test_which_finalizers_there_should_be(before, dying, used, after):
    assert protected(before, "f", dying=dying, used=used) == after


def test_claims_that_are_made_for_a_pod_are_named_after_it():
    from podo.api.types.core_v1 import EphemeralVolumeSource

    made = user_of("a")
    own = Volume(name="tmp", ephemeral=EphemeralVolumeSource())
    made = msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, volumes=(DATA, own)))
    assert [k.name for k in claims_of(made)] == ["c", "a-tmp"]


async def test_an_attribute_class_goes_only_when_no_claim_has_it(lab):
    made = VolumeAttributesClass(metadata=ObjectMeta(name="fast"), driver_name="example.com", parameters={"iops": "9"})
    await lab.user.create(made)
    spec = msgspec.structs.replace(SPEC, volume_attributes_class_name="fast")
    claim = await lab.user.create(PersistentVolumeClaim(metadata=meta("c"), spec=spec))
    await lab.settle()
    assert CLASS in (await lab.user.get(VolumeAttributesClass, key_of(made))).metadata.finalizers
    await lab.user.delete(VolumeAttributesClass, key_of(made))
    await lab.settle()
    assert (await lab.user.get(VolumeAttributesClass, key_of(made))).metadata.deletion_timestamp
    await lab.user.delete(PersistentVolumeClaim, key_of(claim))
    await lab.settle()
    with pytest.raises(NotFound):
        await lab.user.get(VolumeAttributesClass, key_of(made))
