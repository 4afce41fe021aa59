import os
import signal
import subprocess

import pytest

from podo.node.runtime.processes import Process, identify, is_alive, is_ending, send_signal, signal_number, start_ticks


def test_start_time_is_found_behind_any_name():
    rest = "S 1 " + " ".join(str(n) for n in range(3, 22)) + " 30"
    assert start_ticks(f"42 (a) b) {rest}") == int(rest.split()[19])


def test_we_ourselves_are_alive():
    me = identify(os.getpid())
    assert me
    assert is_alive(me)
    assert not is_alive(Process(me.pid, me.started + 1))


def test_a_signal_reaches_only_the_process_that_is_meant():
    with subprocess.Popen(["sleep", "100"]) as child:
        found = identify(child.pid)
        assert not send_signal(Process(child.pid, found.started + 1), signal.SIGKILL)
        assert child.poll() is None
        assert send_signal(found, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    assert not send_signal(found, signal.SIGKILL)
    assert identify(child.pid) is None


def test_a_zombie_is_not_alive():
    with subprocess.Popen(["true"], stdout=subprocess.PIPE) as child:
        assert child.stdout.read() == b""
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert identify(child.pid) is None
        assert is_ending(Process(child.pid, 0))


def test_who_runs_is_not_ending_and_who_is_gone_is():
    me = identify(os.getpid())
    assert not is_ending(me)
    assert is_ending(Process(me.pid, me.started + 1))
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert is_ending(Process(child.pid, 0))


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("", signal.SIGTERM), ("SIGTERM", 15), ("term", 15), ("9", 9), ("SIGQUIT", 3), ("nonsense", 15),
        ("SIGRTMIN+3", signal.SIGRTMIN + 3), ("SIGUSR1", 10),
    ],
)  # fmt: skip
def test_signals_have_numbers(name, number):
    assert signal_number(name) == number
