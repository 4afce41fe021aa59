"""A plug-in of somebody else's: its devices are scheduled, given to containers, refused when there are none."""

import json
import sys
from contextlib import contextmanager

import pytest

from tests.e2e import processes
from tests.e2e.cluster import environment
from tests.e2e.manifests import pod

pytestmark = pytest.mark.e2e
NAME = "example.com/thing"


@pytest.fixture
def folder(podo):
    return podo.state / "nodes/node-1/kubelet/device-plugins"


@contextmanager
def plugged(folder, kubectl, tmp_path, devices):
    """The plug-in at work on node-1; its log is written when it ends."""
    given = {"folder": folder, "resource": NAME, "log": tmp_path / "log", "devices": devices}
    command = [sys.executable, "-m", "tests.node.devices.plugin", *(f"--{k}={v}" for k, v in given.items())]
    count = devices.count("Healthy")
    with processes.started(command, environment(tmp_path)):
        kubectl.wait(f"jsonpath={{.status.allocatable.example\\.com/thing}}={count}", "node/node-1")
        yield
    kubectl.wait("jsonpath={.status.allocatable.example\\.com/thing}=0", "node/node-1")


def user(name, count, **spec):
    made = pod(name, **spec)
    made["spec"]["containers"][0]["resources"] = {"limits": {NAME: str(count)}}
    return made


def test_containers_get_devices_and_a_pod_for_which_there_are_none_is_refused(kubectl, folder, tmp_path):
    with plugged(folder, kubectl, tmp_path, "a=Healthy,b=Healthy"):
        kubectl.apply(user("one", 1))
        kubectl.ready("pod/one")
        assert kubectl.get("pod/one")["spec"]["nodeName"] == "node-1"
        assert kubectl("exec", "one", "--", "sh", "-c", "echo $DEVICES").strip() == "b"
        assert kubectl("exec", "one", "--", "sh", "-c", "head -c 3 /dev/plugged | wc -c").strip() == "3"
        assert "kubelet.sock" in kubectl("exec", "one", "--", "ls", "/plugged")
        kubectl.apply(user("greedy", 2, nodeName="node-1"))
        kubectl.wait("jsonpath={.status.phase}=Failed", "pod/greedy")
        status = kubectl.get("pod/greedy")["status"]
        assert status["reason"] == "UnexpectedAdmissionError"
        assert status["message"] == (
            "Pod was rejected: Allocate failed due to requested number of devices unavailable for example.com/thing. "
            "Requested: 2, Available: 1, which is unexpected"
        )
        kubectl("delete", "pod", "one", "greedy", "--now")
        kubectl.apply(user("both", 2))
        kubectl.ready("pod/both")
    assert json.loads((tmp_path / "log").read_text())[:3] == [
        ["GetPreferredAllocation", ["a", "b"]],
        ["Allocate", ["b"]],
        ["PreStartContainer", ["b"]],
    ]
    kubectl("exec", "both", "--", "true")  # it keeps what it has
    kubectl("delete", "pod", "both", "--now")
