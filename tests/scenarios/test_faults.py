"""Controllers under faults: writes that fail, or were done and seem to have failed, as when a process dies.

For each seed the cluster must end in the wanted state, with nothing made twice.
"""

from random import Random
from typing import Any

import pytest

from podo.api.errors import ServiceUnavailable
from podo.api.types.apps_v1 import Deployment, ReplicaSet, StatefulSet
from podo.api.types.batch_v1 import Job
from podo.api.types.core_v1 import Pod
from podo.client.base import key_of
from podo.controllers.deployment import DeploymentController
from podo.controllers.garbage_collector import GarbageCollector
from podo.controllers.job import JobController
from podo.controllers.replicaset import ReplicaSetController
from podo.controllers.statefulset import StatefulSetController
from tests.build import deployment, job, stateful_set, template
from tests.controllers.lab import Lab, running_lab

SEEDS = range(12)


class Faulty:
    """A client of which one write in six fails, half of those after it was done."""

    def __init__(self, client: Any, chance: Random) -> None:
        self._client, self._chance, self.calm = client, chance, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def create(self, *args: Any, **more: Any) -> Any:
        return await self._write(self._client.create, args, more)

    async def update(self, *args: Any, **more: Any) -> Any:
        return await self._write(self._client.update, args, more)

    async def patch(self, *args: Any, **more: Any) -> Any:
        return await self._write(self._client.patch, args, more)

    async def delete(self, *args: Any, **more: Any) -> Any:
        return await self._write(self._client.delete, args, more)

    async def _write(self, call: Any, args: Any, more: Any) -> Any:
        fate = 1.0 if self.calm else self._chance.random()
        if fate < 1 / 12:
            raise ServiceUnavailable("before the write")
        done = await call(*args, **more)
        if fate < 1 / 6:
            raise ServiceUnavailable("after the write")
        return done


async def rest(lab: Lab) -> None:
    """Let time pass until all that failed has been tried again."""
    for _ in range(40):
        await lab.run_for(5)
        await lab.converge()


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_rollout_ends_as_it_should(seed):
    async with running_lab(lambda client: Faulty(client, Random(seed))) as lab:
        lab.start(DeploymentController, ReplicaSetController, GarbageCollector)
        d = await lab.user.create(deployment(replicas=5, surge=2, unavailable=1))
        await lab.run_for(1)
        await lab.change(d, template=template("web", "app:v2"))
        await rest(lab)
        pods = await lab.all(Pod)
        assert [p.spec.containers[0].image for p in pods] == ["app:v2"] * 5
        assert sorted(rs.spec.replicas for rs in await lab.all(ReplicaSet)) in ([5], [0, 5])
        status = (await lab.get(Deployment, "web")).status
        assert (status.replicas, status.updated_replicas, status.available_replicas) == (5, 5, 5)
        await lab.user.delete(Deployment, key_of(d))
        await rest(lab)
        assert await lab.all(Pod) == []
        assert await lab.all(ReplicaSet) == []


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_stateful_set_ends_as_it_should(seed):
    async with running_lab(lambda client: Faulty(client, Random(seed))) as lab:
        lab.start(StatefulSetController)
        s = await lab.user.create(stateful_set(replicas=3))
        await rest(lab)
        await lab.change(s, template=template("db", "app:v2", node_name="n1"), replicas=4)
        await rest(lab)
        pods = {p.metadata.name: p.spec.containers[0].image for p in await lab.all(Pod)}
        assert pods == {f"db-{n}": "app:v2" for n in range(4)}
        status = (await lab.get(StatefulSet, "db")).status
        assert (status.current_replicas, status.current_revision) == (4, status.update_revision)


@pytest.mark.parametrize("seed", SEEDS)
async def test_a_job_counts_each_pod_exactly_once(seed):
    async with running_lab(lambda client: Faulty(client, Random(seed))) as lab:
        lab.start(JobController)
        await lab.user.create(job(parallelism=4, completions=12))
        for _ in range(60):
            await lab.run_for(5)
            running = [p for p in await lab.all(Pod) if p.status.phase not in ("Succeeded", "Failed")]
            await lab.become(running, ready=False, phase="Succeeded")
        found = await lab.get(Job, "job")
        assert found.status.succeeded == 12
        assert len(await lab.all(Pod)) == 12
        assert any(c.type == "Complete" for c in found.status.conditions)
