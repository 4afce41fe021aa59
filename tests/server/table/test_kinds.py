"""The rows of kinds beside Pods."""

from datetime import UTC, datetime

import pytest

from podo.api import resources
from podo.server.blank import blank
from podo.server.table.printers import ORDERS, PRINTERS
from podo.server.table.workloads import metric_texts

NOW = datetime(2026, 1, 1, 0, 1, tzinfo=UTC)
TEMPLATE = {"spec": {"containers": [{"name": "a", "image": "i:1"}, {"name": "b", "image": "j"}]}}
SELECTOR = {"matchLabels": {"app": "x"}}


def shown(group, kind, obj, **metadata):
    about = {"name": "o", "creationTimestamp": "2026-01-01T00:00:00Z"} | metadata
    return PRINTERS[group, kind]({"metadata": about} | obj, NOW)


def test_every_printer_fills_the_columns_of_its_resource():
    for (group, kind), printer in PRINTERS.items():
        found = next(r for r in resources.built_in() if (r.group, r.kind) == (group, kind))
        cells = printer({"metadata": {"name": "o", "creationTimestamp": "2026-01-01T00:00:00Z"}}, NOW)
        extra = 1 if kind == "IPAddress" else 0  # it prints an age that has no column
        assert len(cells) == len(found.columns) + extra, kind


def test_every_printer_copes_with_an_object_of_which_nothing_is_set():
    for (group, kind), printer in PRINTERS.items():
        found = next(r for r in resources.built_in() if (r.group, r.kind) == (group, kind))
        assert printer(blank(found.api_version, kind) | {"metadata": {}}, NOW), kind


CASES = [
    (
        "apps",
        "Deployment",
        {
            "spec": {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR},
            "status": {"readyReplicas": 2, "updatedReplicas": 1, "availableReplicas": 2},
        },
        ["o", "2/3", 1, 2, "60s", "a,b", "i:1,j", "app=x"],
    ),
    (
        "apps",
        "ReplicaSet",
        {"spec": {"replicas": 3, "template": TEMPLATE, "selector": SELECTOR}, "status": {"replicas": 2}},
        ["o", 3, 2, 0, "60s", "a,b", "i:1,j", "app=x"],
    ),
    (
        "",
        "Service",
        {
            "spec": {
                "type": "NodePort",
                "clusterIPs": ["10.96.0.9"],
                "ports": [
                    {"port": 80, "nodePort": 30080, "protocol": "TCP"},
                    {"port": 53, "protocol": "UDP"},
                ],
                "selector": {"app": "x"},
            }
        },
        ["o", "NodePort", "10.96.0.9", "<none>", "80:30080/TCP,53/UDP", "60s", "app=x"],
    ),
    (
        "",
        "Service",
        {"spec": {"type": "LoadBalancer", "externalIPs": ["1.2.3.4"]}, "status": {"loadBalancer": {}}},
        ["o", "LoadBalancer", "<none>", "1.2.3.4", "<none>", "60s", "<none>"],
    ),
    (
        "",
        "Endpoints",
        {"subsets": [{"addresses": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}], "ports": [{"port": 80}]}]},
        ["o", "10.0.0.1:80,[fd00::1]:80", "60s"],
    ),
    (
        "discovery.k8s.io",
        "EndpointSlice",
        {
            "addressType": "IPv4",
            "ports": [{"port": 80}, {"name": "x"}, {}],
            "endpoints": [{"addresses": ["10.0.0.1"]}],
        },
        ["o", "IPv4", "80,x,*", "10.0.0.1", "60s"],
    ),
    (
        "",
        "Node",
        {
            "spec": {"unschedulable": True},
            "status": {
                "conditions": [{"type": "Ready", "status": "Unknown"}],
                "addresses": [{"type": "InternalIP", "address": "10.245.0.2"}],
                "nodeInfo": {"kubeletVersion": "v1.36.2", "kernelVersion": "6.1", "architecture": "amd64"},
            },
        },
        [
            *("o", "NotReady,SchedulingDisabled", "<none>", "60s", "v1.36.2", "10.245.0.2", "<none>"),
            *("<unknown>", "6.1 (amd64)", "<unknown>"),
        ],
    ),
    (
        "",
        "Event",
        {
            "type": "Normal",
            "reason": "Pulled",
            "message": " ready\n",
            "involvedObject": {"kind": "Pod", "name": "p", "fieldPath": "spec"},
            "source": {"component": "kubelet", "host": "n1"},
            "firstTimestamp": "2026-01-01T00:00:30Z",
            "lastTimestamp": "2026-01-01T00:00:50Z",
            "count": 4,
        },
        ["10s", "Normal", "Pulled", "pod/p", "spec", "kubelet, n1", "ready", "30s", 4, "o"],
    ),
    (
        "",
        "ResourceQuota",
        {"status": {"hard": {"pods": "3", "limits.cpu": "2"}, "used": {"pods": "1", "limits.cpu": "500m"}}},
        ["o", "pods: 1/3", "limits.cpu: 500m/2", "60s"],
    ),
    (
        "batch",
        "Job",
        {"spec": {"parallelism": 2, "template": TEMPLATE}, "status": {"startTime": "2026-01-01T00:00:58Z"}},
        ["o", "Running", "0/1 of 2", "2s", "60s", "a,b", "i:1,j", "<none>"],
    ),
    (
        "rbac.authorization.k8s.io",
        "RoleBinding",
        {
            "roleRef": {"kind": "Role", "name": "r"},
            "subjects": [
                {"kind": "User", "name": "u"},
                {"kind": "Group", "name": "g"},
                {"kind": "ServiceAccount", "name": "s", "namespace": "n"},
            ],
        },
        ["o", "Role/r", "60s", "u", "g", "n/s"],
    ),
    (
        "",
        "PersistentVolumeClaim",
        {
            "spec": {"volumeName": "v", "storageClassName": "fast", "volumeMode": "Filesystem"},
            "status": {"phase": "Bound", "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteMany"]},
        },
        ["o", "Bound", "v", "1Gi", "RWX", "fast", "<unset>", "60s", "Filesystem"],
    ),
]


@pytest.mark.parametrize(("group", "kind", "obj", "cells"), CASES, ids=[case[1] for case in CASES])
def test_cells(group, kind, obj, cells):
    assert shown(group, kind, obj) == cells


def test_a_node_has_the_roles_that_labels_name():
    labels = {"node-role.kubernetes.io/control-plane": "", "kubernetes.io/role": "edge", "node-role.kubernetes.io/": ""}
    assert shown("", "Node", {}, labels=labels)[2] == "control-plane,edge"


def test_metrics_show_current_and_wanted_values():
    cpu = {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 80}}}
    pods = {"type": "Pods", "pods": {"target": {"averageValue": "10"}}}
    seen = [{"type": "Resource", "resource": {"current": {"averageUtilization": 40}}}]
    assert metric_texts([], []) == "<none>"
    assert metric_texts([cpu, pods], seen) == "cpu: 40%/80%, <unknown>/10"
    assert metric_texts([cpu, cpu, cpu], []) == "cpu: <unknown>/80%, cpu: <unknown>/80% + 1 more..."


def test_flow_schemas_stand_in_order_of_precedence():
    order = ORDERS["flowcontrol.apiserver.k8s.io", "FlowSchema"]
    found = [{"metadata": {"name": n}, "spec": {"matchingPrecedence": p}} for n, p in (("b", 9), ("a", 10), ("c", 9))]
    assert [obj["metadata"]["name"] for obj in sorted(found, key=order)] == ["b", "c", "a"]
