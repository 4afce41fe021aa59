"""A node loses power: what ran there runs elsewhere; then it comes back."""

import time

from demo.stage import Stage

TITLE = "Node loss: podo node stop node-2, and back"


def run(stage: Stage) -> str:
    started = time.monotonic()
    stage.podo("node", "stop", "node-2")

    def moved() -> bool:
        pods = stage.ready_pods()
        return len(pods) == 3 and all(p["spec"]["nodeName"] != "node-2" for p in pods)

    stage.until("3 Pods run on the other nodes", moved)
    gone = time.monotonic() - started
    started = time.monotonic()
    stage.podo("node", "start", "node-2")
    return f"3 Pods run elsewhere after {gone:.2f} s; node back after {time.monotonic() - started:.2f} s"
