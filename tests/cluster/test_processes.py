import signal
import subprocess
import sys

import pytest

from podo.cluster import processes
from podo.cluster.processes import Process


@pytest.fixture
def child():
    process = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    yield process
    process.kill()
    process.wait()


def started(child: subprocess.Popen[bytes]) -> Process:
    ticks = processes.start_time(child.pid)
    assert ticks is not None
    return Process(child.pid, ticks)


def test_a_recorded_process_is_found_while_it_lives(tmp_path, child):
    process = started(child)
    (tmp_path / "p").write_text(f"{process.pid} {process.started}\n")
    assert processes.recorded(tmp_path / "p") == process
    child.kill()
    child.wait()
    assert processes.recorded(tmp_path / "p") is None


def test_a_reused_pid_is_not_the_process(tmp_path, child):
    process = started(child)
    (tmp_path / "p").write_text(f"{process.pid} {process.started - 1}\n")
    assert processes.recorded(tmp_path / "p") is None
    processes.send(Process(process.pid, process.started - 1), signal.SIGKILL)
    assert processes.is_alive(process)


@pytest.mark.parametrize("content", ["", "x y", "1"])
def test_a_damaged_pid_file_names_nobody(tmp_path, content):
    (tmp_path / "p").write_text(content)
    assert processes.recorded(tmp_path / "p") is None


def test_stop_ends_the_process_and_forgets_it(tmp_path, child):
    process = started(child)
    (tmp_path / "p").write_text(f"{process.pid} {process.started}\n")
    processes.stop(tmp_path / "p", patience=5)
    assert not processes.is_alive(process)
    assert not (tmp_path / "p").exists()


def test_a_corpse_counts_as_gone(child):
    process = started(child)
    child.kill()
    child.wait()
    processes.await_end(process, 5, lambda _: None)
    assert processes.start_time(process.pid) is None or not processes.is_alive(process)


def test_stop_of_nothing_is_quiet(tmp_path):
    processes.stop(tmp_path / "none", patience=0)


def test_a_child_writes_down_itself_which_process_it_is(tmp_path):
    pid_file = tmp_path / "p"
    command = ["/bin/sh", "-c", processes.RECORD, str(pid_file), "sh", "-c", "echo ready; exec sleep 60"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert processes.recorded(pid_file) == started(child)
        child.kill()


def test_a_child_leaves_alone_what_its_parent_wrote_first(tmp_path):
    (tmp_path / "p").write_text("1 2\n")
    command = ["/bin/sh", "-c", processes.RECORD, str(tmp_path / "p"), "true"]
    assert subprocess.run(command, capture_output=True, check=True).stderr == b""
    assert (tmp_path / "p").read_text() == "1 2\n"
