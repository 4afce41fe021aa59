import msgspec
import pytest

from podo.api.types.core_v1 import ConfigMap, Namespace
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import key_of
from podo.controllers.root_ca import NAME, RootCAController, desired_config

from .lab import NS

CA = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(lambda client, clock, events: RootCAController(client, CA))


async def test_every_namespace_has_the_certificate(lab):
    await lab.user.create(Namespace(metadata=ObjectMeta(name="other")))
    await lab.settle()
    for namespace in (NS, "other"):
        found = await lab.get(ConfigMap, NAME, namespace)
        assert found.data == {"ca.crt": CA}
        assert found.metadata.annotations["kubernetes.io/description"].startswith(
            "Contains a CA bundle that can be used"
        )


async def test_what_somebody_changes_is_put_right_and_what_they_add_stays(lab):
    await lab.settle()
    found = await lab.get(ConfigMap, NAME)
    meta = msgspec.structs.replace(found.metadata, annotations={"mine": "1"})
    await lab.user.update(msgspec.structs.replace(found, metadata=meta, data={"ca.crt": "forged"}))
    await lab.settle()
    again = await lab.get(ConfigMap, NAME)
    assert again.data == {"ca.crt": CA}
    assert again.metadata.annotations["mine"] == "1"


async def test_what_somebody_deletes_comes_back(lab):
    await lab.settle()
    await lab.user.delete(ConfigMap, key_of(await lab.get(ConfigMap, NAME)))
    await lab.settle()
    assert await lab.get(ConfigMap, NAME)


def test_what_is_right_already_is_equal():
    first = desired_config("ns", CA, None)
    assert desired_config("ns", CA, first) == first
