"""A cluster of the tests' own, and the tools on it, each as a user has it: real commands, nothing replaced."""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.e2e import processes, residue
from tests.e2e.processes import CommandFailed, Ended, Running

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def environment(home: Path, **more: str) -> dict[str, str]:
    """For tools: this checkout's podo, and a home of its own, so that no cache or setting of the user is met."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("KUBE", "PODO", "XDG"))}
    paths = {"PATH": f"{TOOLS}:{given.get('PATH', '')}", "PYTHONPATH": str(ROOT)}
    return given | paths | {"HOME": str(home), "NO_COLOR": "1", "KUBERC": "off"} | more


@dataclass(frozen=True)
class Podo:
    """The podo command, on the cluster `name`."""

    name: str
    home: Path
    state_dir: Path | None = None

    @property
    def environment(self) -> dict[str, str]:
        more = {"PODO_STATE_DIR": str(self.state_dir)} if self.state_dir else {}
        return environment(self.home, PODO_CLUSTER=self.name, **more)

    def try_(self, *arguments: str, seconds: float = 90, **options: Any) -> Ended:
        """Run a verb, whatever comes of it."""
        return processes.run(self.command(*arguments), self.environment, seconds=seconds, **options)

    def __call__(self, *arguments: str, **options: Any) -> str:
        """What a verb prints. Raises CommandFailed if it fails."""
        ended = self.try_(*arguments, **options)
        if ended.status:
            raise CommandFailed(str(ended))
        return ended.stdout

    def refusal(self, *arguments: str, **options: Any) -> str:
        """What a verb says that must fail."""
        ended = self.try_(*arguments, **options)
        if not ended.status or "Traceback" in ended.stderr:
            raise CommandFailed(str(ended))
        return ended.stderr

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "podo.main", *arguments]

    @property
    def state(self) -> Path:
        return self.state_dir or Path("/var/lib/podo") / self.name

    def pids(self) -> dict[str, int]:
        """The processes of the components, by name."""
        return {c["component"]: c["pid"] for c in json.loads(self("status", "-o", "json")) if c["pid"]}

    def forget_logs(self) -> None:
        """Remove the logs that a `podo up` that failed has kept, as it says."""
        shutil.rmtree(Path("/var/log/podo") / self.name, ignore_errors=True)

    def left(self) -> list[str]:
        """What there is of the cluster on this machine, apart from the network."""
        return residue.of_cluster(self.name, self.state_dir)


@dataclass(frozen=True)
class Kubectl:
    """The kubectl of PyPI, in a namespace."""

    kubeconfig: Path
    home: Path
    namespace: str = "default"

    @cached_property
    def environment(self) -> dict[str, str]:
        return environment(self.home, KUBECONFIG=str(self.kubeconfig))

    def command(self, *arguments: str) -> list[str]:
        return [str(TOOLS / "kubectl"), f"--namespace={self.namespace}", *arguments]

    def __call__(self, *arguments: str, **options: Any) -> str:
        """What a verb prints. Raises CommandFailed if it fails."""
        ended = self.try_(*arguments, **options)
        if ended.status:
            raise CommandFailed(str(ended))
        return ended.stdout

    def try_(self, *arguments: str, env: Mapping[str, str] | None = None, **options: Any) -> Ended:
        """Run a verb, whatever comes of it."""
        return processes.run(self.command(*arguments), self.environment | (env or {}), **options)

    def refusal(self, *arguments: str, **options: Any) -> str:
        """What a verb says that must fail."""
        ended = self.try_(*arguments, **options)
        if not ended.status:
            raise CommandFailed(f"it should have failed: {ended}")
        return ended.stderr

    def start(self, *arguments: str) -> AbstractContextManager[Running]:
        """Run a verb beside the test."""
        return processes.started(self.command(*arguments), self.environment)

    def on_terminal(self, *arguments: str, rows: int = 24, columns: int = 80) -> AbstractContextManager[Running]:
        """Run a verb beside the test, on a terminal."""
        return processes.on_terminal(self.command(*arguments), self.environment, rows=rows, columns=columns)

    def get(self, *what: str) -> Any:
        """The object, or the items of the list, that `kubectl get WHAT` finds."""
        found = json.loads(self("get", *what, "-o", "json"))
        return found["items"] if found["kind"] == "List" else found

    def pods(self, *selection: str) -> list[Any]:
        """The Pods that are not on their way out."""
        return [p for p in self.get("pods", *selection) if "deletionTimestamp" not in p["metadata"]]

    def apply(self, *objects: Mapping[str, Any]) -> str:
        """Apply manifests."""
        return self("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))

    def wait(self, condition: str, *what: str, seconds: int = 30) -> str:
        """Wait as `kubectl wait --for=CONDITION` does."""
        return self("wait", f"--for={condition}", f"--timeout={seconds}s", *what, seconds=seconds + 10)

    def ready(self, *what: str) -> str:
        """Wait until Pods are Ready."""
        return self.wait("condition=Ready", *what)

    def rolled_out(self, what: str) -> str:
        """Wait until a rollout is complete."""
        return self("rollout", "status", what, "--timeout=40s")

    def within(self, namespace: str) -> "Kubectl":
        """The same in another namespace."""
        return replace(self, namespace=namespace)


@contextmanager
def cluster(podo: Podo, *options: str) -> Iterator[Podo]:
    """`podo up`, and `podo down` at the end, whatever happens; what is left then fails the test."""
    before = residue.network()
    try:
        podo("up", *options)
        yield podo
    finally:
        down = podo.try_("down")
        left = [*podo.left(), *sorted(residue.network() - before)]
    assert not down.status, str(down)
    assert not left, f"left behind: {left}"
