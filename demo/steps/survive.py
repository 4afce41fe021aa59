"""Server and agents are killed: containers run on, and podo up finds everything as it was."""

import json
import os
import signal
import time
from typing import Any

from demo.stage import Broken, Stage, fetch, name_of

TITLE = "State survives: kill -9 of server and agents, podo up again"


def run(stage: Stage) -> str:
    before = identities(stage)
    address = stage.service
    for component in json.loads(stage.podo("status", "-o", "json")):
        if component["pid"]:
            os.kill(component["pid"], signal.SIGKILL)
    if not fetch(address):
        raise Broken("the application does not answer without server and agents")
    started = time.monotonic()
    stage.podo("up")
    took = time.monotonic() - started
    stage.until("the same Pods are Ready", lambda: identities(stage) == before, 15)
    return f"the application answered meanwhile; same Pods, no restart; back after {took:.2f} s"


def identities(stage: Stage) -> dict[str, Any]:
    """What must be the same afterwards: each Pod's uid, containers and restarts."""
    return {
        name_of(p): (
            p["metadata"]["uid"],
            [(s["containerID"], s["restartCount"]) for s in p["status"]["containerStatuses"]],
        )
        for p in stage.ready_pods()
    }
