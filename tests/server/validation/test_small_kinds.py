"""Autoscalers, budgets, leases, priority and runtime classes, limits, quotas, roles."""

import pytest

from .build import built, complaints
from .cases import bad_paths, bad_update_paths, changed

RBAC = "rbac.authorization.k8s.io/v1"
CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}}}
TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
SCALER = built("autoscaling/v2", "HorizontalPodAutoscaler", spec={"scaleTargetRef": TARGET, "maxReplicas": 3})
SCALER["spec"]["metrics"] = [CPU]
BUDGET = built("policy/v1", "PodDisruptionBudget", spec={"selector": {}, "minAvailable": 1})
LEASE = built("coordination.k8s.io/v1", "Lease", spec={"holderIdentity": "h", "leaseDurationSeconds": 10})
LIMITS = built("v1", "LimitRange", spec={"limits": [{"type": "Container", "max": {"cpu": "1"}, "min": {"cpu": "1m"}}]})
QUOTA = built("v1", "ResourceQuota", spec={"hard": {"pods": "1"}})


def cluster(api_version, kind, **rest):
    obj = built(api_version, kind, **rest)
    obj["metadata"].pop("namespace", None)
    return obj


PRIORITY = cluster("scheduling.k8s.io/v1", "PriorityClass", value=5)
RUNTIME = cluster("node.k8s.io/v1", "RuntimeClass", handler="runc")
RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
ROLE = built(RBAC, "Role", rules=[RULE])
CLUSTER_ROLE = cluster(RBAC, "ClusterRole", rules=[RULE])
SUBJECT = {"kind": "User", "name": "jo"}
BINDING = built(RBAC, "RoleBinding", roleRef={"kind": "Role", "name": "r"}, subjects=[SUBJECT])
CLUSTER_BINDING = cluster(RBAC, "ClusterRoleBinding", roleRef={"kind": "ClusterRole", "name": "r"}, subjects=[SUBJECT])
GOOD = [SCALER, BUDGET, LEASE, LIMITS, QUOTA, PRIORITY, RUNTIME, ROLE, CLUSTER_ROLE, BINDING, CLUSTER_BINDING]


@pytest.mark.parametrize("obj", GOOD, ids=lambda o: o["kind"])
def test_plain_ones_are_good(obj):
    assert complaints(obj) == []
    assert bad_update_paths(obj, "metadata.labels", {"a": "b"}) == []


METRIC = "spec.metrics.0"
PODS = {"type": "Pods", "pods": {"metric": {"name": ""}, "target": {"type": "Value"}}}
OBJECT = {
    "type": "Object",
    "object": {"describedObject": {"kind": "a/b", "name": ""}, "metric": {"name": "m"}, "target": {"type": "Value"}},
}
BOTH = {"type": "Value", "value": "1", "averageValue": "0"}
EXTERNAL = {"type": "External", "external": {"metric": {"name": "a/b"}, "target": BOTH}}
IN_CONTAINER = {"name": "x", "container": "", "target": {"type": "", "averageUtilization": 0, "averageValue": "1"}}


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("spec.minReplicas", 0, ["spec.minReplicas", "spec.metrics"]),
        ("spec.minReplicas", 5, ["spec.maxReplicas"]),
        ("spec.maxReplicas", 0, ["spec.maxReplicas", "spec.maxReplicas"]),
        ("spec.maxReplicas", -1, ["spec.maxReplicas", "spec.maxReplicas"]),
        ("spec.scaleTargetRef.kind", "", ["spec.scaleTargetRef.kind"]),
        ("spec.scaleTargetRef.name", "a/b", ["spec.scaleTargetRef.name"]),
        ("spec.scaleTargetRef.apiVersion", "v1", ["spec.scaleTargetRef.apiVersion"]),
        ("spec.scaleTargetRef.apiVersion", "a/b/c", ["spec.scaleTargetRef.apiVersion"]),
        (f"{METRIC}.type", "", ["spec.metrics[0].type"] * 3),
        (f"{METRIC}.type", "Pods", ["spec.metrics[0].pods"]),
        (f"{METRIC}.pods", PODS["pods"], None),
        (f"{METRIC}.resource.name", "", ["spec.metrics[0].resource.name"]),
        (f"{METRIC}.resource.target", {"type": "X"}, None),
        (METRIC, PODS, None),
        (METRIC, OBJECT, None),
        (METRIC, EXTERNAL, None),
        (METRIC, {"type": "ContainerResource", "containerResource": IN_CONTAINER}, None),
        ("spec.behavior", {"scaleUp": {}}, ["spec.behavior.scaleUp.policies"]),
        (
            "spec.behavior",
            {
                "scaleDown": {
                    "stabilizationWindowSeconds": 4000,
                    "selectPolicy": "X",
                    "tolerance": "-1",
                    "policies": [{"type": "X", "value": 0, "periodSeconds": 2000}],
                }
            },
            None,
        ),
    ],
)
def test_bad_autoscalers(path, value, bad):
    found = bad_paths(changed(SCALER, path, value))
    assert found == bad if bad else found


