"""Volumes made of images: when they are pulled, what is told, and that nobody writes to them."""

import pytest

from podo.client.informers import Informers
from podo.node.events import PodEvents
from podo.node.images.fake import FakeImages, fake_image
from podo.node.references import References
from podo.node.volumes.base import VolumeFailure
from podo.node.volumes.image import ImageVolumes
from podo.node.volumes.mounts import plan_mounts
from tests.node.build import container, pod
from tests.node.fakes import KeptEvents


class Folders:
    """A root file system that is just a folder, named after its image."""

    async def mount(self, image_id, container_dir):
        root = container_dir / "rootfs"
        root.mkdir(parents=True)
        (root / "id").write_text(image_id)
        return root


def with_image(**source):
    mount = {"name": "data", "mountPath": "/data"}
    return pod(container(volumeMounts=[mount]), volumes=[{"name": "data", "image": source}])


@pytest.fixture
def images():
    return FakeImages("data:v1")


@pytest.fixture
def events():
    return KeptEvents()


@pytest.fixture
def plugin(client, clock, images, events):
    references = References(client, Informers(client, clock), clock)
    return ImageVolumes(images, Folders(), references, PodEvents(events), clock)


async def test_an_image_that_is_here_is_mounted(tmp_path, plugin, images, events):
    wanted = with_image(reference="data:v1", pullPolicy="IfNotPresent")
    root = await plugin.mount(wanted, wanted.spec.volumes[0], tmp_path / "v")
    assert (root / "id").read_text() == images.present["data:v1"].id
    assert not images.pulled
    assert events.reasons() == ["Pulled"]


async def test_one_that_is_not_is_pulled(tmp_path, plugin, images, events):
    images.registry["data:v2"] = fake_image("data:v2")
    wanted = with_image(reference="data:v2", pullPolicy="IfNotPresent")
    assert await plugin.mount(wanted, wanted.spec.volumes[0], tmp_path / "v")
    assert [name for name, _ in images.pulled] == ["data:v2"]
    assert events.reasons() == ["Pulling", "Pulled"]


async def test_always_pulls_again(tmp_path, plugin, images):
    images.registry["data:v1"] = images.present["data:v1"]
    wanted = with_image(reference="data:v1", pullPolicy="Always")
    await plugin.mount(wanted, wanted.spec.volumes[0], tmp_path / "v")
    assert images.pulled


@pytest.mark.parametrize(
    ("policy", "complaint"),
    [("Never", "not present with pull policy of Never"), ("IfNotPresent", "Failed to pull image")],
)
async def test_an_image_that_cannot_be_had_keeps_the_pod_waiting(tmp_path, plugin, policy, complaint):
    wanted = with_image(reference="data:v9", pullPolicy=policy)
    with pytest.raises(VolumeFailure, match=complaint):
        await plugin.mount(wanted, wanted.spec.volumes[0], tmp_path / "v")


async def test_other_volumes_are_none_of_its_business(tmp_path, plugin):
    wanted = pod(volumes=[{"name": "e", "emptyDir": {}}])
    assert await plugin.mount(wanted, wanted.spec.volumes[0], tmp_path / "v") is None


def test_containers_cannot_write_to_it(tmp_path):
    wanted = with_image(reference="data:v1")
    (planned,), _ = plan_mounts(wanted, wanted.spec.containers[0], {"data": tmp_path}, {})
    assert planned.mount.readonly
