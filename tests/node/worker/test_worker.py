"""A worker over the fake runtime, by a clock that is moved by hand."""

import pytest
from msgspec.structs import replace

from podo.api.types.core_v1 import ResourceHealth, ResourceStatus
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.observed import ContainerState
from podo.node.volumes.base import VolumeFailure
from podo.node.worker.parts import NoDevices
from podo.node.worker.state import Verdict
from tests.node.build import container, pod
from tests.node.fakes import stage


def condition(status, kind):
    return next(c.status for c in status.conditions if c.type == kind)


def deleted(wanted, grace=30):
    meta = replace(
        wanted.metadata, deletion_timestamp="2026-01-01T00:01:00Z", deletion_grace_period_seconds=grace, generation=2
    )
    return replace(wanted, metadata=meta)


async def test_a_pod_comes_up_without_waiting_for_any_clock(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod()) as s:
        assert clock.monotonic() == 0
        assert s.status.phase == "Running"
        assert condition(s.status, "Ready") == "True"
        assert s.status.pod_ip == "10.244.0.2"
        assert s.events.reasons() == ["Pulled", "Created", "Started"]


async def test_its_first_status_says_that_it_is_being_made(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod()) as s:
        first = s.statuses.all[0]
        assert first.phase == "Pending"
        assert first.container_statuses[0].state.waiting.reason == "ContainerCreating"
        assert first.start_time == "2026-01-01T00:00:00Z"


async def test_a_crash_is_restarted_at_once_then_ever_later(tmp_path, clock, client):
    wanted = pod(container(command=["sh", "-c", "exit 1"]))
    async with stage(tmp_path, clock, client, wanted) as s:
        status = s.status.container_statuses[0]
        assert status.restart_count == 1
        assert status.state.waiting.reason == "CrashLoopBackOff"
        assert status.last_state.terminated.exit_code == 1
        await s.settle(9)
        assert s.container().attempt == 1
        await s.settle(2)
        assert s.container().attempt == 2
        await s.settle(18)
        assert s.container().attempt == 2
        await s.settle(2)
        assert s.container().attempt == 3
        assert "BackOff" in s.events.reasons()


async def test_a_finished_pod_lets_its_sandbox_and_volumes_go(tmp_path, clock, client):
    wanted = pod(container(command=["true"]), restartPolicy="Never")
    async with stage(tmp_path, clock, client, wanted) as s:
        assert s.status.phase == "Succeeded"
        assert condition(s.status, "Ready") == "False"
        assert not s.volumes.mounted
        assert s.worker.observed.ready_sandbox is None
        assert not s.task.done()


async def test_a_deleted_pod_is_stopped_confirmed_and_forgotten(tmp_path, clock, client):
    made = await client.create(replace(pod(), metadata=replace(pod().metadata, uid="", resource_version="")))
    async with stage(tmp_path, clock, client, made) as s:
        s.worker.update(deleted(made))
        await s.settle()
        assert await s.has_left()
        assert s.statuses.forgotten
        assert s.status.container_statuses[0].state.terminated is not None
        assert (await client.list(type(made))).items == []
        assert not (await s.runtime.observe()).sandboxes
        assert not s.cgroups.made
        assert not list((tmp_path / "pods").iterdir())


async def test_a_container_that_ignores_sigterm_is_killed_after_the_grace(tmp_path, clock, client):
    wanted = pod(container(command=["sleep", "inf"]))
    async with stage(tmp_path, clock, client, wanted) as s:
        s.worker.update(deleted(wanted, grace=10))
        await s.settle(9)
        assert s.container().state is ContainerState.RUNNING
        await s.settle(2)
        assert await s.has_left()


async def test_a_shorter_grace_hurries(tmp_path, clock, client):
    wanted = pod(container(command=["sleep", "inf"]))
    async with stage(tmp_path, clock, client, wanted) as s:
        s.worker.update(deleted(wanted, grace=600))
        await s.settle(1)
        shorter = deleted(wanted, grace=3)
        s.worker.update(replace(shorter, metadata=replace(shorter.metadata, generation=3)))
        await s.settle(4)
        assert await s.has_left()


async def test_pre_stop_runs_before_sigterm(tmp_path, clock, client):
    hook = {"preStop": {"sleep": {"seconds": 5}}}
    wanted = pod(container(lifecycle=hook))
    async with stage(tmp_path, clock, client, wanted) as s:
        s.worker.update(deleted(wanted))
        await s.settle(4)
        assert s.container().state is ContainerState.RUNNING
        await s.settle(1)
        assert await s.has_left()


