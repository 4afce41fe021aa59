from functools import partial

import pytest

from podo.api.types.core_v1 import PersistentVolume, PersistentVolumeClaim, Secret
from podo.client.base import Key
from podo.controllers.volume_binding import VolumeBinding
from podo.controllers.volume_protection import ClaimProtection, VolumeProtection
from podo.controllers.volume_provisioning import VolumeDeletion, VolumeProvisioning
from podo.controllers.volume_reclaim import VolumeReclaim
from podo.storage.fake import FakeVolumes
from podo.storage.objects import BLOB
from tests.build import meta
from tests.controllers.volumes import claim, storage_class

NAMED = {
    "csi.storage.k8s.io/provisioner-secret-name": "${pvc.name}-account",
    "csi.storage.k8s.io/provisioner-secret-namespace": "${pvc.namespace}",
}


class Asked(FakeVolumes):
    """A driver that notes with which Secrets volumes are deleted."""

    deleted_with: dict[str, str] | None = None

    async def delete(self, handle, secrets):
        self.deleted_with = dict(secrets)
        await super().delete(handle, secrets)


@pytest.fixture
def maker():
    return Asked(BLOB)


@pytest.fixture(autouse=True)
def running(lab, maker):
    lab.start(*(partial(each, makers={maker.name: maker}) for each in (VolumeProvisioning, VolumeDeletion)))
    lab.start(VolumeBinding, VolumeReclaim, ClaimProtection, VolumeProtection)


async def asked(lab, parameters) -> None:
    await lab.user.create(Secret(metadata=meta("c-account"), data={"key": "aw=="}))
    await lab.user.create(storage_class("cloud", BLOB, parameters=parameters))
    await lab.user.create(claim("c", cls="cloud"))
    await lab.settle()


async def test_volumes_are_made_mounted_and_deleted_with_the_secret_of_their_class(lab, maker):
    await asked(lab, NAMED)
    assert maker.requests[0].secrets == {"key": "k"}
    found = await lab.get(PersistentVolumeClaim, "c")
    volume = await lab.get(PersistentVolume, found.spec.volume_name, "")
    reference = volume.spec.csi.node_stage_secret_ref
    assert (reference.name, reference.namespace) == ("c-account", "ns")
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert maker.deleted_with == {"key": "k"}


async def test_a_class_may_name_another_secret_for_nodes(lab):
    place = {f"csi.storage.k8s.io/node-stage-secret-{k}": v for k, v in (("name", "n"), ("namespace", "${pvc.name}"))}
    await asked(lab, NAMED | place)
    found = await lab.get(PersistentVolumeClaim, "c")
    reference = (await lab.get(PersistentVolume, found.spec.volume_name, "")).spec.csi.node_stage_secret_ref
    assert (reference.name, reference.namespace) == ("n", "c")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"csi.storage.k8s.io/provisioner-secret-name": "x"}, "or neither of them"),
        (NAMED | {"csi.storage.k8s.io/provisioner-secret-name": "${pvc.uid}"}, "'pvc.uid' is not known"),
        (NAMED | {"csi.storage.k8s.io/provisioner-secret-name": "other"}, "error getting secret other in namespace ns"),
    ],
)
async def test_a_secret_that_cannot_be_had_is_told_by_an_event(lab, parameters, words):
    await asked(lab, parameters)
    assert any(words in e.message for e in lab.events.recorded if e.reason == "ProvisioningFailed")
    assert (await lab.get(PersistentVolumeClaim, "c")).status.phase == "Pending"
