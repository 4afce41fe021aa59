"""What only the real machine can show: isolation, users, logs, restarts of the agent, deaths of monitors."""

import asyncio
import json
import os
import select
import signal
from pathlib import Path

import pytest

from podo.node.cgroups.machine import open_cgroups
from podo.node.mounts import unmount_quietly
from podo.node.runtime.base import RuntimeFailure, WrongState
from podo.node.runtime.config import (
    ContainerConfig,
    Device,
    DNSConfig,
    ExecConfig,
    LinuxResources,
    Mount,
    NamespaceMode,
    NamespaceOptions,
    ProfileType,
    SandboxConfig,
    SecurityContext,
    SecurityProfile,
)
from podo.node.runtime.exits import watch_folder
from podo.node.runtime.observed import ContainerState, SandboxState
from tests.contract.test_runtime import SERVER, STUBBORN, container, exited, sandbox_config, seen, started
from tests.node.runtime.container_log import written
from tests.node.runtime.lab import Lab, real_lab, time_limit

pytestmark = pytest.mark.e2e


@pytest.fixture
async def lab():
    with time_limit(60):
        async with real_lab() as lab:
            yield lab


@pytest.fixture
async def sandbox(lab):
    return await lab.runtime.run_pod_sandbox(sandbox_config(lab))


async def said(lab: Lab, sandbox: str, script: str, **changes) -> str:
    """What a container that runs `script` writes, its log's stamps taken off."""
    container_id = await started(lab, sandbox, "sh", "-c", script, **changes)
    done = await exited(lab.runtime, container_id)
    text = written(Path(done.log_path))
    await lab.runtime.remove_container(container_id)
    Path(done.log_path).unlink()
    return text


async def asked(lab: Lab, container_id: str, script: str) -> str:
    """What `script` says in a running container."""
    result = await lab.runtime.exec_sync(container_id, ("sh", "-c", script))
    return (result.stdout + result.stderr).decode().strip()


def with_namespaces(lab: Lab, **changes) -> SandboxConfig:
    base = sandbox_config(lab)
    return SandboxConfig(
        name=base.name,
        namespace=base.namespace,
        uid=base.uid,
        log_directory=base.log_directory,
        cgroup_parent=base.cgroup_parent,
        **changes,
    )


async def until_exists(file: Path) -> None:
    appeared = asyncio.Event()
    with watch_folder(file.parent, lambda name: appeared.set() if name == file.name else None):
        if not file.exists():
            await appeared.wait()


async def test_the_log_has_the_format_of_cri(lab, sandbox):
    container_id = await started(lab, sandbox, "sh", "-c", "echo out; echo err >&2; printf cut")
    done = await exited(lab.runtime, container_id)
    assert done.log_path == lab.log_directory("web") + "/main/0.log"
    lines = [line.split(" ", 3) for line in Path(done.log_path).read_text().splitlines()]
    assert sorted((stream, tag, text) for _, stream, tag, text in lines) == [
        ("stderr", "F", "err"), ("stdout", "F", "out"), ("stdout", "P", "cut"),
    ]  # fmt: skip
    assert all(len(stamp) >= len("2026-01-01T00:00:00.000000000Z") for stamp, *_ in lines)


async def test_a_log_goes_on_in_a_new_file_after_a_rotation(lab, sandbox):
    container_id = await started(lab, sandbox, "sh", "-c", "while read line; do echo $line; done", stdin=True)
    session = await lab.runtime.attach(container_id, stdin=True)
    await session.write(b"one\n")
    assert (await session.read()).data == b"one\n"
    log = Path((await seen(lab.runtime, container_id)).log_path)
    log.rename(log.with_name("0.log.old"))
    await lab.runtime.reopen_container_log(container_id)
    while not log.exists():
        await session.write(b"two\n")
        await session.read()
    await session.close()


