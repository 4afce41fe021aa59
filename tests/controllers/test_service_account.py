import pytest

from podo.api.types.core_v1 import Namespace, ServiceAccount
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import key_of
from podo.controllers.service_account import ServiceAccountController

from .lab import NS


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(ServiceAccountController)


async def test_every_namespace_has_one(lab):
    await lab.user.create(Namespace(metadata=ObjectMeta(name="other")))
    await lab.settle()
    for namespace in (NS, "other"):
        (found,) = await lab.all(ServiceAccount, namespace)
        assert found.metadata.name == "default"


async def test_one_that_is_deleted_comes_back(lab):
    await lab.settle()
    (first,) = await lab.all(ServiceAccount, NS)
    await lab.user.delete(ServiceAccount, key_of(first))
    await lab.settle()
    (second,) = await lab.all(ServiceAccount, NS)
    assert second.metadata.uid != first.metadata.uid


async def test_others_are_nobodys_business(lab):
    await lab.settle()
    mine = ServiceAccount(metadata=ObjectMeta(name="mine", namespace=NS))
    await lab.user.create(mine)
    await lab.user.delete(ServiceAccount, key_of(mine))
    await lab.settle()
    assert len(await lab.all(ServiceAccount, NS)) == 1


async def test_a_namespace_that_is_being_deleted_gets_none(lab):
    await lab.settle()
    (first,) = await lab.all(ServiceAccount, NS)
    namespace = await lab.get(Namespace, NS, "")
    await lab.change_meta(namespace, finalizers=("example.com/hold",))
    await lab.user.delete(Namespace, key_of(namespace))
    await lab.user.delete(ServiceAccount, key_of(first))
    await lab.settle()
    assert await lab.all(ServiceAccount, NS) == []
