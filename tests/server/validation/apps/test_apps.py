"""Deployments, ReplicaSets, StatefulSets, DaemonSets."""

from copy import deepcopy

import pytest

from ..build import built, complaints, update_complaints

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SELECTOR = {"matchLabels": {"a": "b"}}


def workload(kind, **spec):
    return built("apps/v1", kind, spec={"selector": SELECTOR, "template": TEMPLATE, "serviceName": "s", **spec})


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
def test_a_plain_one_is_good(kind):
    assert complaints(workload(kind)) == []


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"selector": {}}, "spec.selector"),
        ({"selector": {"matchLabels": {"a": "c"}}}, "spec.template.metadata.labels"),
        ({"template": {**TEMPLATE, "spec": {"containers": []}}}, "spec.template.spec.containers"),
        (
            {"template": {**TEMPLATE, "spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}},
            "spec.template.spec.restartPolicy",
        ),
    ],
)
def test_selector_and_template_belong_together(kind, spec, path):
    assert any(text.startswith(f"{path}: ") for text in complaints(workload(kind, **spec)))


@pytest.mark.parametrize(
    ("kind", "spec", "path"),
    [
        ("Deployment", {"replicas": -1}, "spec.replicas"),
        ("Deployment", {"strategy": {"type": "X"}}, "spec.strategy"),
        ("Deployment", {"strategy": {"type": "Recreate", "rollingUpdate": {}}}, "spec.strategy.rollingUpdate"),
        (
            "Deployment",
            {"strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}},
            "spec.strategy.rollingUpdate.maxUnavailable",
        ),
        ("Deployment", {"minReadySeconds": 700}, "spec.progressDeadlineSeconds"),
        ("StatefulSet", {"podManagementPolicy": "X"}, "spec.podManagementPolicy"),
        ("StatefulSet", {"updateStrategy": {"type": "X"}}, "spec.updateStrategy"),
        ("StatefulSet", {"ordinals": {"start": -1}}, "spec.ordinals.start"),
        ("DaemonSet", {"updateStrategy": {"type": "X"}}, "spec.updateStrategy"),
    ],
)
def test_each_kind_has_rules_of_its_own(kind, spec, path):
    assert any(text.startswith(f"{path}: ") for text in complaints(workload(kind, **spec)))


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"])
def test_a_selector_stays(kind):
    old = workload(kind)
    new = deepcopy(old)
    new["spec"]["selector"]["matchLabels"]["c"] = "d"
    new["spec"]["template"]["metadata"]["labels"]["c"] = "d"
    assert any("immutable" in text or "forbidden" in text for text in update_complaints(new, old))


@pytest.mark.parametrize("kind", ["Deployment", "ReplicaSet", "StatefulSet"])
def test_replicas_change(kind):
    old = workload(kind)
    new = deepcopy(old)
    new["spec"]["replicas"] = 5
    assert update_complaints(new, old) == []
    new["status"] = {"replicas": -1, "readyReplicas": 3}
    assert update_complaints(new, old, "status")[0].startswith("status.replicas: ")