async def test_containers_of_a_pod_share_network_and_names_and_no_processes_or_files(lab, sandbox):
    one = await started(lab, sandbox, *SERVER, name="one")
    two = await started(lab, sandbox, *SERVER, name="two")
    for kind, same in (("net", True), ("ipc", True), ("uts", True), ("pid", False), ("mnt", False)):
        links = [await asked(lab, c, f"readlink /proc/self/ns/{kind}") for c in (one, two)]
        assert (links[0] == links[1]) is same, kind
    await asked(lab, one, "echo x > /dev/shm/shared; echo x > /own")
    assert await asked(lab, two, "cat /dev/shm/shared; ls /own") == "x\nls: /own: No such file or directory"
    assert await asked(lab, one, "hostname; cat /etc/hostname; echo $HOSTNAME") == "web\nweb\nweb"


async def test_pods_share_nothing(lab):
    ids = []
    for name in ("a", "b"):
        sandbox = await lab.runtime.run_pod_sandbox(sandbox_config(lab, name))
        ids.append(await started(lab, sandbox, *SERVER))
    for kind in ("net", "ipc", "uts", "pid", "mnt"):
        links = [await asked(lab, c, f"readlink /proc/self/ns/{kind}") for c in ids]
        assert links[0] != links[1] != os.readlink(f"/proc/self/ns/{kind}")


async def test_image_and_pod_decide_command_environment_and_folder(lab, sandbox):
    config = {"env": (("A", "1"), ("GREETING", "ho")), "working_dir": "/new/folder"}
    assert await said(lab, sandbox, "echo $A $GREETING $PWD $HOME", **config) == "1 ho /new/folder /root"
    assert await said(lab, sandbox, "echo $GREETING") == "hello"


@pytest.mark.parametrize(
    ("security", "ids"),
    [
        (SecurityContext(), "uid=0(root) gid=0 groups=0"),
        (SecurityContext(run_as_user=1000), "uid=1000(joe) gid=100(users) groups=10(wheel),100(users)"),
        (SecurityContext(run_as_username="joe"), "uid=1000(joe) gid=100(users) groups=10(wheel),100(users)"),
        (
            SecurityContext(
                run_as_user=1000, run_as_group=7, supplemental_groups=(8, 9), strict_supplemental_groups=True
            ),
            "uid=1000(joe) gid=7 groups=7,8,9",
        ),
        (SecurityContext(run_as_user=4242), "uid=4242 gid=0 groups=0"),
    ],
)  # fmt: skip
async def test_a_container_runs_as_its_user(lab, sandbox, security, ids):
    assert await said(lab, sandbox, "id", security=security) == ids


async def test_capabilities_and_privileges_are_as_asked(lab, sandbox):
    show = "sed -n 's/^Cap\\(Eff\\|Bnd\\):\\t//p; s/^NoNewPrivs:\\t//p; s/^Seccomp:\\t//p' /proc/self/status"
    default = "00000000a80425fb"
    assert (await said(lab, sandbox, show)).split() == [default, default, "0", "0"]
    tight = SecurityContext(
        drop_capabilities=("ALL",),
        add_capabilities=("NET_BIND_SERVICE",),
        no_new_privs=True,
        seccomp=SecurityProfile(ProfileType.RUNTIME_DEFAULT),
    )
    assert (await said(lab, sandbox, show, security=tight)).split() == ["0000000000000400"] * 2 + ["1", "2"]


async def test_only_a_privileged_container_may_write_to_sys_and_has_devices(lab, sandbox):
    script = "touch /sys/x 2>&1 | grep -c Read-only; ls /dev | wc -l; cat /proc/kcore 2>/dev/null | head -c 1 | wc -c"
    readonly, few, _ = (await said(lab, sandbox, script)).split()
    assert readonly == "1"
    assert int(few) < 25
    free, many, _ = (await said(lab, sandbox, script, security=SecurityContext(privileged=True))).split()
    assert free == "0"
    assert int(many) >= int(few)


async def test_a_device_is_given(lab, sandbox):
    device = Device(container_path="/dev/mine", host_path="/dev/zero", permissions="r")
    assert await said(lab, sandbox, "head -c 3 /dev/mine | wc -c", devices=(device,)) == "3"


