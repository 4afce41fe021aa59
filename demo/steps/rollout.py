"""A new version under load without a failed request; a broken one that never takes over; and back."""

import time

from demo.load import Load
from demo.stage import Broken, Stage, fetch

TITLE = "Rolling update v1 → v2 under load; v3 is broken; rollback"


def run(stage: Stage) -> str:
    stage.kubectl("scale", "deployment/hello", "--replicas=3")
    stage.until_ready(3)
    address, started = stage.service, time.monotonic()
    with Load(address) as load:
        stage.kubectl("set", "image", "deployment/hello", "web=hello:v2")
        stage.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")
        took = time.monotonic() - started
        stage.kubectl("set", "image", "deployment/hello", "web=hello:v3")
        stage.until("v3 crashes", lambda: broken(stage))
        if "hello v2" not in fetch(address):
            raise Broken("the old version does not answer while the new one fails")
        stage.kubectl("rollout", "undo", "deployment/hello")
        stage.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")
    if {a.split()[1] for a in load.answers[-10:]} != {"v2"}:
        raise Broken(f"after the rollback these answer: {load.answers[-10:]}")
    return f"updated in {took:.2f} s; v3 never took over; undone; {load.verdict()}"


def broken(stage: Stage) -> bool:
    """Whether a Pod of v3 has been seen to crash."""
    states = [s for p in stage.pods() for s in p["status"].get("containerStatuses", ()) if s["image"].endswith(":v3")]
    return any(
        s["restartCount"] > 0
        or "terminated" in s["state"]
        or s["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff"
        for s in states
    )
