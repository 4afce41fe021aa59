"""What a step has at hand: the command line tools, a clock, and a way to wait that gives up."""

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).parent.parent
T = TypeVar("T")


class Broken(Exception):
    """A promise was not kept; the text says which and what was seen instead."""


@dataclass(frozen=True)
class Stage:
    """One run of the demonstration, on the cluster `cluster`."""

    cluster: str
    nodes: int = 3
    progress: Callable[[str], None] = lambda _: None

    @property
    def environment(self) -> dict[str, str]:
        """For the tools: our own first, and the cluster's credentials."""
        path = f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}"
        config = f"/run/podo/{self.cluster}/kubeconfig-demo"
        return os.environ | {"PATH": path, "KUBECONFIG": config, "PODO_CLUSTER": self.cluster, "NO_COLOR": "1"}

    def run(self, *command: str, check: bool = True, stdin: str = "", timeout: float = 120) -> str:
        """The output of a command. Raises Broken with its words if it fails."""
        self.progress(" ".join(command))
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, env=self.environment, cwd=ROOT, timeout=timeout
        )
        if check and done.returncode != 0:
            raise Broken(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()}")
        return done.stdout

    def podo(self, *arguments: str) -> str:
        return self.run("podo", *arguments)

    def save_kubeconfig(self) -> None:
        """Have the tools use this cluster's credentials."""
        Path(self.environment["KUBECONFIG"]).write_text(self.podo("kubeconfig"))

    def kubectl(self, *arguments: str, stdin: str = "", check: bool = True) -> str:
        return self.run("kubectl", *arguments, stdin=stdin, check=check)

    def get(self, *what: str) -> Any:
        """What `kubectl get WHAT -o json` shows; a list's items."""
        found = json.loads(self.kubectl("get", *what, "-o", "json"))
        return found.get("items", found)

    def pods(self, selector: str = "app=hello") -> list[dict[str, Any]]:
        """The Pods that are not on their way out."""
        return [p for p in self.get("pods", "-l", selector) if "deletionTimestamp" not in p["metadata"]]

    def ready_pods(self, selector: str = "app=hello") -> list[dict[str, Any]]:
        return [p for p in self.pods(selector) if is_ready(p)]

    def until(self, what: str, look: Callable[[], T | None], seconds: float = 30) -> T:
        """What `look` returns once that is true. Raises Broken after so many seconds."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if found := look():
                return found
            time.sleep(0.05)
        raise Broken(f"not within {seconds:.0f} s: {what}")

    def until_ready(self, count: int, seconds: float = 30) -> list[dict[str, Any]]:
        """Exactly so many Pods, all Ready."""

        def look() -> list[dict[str, Any]] | None:
            pods = self.pods()
            return pods if len(pods) == count == sum(map(is_ready, pods)) else None

        return self.until(f"{count} Pods Ready", look, seconds)

    @property
    def service(self) -> str:
        """The cluster IP of the application's Service."""
        return str(self.get("service", "hello")["spec"]["clusterIP"])


def is_ready(pod: dict[str, Any]) -> bool:
    """Whether the Pod's Ready condition is true."""
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", ()))


def name_of(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])


def fetch(address: str, port: int = 80, timeout: float = 3) -> str:
    """The application's answer over a connection of its own. Raises OSError or Broken."""
    connection = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        connection.request("GET", "/cgi-bin/index.cgi")
        answer = connection.getresponse()
        body = answer.read().decode()
        if answer.status != 200:
            raise Broken(f"{address}:{port} answered {answer.status}: {body}")
        return body
    finally:
        connection.close()


def pod_in(answer: str) -> str:
    """Which Pod gave this answer."""
    return answer.split(" pod ")[1].split()[0]