def test_what_an_autoscaler_scales_may_be_odd_if_it_was_so():
    old = changed(SCALER, "spec.scaleTargetRef.apiVersion", "v1")
    assert bad_update_paths(old, "spec.maxReplicas", 9) == []
    assert bad_update_paths(SCALER, "status.currentReplicas", -1, "status") == ["status.currentReplicas"]


@pytest.mark.parametrize(
    ("obj", "path", "value", "bad"),
    [
        (BUDGET, "spec.maxUnavailable", 1, ["spec"]),
        (BUDGET, "spec.minAvailable", "101%", ["spec.minAvailable"]),
        (BUDGET, "spec.minAvailable", "x", ["spec.minAvailable"]),
        (BUDGET, "spec.minAvailable", -1, ["spec.minAvailable"]),
        (BUDGET, "spec.unhealthyPodEvictionPolicy", "X", ["spec.unhealthyPodEvictionPolicy"]),
        (LEASE, "spec.leaseDurationSeconds", 0, ["spec.leaseDurationSeconds"]),
        (LEASE, "spec.leaseTransitions", -1, ["spec.leaseTransitions"]),
        (LEASE, "spec.strategy", "X", ["spec.strategy.strategy"]),
        (LEASE, "spec.preferredHolder", "x", ["spec.preferredHolder"]),
        (PRIORITY, "value", 2_000_000_000, ["value"]),
        (PRIORITY, "metadata.name", "system-x", ["metadata.name"]),
        (PRIORITY, "metadata.name", "system-node-critical", ["metadata.name"]),
        (PRIORITY, "preemptionPolicy", "X", ["preemptionPolicy"]),
        (PRIORITY, "preemptionPolicy", "", ["preemptionPolicy"]),
        (RUNTIME, "handler", "", ["handler"]),
        (RUNTIME, "handler", "A", ["handler"]),
        (RUNTIME, "overhead", {"podFixed": {"cpu": "-1"}}, ["overhead.limits[cpu]"]),
        (RUNTIME, "scheduling", {"tolerations": [{"operator": "Exists"}] * 2}, ["scheduling.tolerations[1]"]),
        (RUNTIME, "scheduling", {"nodeSelector": {"a": "-"}}, ["scheduling.nodeSelector"]),
        (LIMITS, "spec.limits.0.type", "X", ["spec.limits[0].type"]),
        (LIMITS, "spec.limits.0.min", {"cpu": "2"}, None),
        (LIMITS, "spec.limits.0.default", {"cpu": "2"}, ["spec.limits[0].default[cpu]"]),
        (LIMITS, "spec.limits.0.defaultRequest", {"cpu": "2"}, None),
        (LIMITS, "spec.limits.0.maxLimitRequestRatio", {"cpu": "2000"}, ["spec.limits[0].maxLimitRequestRatio[cpu]"]),
        (LIMITS, "spec.limits.0.maxLimitRequestRatio", {"cpu": "0.5"}, ["spec.limits[0].maxLimitRequestRatio[cpu]"]),
        (LIMITS, "spec.limits", [{"type": "Pod", "default": {"cpu": "1"}}], ["spec.limits[0].default"]),
        (LIMITS, "spec.limits", [{"type": "Pod"}, {"type": "Pod"}], ["spec.limits[1].type"]),
        (LIMITS, "spec.limits", [{"type": "PersistentVolumeClaim"}], ["spec.limits[0].limits"]),
        (QUOTA, "spec.hard", {"x": "1"}, ["spec.hard[x]", "spec.hard[x]"]),
        (QUOTA, "spec.hard", {"pods": "-1"}, ["spec.hard[pods]"]),
        (QUOTA, "spec.scopes", ["X"], ["spec.scopes"]),
        (QUOTA, "spec.scopes", ["BestEffort", "NotBestEffort"], ["spec.scopes"]),
        (QUOTA, "spec", {"hard": {"cpu": "1"}, "scopes": ["BestEffort"]}, ["spec.scopes"]),
    ],
)
def test_bad_small_kinds(obj, path, value, bad):
    found = bad_paths(changed(obj, path, value))
    assert found == bad if bad else found


