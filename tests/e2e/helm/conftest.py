"""Helm in the namespace of a test, and charts for it."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cluster import ROOT, Kubectl
from tests.e2e.manifests import PORT
from tests.e2e.processes import CommandFailed, Ended, run


@dataclass(frozen=True)
class Helm:
    """Helm, on the cluster and in the namespace of `kubectl`."""

    kubectl: Kubectl

    def try_(self, name: str, /, *arguments: Any, **options: Any) -> Ended:
        """Do an action, whatever comes of it."""
        given = {"namespace": self.kubectl.namespace, "arguments": arguments, "options": options}
        command = [sys.executable, "-m", "tests.e2e.helm.action", name]
        return run(command, self.kubectl.environment, stdin=json.dumps(given), seconds=120, cwd=ROOT)

    def __call__(self, name: str, /, *arguments: Any, **options: Any) -> Any:
        """What an action gives. Raises CommandFailed if it fails."""
        ended = self.try_(name, *arguments, **options)
        if ended.status:
            raise CommandFailed(str(ended))
        return json.loads(ended.stdout)

    def refusal(self, name: str, /, *arguments: Any, **options: Any) -> str:
        """What an action says that must fail."""
        ended = self.try_(name, *arguments, **options)
        if not ended.status or "Traceback" in ended.stderr:
            raise CommandFailed(f"it should have been refused: {ended}")
        return ended.stderr

    def history(self, release: str) -> list[tuple[int, str]]:
        """(revision, status) of each of a release's revisions."""
        return [(each["revision"], each["status"]) for each in self("history", release)]


@pytest.fixture
def helm(kubectl: Kubectl) -> Helm:
    return Helm(kubectl)


@dataclass(frozen=True)
class Chart:
    """A chart's folder, and values that let it run here."""

    path: Path
    values: dict[str, Any]

    def with_image(self, tag: str) -> dict[str, Any]:
        """The values with another tag."""
        return self.values | {"image": self.values["image"] | {"tag": tag}}


@pytest.fixture
def usual(helm: Helm, tmp_path: Path) -> Chart:
    """The chart that `helm create` makes, with our image for its Pods and for its test."""
    helm("create", "web", str(tmp_path))
    test = tmp_path / "web/templates/tests/test-connection.yaml"
    test.write_text(test.read_text().replace("image: busybox", "image: hello:v1"))
    values = {
        "image": {"repository": "hello", "tag": "v1"},
        "service": {"port": PORT},
        "ingress": {"enabled": True},
        "autoscaling": {"enabled": True, "minReplicas": 1},
    }
    return Chart(tmp_path / "web", values)
