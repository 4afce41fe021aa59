"""A resource of one's own, with a schema and a rule, and an operator that makes it true: a page of shell."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from demo.stage import ROOT, Stage

TITLE = "Operators: a resource of one's own, with a rule, and who makes it true"
FOLDER = ROOT / "examples/operator"
WORDS = "a site has at most 3 replicas"
NAME = "demo-site"


def run(stage: Stage) -> str:
    stage.kubectl("apply", "-f", str(FOLDER / "definition.yaml"))
    stage.kubectl("wait", "--for=condition=Established", "crd/sites.demo.podo.dev", "--timeout=10s")
    try:
        with operator(stage):
            stage.until("a Site with too many replicas is refused", lambda: WORDS in refusal(stage), 10)
            started = time.monotonic()
            stage.kubectl("apply", "-f", "-", stdin=json.dumps(site(2)))
            stage.until("two Pods of the Site are ready", lambda: ready(stage) == 2, 20)
            took = time.monotonic() - started
            stage.until("its status says so", lambda: stage.get("site", NAME).get("status") == {"phase": "Deployed"})
            stage.kubectl("delete", "site", NAME)
            stage.until("its Deployment is gone", lambda: not stage.get("deployments", "-l", f"demo={NAME}"), 20)
    finally:
        stage.kubectl("delete", "crd", "sites.demo.podo.dev", "--ignore-not-found")
    return f"a Site became two ready Pods in {took:.2f} s; one with 9 replicas is refused: “{WORDS}”"


@contextmanager
def operator(stage: Stage) -> Iterator[None]:
    """The operator, running beside us."""
    running = subprocess.Popen(
        [str(FOLDER / "operator.sh")],
        env=stage.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        os.killpg(running.pid, signal.SIGTERM)
        running.wait()


def site(replicas: int) -> dict[str, object]:
    """A Site of the example application."""
    spec = {"image": "hello:v1", "replicas": replicas}
    return {"apiVersion": "demo.podo.dev/v1", "kind": "Site", "metadata": {"name": NAME}, "spec": spec}


def refusal(stage: Stage) -> str:
    """What is said to a Site of nine."""
    text = json.dumps(site(9))
    return stage.run("sh", "-c", f"echo '{text}' | kubectl apply --dry-run=server -f - 2>&1", check=False)


def ready(stage: Stage) -> int:
    """How many Pods of the Site's Deployment are ready."""
    found = stage.run("kubectl", "get", "deployment", NAME, "-o", "jsonpath={.status.readyReplicas}", check=False)
    return int(found or 0)
