"""A killed process is restarted, a killed Pod replaced."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from demo.stage import Broken, Stage, is_ready, name_of

TITLE = "Self-healing: kill a container's process, then a whole Pod"


def run(stage: Stage) -> str:
    pod = stage.until_ready(3)[0]
    victim, started = name_of(pod), time.monotonic()
    os.kill(process_of(pod, "httpd"), signal.SIGKILL)

    def restarted() -> bool:
        pod = stage.get("pod", victim)
        counts = {s["name"]: s["restartCount"] for s in pod["status"]["containerStatuses"]}
        return counts["web"] >= 1 and is_ready(pod)

    stage.until("the container runs again", restarted)
    container = time.monotonic() - started
    started = time.monotonic()
    stage.kubectl("delete", "pod", victim, "--grace-period=0", "--force")
    stage.until_ready(3)
    return f"container back after {container:.2f} s, Pod replaced after {time.monotonic() - started:.2f} s"


def process_of(pod: dict[str, Any], program: str) -> int:
    """The pid, as the host sees it, of a program in one of the Pod's containers."""
    mark = f"pod{pod['metadata']['uid']}"
    for entry in filter(str.isdigit, os.listdir("/proc")):
        folder = Path("/proc") / entry
        try:
            if mark in (folder / "cgroup").read_text() and program in (folder / "cmdline").read_text():
                return int(entry)
        except OSError:
            continue  # it has ended meanwhile
    raise Broken(f"no process {program} in pod {name_of(pod)}")
