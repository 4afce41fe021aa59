"""get, describe, events, wait: what there is, in every form."""

import json
import re

import pytest

from tests.e2e.manifests import config_map, deployment, pod, service, web
from tests.e2e.processes import until

pytestmark = pytest.mark.e2e


def test_get_prints_the_columns_of_kubernetes(kubectl):
    kubectl.apply(deployment("web"), service("web"))
    kubectl.rolled_out("deployment/web")
    heads = {kind: kubectl("get", kind).split("\n")[0].split() for kind in ("pods", "deployments", "services", "nodes")}
    assert heads == {
        "pods": ["NAME", "READY", "STATUS", "RESTARTS", "AGE"],
        "deployments": ["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"],
        "services": ["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"],
        "nodes": ["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
    }
    row = kubectl("get", "pods", "--no-headers").split()
    assert row[1:4] == ["1/1", "Running", "0"]


def test_get_wide_adds_columns(kubectl):
    kubectl.apply(web("a"))
    kubectl.ready("pod/a")
    head, row = kubectl("get", "pods", "-o", "wide").strip().split("\n")
    assert head.split()[5:] == ["IP", "NODE", "NOMINATED", "NODE", "READINESS", "GATES"]
    found = kubectl.get("pod", "a")
    assert found["status"]["podIP"] in row
    assert found["spec"]["nodeName"] in row


def test_get_prints_names_yaml_json_paths_templates_and_columns(kubectl):
    kubectl.apply(config_map("a", k="v"), config_map("b", k="w"))
    ours = "-l", "!absent", "--field-selector=metadata.name!=kube-root-ca.crt"
    assert kubectl("get", "cm", *ours, "-o", "name") == "configmap/a\nconfigmap/b\n"
    assert "data:\n  k: v\n" in kubectl("get", "cm", "a", "-o", "yaml")
    assert kubectl("get", "cm", *ours, "-o", "jsonpath={range .items[*]}{.data.k}{end}") == "vw"
    assert kubectl("get", "cm", "a", "-o", "go-template={{.data.k}}") == "v"
    columns = kubectl("get", "cm", *ours, "-o", "custom-columns=N:.metadata.name,K:.data.k")
    assert [line.split() for line in columns.splitlines()] == [["N", "K"], ["a", "v"], ["b", "w"]]


def test_get_selects_and_sorts(kubectl):
    named = [config_map(n) | {"metadata": {"name": n, "labels": {"n": n}}} for n in ("c", "a", "b")]
    kubectl.apply(*named)
    assert kubectl("get", "cm", "-l", "n in (a,c)", "-o", "name") == "configmap/a\nconfigmap/c\n"
    assert kubectl("get", "cm", "--field-selector=metadata.name=b", "-o", "name") == "configmap/b\n"
    assert "c" in kubectl("get", "cm", "-L", "n", "--sort-by=.metadata.name").splitlines()[3]


def test_get_in_chunks_finds_everything(kubectl):
    kubectl.apply(*(config_map(f"c{n:02}") for n in range(25)))
    found = kubectl("get", "cm", "--chunk-size=10", "-o", "name").split()
    assert len([n for n in found if n.startswith("configmap/c")]) == 25


def test_get_all_namespaces_and_several_kinds(kubectl):
    kubectl.apply(config_map("a"), service("a"))
    assert kubectl("get", "configmap/a", "service/a", "-o", "name") == "configmap/a\nservice/a\n"
    assert kubectl.namespace in kubectl("get", "configmaps", "-A")


def test_get_nothing_says_so(kubectl):
    ended = kubectl.try_("get", "pods")
    assert (ended.status, ended.stderr) == (0, f"No resources found in {kubectl.namespace} namespace.\n")
    assert kubectl.refusal("get", "pod", "a") == 'Error from server (NotFound): pods "a" not found\n'
    assert "the server doesn't have a resource type" in kubectl.refusal("get", "grapes")


def test_get_watch_prints_each_change(kubectl):
    with kubectl.start("get", "pods", "-w", "--output-watch-events") as watch:
        kubectl.apply(web("a"))
        for line in (r"ADDED +a +0/1 +Pending", r"MODIFIED +a +1/1 +Running"):
            watch.expect(line)
        kubectl("delete", "pod", "a")
        watch.expect(r"DELETED +a ")


def test_describe_a_deployment_and_its_pods(kubectl):
    kubectl.apply(deployment("web", replicas=2))
    kubectl.rolled_out("deployment/web")
    said = kubectl("describe", "deployment", "web")
    assert "Replicas:               2 desired | 2 updated | 2 total | 2 available | 0 unavailable" in said
    assert "ScalingReplicaSet  " in said
    said = kubectl("describe", "pods")
    for pattern in (r"Status: +Running", r"Controlled By: +ReplicaSet/web-", r"Image: +hello:v1"):
        assert re.search(pattern, said)
    name = kubectl.pods()[0]["metadata"]["name"]
    until("the event is written", lambda: re.search(r"Normal +Scheduled", kubectl("describe", "pod", name)))


def test_describe_what_pods_mount_and_tolerate(kubectl):
    kubectl.apply(web("a"))
    kubectl.ready("pod/a")
    said = kubectl("describe", "pod", "a")
    assert "/var/run/secrets/kubernetes.io/serviceaccount from kube-api-access-" in said
    assert "node.kubernetes.io/not-ready:NoExecute op=Exists for 300s" in said


def test_describe_a_service_names_its_endpoints(kubectl):
    kubectl.apply(web("web"), service("web"))
    kubectl.ready("pod/web")
    address = kubectl.get("pod", "web")["status"]["podIP"]
    kubectl.wait(
        "jsonpath={.endpoints[0].conditions.ready}=true", "endpointslice", "-l", "kubernetes.io/service-name=web"
    )
    assert f"Endpoints:                {address}:8080\n" in kubectl("describe", "service", "web")


@pytest.mark.parametrize("node", ["node-1", "node-2"])
def test_describe_a_node_lists_conditions_and_capacity(kubectl, node):
    said = kubectl("describe", "node", node)
    for pattern in (
        "KubeletReady",
        r"Container Runtime Version: +podo://",
        "Allocatable:",
        f"kubernetes.io/hostname={node}",
    ):
        assert re.search(pattern, said)


def test_events_tell_the_life_of_a_pod(kubectl):
    kubectl.apply(web("a"))
    kubectl.ready("pod/a")
    with kubectl.start("events", "--for", "pod/a", "--watch") as events:
        for reason in ("Scheduled", "Pulled", "Created", "Started"):
            events.expect(rf"Normal +{reason} +Pod/a")
    listed = kubectl.get("events", "--field-selector=involvedObject.name=a,reason=Scheduled")
    assert listed[0]["message"].startswith(f"Successfully assigned {kubectl.namespace}/a to node-")


def test_wait_for_conditions_values_creation_and_deletion(kubectl):
    with kubectl.start("wait", "--for=create", "pod/a", "--timeout=20s") as created:
        kubectl.apply(web("a"))
        created.expect("pod/a condition met")
    assert kubectl.wait("condition=Ready", "pod/a") == "pod/a condition met\n"
    assert kubectl.wait("jsonpath={.status.phase}=Running", "pod/a") == "pod/a condition met\n"
    with kubectl.start("wait", "--for=delete", "pod/a", "--timeout=20s") as deleted:
        kubectl("delete", "pod", "a", "--wait=false")
        deleted.expect("pod/a condition met")
    kubectl.apply(pod("b"))
    refused = kubectl.refusal("wait", "--for=condition=Absent", "pod/b", "--timeout=1s")
    assert "timed out waiting for the condition on pods/b" in refused


def test_raw_paths_can_be_read(kubectl):
    assert json.loads(kubectl("get", "--raw", "/version"))["minor"] == "36"
    assert kubectl("get", "--raw", "/readyz") == "ok"
    assert "[+]ping ok" in kubectl("get", "--raw", "/livez?verbose")
