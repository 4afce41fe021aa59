"""Sandboxes with a user namespace of their own: who their users are inside, and that they are nobody outside."""

import asyncio
import os

import pytest

from podo.node import syscalls
from podo.node.runtime.config import IDRange, Mount, NamespaceMode, NamespaceOptions, SandboxConfig, SecurityContext
from tests.contract.test_runtime import SERVER, sandbox_config, seen, started
from tests.node.runtime.lab import Lab, real_lab, time_limit
from tests.node.runtime.test_crun import asked, said, with_namespaces

pytestmark = pytest.mark.e2e
IDS = IDRange(0x70000000 + 7 * 65536)


@pytest.fixture
async def lab():
    with time_limit(60):
        async with real_lab() as lab:
            yield lab


def isolated(lab: Lab, pid: NamespaceMode = NamespaceMode.CONTAINER, **changes) -> SandboxConfig:
    return with_namespaces(lab, namespaces=NamespaceOptions(pid=pid, users=IDS), hostname="web", **changes)


@pytest.fixture
async def sandbox(lab):
    return await lab.runtime.run_pod_sandbox(isolated(lab))


async def test_root_inside_is_an_unused_user_outside(lab, sandbox):
    container = await started(lab, sandbox, *SERVER)
    assert (await asked(lab, container, "cat /proc/self/uid_map")).split() == ["0", str(IDS.first), "65536"]
    assert await asked(lab, container, "id -u; stat -c %u /proc/1") == "0\n0"
    pid = (await seen(lab.runtime, container)).pid
    assert os.stat(f"/proc/{pid}").st_uid == IDS.first
    for kind in ("user", "net", "ipc", "uts", "pid", "mnt"):
        assert os.readlink(f"/proc/{pid}/ns/{kind}") != os.readlink(f"/proc/self/ns/{kind}"), kind


async def test_the_image_and_what_is_written_to_it_belong_to_root_inside(lab, sandbox):
    script = "stat -c %u / /bin/busybox /etc/passwd /etc/hosts; echo x > /new; echo y >> /etc/passwd; stat -c %u /new"
    assert (await said(lab, sandbox, script)).split() == ["0"] * 5


async def test_files_of_a_volume_have_the_same_owners_inside_and_outside(lab, sandbox, tmp_path):
    (tmp_path / "joes").write_text("x")
    os.chown(tmp_path / "joes", 1000, 100)
    tmp_path.chmod(0o777)
    volume = Mount(container_path="/volume", host_path=str(tmp_path))
    script = "stat -c %u:%g /volume/joes; echo x > /volume/roots; chown joe /volume/roots; ls -ln /volume | wc -l"
    assert (await said(lab, sandbox, script, mounts=(volume,))).split() == ["1000:100", "3"]
    assert (tmp_path / "roots").stat().st_uid == 1000


ESCAPED = [
    pytest.param("cat {secret}", id="files of the node's root"),
    pytest.param("cat /etc/shadow", id="passwords"),
    pytest.param("echo x > /etc/podo-escaped", id="writing to the node"),
    pytest.param("kill -9 {agent}", id="killing the agent"),
    pytest.param("cat /proc/{agent}/environ", id="the agent's memory"),
    pytest.param("nsenter --target {agent} --mount --net true", id="joining the agent"),
    pytest.param("mount --bind /tmp /mnt", id="mounting on the node"),
    pytest.param("echo x > /proc/sys/kernel/core_pattern", id="the kernel's helpers"),
    pytest.param("ip link add escaped type bridge", id="the node's network"),
]


@pytest.mark.parametrize("deed", ESCAPED)
async def test_root_that_got_out_of_its_mounts_and_processes_is_nobody(lab, sandbox, tmp_path, deed):
    """As after a hole in the runtime: with all rights of the container's root, but in the node's own mount, PID and
    network namespaces."""
    secret = tmp_path / "secret"
    secret.write_text("of the node")
    secret.chmod(0o600)
    container = await started(lab, sandbox, *SERVER)
    pid = (await seen(lab.runtime, container)).pid
    command = ("nsenter", f"--user=/proc/{pid}/ns/user", "sh", "-c", deed.format(secret=secret, agent=os.getpid()))
    quiet = asyncio.subprocess.DEVNULL
    who = await asyncio.create_subprocess_exec(*command[:2], "id", "-u", stdout=asyncio.subprocess.PIPE)
    assert (await who.communicate())[0] == b"0\n"
    escape = await asyncio.create_subprocess_exec(*command, stdout=quiet, stderr=quiet)
    assert await escape.wait() != 0


