"""Ways out of a container, each tried for real and refused; a test has the name of the class of attack."""

import asyncio
import hashlib
import os
import shutil
import threading
from pathlib import Path

import pytest

from podo.node.mounts import unmount_quietly
from podo.node.runtime.base import RuntimeFailure
from podo.node.runtime.config import ContainerConfig, ExecConfig, LinuxResources, Mount, SandboxConfig
from podo.node.runtime.observed import ContainerState
from podo.node.volumes.base import MountFailure
from podo.node.volumes.subpath import bind
from tests.contract.test_runtime import SERVER, container, exited, sandbox_config, seen, started
from tests.node.runtime.lab import real_lab, time_limit

pytestmark = pytest.mark.e2e
SECRET = "the node's own"


@pytest.fixture
async def lab():
    with time_limit(90):
        async with real_lab() as lab:
            yield lab


@pytest.fixture
async def sandbox(lab):
    return await lab.runtime.run_pod_sandbox(sandbox_config(lab))


@pytest.fixture
def secret(tmp_path) -> Path:
    """A file of the node that no container may read or change."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    return file


async def output(lab, sandbox, *command, **changes) -> str:
    """What a container wrote, or why it could not start."""
    try:
        container_id = await started(lab, sandbox, *command, **changes)
    except RuntimeFailure as error:
        return str(error)
    log = (await exited(lab.runtime, container_id)).log_path
    return Path(log).read_text()


def test_subpath_symlink_race(tmp_path, secret):
    volume, inside, target = tmp_path / "volume", tmp_path / "volume/part", tmp_path / "target"
    inside.mkdir(parents=True)
    (inside / "mine").write_text("ours")
    over = threading.Event()

    def attack():
        spare = volume / "spare"
        while not over.is_set():
            try:
                os.rename(inside, spare)
                inside.symlink_to(secret.parent)
                inside.unlink()
                os.rename(spare, inside)
            except OSError:  # the other side has made a folder in between
                shutil.rmtree(spare if inside.is_dir() and (inside / "mine").exists() else inside, ignore_errors=True)
                if spare.exists():
                    os.rename(spare, inside)

    attacker = threading.Thread(target=attack)
    attacker.start()
    won = 0
    try:
        for _ in range(400):
            try:
                bind(volume, "part", target)
            except MountFailure:
                continue
            assert not (target / secret.name).exists()
            won += 1
            unmount_quietly(target)
    finally:
        over.set()
        attacker.join()
        unmount_quietly(target)
    assert won


@pytest.mark.parametrize("descriptor", range(3, 15))
async def test_working_directory_through_a_leaked_descriptor(lab, sandbox, secret, descriptor):
    script = f"cat ../../../../../../../../../..{secret} ../../../..{secret}"
    told = await output(lab, sandbox, "sh", "-c", script, working_dir=f"/proc/self/fd/{descriptor}")
    assert SECRET not in told


async def test_working_directory_of_an_exec_through_a_leaked_descriptor(lab, sandbox, secret):
    container_id = await started(lab, sandbox, *SERVER)
    for descriptor in range(3, 15):
        script = f"cd /proc/self/fd/{descriptor} 2>/dev/null && cat ../../../../../../../../../..{secret} 2>/dev/null"
        result = await lab.runtime.exec_sync(container_id, ("sh", "-c", script))
        assert SECRET.encode() not in result.stdout


async def test_overwriting_the_runtime_through_proc_self_exe(lab, sandbox):
    programs = [Path(found) for name in ("runc", "crun", "conmon") if (found := shutil.which(name))]
    before = [hashlib.sha256(program.read_bytes()).digest() for program in programs]
    script = "while :; do for p in /proc/[0-9]*; do (echo broken > $p/exe) 2>/dev/null; done; done"
    container_id = await started(lab, sandbox, "sh", "-c", script)
    for _ in range(8):
        try:
            await lab.runtime.exec_sync(container_id, ("/proc/self/exe", "--version"), timeout=5)
        except (RuntimeFailure, TimeoutError):
            continue
    assert [hashlib.sha256(program.read_bytes()).digest() for program in programs] == before


@pytest.mark.parametrize("path", ["/proc", "/proc/sys", "/proc/../proc/kcore", "/../proc"])
async def test_mount_over_masked_paths(lab, sandbox, tmp_path, path):
    (tmp_path / "fake").mkdir()
    mount = Mount(container_path=path, host_path=str(tmp_path / "fake"))
    script = "cat /proc/kcore | head -c 1 | wc -c; (echo 1 > /proc/sys/kernel/panic) 2>&1"
    told = await output(lab, sandbox, "sh", "-c", script, mounts=(mount,))
    assert "1\n" not in [line.split(" ", 3)[-1] + "\n" for line in told.splitlines()]


async def test_mount_through_a_symlink_of_a_volume(lab, sandbox, tmp_path, secret):
    volume, other = tmp_path / "volume", tmp_path / "other"
    volume.mkdir()
    other.mkdir()
    (volume / "way").symlink_to(f"../../../../../../../..{tmp_path}")
    mounts = (
        Mount(container_path="/a", host_path=str(volume)),
        Mount(container_path="/a/way", host_path=str(other)),
    )
    await output(lab, sandbox, "sh", "-c", "echo x > /a/way/secret; cat /a/way/secret", mounts=mounts)
    assert secret.read_text() == SECRET


async def test_names_and_labels_that_are_paths(lab, tmp_path):
    before = set(os.listdir(tmp_path))
    odd = "../../../../../../.." + str(tmp_path / "planted")
    base = sandbox_config(lab)
    pod = SandboxConfig(
        name=odd, namespace=odd, uid=odd, labels={odd: odd}, annotations={odd: odd}, cgroup_parent=base.cgroup_parent
    )
    sandbox = await lab.runtime.run_pod_sandbox(pod)
    config = ContainerConfig(name=odd, image=lab.image, command=("true",), labels={odd: odd}, annotations={odd: odd})
    container_id = await lab.runtime.create_container(sandbox, config)
    await lab.runtime.start_container(container_id)
    assert (await exited(lab.runtime, container_id)).name == odd
    await lab.runtime.remove_pod_sandbox(sandbox)
    assert set(os.listdir(tmp_path)) == before


async def test_log_file_symlink(lab, sandbox, secret):
    config = container(lab, "sh", "-c", "echo planted")
    container_id = await lab.runtime.create_container(sandbox, config)
    log = Path((await seen(lab.runtime, container_id)).log_path)
    log.parent.mkdir(parents=True, exist_ok=True)
    log.symlink_to(secret)
    await lab.runtime.start_container(container_id)
    await exited(lab.runtime, container_id)
    assert secret.read_text() == SECRET
    assert "planted" in log.read_text()


async def test_fork_bomb(lab, sandbox):
    bomb = "bomb() { bomb | bomb & }; bomb; while :; do sleep 1; done"
    container_id = await started(lab, sandbox, "sh", "-c", bomb, resources=LinuxResources(pids_limit=40))
    for _ in range(20):
        (stats,) = await lab.runtime.stats()
        assert stats.process_count <= 40
    await lab.runtime.remove_container(container_id)
    (stats,) = await lab.runtime.stats()
    assert not stats.process_count


async def test_zombie_makers(lab, sandbox):
    maker = "n=0; while [ $n -lt 60 ]; do (true &) ; n=$((n+1)); done; exec sleep 3600"
    container_id = await started(lab, sandbox, "sh", "-c", maker, resources=LinuxResources(pids_limit=100))
    assert (await lab.runtime.exec_sync(container_id, ("true",))).exit_code == 0
    await lab.runtime.remove_container(container_id)
    (stats,) = await lab.runtime.stats()
    assert not stats.process_count


async def test_exec_storms(lab, sandbox):
    container_id = await started(lab, sandbox, *SERVER)
    await lab.runtime.exec_sync(container_id, ("true",))
    before = len(os.listdir("/proc/self/fd"))
    async with asyncio.TaskGroup() as tasks:
        storm = [tasks.create_task(lab.runtime.exec_sync(container_id, ("echo", str(n)))) for n in range(40)]
    assert [int(one.result().stdout) for one in storm] == list(range(40))
    session = await lab.runtime.exec(container_id, ExecConfig(command=("sleep", "60")))
    await session.close()
    assert len(os.listdir("/proc/self/fd")) <= before
    assert (await seen(lab.runtime, container_id)).state is ContainerState.RUNNING
