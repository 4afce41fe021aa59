"""The clients of the server's own parts are asked about as clients over HTTP are."""

import msgspec
import pytest

from podo.api.errors import Forbidden
from podo.api.types.apps_v1 import Deployment, DeploymentSpec
from podo.api.types.autoscaling_v1 import Scale
from podo.api.types.core_v1 import ConfigMap, Namespace, Secret
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.client.base import APPLY_PATCH, MERGE_PATCH, Key, Kind, Patch, kind_of
from podo.server.app import install_subresources
from podo.server.authorization.default_set import default_access, install_access
from podo.server.bootstrap.objects import bootstrap
from podo.server.core import account, component


@pytest.fixture
async def guarded(core):
    """The core with its default roles, and the deciders in force."""
    install_subresources(core, None)
    install_access(core, default_access(core.cache, core.catalog))
    await bootstrap(core, service_cidr="10.96.0.0/16", port=6443)
    await core.client().create(Namespace(metadata=ObjectMeta(name="ns")))
    await core.cache.consistent()
    return core


def config(name="c", **data):
    return ConfigMap(metadata=ObjectMeta(namespace="ns", name=name), data=data)


async def test_who_has_no_role_may_not_read(guarded):
    nobody = guarded.client(account("nobody"))
    with pytest.raises(Forbidden) as caught:
        await nobody.get(ConfigMap, Key("ns", "c"))
    assert str(caught.value) == (
        'configmaps "c" is forbidden: User "system:serviceaccount:kube-system:nobody" cannot get resource '
        '"configmaps" in API group "" in the namespace "ns"'
    )
    with pytest.raises(Forbidden, match='cannot list resource "secrets"'):
        await nobody.list(Secret)
    with pytest.raises(Forbidden, match='cannot watch resource "secrets"'):
        await anext(nobody.watch(Secret, namespace="ns"))


async def test_who_has_no_role_may_not_write(guarded):
    nobody = guarded.client(account("nobody"))
    made = await guarded.client().create(config())
    for verb, asked in (
        ("create", nobody.create(config("d"))),
        ("update", nobody.update(msgspec.structs.replace(made, data={"a": "1"}))),
        ("patch", nobody.patch(ConfigMap, Key("ns", "c"), Patch(media_type=MERGE_PATCH, body={"data": {"a": "1"}}))),
        ("delete", nobody.delete(ConfigMap, Key("ns", "c"))),
    ):
        with pytest.raises(Forbidden, match=f'cannot {verb} resource "configmaps"'):
            await asked
    assert not (await guarded.client().get(ConfigMap, Key("ns", "c"))).data


async def test_an_apply_that_makes_something_needs_the_right_to_create(guarded):
    manager = guarded.client(account("generic-garbage-collector"))  # may patch everything, and create nothing
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}}
    apply = Patch(media_type=APPLY_PATCH, body=body, field_manager="me")
    with pytest.raises(Forbidden, match='cannot create resource "configmaps"'):
        await manager.patch(ConfigMap, Key("ns", "c"), apply)
    await guarded.client().create(config())
    assert (await manager.patch(ConfigMap, Key("ns", "c"), apply)).data == {"a": "1"}


async def test_the_manager_reads_everything_and_may_not_change_it(guarded):
    manager = guarded.client(component("kube-controller-manager"))
    assert await manager.list(Secret)
    with pytest.raises(Forbidden):
        await manager.create(config())


async def test_a_right_that_is_taken_away_is_gone_at_once(guarded):
    from podo.api.types.rbac_v1 import ClusterRoleBinding

    publisher = guarded.client(account("root-ca-cert-publisher"))
    assert await publisher.create(config())
    await guarded.client().delete(ClusterRoleBinding, Key("", "system:controller:root-ca-cert-publisher"))
    with pytest.raises(Forbidden):
        await publisher.create(config("d"))


async def test_a_scale_is_replaced_by_who_may_replace_scales(guarded):
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    spec = DeploymentSpec(
        selector=LabelSelector(match_labels=labels),
        template=msgspec.convert(template, type(DeploymentSpec().template)),
    )
    await guarded.client().create(Deployment(metadata=ObjectMeta(namespace="ns", name="web"), spec=spec))
    of, scaler = kind_of(Deployment), guarded.client(account("horizontal-pod-autoscaler"))
    found = await scaler.get(Kind(of.resource, Scale), Key("ns", "web"), subresource="scale")
    wanted = msgspec.structs.replace(found, spec=msgspec.structs.replace(found.spec, replicas=4))
    assert (await scaler.update(wanted, of=of, subresource="scale")).spec.replicas == 4
    patch = Patch(media_type=MERGE_PATCH, body={"spec": {"replicas": 9}})
    with pytest.raises(Forbidden, match='cannot patch resource "deployments"'):
        await scaler.patch(Deployment, Key("ns", "web"), patch)
