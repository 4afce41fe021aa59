"""One cluster for all tests that only use one; a namespace of its own for each of them."""

import itertools
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster import ROOT, Kubectl, Podo, cluster

HELLO = ROOT / "examples/hello"
numbers = itertools.count(1)


@pytest.fixture(scope="session")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the example application, ready to be built."""
    context = tmp_path_factory.mktemp("hello")
    shutil.copytree(HELLO, context, dirs_exist_ok=True)
    shutil.copy2("/bin/busybox", context / "busybox")
    return context


@pytest.fixture(scope="session")
def podo(tmp_path_factory: pytest.TempPathFactory, hello: Path) -> Iterator[Podo]:
    """A cluster of two nodes with the images hello:v1, v2 and v3; taken down at the end, with nothing left."""
    command = Podo(f"e2e-{os.getpid()}", tmp_path_factory.mktemp("home"))
    with cluster(command, "--nodes", "2"):
        for version in ("v1", "v2", "v3"):
            command("build", "-t", f"hello:{version}", "--build-arg", f"VERSION={version}", str(hello))
        yield command
        assert not refused_to_own_parts(command)


def refused_to_own_parts(podo: Podo) -> list[str]:
    """What the server's log says was forbidden to controllers, scheduler or others of podo's own."""
    lines = (podo.state / "logs" / "server.log").read_text(errors="replace").splitlines()
    own = re.compile(r'User "system:(kube-scheduler|kube-controller-manager|serviceaccount:kube-system:[^"]*)" cannot ')
    return [line for line in lines if own.search(line)]


@pytest.fixture(scope="session")
def kubeconfig(podo: Podo) -> Path:
    """The administrator's credentials."""
    return podo.state / "kubeconfig"


@pytest.fixture
def kubectl(request: pytest.FixtureRequest, podo: Podo, kubeconfig: Path) -> Iterator[Kubectl]:
    """kubectl in a namespace of the test's own, which goes with it."""
    words = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower().removeprefix("test_"))[:40].strip("-")
    name = f"{words}-{next(numbers)}"
    command = Kubectl(kubeconfig, podo.home, name)
    command("create", "namespace", name)
    yield command
    command("delete", "namespace", name, "--wait=false")
