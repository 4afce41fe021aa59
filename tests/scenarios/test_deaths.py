"""Controllers that die between any two writes, hear late, twice or not at all: all ends in the wanted state."""

import pytest

from podo.api.types.apps_v1 import DaemonSet, Deployment, ReplicaSet, StatefulSet
from podo.api.types.batch_v1 import Job
from podo.api.types.core_v1 import Pod, Service
from podo.api.types.discovery_v1 import EndpointSlice
from podo.client.base import key_of
from podo.controllers.daemonset import DaemonSetController
from podo.controllers.deployment import DeploymentController
from podo.controllers.endpoint_slice import EndpointSliceController
from podo.controllers.garbage_collector import GarbageCollector
from podo.controllers.job import JobController
from podo.controllers.replicaset import ReplicaSetController
from podo.controllers.statefulset import StatefulSetController
from tests.build import daemon_set, deployment, job, node, served, service, stateful_set, template

from . import careful_deaths, other_deaths
from .mortal import live, mortal

FEW, MANY, AT_A_TIME = range(2), 1000, 50


async def a_rollout(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(DeploymentController, ReplicaSetController, GarbageCollector)
        d = await lab.user.create(deployment(replicas=4, surge=2, unavailable=1))
        await live(lab, 2)
        await lab.change(d, template=template("web", "app:v2"))
        await live(lab)
        await lab.end_faults(lab.converge)
        assert [p.spec.containers[0].image for p in await lab.all(Pod)] == ["app:v2"] * 4
        assert sorted(rs.spec.replicas for rs in await lab.all(ReplicaSet)) in ([4], [0, 4])
        status = (await lab.get(Deployment, "web")).status
        assert (status.replicas, status.updated_replicas, status.available_replicas) == (4, 4, 4)
        await lab.user.delete(Deployment, key_of(d))
        await lab.end_faults(lab.converge)
        assert await lab.all(Pod) + await lab.all(ReplicaSet) == []
        return lab.deaths


async def a_stateful_set(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(StatefulSetController)
        s = await lab.user.create(stateful_set(replicas=3))
        await live(lab, 3)
        await lab.change(s, template=template("db", "app:v2", node_name="n1"), replicas=4)
        await live(lab)
        await lab.end_faults(lab.converge)
        pods = {p.metadata.name: p.spec.containers[0].image for p in await lab.all(Pod)}
        assert pods == {f"db-{n}": "app:v2" for n in range(4)}
        status = (await lab.get(StatefulSet, "db")).status
        assert (status.current_replicas, status.current_revision) == (4, status.update_revision)
        return lab.deaths


async def a_job(seed: int) -> int:
    async with mortal(seed) as lab:

        async def succeed():
            await lab.finish_deletions()
            running = [p for p in await lab.all(Pod) if p.status.phase not in ("Succeeded", "Failed")]
            await lab.become(running, ready=False, phase="Succeeded")

        lab.start(JobController)
        await lab.user.create(job(parallelism=3, completions=9))
        for _ in range(6):
            await lab.run_for(5)
            await succeed()
        await lab.end_faults(succeed)
        found = await lab.get(Job, "job")
        assert found.status.succeeded == 9
        assert len(await lab.all(Pod)) == 9, "also where the answer to a creation was lost"
        assert any(c.type == "Complete" for c in found.status.conditions)
        return lab.deaths


async def a_daemon_set(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(DaemonSetController)
        for name in ("n1", "n2", "n3"):
            await lab.user.create(node(name, ready="True"))
        d = await lab.user.create(daemon_set())
        await live(lab, 3)
        await lab.change(d, template=template("agent", "app:v2"))
        await lab.user.create(node("n4", ready="True"))
        await live(lab)
        await lab.end_faults(lab.converge)
        assert [p.spec.containers[0].image for p in await lab.all(Pod)] == ["app:v2"] * 4
        status = (await lab.get(DaemonSet, "agent")).status
        assert (status.desired_number_scheduled, status.updated_number_scheduled) == (4, 4)
        return lab.deaths


async def endpoints(seed: int) -> int:
    async with mortal(seed) as lab:
        lab.start(ReplicaSetController, DeploymentController, EndpointSliceController)
        await lab.user.create(node("n1", ready="True"))
        made = template("web", node_name="n1")
        d = await lab.user.create(deployment(replicas=3, template=made))
        await lab.user.create(service())

        async def address():
            await lab.converge()
            for number, pod in enumerate(await lab.all(Pod)):
                if not pod.status.pod_ips:
                    await lab.change_status(pod, **served(f"10.0.{lab.deaths % 250}.{number + 1}"))

        for size in (3, 5, 2):
            await lab.change(d, replicas=size)
            await lab.run_for(5)
            await address()
        await lab.end_faults(address)
        wanted = sorted(p.status.pod_ip for p in await lab.all(Pod))
        found = [e.addresses[0] for s in await lab.all(EndpointSlice) for e in s.endpoints]
        assert sorted(found) == wanted
        assert len(wanted) == 2
        assert await lab.get(Service, "web")
        return lab.deaths


OWN = (a_rollout, a_stateful_set, a_job, a_daemon_set, endpoints)
SCENARIOS = (*OWN, *other_deaths.SCENARIOS, *careful_deaths.SCENARIOS)


@pytest.mark.parametrize("seed", FEW)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_all_ends_as_it_should(scenario, seed):
    await scenario(seed)


def batches():
    """The first seed of each; one in ten is tried at every `make test`, all of them by `make soak`."""
    for first in range(0, MANY, AT_A_TIME):
        yield pytest.param(first, marks=[pytest.mark.slow, *([pytest.mark.soak] if first >= MANY // 10 else [])])


@pytest.mark.parametrize("first", batches())
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.__name__)
async def test_a_thousand_seeds_end_as_they_should(scenario, first):
    deaths = [await scenario(seed) for seed in range(first, first + AT_A_TIME)]
    assert sum(deaths) > AT_A_TIME // 2, "there have been faults"
