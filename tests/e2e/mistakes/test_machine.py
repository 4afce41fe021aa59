"""Machines that are not as podo needs them: taken ports, no rights, old state, full disks."""

import json
import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e import processes, residue
from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import config_map
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


@pytest.fixture
def podo(request, tmp_path):
    """The command, for a cluster that is not up; nothing of it may be left."""
    before = residue.network()
    command = Podo(f"e2e-m{os.getpid()}", tmp_path)
    yield command
    command.try_("down")
    command.forget_logs()
    left = [*command.left(), *sorted(residue.network() - before)]
    assert not left, f"left behind: {left}"


@contextmanager
def taken(port: int):
    """The port is somebody else's meanwhile."""
    with socket.socket() as theirs:
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        theirs.bind(("127.0.0.1", port))
        theirs.listen()
        yield


def port_of(podo: Podo) -> int:
    return json.loads((podo.state / "cluster.json").read_text())["api_port"]


def test_a_port_in_use_is_avoided_by_a_new_cluster(podo):
    free = next(p for p in range(6443, 6475) if not in_use(p))
    with taken(free):
        podo("up")
    assert port_of(podo) > free


def in_use(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_a_port_that_was_taken_meanwhile_is_told_and_nothing_is_lost(podo):
    podo("up")
    kubectl = Kubectl(podo.state / "kubeconfig", podo.home)
    kubectl.apply(config_map("a", k="v"))
    pids = podo.pids()
    for pid in pids.values():
        os.kill(pid, 9)
    until("the server is gone", lambda: not in_use(port_of(podo)))
    with taken(port_of(podo)):
        refused = podo.refusal("up")
    assert f"port {port_of(podo)}, which the API server needs, is in use" in refused
    assert "ss -ltnp" in refused
    podo("up")
    assert kubectl.get("configmap", "a")["data"] == {"k": "v"}


def test_without_root_rights_the_fix_is_named(podo, tmp_path):
    setpriv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    for verb in (["up"], ["down"], ["build", "-t", "a:v1", "/"], ["status"], ["node", "add"], ["image", "ls"]):
        ended = processes.run([*setpriv, *podo.command(*verb)], podo.environment | {"HOME": "/nonexistent"})
        assert "Traceback" not in ended.stderr
        if verb[0] == "up":
            assert ended.status == 1
            assert "sudo" in ended.stderr


def test_a_second_up_of_the_same_name_says_that_it_runs(podo):
    podo("up")
    before = podo.pids()
    refused = podo.refusal("up")
    assert f"cluster {podo.name!r} is running already" in refused
    assert "podo status" in refused
    assert podo.pids() == before
    podo("up", "--nodes", "2")  # more nodes are something to do
    assert set(podo.pids()) == {"server", "node-1", "node-2"}


def test_two_ups_at_once_do_not_meet(podo):
    with processes.started(podo.command("up"), podo.environment) as first:
        first.expect("starting the API server")
        refused = podo.refusal("up")
        assert "another podo command is changing cluster" in refused
        assert first.end(60) == 0
    assert set(podo.pids()) == {"server", "node-1"}


def test_a_name_that_is_none_is_told(podo):
    wrong = Podo("Not_A_Name", podo.home)
    assert "is no name for a cluster" in wrong.refusal("up")
    assert wrong.left() == []


def test_a_cluster_that_is_not_there_is_told(podo):
    for verb in (["down"], ["status"], ["node", "add"], ["kubeconfig"], ["logs", "server"]):
        refused = podo.refusal(*verb)
        assert f"there is no cluster {podo.name!r}" in refused
        assert "podo up" in refused
    assert podo.left() == []


def test_a_state_folder_of_before_a_reboot_is_taken_up_again(podo):
    """A reboot ends all processes and empties /run."""
    podo("up")
    kubectl = Kubectl(podo.state / "kubeconfig", podo.home)
    kubectl.apply(config_map("a", k="v"))
    kept = podo.home / "kept"
    shutil.copytree(podo.state, kept, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
    podo("down")
    shutil.copytree(kept, podo.state, symlinks=True)
    podo("up")
    assert kubectl.get("configmap", "a")["data"] == {"k": "v"}


def test_pids_of_before_that_belong_to_others_are_left_alone(podo):
    podo("up")
    for pid in podo.pids().values():
        os.kill(pid, 9)
    with processes.started(["sleep", "600"], os.environ) as other:
        run = Path("/run/podo") / podo.name
        for name in ("server", "node-1"):
            started = (run / f"{name}.pid").read_text().split()[1]
            (run / f"{name}.pid").write_text(f"{other.process.pid} {started}\n")
        podo("up")
        podo("down")
        assert other.process.poll() is None


@pytest.mark.parametrize("content", ["", "{", '{"name": 7}'], ids=["empty", "cut off", "wrong"])
def test_a_damaged_description_is_told_with_what_to_do(podo, content):
    podo("up")
    description = podo.state / "cluster.json"
    good = description.read_bytes()
    description.write_text(content)
    for verb in ("up", "down", "status"):
        refused = podo.refusal(verb)
        assert f"{description} is damaged" in refused
        assert "restore it from a backup" in refused
    description.write_bytes(good)
    assert set(podo.pids()) == {"server", "node-1"}


def test_data_without_a_description_is_not_overwritten(podo):
    podo.state.mkdir(parents=True)
    (podo.state / "state.db").write_text("precious")
    refused = podo.refusal("up")
    assert "has the data of a cluster but no cluster.json" in refused
    assert (podo.state / "state.db").read_text() == "precious"
    shutil.rmtree(podo.state)


@pytest.fixture
def small_disk(tmp_path):
    """Mounts a file system of so many bytes at a folder."""
    made = []

    def make(size: int) -> Path:
        folder = tmp_path / f"disk{len(made)}"
        folder.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
        made.append(folder)
        return folder

    yield make
    for folder in made:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.parametrize("size", [4096, 65536, 262144])
def test_a_disk_too_small_to_start_is_told_and_nothing_stays(podo, small_disk, size):
    state = small_disk(size) / "state"
    before = residue.network()
    small = Podo(podo.name, podo.home, state)
    refused = small.refusal("up", "--wait", "20")
    assert f"the disk is full: {state.parent} has" in refused
    assert "--state-dir" in refused
    assert small.left() == []
    assert residue.network() <= before


def test_a_disk_that_fills_up_loses_nothing_that_was_acknowledged(podo, small_disk):
    disk = small_disk(24 << 20)
    with cluster(Podo(podo.name, podo.home, disk / "state")) as small:
        kubectl = Kubectl(small.state / "kubeconfig", small.home)
        kubectl.apply(config_map("before", k="v"))
        fill(disk / "fill")
        made, refused = [], ""
        for number in range(40):
            ended = kubectl.try_("create", "configmap", f"c{number}", f"--from-literal=k={'x' * 100_000}")
            if ended.status:
                refused = ended.stderr
                break
            made.append(f"c{number}")
        assert "disk" in refused or "space" in refused
        assert kubectl.get("configmap", "before")["data"] == {"k": "v"}
        (disk / "fill").unlink()
        until("writes work again", lambda: kubectl.try_("create", "configmap", "after").status == 0)
        for pid in small.pids().values():
            os.kill(pid, 9)
        small("up")
        names = {c["metadata"]["name"] for c in kubectl.get("configmaps")}
        assert {"before", "after", *made} <= names


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return


def test_a_folder_that_cannot_be_written_is_told(podo, tmp_path):
    (tmp_path / "file").write_text("")
    refused = Podo(podo.name, podo.home, tmp_path / "file/state").refusal("up")
    assert f"{tmp_path}/file/state: Not a directory" in refused


def test_a_cluster_has_one_state_folder(podo, tmp_path):
    Podo(podo.name, podo.home, tmp_path / "one")("up")
    refused = Podo(podo.name, podo.home, tmp_path / "two").refusal("up")
    assert f"has its state in {tmp_path}/one" in refused
    for pid in podo.pids().values():
        os.kill(pid, 9)
    podo("up")
    assert not podo.state.exists()