@pytest.mark.parametrize(
    "attempt",
    [
        pytest.param("mount -t tmpfs none /tmp", id="mounting without the capability"),
        pytest.param("mknod /null c 1 3", id="device nodes"),
        pytest.param("echo 1 > /proc/sys/kernel/panic", id="settings of the kernel"),
        pytest.param("echo x > /proc/sysrq-trigger", id="sysrq"),
        pytest.param("chown 70000 /etc/passwd", id="users outside of the range"),
    ],
)
async def test_refuses_root_inside(lab, sandbox, attempt):
    assert await said(lab, sandbox, f"({attempt}) 2>/dev/null && echo done || echo refused") == "refused"


async def test_a_privileged_container_is_so_only_within_its_namespace(lab, sandbox):
    changes = {"security": SecurityContext(privileged=True)}
    script = "mount -t tmpfs none /tmp && echo mounted; mknod /disk b 8 0 || echo no device; swapoff -a; hostname other"
    out = await said(lab, sandbox, script + "; echo 1 > /proc/sys/kernel/panic || echo no setting", **changes)
    assert {"mounted", "no device", "no setting"} <= set(out.splitlines())
    assert os.uname().nodename != "other"


async def test_containers_share_processes_in_a_user_namespace(lab):
    sandbox = await lab.runtime.run_pod_sandbox(isolated(lab, pid=NamespaceMode.POD))
    one = await started(lab, sandbox, *SERVER, name="one")
    two = await started(lab, sandbox, *SERVER, name="two")
    links = [await asked(lab, c, "readlink /proc/self/ns/pid") for c in (one, two)]
    assert links[0] == links[1]
    assert len((await asked(lab, two, "ls -d /proc/[0-9]*")).split()) >= 3


async def test_its_own_names_settings_and_network(lab):
    sandbox = await lab.runtime.run_pod_sandbox(isolated(lab, sysctls={"net.ipv4.ip_unprivileged_port_start": "7"}))
    script = "hostname; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; stat -c %u /etc/hostname /dev/shm"
    assert (await said(lab, sandbox, script)).split() == ["web", "7", "0", "0"]


async def test_survives_a_new_agent(lab, sandbox):
    container = await started(lab, sandbox, *SERVER)
    async with lab.restart() as runtime:
        assert (await runtime.observe()).sandboxes[0].state.value == "SANDBOX_READY"
        result = await runtime.exec_sync(container, ("stat", "-c", "%u", "/"))
        assert result.stdout == b"0\n"


async def test_two_pods_are_strangers_to_each_other(lab, sandbox, tmp_path):
    other = NamespaceOptions(users=IDRange(IDS.first + 65536))
    config = sandbox_config(lab, "other")
    second = await lab.runtime.run_pod_sandbox(
        SandboxConfig(name="other", namespace="default", uid=config.uid, cgroup_parent=config.cgroup_parent,
                      log_directory=config.log_directory, hostname="other", namespaces=other)
    )  # fmt: skip
    pids = []
    for each in (sandbox, second):
        container = await started(lab, each, *SERVER)
        pids.append((await seen(lab.runtime, container)).pid)
    assert os.stat(f"/proc/{pids[0]}").st_uid != os.stat(f"/proc/{pids[1]}").st_uid


async def test_volumes_that_may_do_little_on_the_node_may_do_no_more_inside(lab, sandbox, tmp_path):
    syscalls.mount("test", tmp_path, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    try:
        volumes = [
            Mount(container_path=f"/{name}", host_path=str(tmp_path), readonly=name == "read")
            for name in ("read", "write")
        ]
        options = (
            await said(lab, sandbox, "grep -E ' /(read|write) ' /proc/mounts", mounts=tuple(volumes))
        ).splitlines()
        assert [line.split()[3].split(",")[:4] for line in options] == [
            ["ro", "nosuid", "nodev", "noexec"], ["rw", "nosuid", "nodev", "noexec"],
        ]  # fmt: skip
    finally:
        syscalls.unmount(tmp_path, syscalls.MNT_DETACH)
