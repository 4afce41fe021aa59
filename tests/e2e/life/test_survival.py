"""Server and agents die and come back; containers do not notice."""

import os
import signal

import pytest

from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import config_map, deployment, pod, service
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def podo(tmp_path_factory, hello):
    """A cluster of two nodes of these tests' own."""
    command = Podo(f"e2e-s{os.getpid()}", tmp_path_factory.mktemp("home"))
    with cluster(command, "--nodes", "2"):
        command("build", "-t", "hello:v1", str(hello))
        yield command


@pytest.fixture
def kubectl(podo):
    """kubectl, with a Deployment of four replicas and a Pod that counts."""
    command = Kubectl(podo.state / "kubeconfig", podo.home)
    counting = "n=0; while true; do echo $((n=n+1)); sleep 0.1; done"
    command.apply(deployment("web", replicas=4), service("web"), pod("counter", counting), config_map("a", k="v"))
    command.rolled_out("deployment/web")
    command.ready("pod/counter")
    return command


def identities(kubectl) -> dict[str, tuple]:
    """What must stay the same: uid, containers, restarts and address of each Pod."""
    return {
        p["metadata"]["name"]: (
            p["metadata"]["uid"],
            p["status"]["podIP"],
            [(s["containerID"], s["restartCount"], s["ready"]) for s in p["status"]["containerStatuses"]],
        )
        for p in kubectl.pods()
    }


def kill(podo: Podo, *components: str) -> None:
    pids = podo.pids()
    for component in components or pids:
        os.kill(pids[component], signal.SIGKILL)


@pytest.mark.parametrize("components", [(), ("server",), ("node-1",), ("node-1", "node-2")], ids="-".join)
def test_containers_live_on_and_are_found_again(podo, kubectl, components):
    before = identities(kubectl)
    kill(podo, *components)
    podo("up")
    until("all is as it was", lambda: identities(kubectl) == before)
    assert kubectl.get("configmap", "a")["data"] == {"k": "v"}
    assert kubectl("exec", "counter", "--", "echo", "here") == "here\n"


def test_logs_have_no_gap(podo, kubectl):
    with kubectl.start("logs", "-f", "counter") as logs:
        logs.expect(r"^5\r?$")
    kill(podo)
    podo("up")
    first = int(kubectl("logs", "counter", "--tail=1"))
    with kubectl.start("logs", "-f", "counter") as logs:
        logs.expect(rf"^{first + 5}\r?$")
    lines = kubectl("logs", "counter").split()
    assert lines == [str(n) for n in range(1, len(lines) + 1)]


def test_what_is_changed_afterwards_is_done(podo, kubectl):
    kill(podo)
    podo("up")
    kubectl("scale", "deployment/web", "--replicas=2")
    kubectl.rolled_out("deployment/web")
    until("two are left", lambda: len(kubectl.get("pods", "-l", "app=web")) == 2)
    kubectl("delete", "pod", "counter")


def test_a_container_that_ended_meanwhile_is_restarted(podo, kubectl):
    kubectl.apply(pod("short", "sleep 2; exit 0"))
    kubectl.wait("jsonpath={.status.phase}=Running", "pod/short")
    agents = [c for c in podo.pids() if c != "server"]
    kill(podo, *agents)
    started = kubectl.get("pod", "short")["status"]["containerStatuses"][0]["state"]["running"]["startedAt"]
    until("it has ended", lambda: not running_in_cgroups(podo, "sleep 2"))
    podo("up")
    kubectl.wait("jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/short")
    last = kubectl.get("pod", "short")["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"], last["startedAt"]) == (0, "Completed", started)
    kubectl("delete", "pod", "short", "--grace-period=1")


def running_in_cgroups(podo: Podo, command: str) -> bool:
    """Whether a process with this command line runs in one of the cluster's cgroups."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/cmdline", "rb") as line, open(f"/proc/{entry}/cgroup") as groups:
                if command.encode() in line.read().replace(b"\0", b" ") and f"/podo/{podo.name}/" in groups.read():
                    return True
        except OSError:
            continue
    return False
