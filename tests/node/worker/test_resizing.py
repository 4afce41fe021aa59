"""In-place resize, from a change of the spec to the container's cgroup and what users are told."""

import asyncio

from msgspec.structs import replace

from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import LinuxResources
from podo.node.runtime.observed import ContainerState
from podo.node.worker.loop import PodWorker
from tests.node.build import container, pod
from tests.node.fakes import stage

SMALL = {"requests": {"cpu": "100m", "memory": "16Mi"}, "limits": {"cpu": "200m", "memory": "32Mi"}}
LARGE = {"requests": {"cpu": "300m", "memory": "16Mi"}, "limits": {"cpu": "400m", "memory": "64Mi"}}
RESTART = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
GROUP = "podo/c/node-1/burstable/pod5e0c7a3e-0000-4000-8000-000000000001"


def wanting(resources, generation=1, **fields):
    return pod(container(resources=resources, **fields), meta={"generation": generation, "resourceVersion": "6"})


def resize_conditions(status):
    return {c.type: (c.reason, c.message) for c in status.conditions if "Resize" in c.type}


async def test_a_running_container_gets_its_resources_in_place(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, wanting(SMALL)) as s:
        first = s.container()
        assert s.status.container_statuses[0].resources.limits == SMALL["limits"]
        s.worker.update(wanting(LARGE, 2))
        await s.settle()
        assert s.container().id == first.id
        assert s.container().resources == LinuxResources(
            cpu_shares=307, cpu_quota=40000, cpu_period=100000, memory_limit=64 << 20
        )
        status = s.status.container_statuses[0]
        assert (status.resources.limits, status.allocated_resources) == (LARGE["limits"], LARGE["requests"])
        assert status.restart_count == 0
        assert resize_conditions(s.status) == {}
        assert s.status.observed_generation == 2
        assert s.events.reasons()[-2:] == ["ResizeStarted", "ResizeCompleted"]
        assert s.cgroups.made[GROUP].memory_limit == 64 << 20


async def test_meanwhile_the_status_says_so_and_shows_what_it_has(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, wanting(SMALL)) as s:
        s.runtime.memory_usage = 40 << 20
        s.worker.update(wanting(LARGE, 2))
        await s.settle()
        s.worker.update(wanting(SMALL, 3))
        await s.settle()
        text = f'attempting to set container "app" memory limit ({32 << 20}) below current usage ({40 << 20})'
        refused = f"cannot decrease memory limits: {text}"
        assert resize_conditions(s.status) == {"PodResizeInProgress": ("Error", refused)}
        status = s.status.container_statuses[0]
        assert (status.resources.limits, status.allocated_resources) == (LARGE["limits"], SMALL["requests"])
        s.runtime.memory_usage = 1 << 20
        await s.settle(20)
        assert resize_conditions(s.status) == {}
        assert s.container().resources.memory_limit == 32 << 20
        assert s.cgroups.made[GROUP].memory_limit == 32 << 20


async def test_the_resize_policy_may_ask_for_a_restart(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, wanting(SMALL, resizePolicy=RESTART)) as s:
        s.worker.update(wanting(LARGE, 2, resizePolicy=RESTART))
        await s.settle()
        assert (s.container().attempt, s.container().state) == (1, ContainerState.RUNNING)
        assert s.container().resources.memory_limit == 64 << 20
        assert s.status.container_statuses[0].restart_count == 1
        assert resize_conditions(s.status) == {}
        assert ("Normal", "Killing", "Container app resize requires restart") in s.events.all


async def test_a_change_of_the_cpu_alone_restarts_nobody_who_cares_for_memory(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, wanting(SMALL, resizePolicy=RESTART)) as s:
        cpu_only = {"requests": SMALL["requests"], "limits": SMALL["limits"] | {"cpu": "500m"}}
        s.worker.update(wanting(cpu_only, 2, resizePolicy=RESTART))
        await s.settle()
        assert s.container().attempt == 0
        assert s.container().resources.cpu_quota == 50000


async def test_a_runtime_that_fails_is_asked_again(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, wanting(SMALL)) as s:
        s.runtime.failures["update_container_resources"] = RuntimeFailure("busy")
        s.worker.update(wanting(LARGE, 2))
        await s.settle()
        assert ("Warning", "ResizeError") in [(kind, reason) for kind, reason, _ in s.events.all]
        await s.settle(1)
        assert s.container().resources.memory_limit == 64 << 20
        assert s.events.reasons()[-1] == "ResizeCompleted"