async def test_a_readonly_root_takes_no_file(lab, sandbox):
    refused = await said(
        lab, sandbox, "touch /x 2>&1; touch /dev/shm/y && echo ok", security=SecurityContext(readonly_rootfs=True)
    )
    assert refused == "touch: /x: Read-only file system\nok"


async def test_volumes_are_mounted_as_asked(lab, sandbox):
    for name in ("rw", "ro"):
        (lab.state / name).mkdir()
        (lab.state / name / "file").write_text(name)
    mounts = (
        Mount(container_path="/data/inner", host_path=str(lab.state / "ro"), readonly=True),
        Mount(container_path="/data", host_path=str(lab.state / "rw")),
    )
    script = "cat /data/file /data/inner/file; echo; echo new > /data/new; touch /data/inner/x 2>&1"
    assert await said(lab, sandbox, script, mounts=mounts) == "rwro\ntouch: /data/inner/x: Read-only file system"
    assert (lab.state / "rw/new").read_text() == "new\n"


async def test_a_missing_volume_is_named(lab, sandbox):
    mount = Mount(container_path="/x", host_path="/no/such/folder")
    with pytest.raises(RuntimeFailure, match="/no/such/folder"):
        await lab.runtime.create_container(sandbox, container(lab, "true", mounts=(mount,)))
    assert (await lab.runtime.observe()).containers == ()
    assert list((lab.state / "node/containers").iterdir()) == []


async def test_names_are_resolved_as_told(lab):
    dns = DNSConfig(("10.96.0.10",), ("default.svc.cluster.local", "svc.cluster.local"), ("ndots:5",))
    sandbox = await lab.runtime.run_pod_sandbox(with_namespaces(lab, dns=dns))
    assert await said(lab, sandbox, "cat /etc/resolv.conf") == (
        "search default.svc.cluster.local svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5"
    )


async def test_a_pod_may_use_the_network_of_its_node(lab):
    host = NamespaceOptions(network=NamespaceMode.NODE, pid=NamespaceMode.NODE, ipc=NamespaceMode.NODE)
    sandbox = await lab.runtime.run_pod_sandbox(with_namespaces(lab, namespaces=host))
    links = await said(lab, sandbox, "for n in net pid ipc uts; do readlink /proc/self/ns/$n; done; ls /sys/class/net")
    assert links.split()[:4] == [os.readlink(f"/proc/self/ns/{n}") for n in ("net", "pid", "ipc", "uts")]
    assert (await lab.runtime.observe()).sandboxes[0].ips == ()


async def test_sysctls_are_the_pods_own(lab):
    sandbox = await lab.runtime.run_pod_sandbox(
        with_namespaces(lab, sysctls={"net.ipv4.ip_unprivileged_port_start": "80", "kernel.shm_rmid_forced": "1"})
    )
    files = "/proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced"
    assert await said(lab, sandbox, f"cat {files}") == "80\n1"


async def test_a_wrong_sysctl_leaves_no_sandbox(lab):
    with pytest.raises(RuntimeFailure, match="failed to create sandbox"):
        await lab.runtime.run_pod_sandbox(with_namespaces(lab, sysctls={"net.no.such": "1"}))
    assert (await lab.runtime.observe()).sandboxes == ()
    assert lab.network.links == {}
    assert list((lab.state / "node/sandboxes").iterdir()) == []


async def test_containers_may_share_their_processes(lab):
    options = NamespaceOptions(pid=NamespaceMode.POD)
    sandbox = await lab.runtime.run_pod_sandbox(with_namespaces(lab, namespaces=options))
    one = await started(lab, sandbox, *STUBBORN, name="one")
    two = await started(lab, sandbox, "sh", "-c", "sleep 7777 & wait", name="two")
    processes = await asked(lab, one, "ps -o args")
    assert "/pause" in processes.splitlines()[1]
    assert "sleep 7777" in processes
    await lab.runtime.stop_container(two, 0)
    assert "sleep 7777" not in await asked(lab, one, "ps -o args")  # the child of a killed container goes with it
    assert (await seen(lab.runtime, one)).state is ContainerState.RUNNING


