"""A killed process is restarted, a killed Pod replaced."""

import time

from demo.stage import Stage, is_ready, name_of

TITLE = "Self-healing: kill a container's process, then a whole Pod"


def run(stage: Stage) -> str:
    victim = name_of(stage.until_ready(3)[0])
    started = time.monotonic()
    stage.kubectl("exec", victim, "-c", "web", "--", "kill", "-9", "1", check=False)
    stage.kubectl("exec", victim, "-c", "web", "--", "kill", "1", check=False)

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
