"""A broken version goes away by itself."""

import time

from demo.stage import Stage

TITLE = "Automatic rollback of a broken version"


def run(stage: Stage) -> str:
    good = image(stage)
    stage.kubectl("annotate", "deployment/hello", "podo.dev/rollback=on-failure", "--overwrite")
    stage.until("the revision is known to be good", lambda: '"good"' in stage.kubectl("get", "rs", "-o", "json"))
    started = time.monotonic()
    stage.kubectl("set", "image", "deployment/hello", f"*={good.partition(':')[0]}:v3")
    stage.until("the good version is wanted again", lambda: image(stage) == good, 60)
    took = time.monotonic() - started
    stage.kubectl("rollout", "status", "deployment/hello", "--timeout=30s")
    reason = stage.kubectl("get", "events", "--field-selector=reason=AutomaticRollback", "-o", "jsonpath={..message}")
    return f"back after {took:.1f} s: {reason.rpartition(': ')[0].rpartition(', ')[2]} {reason.rpartition(': ')[2]}"


def image(stage: Stage) -> str:
    """What the Deployment wants to run."""
    return str(stage.get("deployment", "hello")["spec"]["template"]["spec"]["containers"][0]["image"])
