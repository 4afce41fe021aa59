"""The processes of a cluster: start them, find them again, end them. A pid alone is no proof: it may be reused."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from podo.cluster.errors import ClusterError
from podo.cluster.paths import write_atomically


@dataclass(frozen=True)
class Process:
    """A process as it was started: its pid and its start in clock ticks since boot, which together are unique."""

    pid: int
    started: int


def start_time(pid: int) -> int | None:
    """When the process started, in ticks since boot; None if there is none, or only its corpse."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else int(fields[19])


def recorded(pid_file: Path) -> Process | None:
    """The process that the file names, if it is alive."""
    try:
        pid, started = map(int, pid_file.read_text().split())
    except (FileNotFoundError, ValueError):
        return None
    return Process(pid, started) if start_time(pid) == started else None


RECORD = """\
set -C
started() { echo "$$ ${20}"; }
read -r stat </proc/$$/stat
started ${stat##*') '} 2>/dev/null >"$0"
exec "$@"
"""


def spawn(component: str, config: Path, pid_file: Path, log: Path, role: str) -> Process:
    """Start `python -m podo.main ROLE --config FILE` in a session of its own, its output appended to the log.

    The child itself writes down which process it is, before it becomes the component: also if we are killed at any
    moment, what we started is found.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    pid_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "podo.main", role, "--config", str(config)]
    with log.open("ab") as output:
        child = subprocess.Popen(
            ["/bin/sh", "-c", RECORD, str(pid_file), *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            cwd="/",
        )
    started = start_time(child.pid)
    if started is None:
        raise ClusterError(f"{component} ended as soon as it was started", hint=f"see {log}")
    child.returncode = 0  # it lives on: Popen must neither wait for it nor warn about it
    process = Process(child.pid, started)
    write_atomically(pid_file, f"{process.pid} {process.started}\n".encode())
    return process


def is_alive(process: Process) -> bool:
    """Whether this very process still runs."""
    return start_time(process.pid) == process.started


def send(process: Process, number: signal.Signals) -> None:
    """Send a signal to this very process; none if it is gone."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if is_alive(process):
            signal.pidfd_send_signal(descriptor, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(descriptor)


def stop(pid_file: Path, *, patience: float, force: bool = False, wait: Callable[[float], None] = time.sleep) -> None:
    """End the process: SIGTERM, and SIGKILL after `patience` seconds, or at once with `force`."""
    if process := recorded(pid_file):
        if not force:
            send(process, signal.SIGTERM)
            await_end(process, patience, wait)
        if is_alive(process):
            send(process, signal.SIGKILL)
            await_end(process, 5, wait)
    pid_file.unlink(missing_ok=True)


def await_end(process: Process, seconds: float, wait: Callable[[float], None]) -> None:
    """Return when the process is gone, or after so many seconds."""
    waited = 0.0
    while is_alive(process) and waited < seconds:
        wait(0.01)
        waited += 0.01