async def test_a_container_may_see_the_processes_of_one_other(lab, sandbox):
    one = await started(lab, sandbox, "sleep", "7777", name="one")
    look = await started(lab, sandbox, "sh", "-c", "trap '' TERM; sleep 8888 & wait", name="look", pid_of=one)
    assert "sleep 7777" in (await asked(lab, look, "ps -o args")).splitlines()[1]
    await lab.runtime.stop_container(look, 0)
    assert "sleep 8888" not in await asked(lab, one, "ps -o args")  # nothing of it is left with its target
    await lab.runtime.remove_container(look)
    again = await started(lab, sandbox, *STUBBORN, name="look", attempt=1, pid_of=one)
    await lab.runtime.stop_container(one, 0)  # the first process of the namespace: all end with it
    assert (await exited(lab.runtime, again)).exit_code == 137


async def test_the_processes_of_one_that_has_ended_cannot_be_seen(lab, sandbox):
    one = await started(lab, sandbox, "true", name="one")
    await exited(lab.runtime, one)
    with pytest.raises(WrongState, match="does not run"):
        await started(lab, sandbox, *STUBBORN, name="look", pid_of=one)
    assert [c.name for c in (await lab.runtime.observe()).containers] == ["one"]


async def test_too_much_memory_is_told_as_such(lab, sandbox):
    container_id = await started(
        lab, sandbox, "sh", "-c", "head -c 200m /dev/zero | tail", resources=LinuxResources(memory_limit=16 << 20)
    )
    done = await exited(lab.runtime, container_id)
    assert done.reason == "OOMKilled"
    assert done.exit_code != 0


async def test_want_of_memory_elsewhere_in_the_pod_is_not_ones_own(lab, sandbox):
    open_cgroups().ensure(sandbox_config(lab).cgroup_parent, LinuxResources(memory_limit=32 << 20))
    bystander = await started(lab, sandbox, *STUBBORN, name="bystander")
    hog = await started(lab, sandbox, "sh", "-c", "head -c 200m /dev/zero | tail", name="hog")
    assert (await exited(lab.runtime, hog)).reason == "OOMKilled"
    await lab.runtime.stop_container(bystander, 0)
    assert (await exited(lab.runtime, bystander)).reason == "Error"


async def test_limits_reach_the_kernel_and_change_in_place(lab, sandbox):
    limits = LinuxResources(cpu_shares=512, cpu_quota=50_000, cpu_period=100_000, memory_limit=64 << 20, pids_limit=50)
    container_id = await started(lab, sandbox, *SERVER, resources=limits)
    group = f"{lab.cgroup}/pod-web/{container_id}"

    def figures() -> list[int]:
        files = ("cpu/{}/cpu.shares", "cpu/{}/cpu.cfs_quota_us", "memory/{}/memory.limit_in_bytes", "pids/{}/pids.max")
        return [int(Path("/sys/fs/cgroup", file.format(group)).read_text()) for file in files]

    if not Path("/sys/fs/cgroup/cpu").exists():
        return  # figures of v2 are held by the table of figures
    assert figures() == [512, 50_000, 64 << 20, 50]
    await lab.runtime.update_container_resources(container_id, LinuxResources(cpu_shares=256, memory_limit=128 << 20))
    assert figures() == [256, 50_000, 128 << 20, 50]
    with pytest.raises(RuntimeFailure, match="below the usage"):
        await lab.runtime.update_container_resources(container_id, LinuxResources(memory_limit=4096))


