"""Accounts, tokens and pull secrets of new Pods."""

import asyncio

import pytest

from podo.api.errors import Forbidden
from podo.api.types.core_v1 import (
    EnvVar,
    EnvVarSource,
    LocalObjectReference,
    ObjectReference,
    SecretKeySelector,
    SecretVolumeSource,
    ServiceAccount,
    Volume,
    VolumeMount,
)
from podo.server.admission.service_account import MIRROR, MOUNT_PATH
from tests.server.admission.build import container, meta, namespace, pod


async def test_a_pod_gets_the_default_account_and_its_token(client):
    made = await client.create(pod(init_containers=(container("i"),)))
    assert made.spec.service_account_name == made.spec.service_account == "default"
    (volume,) = made.spec.volumes
    assert volume.name.startswith("kube-api-access-")
    assert volume.projected.default_mode == 0o644
    token, ca, namespace_file = volume.projected.sources
    assert token.service_account_token.expiration_seconds == 3607
    assert ca.config_map.name == "kube-root-ca.crt"
    assert namespace_file.downward_api.items[0].field_ref.field_path == "metadata.namespace"
    for one in (*made.spec.containers, *made.spec.init_containers):
        assert [(mount.name, mount.mount_path, mount.read_only) for mount in one.volume_mounts] == [
            (volume.name, MOUNT_PATH, True)
        ]


async def test_a_container_that_has_something_there_keeps_it(client):
    own = container("own", volume_mounts=(VolumeMount(name="v", mount_path=MOUNT_PATH),))
    made = await client.create(pod(containers=(own, container("other")), volumes=(Volume(name="v"),)))
    assert [mount.name for mount in made.spec.containers[0].volume_mounts] == ["v"]
    assert len(made.spec.containers[1].volume_mounts) == 1
    alone = await client.create(pod("alone", containers=(own,), volumes=(Volume(name="v"),)))
    assert [volume.name for volume in alone.spec.volumes] == ["v"]


@pytest.mark.parametrize(
    ("of_account", "of_pod", "mounted"),
    [(None, None, True), (False, None, False), (False, True, True), (True, False, False), (True, None, True)],
)
async def test_the_pod_says_whether_it_wants_the_token_and_else_the_account(client, of_account, of_pod, mounted):
    await client.create(ServiceAccount(metadata=meta("x"), automount_service_account_token=of_account))
    made = await client.create(pod(service_account_name="x", automount_service_account_token=of_pod))
    assert bool(made.spec.volumes) is mounted


async def test_pull_secrets_are_the_accounts_unless_the_pod_has_some(client):
    secrets = (LocalObjectReference(name="a"),)
    await client.create(ServiceAccount(metadata=meta("x"), image_pull_secrets=secrets))
    assert (await client.create(pod(service_account_name="x"))).spec.image_pull_secrets == secrets
    own = (LocalObjectReference(name="z"),)
    made = await client.create(pod("q", service_account_name="x", image_pull_secrets=own))
    assert made.spec.image_pull_secrets == own


async def test_an_account_that_is_not_there_is_refused(client):
    with pytest.raises(Forbidden) as caught:
        await client.create(pod(service_account_name="nope"))
    assert str(caught.value) == (
        'pods "p" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found'
    )


async def test_a_pod_waits_for_the_default_account_of_a_new_namespace(client):
    await client.create(namespace("fresh"))

    async def make_account() -> None:
        await client.create(ServiceAccount(metadata=meta("default", "fresh")))

    async with asyncio.TaskGroup() as tasks:
        creating = tasks.create_task(client.create(pod(metadata=meta("p", "fresh"))))
        tasks.create_task(make_account())
    assert creating.result().spec.service_account_name == "default"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"service_account_name": "default"}, "a mirror pod may not reference service accounts"),
        (
            {"volumes": (Volume(name="s", secret=SecretVolumeSource(secret_name="x")),)},
            "a mirror pod may not reference secrets",
        ),
    ],
)
async def test_a_mirror_pod_may_have_nothing_of_the_api(client, spec, why):
    mirror = meta("p", annotations={MIRROR: "x"})
    assert (await client.create(pod(metadata=mirror, node_name="n"))).spec.volumes == ()
    with pytest.raises(Forbidden, match=why):
        await client.create(pod(metadata=meta("q", annotations={MIRROR: "x"}), node_name="n", **spec))


async def test_an_account_may_demand_that_secrets_are_listed(client):
    enforced = meta("x", annotations={"kubernetes.io/enforce-mountable-secrets": "true"})
    await client.create(ServiceAccount(metadata=enforced, secrets=(ObjectReference(name="listed"),)))

    def using(secret):
        source = EnvVarSource(secret_key_ref=SecretKeySelector(name=secret, key="k"))
        return container(env=(EnvVar(name="E", value_from=source),))

    await client.create(pod("good", containers=(using("listed"),), service_account_name="x"))
    with pytest.raises(Forbidden, match=r'container c with envVar E referencing secret.secretName="other"'):
        await client.create(pod("bad", containers=(using("other"),), service_account_name="x"))