@pytest.mark.parametrize(
    ("expression", "bad"),
    [
        ({"scopeName": "X", "operator": "Exists"}, "scopeName"),
        ({"scopeName": "BestEffort", "operator": "In", "values": ["a"]}, "operator"),
        ({"scopeName": "PriorityClass", "operator": "In"}, "values"),
        ({"scopeName": "PriorityClass", "operator": "Exists", "values": ["a"]}, "values"),
        ({"scopeName": "PriorityClass", "operator": "X"}, "operator"),
    ],
)
def test_bad_scope_selectors(expression, bad):
    obj = changed(QUOTA, "spec.scopeSelector", {"matchExpressions": [expression]})
    assert bad_paths(obj) == [f"spec.scopeSelector.matchExpressions.{bad}"]


@pytest.mark.parametrize(
    ("obj", "path", "value", "bad"),
    [
        (ROLE, "rules.0.verbs", [], ["rules[0].verbs"]),
        (ROLE, "rules.0.apiGroups", [], ["rules[0].apiGroups"]),
        (ROLE, "rules.0.resources", [], ["rules[0].resources"]),
        (ROLE, "rules.0", {"verbs": ["get"], "nonResourceURLs": ["/"]}, ["rules[0].nonResourceURLs"]),
        (CLUSTER_ROLE, "rules.0.nonResourceURLs", ["/"], ["rules[0].nonResourceURLs"]),
        (CLUSTER_ROLE, "aggregationRule", {}, ["aggregationRule.clusterRoleSelectors"]),
        (BINDING, "roleRef.kind", "X", ["roleRef.kind"]),
        (BINDING, "roleRef.apiGroup", "X", ["roleRef.apiGroup"]),
        (BINDING, "roleRef.name", "", ["roleRef.name"]),
        (CLUSTER_BINDING, "roleRef.kind", "Role", ["roleRef.kind"]),
        (CLUSTER_BINDING, "subjects.0", {"kind": "ServiceAccount", "name": "a"}, ["subjects[0].namespace"]),
        (BINDING, "subjects.0", {"kind": "ServiceAccount", "name": "A", "apiGroup": "x"}, None),
        (BINDING, "subjects.0.kind", "X", ["subjects[0].kind"]),
        (BINDING, "subjects.0.apiGroup", "X", ["subjects[0].apiGroup"]),
        (BINDING, "subjects.0.name", "", ["subjects[0].name"]),
    ],
)
def test_bad_roles_and_bindings(obj, path, value, bad):
    found = bad_paths(changed(obj, path, value))
    assert found == bad if bad else found


@pytest.mark.parametrize(
    ("obj", "path", "value", "bad"),
    [
        (BINDING, "roleRef.name", "other", "roleRef"),
        (PRIORITY, "value", 6, "value"),
        (PRIORITY, "preemptionPolicy", "Never", "preemptionPolicy"),
        (RUNTIME, "handler", "crun", "handler"),
        (QUOTA, "spec.scopes", ["PriorityClass"], "spec.scopes"),
    ],
)
def test_what_stays(obj, path, value, bad):
    assert bad_update_paths(obj, path, value) == [bad]


def test_statuses_are_looked_at():
    assert bad_update_paths(BUDGET, "status.currentHealthy", -1, "status") == ["status.currentHealthy"]
    assert bad_update_paths(QUOTA, "status.used", {"pods": "-1"}, "status") == ["status.used[pods]"]
