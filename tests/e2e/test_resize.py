"""In-place resize on a real node: the kernel has the new figures, the process does not notice."""

import json

import pytest

from tests.e2e.manifests import pod

pytestmark = pytest.mark.e2e
LIMIT = "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max"


def asking(cpu, memory):
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}, "limits": {"cpu": cpu, "memory": memory}}}


def resize(kubectl, name, cpu, memory):
    patch = {"spec": {"containers": [{"name": "main"} | asking(cpu, memory)]}}
    return kubectl("patch", "pod", name, "--subresource=resize", "-p", json.dumps(patch))


def resized(kubectl, name, memory):
    kubectl.wait(f"jsonpath={{.status.containerStatuses[0].resources.limits.memory}}={memory}", f"pod/{name}")
    kubectl.wait(
        "jsonpath={.status.observedGeneration}=" + str(kubectl.get("pod", name)["metadata"]["generation"]),
        f"pod/{name}",
    )
    return kubectl.get("pod", name)["status"]


def test_a_running_container_gets_more_and_less_without_a_restart(kubectl):
    kubectl.apply(pod("steady", container=asking("20m", "35Mi")))
    kubectl.ready("pod/steady")
    assert kubectl("exec", "steady", "--", "sh", "-c", LIMIT) == f"{35 << 20}\n"
    for cpu, memory, limit in (("25m", "40Mi", 40 << 20), ("15m", "30Mi", 30 << 20)):
        resize(kubectl, "steady", cpu, memory)
        status = resized(kubectl, "steady", memory)
        assert status["containerStatuses"][0]["restartCount"] == 0
        assert status["containerStatuses"][0]["allocatedResources"] == {"cpu": cpu, "memory": memory}
        assert kubectl("exec", "steady", "--", "sh", "-c", LIMIT) == f"{limit}\n"


def test_a_resize_policy_restarts_it(kubectl):
    policy = {"resizePolicy": [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]}
    kubectl.apply(pod("restarted", container=asking("20m", "35Mi") | policy))
    kubectl.ready("pod/restarted")
    resize(kubectl, "restarted", "20m", "40Mi")
    kubectl.wait("jsonpath={.status.containerStatuses[0].restartCount}=1", "pod/restarted")
    kubectl.ready("pod/restarted")
    assert kubectl("exec", "restarted", "--", "sh", "-c", LIMIT) == f"{40 << 20}\n"


def test_more_than_the_node_has_is_deferred(kubectl):
    kubectl.apply(pod("greedy", container={"resources": {"requests": {"cpu": "20m"}}}))
    kubectl.ready("pod/greedy")
    patch = {"spec": {"containers": [{"name": "main", "resources": {"requests": {"cpu": "9999"}}}]}}
    kubectl("patch", "pod", "greedy", "--subresource=resize", "-p", json.dumps(patch))
    kubectl.wait("condition=PodResizePending", "pod/greedy")
    (condition,) = [c for c in kubectl.get("pod", "greedy")["status"]["conditions"] if c["type"] == "PodResizePending"]
    assert condition["reason"] == "Deferred"
    assert condition["message"].startswith("Node didn't have enough resource: cpu, requested: 9999000")