async def test_services_let_go_before_sigterm_but_not_for_ever(tmp_path, clock, client):
    async def never(pod):
        await clock.sleep(1000)

    async with stage(tmp_path, clock, client, pod(), drained=never) as s:
        s.worker.update(deleted(pod()))
        await s.settle(1)
        assert s.container().state is ContainerState.RUNNING
        await s.settle(1.1)
        assert await s.has_left()


async def test_an_image_that_is_not_there_backs_off(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod(container(image="nowhere:v1"))) as s:
        waiting = s.status.container_statuses[0].state.waiting
        assert waiting.reason == "ErrImagePull"
        await s.settle(4)
        waiting = s.status.container_statuses[0].state.waiting
        assert waiting.reason == "ImagePullBackOff"
        assert waiting.message.startswith('Back-off pulling image "nowhere:v1": ErrImagePull: ')
        s.images.registry["nowhere:v1"] = s.images.present["hello:v1"]
        await s.settle(7)
        assert s.status.phase == "Running"
        assert len(s.images.pulled) == 2


async def test_an_image_that_must_not_be_pulled(tmp_path, clock, client):
    wanted = pod(container(image="nowhere:v1", imagePullPolicy="Never"))
    async with stage(tmp_path, clock, client, wanted) as s:
        assert s.status.container_statuses[0].state.waiting.reason == "ErrImageNeverPull"
        assert not s.images.pulled


async def test_a_missing_config_map_holds_one_container(tmp_path, clock, client):
    env = [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "no.such"}}}]
    async with stage(tmp_path, clock, client, pod(container("bad", env=env), container("good"))) as s:
        bad, good = s.status.container_statuses
        assert bad.state.waiting.reason == "CreateContainerConfigError"
        assert good.state.running
        assert s.status.phase == "Pending"


async def test_volumes_are_tried_again(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod()) as s:
        assert s.status.phase == "Running"
    failing = pod(meta={"uid": "other"})
    volumes = s.volumes
    volumes.failures = [VolumeFailure('configmap "a" not found')] * 3
    async with stage(tmp_path, clock, client, failing, volumes=volumes) as s:
        assert s.events.reasons() == ["FailedMount", "Pulled"]
        await s.settle(1)
        assert s.status.phase == "Running"


async def test_a_sandbox_that_cannot_be_made_is_told_and_tried_again(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod()) as s:
        s.runtime.failures["run_pod_sandbox"] = RuntimeFailure("no network")
        await s.runtime.stop_pod_sandbox(s.worker.observed.sandbox.id)
        await s.settle()
        assert ("Warning", "FailedCreatePodSandBox", "Failed to create pod sandbox: no network") in s.events.all
        await s.settle(1)
        assert s.worker.observed.sandbox.attempt == 1
        assert s.status.phase == "Running"
        assert s.status.container_statuses[0].restart_count == 1


async def test_a_command_that_cannot_start_crash_loops(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod(container(command=["/no/such"]))) as s:
        status = s.status.container_statuses[0]
        assert status.state.waiting.reason in ("RunContainerError", "CrashLoopBackOff")
        assert status.last_state.terminated.reason == "StartError"


async def test_an_eviction_ends_the_pod_but_keeps_it_in_the_api(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod()) as s:
        s.worker.end(Verdict("Evicted", "The node was low on resource: memory.", grace=0))
        await s.settle(3)
        assert s.status.phase == "Failed"
        assert s.status.reason == "Evicted"
        assert not s.task.done()


async def test_a_new_agent_takes_over_without_touching_anything(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod()) as s:
        before, old = await s.runtime.observe(), s.worker
        s.task.cancel()
        await s.settle()
        fresh = type(old)(pod(), s.parts)
        task = __import__("asyncio").ensure_future(fresh.run())
        await s.settle(60)
        assert await s.runtime.observe() == before
        assert fresh.observed.latest("app").attempt == 0
        task.cancel()


async def test_the_agents_own_restart_does_not_make_a_ready_pod_unready(tmp_path, clock, client):
    probe = {"exec": {"command": ["false"]}, "failureThreshold": 3, "periodSeconds": 10}
    async with stage(tmp_path, clock, client, pod(container(readinessProbe=probe))) as s:
        assert condition(s.status, "Ready") == "False"


@pytest.mark.parametrize(
    ("probe", "ready"), [({"exec": {"command": ["true"]}}, "True"), ({"exec": {"command": ["false"]}}, "False")]
)
async def test_readiness_is_what_the_probe_says(tmp_path, clock, client, probe, ready):
    async with stage(tmp_path, clock, client, pod(container(readinessProbe=probe))) as s:
        await s.settle(1)
        assert condition(s.status, "Ready") == ready


