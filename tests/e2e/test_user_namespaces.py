"""Pods whose users are not the node's: kubectl's view of them, with the volumes that Pods have."""

import os
from pathlib import Path

import pytest

from tests.e2e.manifests import pod

pytestmark = pytest.mark.e2e


def isolated(name: str, script: str, **spec):
    made = pod(name, script=script)
    made["spec"] |= {"hostUsers": False, **spec}
    return made


def test_a_pod_with_its_own_users_has_its_volumes_hooks_and_probes(kubectl):
    kubectl("create", "configmap", "settings", "--from-literal=a=1")
    kubectl("create", "secret", "generic", "keys", "--from-literal=k=s3cret")
    made = isolated(
        "own", "id -u; cat /settings/a /keys/k; echo; echo x > /data/f; stat -c %u:%g /data/f /mem; sleep 3600"
    )
    container = made["spec"]["containers"][0]
    names = ("settings", "keys", "data", "mem", "image")
    container["volumeMounts"] = [{"name": name, "mountPath": f"/{name}"} for name in names]
    container["readinessProbe"] = {"exec": {"command": ["test", "-s", "/data/f"]}, "periodSeconds": 1}
    container["lifecycle"] = {"postStart": {"exec": {"command": ["sh", "-c", "echo hooked > /data/hook"]}}}
    made["spec"]["securityContext"] = {"fsGroup": 2000}
    made["spec"]["volumes"] = [
        {"name": "settings", "configMap": {"name": "settings"}},
        {"name": "keys", "secret": {"secretName": "keys"}},
        {"name": "data", "emptyDir": {}},
        {"name": "mem", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
        {"name": "image", "image": {"reference": "hello:v1", "pullPolicy": "IfNotPresent"}},
    ]
    kubectl.apply(made)
    kubectl.ready("pod/own")
    assert kubectl("logs", "own").split() == ["0", "1s3cret", "0:2000", "0:2000"]
    assert kubectl("exec", "own", "--", "cat", "/data/hook").strip() == "hooked"
    assert kubectl("exec", "own", "--", "ls", "/image/bin/busybox").strip() == "/image/bin/busybox"
    first, length = kubectl("exec", "own", "--", "cat", "/proc/self/uid_map").split()[1:]
    assert int(first) >= 0x70000000
    assert length == "65536"


def test_no_two_pods_have_the_same_users_on_whichever_node(kubectl):
    for name, node in (("one", "node-1"), ("two", "node-1"), ("three", "node-2")):
        kubectl.apply(isolated(name, "sleep 3600", nodeName=node))
    firsts = set()
    for name in ("one", "two", "three"):
        kubectl.ready(f"pod/{name}")
        firsts.add(kubectl("exec", name, "--", "cat", "/proc/self/uid_map").split()[1])
    assert len(firsts) == 3


def test_what_its_root_writes_to_a_folder_of_the_node_belongs_to_the_nodes_user(kubectl, tmp_path):
    made = isolated("writer", "echo x > /host/new; chown 1000 /host/new; sleep 3600")
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "host", "mountPath": "/host"}]
    made["spec"]["volumes"] = [{"name": "host", "hostPath": {"path": str(tmp_path), "type": "Directory"}}]
    kubectl.apply(made)
    kubectl.ready("pod/writer")
    kubectl("exec", "writer", "--", "sh", "-c", "until [ -e /host/new ]; do :; done")
    assert os.stat(Path(tmp_path, "new")).st_uid in (0, 1000)


def test_nodes_say_that_they_can(kubectl):
    node = kubectl.get("node/node-1")
    features = [h["features"]["userNamespaces"] for h in node["status"]["runtimeHandlers"]]
    assert features == [True]
