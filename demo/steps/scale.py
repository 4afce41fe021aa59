"""More and fewer replicas by hand."""

import time

from demo.stage import Stage

TITLE = "Scale: to 6, to 2"


def run(stage: Stage) -> str:
    started = time.monotonic()
    stage.kubectl("scale", "deployment/hello", "--replicas=6")
    stage.until_ready(6)
    up = time.monotonic() - started
    started = time.monotonic()
    stage.kubectl("scale", "deployment/hello", "--replicas=2")
    stage.until_ready(2)
    return f"6 Ready after {up:.2f} s, 2 left after {time.monotonic() - started:.2f} s"
