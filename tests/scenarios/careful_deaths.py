"""What podo does beyond Kubernetes must end in the wanted state too: see `test_deaths.py`, which runs these."""

import msgspec

from podo.api.types.apps_v1 import Deployment, ReplicaSet, StatefulSet
from podo.api.types.core_v1 import (
    ConfigMap,
    ConfigMapEnvSource,
    ContainerState,
    ContainerStateWaiting,
    ContainerStatus,
    EnvFromSource,
    Pod,
)
from podo.controllers.automatic_rollback import AutomaticRollback
from podo.controllers.autoscaling.metrics import PodMetric
from podo.controllers.canary import CanaryController
from podo.controllers.config_rollout import ConfigRollout
from podo.controllers.deployment import DeploymentController
from podo.controllers.replicaset import ReplicaSetController
from podo.controllers.statefulset import StatefulSetController
from podo.controllers.unstick import Unstick
from tests.build import deployment, meta, stateful_set, template

from .mortal import MortalLab, live, mortal

CRASHING = ContainerState(waiting=ContainerStateWaiting(reason="CrashLoopBackOff"))
CRASHES = (ContainerStatus(name="c", restart_count=3, state=CRASHING),)
BAD = "app:bad"


def with_annotations(made, **annotations):
    """The object with annotations; `_` in their names stands for `-`."""
    named = {f"podo.dev/{name.replace('_', '-')}": value for name, value in annotations.items()}
    return msgspec.structs.replace(made, metadata=msgspec.structs.replace(made.metadata, annotations=named))


async def crash(lab: MortalLab) -> None:
    """Pods start, but those of the bad image crash."""
    await lab.settle()
    await lab.finish_deletions()
    for pod in await lab.all(Pod):
        bad = pod.spec.containers[0].image == BAD
        if pod.status.phase in ("", "Pending"):
            await lab.become([pod], ready=not bad, container_statuses=CRASHES if bad else ())
    await lab.settle()


async def images(lab: MortalLab) -> list[str]:
    return [p.spec.containers[0].image for p in await lab.all(Pod)]


async def steps(lab: MortalLab, count: int) -> None:
    """Let time pass while everything may happen."""
    for _ in range(count):
        await lab.run_for(5)
        await crash(lab)


async def a_rollback(seed: int) -> int:
    """A bad version goes, and never comes back; a better one after it stays."""
    async with mortal(seed) as lab:
        lab.start(DeploymentController, ReplicaSetController, AutomaticRollback)
        await lab.user.create(with_annotations(deployment(replicas=3), rollback="on-failure"))
        await until_good(lab)
        found = await lab.get(Deployment, "web")
        await lab.change(found, template=template("web", BAD))
        await steps(lab, 6)
        await lab.end_faults(lambda: crash(lab))
        assert await images(lab) == ["app:v1"] * 3
        states = {
            rs.spec.template.spec.containers[0].image: rs.metadata.annotations.get("podo.dev/revision-state")
            for rs in await lab.all(ReplicaSet)
        }
        assert states == {"app:v1": "good", BAD: "bad"}
        lab.calm = False
        await lab.change(found, template=template("web", "app:v2"))
        await steps(lab, 6)
        await lab.end_faults(lambda: crash(lab))
        assert await images(lab) == ["app:v2"] * 3
        return lab.deaths


async def until_good(lab: MortalLab) -> None:
    """The first revision is known to be good: only then is there something to go back to."""
    for _ in range(60):
        if any("podo.dev/revision-state" in rs.metadata.annotations for rs in await lab.all(ReplicaSet)):
            return
        await steps(lab, 1)
    raise AssertionError("no revision is ever good")


class Errors:
    """What all Pods say, in thousandths."""

    def __init__(self, lab: MortalLab, value: int) -> None:
        self._lab, self.value = lab, value

    async def pods(self, metric, namespace, selector, metric_selector):
        return {"p": PodMetric(self.value, self._lab.clock.now())}


async def a_canary(seed: int) -> int:
    """One version that is too bad at its first step goes back; the next gets through all steps."""
    async with mortal(seed) as lab:
        errors = Errors(lab, 900)
        lab.start(
            DeploymentController,
            ReplicaSetController,
            lambda client, clock, events: CanaryController(client, clock, events, errors),
        )
        asked = {"canary": "1,50%", "canary_pause": "10", "canary_metric": "errors", "canary_metric_max": "0.5"}
        await lab.user.create(with_annotations(deployment(replicas=6), **asked))
        await live(lab, 3)
        await lab.end_faults(lab.converge)
        for image, value, ends_as in (("app:v2", 900, "app:v1"), ("app:v3", 100, "app:v3")):
            lab.calm, errors.value = False, value
            await lab.change(await lab.get(Deployment, "web"), template=template("web", image))
            await live(lab, 8)
            await lab.end_faults(lab.converge)
            assert await images(lab) == [ends_as] * 6
        return lab.deaths


async def a_config_change(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(DeploymentController, ReplicaSetController, ConfigRollout)
        await lab.user.create(ConfigMap(metadata=meta("settings"), data={"level": "0"}))
        made = with_annotations(deployment(replicas=3), roll_on_config_change="true")
        source = EnvFromSource(config_map_ref=ConfigMapEnvSource(name="settings"))
        spec = made.spec.template.spec
        container = msgspec.structs.replace(spec.containers[0], env_from=(source,))
        spec = msgspec.structs.replace(spec, containers=(container,))
        changed = msgspec.structs.replace(made.spec.template, spec=spec)
        await lab.user.create(msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, template=changed)))
        await live(lab, 3)
        await lab.end_faults(lab.converge)
        before = {p.metadata.uid for p in await lab.all(Pod)}
        lab.calm = False
        for level in ("1", "2"):
            settings = await lab.get(ConfigMap, "settings")
            await lab.user.update(msgspec.structs.replace(settings, data={"level": level}))
            await live(lab, 3)
        await lab.end_faults(lab.converge)
        pods = await lab.all(Pod)
        assert len(pods) == 3
        assert not before & {p.metadata.uid for p in pods}
        seen = (await lab.get(Deployment, "web")).metadata.annotations["podo.dev/config-seen"]
        assert {p.metadata.annotations["podo.dev/config-digest"] for p in pods} == {seen}
        return lab.deaths


async def a_stuck_set(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(StatefulSetController, Unstick)
        await lab.user.create(with_annotations(stateful_set(replicas=3), unstick="true"))
        await steps(lab, 8)
        await lab.end_faults(lambda: crash(lab))
        for image in (BAD, "app:v2"):
            lab.calm = False
            found = await lab.get(StatefulSet, "db")
            await lab.change(found, template=template("db", image, node_name="n1"))
            await steps(lab, 6)
            await lab.end_faults(lambda: crash(lab))
        assert await images(lab) == ["app:v2"] * 3
        return lab.deaths


SCENARIOS = (a_rollback, a_canary, a_config_change, a_stuck_set)
