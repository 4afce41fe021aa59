"""The first process of a shared PID namespace: reaps what its Pod's containers leave, does nothing else.

A shell does both in well under a megabyte. It is only made for Pods with shareProcessNamespace.
"""

import os
import signal
import subprocess
from pathlib import Path

from podo.node import syscalls
from podo.node.runtime.namespaces import bind_namespace
from podo.node.runtime.processes import Process, identify, send_signal

SHELL, SHOWN_AS = "/bin/sh", "/pause"
SCRIPT = "trap 'exit 0' TERM INT; while :; do sleep 2147483647 & wait $!; done"


def start_pause(target: Path, user_namespace: Path | None = None) -> Process:
    """Start one, in a user namespace if one is given, and bind its PID namespace to `target`. Raises OSError."""
    if user_namespace:
        return _start_for_users(target, user_namespace)

    def run() -> int:
        syscalls.unshare(syscalls.CLONE_NEWPID)
        process = subprocess.Popen(
            [SHOWN_AS, "-c", SCRIPT],
            executable=SHELL,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
            start_new_session=True,
        )
        process.returncode = 0  # it is to outlive us: do not warn that nobody waits for it
        return process.pid

    pid = syscalls.in_own_thread(run)
    found = identify(pid)
    if found is None:
        raise OSError(f"{SHELL} ended at once")
    bind_namespace(f"/proc/{pid}/ns/pid", target)
    return found


def _start_for_users(target: Path, user_namespace: Path) -> Process:
    """The process that is known is the parent of the first one, which ends with it."""
    command = ["nsenter", f"--user={user_namespace}", "unshare", "--pid", "--fork", "--kill-child"]
    process = subprocess.Popen(
        [*command, SHELL, "-c", f"echo; exec >/dev/null; {SCRIPT}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        start_new_session=True,
    )
    assert process.stdout
    with process.stdout:
        began = process.stdout.readline()
    process.returncode = 0
    found = identify(process.pid) if began else None
    if found is None:
        raise OSError("a PID namespace cannot be made in the user namespace")
    bind_namespace(f"/proc/{process.pid}/ns/pid_for_children", target)
    return found


def stop_pause(process: Process) -> None:
    """Kill it, and with it all that is in its namespace. Quiet if it is gone."""
    if send_signal(process, signal.SIGKILL):
        try:
            os.waitpid(process.pid, 0)
        except ChildProcessError:  # an agent before us started it
            return
