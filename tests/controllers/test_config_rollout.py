import msgspec
import pytest

from podo.api.types.apps_v1 import DaemonSet, Deployment, StatefulSet
from podo.api.types.core_v1 import (
    ConfigMap,
    ConfigMapEnvSource,
    ConfigMapVolumeSource,
    Container,
    EnvFromSource,
    EnvVar,
    EnvVarSource,
    PodSpec,
    ProjectedVolumeSource,
    Secret,
    SecretKeySelector,
    SecretProjection,
    SecretVolumeSource,
    Volume,
    VolumeProjection,
)
from podo.client.base import Key
from podo.controllers.config_rollout import ConfigRollout, Reference, references
from tests.build import daemon_set, deployment, meta, stateful_set

WANTED = {"podo.dev/roll-on-config-change": "true"}
DIGEST = "podo.dev/config-digest"


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(ConfigRollout)


def using(workload, annotations=WANTED):
    """The workload, with the ConfigMap `settings` in its environment."""
    source = EnvFromSource(config_map_ref=ConfigMapEnvSource(name="settings"))
    spec = workload.spec.template.spec
    containers = (msgspec.structs.replace(spec.containers[0], env_from=(source,)),)
    template = msgspec.structs.replace(
        workload.spec.template, spec=msgspec.structs.replace(spec, containers=containers)
    )
    return msgspec.structs.replace(
        workload,
        metadata=msgspec.structs.replace(workload.metadata, annotations=annotations),
        spec=msgspec.structs.replace(workload.spec, template=template),
    )


async def configure(lab, **data):
    if await lab.get(ConfigMap, "settings"):
        await lab.user.update(msgspec.structs.replace(await lab.get(ConfigMap, "settings"), data=data))
    else:
        await lab.user.create(ConfigMap(metadata=meta("settings"), data=data))
    await lab.settle()


async def digest(lab, kind, name):
    await lab.settle()
    return (await lab.get(kind, name)).spec.template.metadata.annotations.get(DIGEST)


@pytest.mark.parametrize(
    ("workload", "kind", "name"),
    [(deployment(), Deployment, "web"), (stateful_set(), StatefulSet, "db"), (daemon_set(), DaemonSet, "agent")],
)
async def test_other_contents_roll_the_workload(lab, workload, kind, name):
    await configure(lab, level="info")
    await lab.user.create(using(workload))
    await lab.run_for(1)
    assert await digest(lab, kind, name) is None, "to ask for it restarts nothing"
    await configure(lab, level="debug")
    first = await digest(lab, kind, name)
    assert first
    await configure(lab, level="warn")
    assert await digest(lab, kind, name) not in (None, first)
    assert len(await lab.event_lines("ConfigurationChanged")) == 1, "both are counted in one"


async def test_the_same_contents_roll_nothing(lab):
    await configure(lab, level="info")
    await lab.user.create(using(deployment()))
    await lab.run_for(1)
    await lab.change_meta(await lab.get(ConfigMap, "settings"), labels={"a": "b"})
    assert await digest(lab, Deployment, "web") is None


async def test_configuration_that_comes_later_rolls(lab):
    await lab.user.create(using(deployment()))
    await lab.run_for(1)
    await configure(lab, level="info")
    assert await digest(lab, Deployment, "web")
    await lab.user.delete(ConfigMap, Key("ns", "settings"))
    await lab.settle()
    await configure(lab, level="info")
    assert await digest(lab, Deployment, "web")


async def test_nothing_happens_to_whoever_does_not_ask(lab):
    await configure(lab, level="info")
    await lab.user.create(using(deployment(), {}))
    await configure(lab, level="debug")
    assert await digest(lab, Deployment, "web") is None
    assert not (await lab.get(Deployment, "web")).metadata.annotations


async def test_secrets_count_too(lab):
    await lab.user.create(Secret(metadata=meta("key"), string_data={"k": "1"}))
    made = using(deployment())
    volume = Volume(name="key", secret=SecretVolumeSource(secret_name="key"))
    spec = msgspec.structs.replace(made.spec.template.spec, volumes=(volume,))
    template = msgspec.structs.replace(made.spec.template, spec=spec)
    await lab.user.create(msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, template=template)))
    await lab.run_for(1)
    now = await lab.get(Secret, "key")
    await lab.user.update(msgspec.structs.replace(now, data={"k": "Mg=="}))
    assert await digest(lab, Deployment, "web")


def test_all_the_ways_to_refer_to_configuration():
    variable = EnvVar(name="v", value_from=EnvVarSource(secret_key_ref=SecretKeySelector(name="s1", key="k")))
    projected = VolumeProjection(secret=SecretProjection(name="s2"))
    spec = PodSpec(
        init_containers=(Container(name="i", env=(variable,)),),
        containers=(Container(name="c", env_from=(EnvFromSource(config_map_ref=ConfigMapEnvSource(name="c1")),)),),
        volumes=(
            Volume(name="a", config_map=ConfigMapVolumeSource(name="c2")),
            Volume(name="b", projected=ProjectedVolumeSource(sources=(projected,))),
            Volume(name="d", secret=SecretVolumeSource(secret_name="s3")),
        ),
    )
    assert set(references(spec)) == {
        Reference("ConfigMap", "c1"), Reference("ConfigMap", "c2"),
        Reference("Secret", "s1"), Reference("Secret", "s2"), Reference("Secret", "s3"),
    }  # fmt: skip
