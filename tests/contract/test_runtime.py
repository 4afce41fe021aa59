"""What every runtime promises. A new runtime is one more entry in `LABS`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from podo.clock import VirtualClock
from podo.node.runtime.base import (
    Chunk,
    NoSuchContainer,
    NoSuchSandbox,
    Runtime,
    RuntimeFailure,
    StartFailed,
    WrongState,
)
from podo.node.runtime.config import ContainerConfig, ExecConfig, LinuxResources, SandboxConfig
from podo.node.runtime.fake import FakeRuntime
from podo.node.runtime.observed import ContainerEventType, ContainerState, ExecResult, ObservedContainer, SandboxState
from tests.node.runtime.containerd import containerd_lab
from tests.node.runtime.lab import Lab, real_lab, time_limit

SERVER = ("sh", "-c", "trap 'exit 0' TERM; touch /ready; while :; do sleep 1 & wait $!; done")  # ends when asked to
STUBBORN = ("sleep", "3600")  # the first process of a container: the kernel drops its SIGTERM
EXITED, RUNNING = ContainerState.EXITED, ContainerState.RUNNING


@asynccontextmanager
async def fake_lab() -> AsyncIterator[Lab]:
    clock = VirtualClock()

    async def pump() -> None:
        while True:
            await clock.run_for(0.5)

    async with FakeRuntime(clock) as runtime, asyncio.TaskGroup() as tasks:
        pumping = tasks.create_task(pump())
        yield Lab(runtime, image="sha256:" + "0" * 64)
        pumping.cancel()


LABS = [
    pytest.param(fake_lab, id="fake"),
    pytest.param(real_lab, id="real", marks=pytest.mark.e2e),
    pytest.param(containerd_lab, id="containerd", marks=pytest.mark.e2e),
]


@pytest.fixture(params=LABS)
async def lab(request):
    with time_limit(60):
        async with request.param() as lab:
            yield lab


@pytest.fixture
def runtime(lab) -> Runtime:
    return lab.runtime


@pytest.fixture
async def sandbox(lab):
    return await lab.runtime.run_pod_sandbox(sandbox_config(lab))


def sandbox_config(lab: Lab, name: str = "web", attempt: int = 0) -> SandboxConfig:
    return SandboxConfig(
        name=name,
        namespace="default",
        uid=f"uid-{name}",
        attempt=attempt,
        hostname=name,
        labels={"app": name},
        log_directory=lab.log_directory(name),
        cgroup_parent=f"{lab.cgroup}/pod-{name}",
    )


def container(lab: Lab, *command: str, name: str = "main", **changes) -> ContainerConfig:
    return ContainerConfig(
        name=name, image=lab.image, image_name="box:v1", command=command, log_path=f"{name}/0.log", **changes
    )


async def seen(runtime: Runtime, container_id: str) -> ObservedContainer:
    return next(c for c in (await runtime.observe()).containers if c.id == container_id)


async def exited(runtime: Runtime, container_id: str) -> ObservedContainer:
    async with runtime.events() as events:
        while (now := await seen(runtime, container_id)).state is not EXITED:
            await anext(events)
        return now


async def started(lab: Lab, sandbox: str, *command: str, **changes) -> str:
    container_id = await lab.runtime.create_container(sandbox, container(lab, *command, **changes))
    await lab.runtime.start_container(container_id)
    return container_id


async def test_a_sandbox_is_ready_then_stopped_then_gone(lab, runtime):
    sandbox = await runtime.run_pod_sandbox(sandbox_config(lab, attempt=3))
    (ready,) = (await runtime.observe()).sandboxes
    assert (ready.id, ready.state) == (sandbox, SandboxState.READY)
    assert (ready.namespace, ready.name, ready.uid, ready.attempt) == ("default", "web", "uid-web", 3)
    assert ready.labels == {"app": "web"}
    assert len(ready.ips) == 1
    await runtime.stop_pod_sandbox(sandbox)
    assert (await runtime.observe()).sandboxes[0].state is SandboxState.NOT_READY
    await runtime.remove_pod_sandbox(sandbox)
    assert (await runtime.observe()).sandboxes == ()


async def test_sandboxes_have_addresses_of_their_own(lab, runtime):
    for name in ("a", "b"):
        await runtime.run_pod_sandbox(sandbox_config(lab, name))
    first, second = (await runtime.observe()).sandboxes
    assert first.ips != second.ips


async def test_stopping_and_removing_what_is_gone_is_quiet(runtime, sandbox):
    for _ in range(2):
        await runtime.stop_container("0" * 64, 1)
        await runtime.remove_container("0" * 64)
        await runtime.stop_pod_sandbox(sandbox)
        await runtime.remove_pod_sandbox(sandbox)


async def test_a_container_is_created_then_runs_then_exits(lab, runtime, sandbox):
    container_id = await runtime.create_container(sandbox, container(lab, "true", labels={"x": "y"}))
    created = await seen(runtime, container_id)
    assert (created.state, created.sandbox_id, created.pod_uid) == (ContainerState.CREATED, sandbox, "uid-web")
    assert (created.image, created.image_id, created.labels) == ("box:v1", lab.image, {"x": "y"})
    assert created.started_at is None
    await runtime.start_container(container_id)
    done = await exited(runtime, container_id)
    assert (done.exit_code, done.reason) == (0, "Completed")
    assert created.created_at <= done.started_at <= done.finished_at


@pytest.mark.parametrize(("command", "code"), [(("false",), 1), (("sh", "-c", "exit 42"), 42)])
async def test_an_exit_code_is_kept(lab, runtime, sandbox, command, code):
    done = await exited(runtime, await started(lab, sandbox, *command))
    assert (done.exit_code, done.reason) == (code, "Error")


async def test_a_program_that_is_not_there_fails_to_start(lab, runtime, sandbox):
    container_id = await runtime.create_container(sandbox, container(lab, "/no/such/program"))
    with pytest.raises(StartFailed, match=r"(?i)no such file or directory"):
        await runtime.start_container(container_id)
    done = await seen(runtime, container_id)
    assert (done.state, done.exit_code, done.reason) == (EXITED, 128, "StartError")
    assert "/no/such/program" in done.message
    assert done.started_at is None


async def test_stopping_asks_first(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    await lab.settled(container_id)
    await runtime.stop_container(container_id, 30)
    done = await seen(runtime, container_id)
    assert (done.state, done.exit_code) == (EXITED, 0)


async def test_who_does_not_listen_is_killed_after_the_timeout(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *STUBBORN)
    await runtime.stop_container(container_id, 0.3)
    assert (await seen(runtime, container_id)).exit_code == 137


async def test_a_second_stop_with_less_time_cuts_the_first_short(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *STUBBORN)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(runtime.stop_container(container_id, 10_000))
        await asyncio.sleep(0)
        await runtime.stop_container(container_id, 0)
        await first
    assert (await seen(runtime, container_id)).exit_code == 137


async def test_a_created_container_can_be_stopped_and_removed(lab, runtime, sandbox):
    container_id = await runtime.create_container(sandbox, container(lab, "true"))
    await runtime.stop_container(container_id, 1)
    assert (await seen(runtime, container_id)).state is EXITED
    await runtime.remove_container(container_id)
    assert (await runtime.observe()).containers == ()


async def test_a_running_container_is_killed_when_removed(lab, runtime, sandbox):
    await runtime.remove_container(await started(lab, sandbox, *STUBBORN))
    assert (await runtime.observe()).containers == ()


async def test_a_container_starts_once(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    with pytest.raises(WrongState):
        await runtime.start_container(container_id)


async def test_stopping_a_sandbox_kills_its_containers(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *STUBBORN)
    await runtime.stop_pod_sandbox(sandbox)
    assert (await seen(runtime, container_id)).exit_code == 137
    with pytest.raises(WrongState):
        await runtime.create_container(sandbox, container(lab, "true", name="late"))


async def test_removing_a_sandbox_removes_its_containers(lab, runtime, sandbox):
    await started(lab, sandbox, *STUBBORN)
    await runtime.remove_pod_sandbox(sandbox)
    assert (await runtime.observe()).containers == ()


async def test_what_is_not_there_is_named(lab, runtime, sandbox):
    with pytest.raises(NoSuchSandbox):
        await runtime.create_container("0" * 64, container(lab, "true"))
    with pytest.raises(NoSuchContainer):
        await runtime.start_container("0" * 64)
    with pytest.raises(NoSuchContainer):
        await runtime.exec_sync("0" * 64, ("true",))
    with pytest.raises(NoSuchSandbox):
        await runtime.port_forward("0" * 64, 80)


async def test_events_tell_the_life_of_a_container(lab, runtime, sandbox):
    async with runtime.events() as events:
        container_id = await started(lab, sandbox, "true")
        await exited(runtime, container_id)
        await runtime.remove_container(container_id)
        life = []
        while ContainerEventType.DELETED not in life:
            event = await anext(events)
            assert (event.container_id, event.sandbox_id, event.pod_uid) == (container_id, sandbox, "uid-web")
            life.append(event.type)
    kinds = ContainerEventType
    assert life == [kinds.CREATED, kinds.STARTED, kinds.STOPPED, kinds.DELETED]


async def test_resources_change_in_place(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER, resources=LinuxResources(cpu_shares=100))
    await runtime.update_container_resources(container_id, LinuxResources(cpu_shares=200, memory_limit=64 << 20))
    assert (await seen(runtime, container_id)).resources.cpu_shares == 200


async def test_stats_cover_what_runs(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    await exited(runtime, await started(lab, sandbox, "true", name="done"))
    (stats,) = await runtime.stats()
    assert (stats.sandbox_id, stats.pod_uid) == (sandbox, "uid-web")
    assert [c.container_id for c in stats.containers] == [container_id]
    assert stats.containers[0].cpu.usage_ns >= 0
    assert stats.containers[0].memory.working_set >= 0


async def test_a_command_runs_to_its_end_in_a_container(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    assert await runtime.exec_sync(container_id, ("echo", "hello", "you")) == ExecResult(0, b"hello you\n")
    assert (await runtime.exec_sync(container_id, ("sh", "-c", "exit 7"))).exit_code == 7


async def test_a_command_that_takes_too_long_is_cut(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    with pytest.raises(TimeoutError):
        await runtime.exec_sync(container_id, ("sleep", "3600"), timeout=0.3)


async def test_a_command_that_is_not_there_fails(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    with pytest.raises(StartFailed, match=r"(?i)no such file or directory"):
        await runtime.exec_sync(container_id, ("/no/such/program",))


async def test_a_command_needs_a_running_container(lab, runtime, sandbox):
    container_id = await runtime.create_container(sandbox, container(lab, "true"))
    with pytest.raises(WrongState):
        await runtime.exec_sync(container_id, ("true",))


async def test_exec_streams_both_ways(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    session = await runtime.exec(container_id, ExecConfig(command=("cat",), stdin=True))
    await session.write(b"ping")
    assert await session.read() == Chunk(1, b"ping")
    await session.close_stdin()
    assert await session.read() is None
    assert await session.wait() == 0
    await session.close()
    await session.close()


async def test_an_exec_gives_its_exit_code(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    session = await runtime.exec(container_id, ExecConfig(command=("sh", "-c", "exit 3")))
    assert await session.wait() == 3
    assert await session.read() is None
    await session.close()


async def test_closing_an_exec_ends_it(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    session = await runtime.exec(container_id, ExecConfig(command=("cat",), stdin=True))
    await session.close()
    assert await session.wait() != 0


async def test_attach_reaches_the_first_process(lab, runtime, sandbox):
    container_id = await started(lab, sandbox, "cat", stdin=True)
    session = await runtime.attach(container_id, stdin=True)
    await session.write(b"hello\n")
    assert (await session.read()).data == b"hello\n"
    await session.close()
    assert (await seen(runtime, container_id)).state is RUNNING


async def test_a_port_that_nobody_listens_on_is_refused(lab, runtime, sandbox):
    with pytest.raises(RuntimeFailure, match="refused"):
        await runtime.port_forward(sandbox, 81)


async def test_a_forwarded_port_carries_bytes(lab, runtime, sandbox):
    await lab.echo_server(sandbox, container, 7)
    connection = await runtime.port_forward(sandbox, 7)
    await connection.write(b"marco")
    assert await connection.read() == b"marco"
    await connection.write_eof()
    assert await connection.read() == b""
    await connection.close()