async def test_a_failing_liveness_probe_restarts(tmp_path, clock, client):
    probe = {"exec": {"command": ["false"]}, "periodSeconds": 2, "failureThreshold": 3}
    async with stage(tmp_path, clock, client, pod(container(livenessProbe=probe))) as s:
        await s.settle(3.9)
        assert s.container().attempt == 0
        await s.settle(2)
        assert s.container().attempt == 1
        message = "Container app failed liveness probe, will be restarted"
        assert ("Normal", "Killing", message) in s.events.all


async def test_a_startup_probe_holds_the_other_probes_back(tmp_path, clock, client):
    probes = {
        "startupProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 100},
        "livenessProbe": {"exec": {"command": ["false"]}, "periodSeconds": 1, "failureThreshold": 1},
    }
    async with stage(tmp_path, clock, client, pod(container(**probes))) as s:
        await s.settle(20)
        assert s.container().attempt == 0
        assert s.status.container_statuses[0].started is False


async def test_a_post_start_hook_is_awaited_before_a_container_counts(tmp_path, clock, client):
    hook = {"postStart": {"sleep": {"seconds": 3}}}
    async with stage(tmp_path, clock, client, pod(container(lifecycle=hook))) as s:
        assert condition(s.status, "Ready") == "False"
        await s.settle(3)
        assert condition(s.status, "Ready") == "True"


async def test_a_post_start_hook_that_fails_kills(tmp_path, clock, client):
    hook = {"postStart": {"exec": {"command": ["false"]}}}
    async with stage(tmp_path, clock, client, pod(container(lifecycle=hook), restartPolicy="Never")) as s:
        await s.settle(3)
        assert s.container().state is ContainerState.EXITED
        assert ("Warning", "FailedPostStartHook", "PostStartHook failed") in s.events.all


async def test_sidecars_end_after_the_containers_they_serve(tmp_path, clock, client):
    sidecar = container("side", restartPolicy="Always")
    wanted = pod(container(command=["sleep", "inf"]), initContainers=[sidecar])
    async with stage(tmp_path, clock, client, wanted) as s:
        assert s.status.phase == "Running"
        s.worker.update(deleted(wanted, grace=20))
        await s.settle(19)
        assert s.container("side").state is ContainerState.RUNNING
        await s.settle(4)
        assert await s.has_left()


async def test_a_start_and_an_end_are_counted_and_timed_once(tmp_path, clock, client):
    ending = pod(container(command=["sh", "-c", "exit 3"]), restartPolicy="Never")
    async with stage(tmp_path, clock, client, ending) as s:
        await s.settle(60)
        counts, times = s.parts.measures.counts, s.parts.measures.times
        assert counts["kubelet_started_pods_total", ()] == 1
        assert ("kubelet_started_user_namespaced_pods_total", ()) not in counts
        kind = ("container_type", "container")
        assert counts["kubelet_terminated_containers_total", (kind, ("exit_code", "3"), ("reason", "Error"))] == 1
        assert counts["kubelet_started_containers_total", (kind,)] == 1
        assert sum(times["kubelet_pod_start_duration_seconds", ()].counts) == 1
        assert sum(times["kubelet_pod_worker_duration_seconds", (("operation_type", "sync"),)].counts) > 1


async def test_a_container_that_cannot_be_started_is_counted_as_such(tmp_path, clock, client):
    wrong = pod(container(command=["/no/such"]), restartPolicy="Never")
    async with stage(tmp_path, clock, client, wrong) as s:
        await s.settle(1)
        counts, labels = s.parts.measures.counts, (("code", "RunContainerError"), ("container_type", "container"))
        assert counts["kubelet_started_containers_errors_total", labels] == 1


async def test_pods_with_users_of_their_own_are_counted_apart(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod(hostUsers=False)) as s:
        await s.settle()
        counts = s.parts.measures.counts
        assert counts["kubelet_started_user_namespaced_pods_total", ()] == counts["kubelet_started_pods_total", ()] == 1


async def test_the_status_shows_the_devices_of_plug_ins(tmp_path, clock, client):
    told = (ResourceStatus(name="example.com/dongle", resources=(ResourceHealth(resource_id="a", health="Healthy"),)),)

    class Dongles(NoDevices):
        def statuses(self, pod, container):
            return told if container.name == "app" else ()

    made = pod(container(resources={"limits": {"example.com/dongle": "1"}}), container("other", resources={}))
    async with stage(tmp_path, clock, client, made, devices=Dongles()) as s:
        assert [c.allocated_resources_status for c in s.status.container_statuses] == [told, ()]
