"""HorizontalPodAutoscalers of v1 and v2 hold the same."""

import json

import pytest

from podo.server.conversion.autoscaling import BEHAVIOR, CONDITIONS, CURRENT, METRICS, from_v2, to_v2


def v2(*metrics, current=None, **more):
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "d"}, "maxReplicas": 5, "metrics": list(metrics)}
    status = {"desiredReplicas": 1, "currentReplicas": 1, "currentMetrics": current}
    status |= more.pop("status", {})
    return {
        "kind": "HorizontalPodAutoscaler",
        "apiVersion": "autoscaling/v2",
        "metadata": {"name": "h"},
        "spec": spec | more,
        "status": status,
    }


def resource(name, **target):
    return {"type": "Resource", "resource": {"name": name, "target": target}}


def canonical(metric):
    return json.dumps(metric, sort_keys=True)


CPU = resource("cpu", type="Utilization", averageUtilization=50)
MEMORY = resource("memory", type="AverageValue", averageValue="1Gi")
CONTAINER = {
    "type": "ContainerResource",
    "containerResource": {"name": "cpu", "container": "c", "target": {"type": "Utilization", "averageUtilization": 9}},
}
METRIC = {"name": "m", "selector": {"matchLabels": {"a": "b"}}}
PODS = {"type": "Pods", "pods": {"metric": METRIC, "target": {"type": "AverageValue", "averageValue": "5"}}}
SERVICE = {"kind": "Service", "name": "s", "apiVersion": "v1"}
OBJECT = {
    "type": "Object",
    "object": {"metric": METRIC, "describedObject": SERVICE, "target": {"type": "Value", "value": "5"}},
}
AVERAGE = {
    "type": "Object",
    "object": {"metric": METRIC, "describedObject": SERVICE, "target": {"type": "AverageValue", "averageValue": "5"}},
}
EXTERNAL = {"type": "External", "external": {"metric": METRIC, "target": {"type": "Value", "value": "5"}}}
BEHAVIOR_SPEC = {
    "scaleUp": {"stabilizationWindowSeconds": 3, "policies": [{"type": "Pods", "value": 4, "periodSeconds": 60}]}
}


def test_the_metric_that_v1_knows_is_a_field_there():
    old = from_v2(v2(CPU))
    assert old["apiVersion"] == "autoscaling/v1"
    assert old["spec"]["targetCPUUtilizationPercentage"] == 50
    assert "annotations" not in old["metadata"]


def test_all_else_is_kept_in_annotations():
    conditions = [{"type": "AbleToScale", "status": "True"}]
    old = from_v2(v2(CPU, MEMORY, behavior=BEHAVIOR_SPEC, status={"conditions": conditions}))
    annotations = old["metadata"]["annotations"]
    assert set(annotations) == {METRICS, BEHAVIOR, CONDITIONS}
    assert json.loads(annotations[METRICS]) == [
        {"type": "Resource", "resource": {"name": "memory", "targetAverageValue": "1Gi"}}
    ]
    assert json.loads(annotations[BEHAVIOR])["ScaleUp"]["StabilizationWindowSeconds"] == 3


@pytest.mark.parametrize(
    "metrics",
    [
        pytest.param([CPU], id="cpu"),
        pytest.param([MEMORY, CPU], id="memory and cpu"),
        pytest.param([CONTAINER], id="a container's cpu"),
        pytest.param([PODS], id="pods"),
        pytest.param([OBJECT], id="an object's value"),
        pytest.param([AVERAGE], id="an object's average"),
        pytest.param([EXTERNAL], id="external"),
    ],
)
def test_no_metric_is_lost_on_the_way_back(metrics):
    given = v2(*metrics, behavior=BEHAVIOR_SPEC)
    again = to_v2(from_v2(given))
    assert sorted(map(canonical, again["spec"]["metrics"])) == sorted(map(canonical, metrics))
    assert again["spec"]["behavior"] == BEHAVIOR_SPEC
    assert again["metadata"] == given["metadata"]


@pytest.mark.parametrize(
    "current",
    [
        {"type": "Resource", "resource": {"name": "cpu", "current": {"averageValue": "1", "averageUtilization": 9}}},
        {"type": "Pods", "pods": {"metric": METRIC, "current": {"averageValue": "5"}}},
        {"type": "Object", "object": {"metric": METRIC, "describedObject": SERVICE, "current": {"value": "5"}}},
        {"type": "External", "external": {"metric": METRIC, "current": {"value": "5"}}},
    ],
)
def test_no_measured_metric_is_lost_on_the_way_back(current):
    old = from_v2(v2(CPU, current=[current]))
    assert CURRENT in old["metadata"]["annotations"]
    assert to_v2(old)["status"]["currentMetrics"] == [current]


def test_without_a_metric_the_cpu_counts():
    old = {"apiVersion": "autoscaling/v1", "kind": "H", "metadata": {}, "spec": {"maxReplicas": 1}}
    assert to_v2(old)["spec"]["metrics"] == [resource("cpu", type="Utilization", averageUtilization=80)]


def test_annotations_that_cannot_be_read_are_dropped():
    old = {
        "apiVersion": "autoscaling/v1",
        "kind": "H",
        "metadata": {"annotations": {METRICS: "{", "a": "b"}},
        "spec": {},
    }
    assert to_v2(old)["metadata"]["annotations"] == {"a": "b"}


def test_annotations_of_others_are_kept():
    given = v2(CPU, MEMORY)
    given["metadata"]["annotations"] = {"a": "b"}
    old = from_v2(given)
    assert old["metadata"]["annotations"]["a"] == "b"
    assert to_v2(old)["metadata"]["annotations"] == {"a": "b"}