async def test_sidecars_are_resized_too(tmp_path, clock, client):
    def made(resources, generation):
        sidecar = container("s", restartPolicy="Always", resources=resources)
        return pod(container(), initContainers=[sidecar], meta={"generation": generation, "resourceVersion": "6"})

    async with stage(tmp_path, clock, client, made(SMALL, 1)) as s:
        s.worker.update(made(LARGE, 2))
        await s.settle()
        assert s.container("s").resources.cpu_quota == 40000
        assert s.container("s").attempt == 0


async def test_an_init_container_that_runs_is_resized_before_the_others_begin(tmp_path, clock, client):
    def made(resources, generation):
        meta = {"generation": generation, "resourceVersion": "6"}
        return pod(container(), initContainers=[container("i", resources=resources)], meta=meta)

    async with stage(tmp_path, clock, client, made(SMALL, 1)) as s:
        s.worker.update(made(LARGE, 2))
        await s.settle()
        assert (s.container("i").resources.cpu_quota, s.container("i").attempt) == (40000, 0)
        assert s.status.phase == "Pending"
        assert resize_conditions(s.status) == {}
        assert s.status.init_container_statuses[0].resources.limits == LARGE["limits"]


def whole(resources, generation=1, *, policy=(), own=None):
    meta = {"generation": generation, "resourceVersion": "6"}
    return pod(container(resources=own or {}, resizePolicy=policy), resources=resources, meta=meta)


async def test_the_resources_of_a_pod_as_a_whole_change_in_place(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, whole(SMALL)) as s:
        assert s.container().resources.memory_limit == 32 << 20  # it has no limit of its own
        assert s.status.resources.limits == SMALL["limits"]
        s.worker.update(whole(LARGE, 2))
        await s.settle()
        assert (s.container().attempt, s.container().resources.memory_limit) == (0, 64 << 20)
        assert s.cgroups.made[GROUP].memory_limit == 64 << 20
        assert (s.status.resources.limits, s.status.resources.requests) == (LARGE["limits"], LARGE["requests"])
        assert s.status.allocated_resources == LARGE["requests"]
        assert s.status.container_statuses[0].resources.limits == {}
        assert resize_conditions(s.status) == {}
        assert s.events.reasons()[-2:] == ["ResizeStarted", "ResizeCompleted"]


async def test_a_container_whose_limit_is_the_pods_restarts_if_its_policy_says_so(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, whole(SMALL, policy=RESTART)) as s:
        s.worker.update(whole(LARGE, 2, policy=RESTART))
        await s.settle()
        assert (s.container().attempt, s.container().resources.memory_limit) == (1, 64 << 20)


async def test_a_container_with_limits_of_its_own_does_not_feel_the_pods(tmp_path, clock, client):
    own = {"limits": {"cpu": "50m", "memory": "8Mi"}}
    async with stage(tmp_path, clock, client, whole(SMALL, policy=RESTART, own=own)) as s:
        s.worker.update(whole(LARGE, 2, policy=RESTART, own=own))
        await s.settle()
        assert (s.container().attempt, s.container().resources.memory_limit) == (0, 8 << 20)
        assert s.cgroups.made[GROUP].memory_limit == 64 << 20


async def test_a_pod_that_uses_more_than_its_new_limit_keeps_the_old_one_and_says_so(tmp_path, clock, client):
    own = {"limits": {"cpu": "50m", "memory": "8Mi"}}
    async with stage(tmp_path, clock, client, whole(LARGE, own=own)) as s:
        s.runtime.memory_usage = 40 << 20
        s.worker.update(whole(SMALL, 2, own=own))
        await s.settle()
        text = f"attempting to set pod memory limit ({32 << 20}) below current usage ({40 << 20})"
        refused = f"cannot decrease memory limits: {text}"
        assert resize_conditions(s.status) == {"PodResizeInProgress": ("Error", refused)}
        assert s.status.resources.limits == LARGE["limits"]
        assert s.status.allocated_resources == SMALL["requests"]
        s.runtime.memory_usage = 1 << 20
        await s.settle(20)
        assert s.status.resources.limits == SMALL["limits"]
        assert resize_conditions(s.status) == {}


async def test_what_a_worker_that_starts_anew_finds_half_done_it_completes(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, wanting(LARGE)) as s:
        s.runtime.memory_usage = 40 << 20
        s.worker.update(wanting(SMALL, 2))
        await s.settle()
        assert "PodResizeInProgress" in resize_conditions(s.status)
        s.runtime.memory_usage = 1 << 20
        s.task.cancel()
        anew = PodWorker(replace(wanting(SMALL, 2), status=s.status), s.parts)
        s.task = asyncio.ensure_future(anew.run())
        await s.settle()
        seen = anew.observed.latest("app")
        assert (seen.attempt, seen.resources.memory_limit) == (0, 32 << 20)
        assert resize_conditions(s.status) == {}