async def test_a_terminal_has_a_size_and_one_stream(lab, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    session = await lab.runtime.exec(container_id, ExecConfig(command=("sh",), stdin=True, tty=True))
    await session.resize(101, 37)
    await session.write(b"until stty size | grep 101; do :; done; echo err >&2; exit 5\n")
    output = b""
    while chunk := await session.read():
        assert chunk.stream == 1
        output += chunk.data
    assert b"37 101" in output
    assert b"err\r\n" in output.replace(b"\r\r\n", b"\r\n")  # a shell may have put back what runc took away
    assert await session.wait() == 5
    await session.close()


async def test_a_container_with_a_terminal_is_attached_to(lab, sandbox):
    container_id = await started(lab, sandbox, "sh", stdin=True, tty=True)
    session = await lab.runtime.attach(container_id, stdin=True)
    await session.resize(90, 20)
    await session.write(b"until stty size | grep 90; do :; done\nexit 3\n")
    output = b""
    while chunk := await session.read():
        output += chunk.data
    assert b"20 90" in output
    assert await session.wait() == 3
    await session.close()


async def test_stdin_once_ends_with_its_first_client(lab, sandbox):
    container_id = await started(lab, sandbox, "cat", stdin=True, stdin_once=True)
    session = await lab.runtime.attach(container_id, stdin=True)
    await session.write(b"all\n")
    assert (await session.read()).data == b"all\n"
    await session.close_stdin()
    assert (await exited(lab.runtime, container_id)).exit_code == 0
    await session.close()


async def test_the_end_of_what_a_client_sends_is_not_the_end_of_input_that_is_kept_open(lab, sandbox):
    container_id = await started(lab, sandbox, "cat", stdin=True)
    session = await lab.runtime.attach(container_id, stdin=True)
    await session.close_stdin()
    assert (await session.read(), await session.wait()) == (None, 0)
    await session.close()
    await (again := await lab.runtime.attach(container_id, stdin=True)).write(b"more\n")
    assert (await again.read()).data == b"more\n"
    await again.close()


async def test_much_output_arrives_whole(lab, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    result = await lab.runtime.exec_sync(container_id, ("head", "-c", "5000000", "/dev/zero"))
    assert len(result.stdout) == 5_000_000


async def test_what_an_exec_leaves_behind_does_not_hold_it_up(lab, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    result = await lab.runtime.exec_sync(container_id, ("sh", "-c", "echo done; sleep 1000 >/dev/null 2>&1 &"))
    assert (result.exit_code, result.stdout) == (0, b"done\n")


async def test_an_agent_that_restarts_finds_everything_again(lab, sandbox):
    runs = await started(lab, sandbox, *SERVER, name="runs")
    ends = await started(lab, sandbox, "sh", "-c", "read line; exit 4", name="ends", stdin=True)
    waits = await lab.runtime.create_container(sandbox, container(lab, "true", name="waits"))
    before = await lab.runtime.observe()
    await lab.runtime.__aexit__(None, None, None)  # the agent is gone …
    os.kill(next(c.pid for c in before.containers if c.id == ends), signal.SIGKILL)
    await until_exists(lab.state / f"node/containers/{ends}/exit")
    async with lab.restart() as again:  # … and back
        after = await again.observe()
        assert after.sandboxes == before.sandboxes
        states = {c.id: c.state for c in after.containers}
        assert states == {runs: ContainerState.RUNNING, ends: ContainerState.EXITED, waits: ContainerState.CREATED}
        assert (await again.exec_sync(runs, ("echo", "still here"))).stdout == b"still here\n"
        await again.start_container(waits)
        assert (await exited(again, waits)).exit_code == 0
        async with again.events() as events:
            os.kill(next(c.pid for c in after.containers if c.id == runs), signal.SIGTERM)
            await anext(events)
        assert (await seen(again, runs)).exit_code == 0
        await again.remove_pod_sandbox(sandbox)
    lab.runtime = lab.restart()
    await lab.runtime.__aenter__()
    assert (await lab.runtime.observe()).sandboxes == ()


async def test_a_kill_that_was_decided_on_is_carried_out_by_the_next_agent(lab, sandbox):
    container_id = await started(lab, sandbox, *STUBBORN)
    await lab.runtime.__aexit__(None, None, None)
    record = lab.state / f"node/containers/{container_id}/record.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"doomed": True}))  # then it was cut off
    lab.runtime = lab.restart()
    await lab.runtime.__aenter__()
    found = await seen(lab.runtime, container_id)
    assert (found.state, found.exit_code) == (ContainerState.EXITED, 137)


async def test_a_command_that_comes_while_its_container_dies_is_told_so(lab, sandbox):
    container_id = await started(lab, sandbox, *STUBBORN)
    pid = (await seen(lab.runtime, container_id)).pid
    monitor = int((lab.state / f"node/containers/{container_id}/conmon.pid").read_text())
    os.kill(monitor, signal.SIGSTOP)  # so that nobody hears of the end
    try:
        process = os.pidfd_open(pid)
        os.kill(pid, signal.SIGKILL)
        select.select([process], [], [])
        os.close(process)
        with pytest.raises(WrongState, match="is not running"):
            await lab.runtime.exec_sync(container_id, ("true",))
    finally:
        os.kill(monitor, signal.SIGCONT)
    assert (await exited(lab.runtime, container_id)).exit_code == 137


async def test_a_sandbox_whose_namespaces_are_gone_is_not_ready(lab, sandbox):
    await lab.runtime.__aexit__(None, None, None)
    unmount_quietly(lab.state / f"run/sandboxes/{sandbox}/network")  # as after a reboot
    lab.runtime = lab.restart()
    await lab.runtime.__aenter__()
    assert (await lab.runtime.observe()).sandboxes[0].state is SandboxState.NOT_READY


async def test_a_container_ends_with_its_monitor(lab, sandbox):
    container_id = await started(lab, sandbox, *STUBBORN)
    monitor = int((lab.state / f"node/containers/{container_id}/conmon.pid").read_text())
    os.kill(monitor, signal.SIGKILL)
    done = await exited(lab.runtime, container_id)
    assert (done.exit_code, done.message) == (137, "its monitor (conmon) died")


async def test_a_killed_process_gives_128_and_its_signal(lab, sandbox):
    container_id = await started(lab, sandbox, *STUBBORN)
    os.kill((await seen(lab.runtime, container_id)).pid, signal.SIGKILL)
    assert (await exited(lab.runtime, container_id)).exit_code == 137


async def test_a_cancelled_start_leaves_a_container_that_can_start(lab, sandbox):
    container_id = await lab.runtime.create_container(sandbox, container(lab, *SERVER))
    for turns in (2, 8, 20):
        start = asyncio.ensure_future(lab.runtime.start_container(container_id))
        for _ in range(turns):
            await asyncio.sleep(0)
        start.cancel()
        await asyncio.wait([start])
        if (await seen(lab.runtime, container_id)).state is ContainerState.RUNNING:
            break
    else:
        await lab.runtime.start_container(container_id)
    assert (await seen(lab.runtime, container_id)).state is ContainerState.RUNNING


async def test_an_image_that_is_not_there_is_named(lab, sandbox):
    config = ContainerConfig(name="x", image="sha256:" + "0" * 64, command=("true",))
    with pytest.raises(RuntimeFailure, match="is not there"):
        await lab.runtime.create_container(sandbox, config)


async def test_many_pods_come_and_go_at_once(lab):
    async def pod(number: int) -> None:
        sandbox = await lab.runtime.run_pod_sandbox(sandbox_config(lab, f"p{number}"))
        await started(lab, sandbox, *STUBBORN)
        await lab.runtime.remove_pod_sandbox(sandbox)

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(pod(number))
    assert await lab.runtime.observe() == type(await lab.runtime.observe())()
    assert list((lab.state / "node/containers").iterdir()) == []
    assert list((lab.state / "node/exits").iterdir()) == []
    assert list((lab.state / "run/engine").iterdir()) == []


@pytest.mark.parametrize("turns", [1, 2, 4, 8, 16, 64])
async def test_a_cancelled_sandbox_or_container_leaves_nothing(lab, sandbox, turns):
    for make in (
        lambda: lab.runtime.run_pod_sandbox(sandbox_config(lab, "other")),
        lambda: lab.runtime.create_container(sandbox, container(lab, "true")),
    ):
        call = asyncio.ensure_future(make())
        for _ in range(turns):
            await asyncio.sleep(0)
        call.cancel()
        await asyncio.wait([call])
        if call.cancelled():
            assert len(list((lab.state / "node/sandboxes").iterdir())) == 1
            assert list((lab.state / "node/containers").iterdir()) == []
