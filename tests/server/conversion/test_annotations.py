"""What autoscaling/v1 keeps in annotations, which anyone may write."""

import json

import pytest

from podo.server.conversion.autoscaling import ALL, BEHAVIOR, CONDITIONS, METRICS, from_v2, to_v2

CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}


def scaler(**annotations):
    return {"apiVersion": "autoscaling/v1", "metadata": {"name": "h", "annotations": annotations}, "spec": {}}


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("text", ["{", "5", "[5]", '"x"', '[{"type":[]}]', "[[]]", "null"])
def test_what_is_of_another_shape_is_not_there(name, text):
    found = to_v2(scaler(**{name: text}))
    assert found["spec"] == {"metrics": [CPU]}
    assert found["status"] == {"desiredReplicas": 0, "currentMetrics": None} or "conditions" in found["status"]


def test_what_lacks_a_field_has_it_empty():
    text = json.dumps([{"type": "Resource", "resource": {}}])
    [metric] = to_v2(scaler(**{METRICS: text}))["spec"]["metrics"]
    assert metric["resource"] == {"name": "", "target": {"type": "AverageValue"}}


@pytest.mark.parametrize(
    "source", [{"selector": 5}, {"metricName": 5}, {"selector": [1]}, {"targetAverageValue": "much"}]
)
def test_a_metric_that_does_not_fit_is_an_empty_one(source):
    text = json.dumps([{"type": "Pods", "pods": source}])
    assert to_v2(scaler(**{METRICS: text}))["spec"]["metrics"] == [{"type": ""}]


def test_all_comes_back():
    metric = {
        "type": "Pods",
        "pods": {"metric": {"name": "rps"}, "target": {"type": "AverageValue", "averageValue": "5"}},
    }
    behavior = {"scaleDown": {"stabilizationWindowSeconds": 60}}
    condition = {"type": "AbleToScale", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
    given = scaler() | {"apiVersion": "autoscaling/v2", "status": {"desiredReplicas": 1, "conditions": [condition]}}
    given["spec"] = {"maxReplicas": 3, "metrics": [metric], "behavior": behavior}
    stored = from_v2(given)
    assert set(stored["metadata"]["annotations"]) == {METRICS, BEHAVIOR, CONDITIONS}
    found = to_v2(stored)
    assert found["spec"] == given["spec"]
    assert found["status"]["conditions"] == [condition]
