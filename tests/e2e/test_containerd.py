"""A cluster whose nodes have their containers from containerd (Debian's, in a folder of its own), by CRI."""

import asyncio
import json
import os
import signal
import subprocess
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from podo.network.cni.door import CONFIGURATION, PLUGIN
from podo.node.runtime.cri.calls import CLUSTER
from podo.node.worker.labels import POD_NAME
from tests.e2e.cluster import Kubectl, Podo, cluster
from tests.e2e.manifests import deployment, pod, service
from tests.e2e.processes import until
from tests.node.leftovers import nothing_left
from tests.node.runtime.containerd import archives, containerd, run

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    """A running containerd's socket; afterwards nothing of it is left."""
    folder = tmp_path_factory.mktemp("containerd")
    with nothing_left(folder), asyncio.Runner() as runner:
        stack = AsyncExitStack()
        address = runner.run(stack.enter_async_context(containerd(folder / "daemon")))
        _, pause = archives(folder)
        try:
            runner.run(run("ctr", "--address", str(address), "--namespace", "k8s.io", "images", "import", str(pause)))
            yield address
        finally:
            runner.run(stack.aclose())


@pytest.fixture(scope="module")
def podo(tmp_path_factory, daemon, hello):
    command = Podo(f"cri-{os.getpid()}", tmp_path_factory.mktemp("home"))
    with cluster(command, "--nodes", "2", "--runtime", f"unix://{daemon}"):
        command("build", "-t", "hello:v1", str(hello))
        yield command
    assert not containers(daemon, command.name), "podo down left containers in containerd"
    cni = daemon.parent / "cni"
    assert not [name for name in (cni / "net.d" / CONFIGURATION, cni / "bin" / PLUGIN) if name.exists()]


@pytest.fixture(scope="module")
def kubectl(podo):
    return Kubectl(podo.state / "kubeconfig", podo.home)


def containers(daemon: Path, name: str, pod: str = "") -> list[str]:
    """The ids of what containerd has of a cluster, or of one Pod in it."""
    only = f',labels."{POD_NAME}"=={pod}' if pod else ""
    command = ["ctr", "--address", str(daemon), "--namespace", "k8s.io", "containers", "list", "--quiet"]
    found = subprocess.run([*command, f'labels."{CLUSTER}"=={name}{only}'], capture_output=True, text=True, check=True)
    return found.stdout.split()


def test_nodes_say_what_runs_their_containers(kubectl):
    for node in kubectl.get("nodes"):
        assert node["status"]["nodeInfo"]["containerRuntimeVersion"].startswith("containerd://1.")
        assert "runc" in {handler["name"] for handler in node["status"]["runtimeHandlers"]}

    def shown():
        images = [image for node in kubectl.get("nodes") for image in node["status"]["images"]]
        return len([name for image in images for name in image["names"] if "hello:v1" in name]) == 2

    until("both show what was built", shown)


def test_a_deployment_answers_at_its_service_from_every_node(podo, daemon, kubectl):
    kubectl.apply(deployment("web", replicas=4), service("web"), pod("client"))
    kubectl.rolled_out("deployment/web")
    kubectl.ready("pod/client")
    pods = kubectl.pods("-l", "app=web")
    assert {p["spec"]["nodeName"] for p in pods} == {"node-1", "node-2"}
    ids = [s["containerID"] for p in pods for s in p["status"]["containerStatuses"]]
    assert {i.removeprefix("containerd://") for i in ids} <= set(containers(daemon, podo.name))
    answers = {kubectl("exec", "client", "--", "wget", "-qO-", "http://web/cgi-bin/index.cgi") for _ in range(20)}
    assert len(answers) > 1
    for p in pods:
        target = f"http://{p['status']['podIP']}:8080/cgi-bin/index.cgi"
        assert kubectl("exec", "client", "--", "wget", "-qO-", target)


def test_logs_exit_codes_and_restarts_are_told(kubectl):
    kubectl.apply(pod("crash", "echo once; exit 7", restartPolicy="OnFailure"))

    def crashed():
        (status,) = kubectl.get("pod", "crash")["status"].get("containerStatuses") or [{}]
        return status.get("restartCount", 0) >= 1 and status

    last = until("the container was restarted", crashed)["lastState"]["terminated"]
    assert (last["exitCode"], last["reason"]) == (7, "Error")
    assert kubectl("logs", "crash", "--previous") == "once\n"


def test_commands_and_their_input_reach_a_container(kubectl):
    kubectl.apply(pod("shell"))
    kubectl.ready("pod/shell")
    assert kubectl("exec", "-i", "shell", "--", "sort", stdin="b\na\n") == "a\nb\n"
    ended = kubectl.try_("exec", "shell", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (ended.status, ended.stdout) == (3, "out\n")
    assert "err" in ended.stderr
    assert "no such file or directory" in kubectl.refusal("exec", "shell", "--", "/no/such")


def test_memory_limits_are_kept_and_told(kubectl):
    greedy = pod("greedy", "dd if=/dev/zero of=/dev/null bs=200M", restartPolicy="Never")
    greedy["spec"]["containers"][0]["resources"] = {"limits": {"memory": "32Mi"}}
    kubectl.apply(greedy)
    kubectl.wait("jsonpath={.status.phase}=Failed", "pod/greedy")
    ended = kubectl.get("pod", "greedy")["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["reason"], ended["exitCode"]) == ("OOMKilled", 137)


def test_figures_of_containers_are_served(kubectl):
    kubectl.apply(pod("busy", "while true; do :; done"))
    kubectl.ready("pod/busy")
    node = kubectl.get("pod", "busy")["spec"]["nodeName"]

    def used():
        summary = json.loads(kubectl("get", "--raw", f"/api/v1/nodes/{node}/proxy/stats/summary"))
        (mine,) = [p for p in summary["pods"] if p["podRef"]["name"] == "busy"]
        return all(
            c["cpu"]["usageCoreNanoSeconds"] > 10**7 and c["memory"]["workingSetBytes"] for c in mine["containers"]
        )

    until("it has used CPU", used)
    kubectl("delete", "pod", "busy", "--now")


def test_an_unknown_handler_is_refused_by_the_runtime(kubectl):
    kubectl.apply(
        {"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": "odd"}, "handler": "odd"},
        pod("odd", runtimeClassName="odd"),
    )

    def told():
        events = kubectl.get("events", "--field-selector", "involvedObject.name=odd,reason=FailedCreatePodSandBox")
        return [e for e in events if 'no runtime for "odd" is configured' in e["message"]]

    assert until("it was told", told)
    kubectl("delete", "pod/odd", "runtimeclass/odd", "--now")


def test_containers_live_on_without_their_agents(podo, daemon, kubectl):
    kubectl.apply(pod("steady"))
    kubectl.ready("pod/steady")
    before = kubectl.get("pod", "steady")["status"]["containerStatuses"][0]["containerID"]
    pids = podo.pids()
    for node in ("node-1", "node-2"):
        os.kill(pids[node], signal.SIGKILL)
    podo("up")
    (after,) = kubectl.get("pod", "steady")["status"]["containerStatuses"]
    assert (after["containerID"], after["restartCount"]) == (before, 0)
    assert kubectl("exec", "steady", "--", "echo", "here") == "here\n"


def test_a_pod_leaves_nothing_in_the_runtime(podo, daemon, kubectl):
    kubectl.apply(pod("short"))
    kubectl.ready("pod/short")
    assert len(containers(daemon, podo.name, "short")) == 2  # its sandbox and its container
    kubectl("delete", "pod", "short")
    until("nothing is left", lambda: not containers(daemon, podo.name, "short"))
