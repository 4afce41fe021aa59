import pytest

from podo.api.types.core_v1 import PersistentVolume, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import CSIDriver, CSIDriverSpec, VolumeAttachment
from podo.client.base import Key
from podo.controllers.volume_attaching import VolumeAttaching
from podo.controllers.volume_binding import VolumeBinding
from podo.controllers.volume_reclaim import VolumeReclaim
from podo.storage.attachments import attachment_name
from tests.controllers.lab import NOW
from tests.controllers.volumes import claim, csi, user_of, volume


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(VolumeBinding, VolumeReclaim, VolumeAttaching)


async def made(lab, *objects):
    for obj in objects:
        await lab.user.create(obj)
    await lab.settle()


async def attached(lab) -> list[tuple[str, str]]:
    return [(a.spec.source.persistent_volume_name, a.spec.node_name) for a in await lab.all(VolumeAttachment)]


async def test_a_volume_is_attached_where_a_pod_needs_it_and_detached_when_none_does(lab):
    await made(lab, volume("v", csi=csi(handle="h")), claim("c"), user_of("p", "c", node="n1"))
    assert await attached(lab) == [("v", "n1")]
    (found,) = await lab.all(VolumeAttachment)
    assert found.metadata.name == attachment_name("h", "x.example.com", "n1")
    assert found.spec.attacher == "x.example.com"
    await lab.user.delete(Pod, Key("ns", "p"), NOW)
    await lab.settle()
    assert await attached(lab) == []


async def test_each_node_of_a_shared_volume_has_an_attachment(lab):
    await made(lab, volume("v", csi=csi()), claim("c"))
    await made(lab, user_of("p", "c", node="n1"), user_of("q", "c", node="n2"), user_of("r", "c", node="n2"))
    assert sorted(await attached(lab)) == [("v", "n1"), ("v", "n2")]
    await lab.user.delete(Pod, Key("ns", "q"), NOW)
    await lab.settle()
    assert sorted(await attached(lab)) == [("v", "n1"), ("v", "n2")]
    await lab.user.delete(Pod, Key("ns", "r"), NOW)
    await lab.settle()
    assert await attached(lab) == [("v", "n1")]


async def test_a_pod_that_ended_needs_nothing(lab):
    await made(lab, volume("v", csi=csi()), claim("c"), user_of("p", "c", node="n1"))
    await lab.become([await lab.get(Pod, "p")], ready=False, phase="Succeeded")
    await lab.settle()
    assert await attached(lab) == []


async def test_drivers_that_need_no_attaching_are_left_out(lab):
    await made(lab, CSIDriver(metadata=ObjectMeta(name="x.example.com"), spec=CSIDriverSpec(attach_required=False)))
    await made(lab, volume("v", csi=csi()), volume("w"), claim("c"), claim("d"), user_of("p", "c", "d", node="n1"))
    assert await attached(lab) == []
    assert len(await lab.all(PersistentVolume)) == 2
