"""Defaults of every kind that has some, but for Pods."""

from typing import Any

import pytest

from .build import filled

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
NET = "networking.k8s.io/v1"


def spec_of(api_version: str, kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    return filled(api_version, kind, spec=spec)["spec"]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({}, {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}),
        (
            {"type": "ExternalName", "externalName": "a"},
            {"type": "ExternalName", "sessionAffinity": "None", "externalName": "a"},
        ),
        (
            {"type": "LoadBalancer", "sessionAffinity": "ClientIP"},
            {
                "type": "LoadBalancer",
                "sessionAffinity": "ClientIP",
                "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 10800}},
                "internalTrafficPolicy": "Cluster",
                "externalTrafficPolicy": "Cluster",
                "allocateLoadBalancerNodePorts": True,
            },
        ),
    ],
)
def test_services(given, stored):
    assert spec_of("v1", "Service", given) == stored


def test_service_ports_go_to_themselves_over_tcp():
    assert spec_of("v1", "Service", {"ports": [{"port": 80}]})["ports"] == [
        {"port": 80, "protocol": "TCP", "targetPort": 80}
    ]


def test_the_strings_of_a_secret_become_data():
    secret = filled("v1", "Secret", data={"a": "eA==", "b": "eA=="}, stringData={"a": "y"})
    assert secret["data"] == {"a": "eQ==", "b": "eA=="}
    assert "stringData" not in secret
    assert secret["type"] == "Opaque"


def test_a_namespace_is_labelled_with_its_name():
    namespace = filled("v1", "Namespace")
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "x"}
    assert namespace["status"] == {"phase": "Active"}


def test_allocatable_defaults_to_capacity():
    node = filled("v1", "Node", status={"capacity": {"cpu": "2000m"}})
    assert node["status"]["allocatable"] == {"cpu": "2"}


def test_limit_ranges_derive_defaults_from_the_bounds():
    item = {"type": "Container", "max": {"cpu": "2"}, "min": {"memory": "1Mi"}}
    assert spec_of("v1", "LimitRange", {"limits": [item]})["limits"][0] == {
        **item,
        "default": {"cpu": "2"},
        "defaultRequest": {"cpu": "2", "memory": "1Mi"},
    }


def test_a_deployment_gets_its_defaults():
    spec = spec_of("apps/v1", "Deployment", {"template": TEMPLATE})
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (1, 10, 600)
    assert spec["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}
    assert spec["template"]["spec"]["dnsPolicy"] == "ClusterFirst"


def test_recreate_needs_no_rolling_update():
    assert spec_of("apps/v1", "Deployment", {"strategy": {"type": "Recreate"}})["strategy"] == {"type": "Recreate"}


def test_zero_replicas_are_kept():
    assert spec_of("apps/v1", "ReplicaSet", {"replicas": 0})["replicas"] == 0


def test_a_stateful_set_gets_its_defaults():
    claim = {"metadata": {"name": "d"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    spec = spec_of("apps/v1", "StatefulSet", {"template": TEMPLATE, "volumeClaimTemplates": [claim]})
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert spec["volumeClaimTemplates"][0]["spec"]["volumeMode"] == "Filesystem"
    assert spec["volumeClaimTemplates"][0]["status"] == {"phase": "Pending"}


def test_a_daemon_set_gets_its_defaults():
    spec = spec_of("apps/v1", "DaemonSet", {"template": TEMPLATE})
    assert spec["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 1, "maxSurge": 0}


def test_a_replication_controller_takes_selector_and_labels_from_its_template():
    obj = filled("v1", "ReplicationController", spec={"template": TEMPLATE})
    assert obj["spec"]["selector"] == obj["metadata"]["labels"] == {"a": "b"}
    assert obj["spec"]["replicas"] == 1


@pytest.mark.parametrize(
    ("given", "counts"),
    [({}, (1, 1)), ({"parallelism": 3}, (None, 3)), ({"completions": 3}, (3, 1)), ({"parallelism": 0}, (None, 0))],
)
def test_jobs_run_once_unless_told_otherwise(given, counts):
    spec = spec_of("batch/v1", "Job", {"template": TEMPLATE, **given})
    assert (spec.get("completions"), spec.get("parallelism")) == counts


def test_a_cron_job_gets_its_defaults():
    spec = spec_of("batch/v1", "CronJob", {"schedule": "* * * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}})
    assert (spec["concurrencyPolicy"], spec["suspend"]) == ("Allow", False)
    assert "backoffLimit" not in spec["jobTemplate"]["spec"]


def test_an_autoscaler_aims_at_cpu():
    spec = spec_of(
        "autoscaling/v2",
        "HorizontalPodAutoscaler",
        {"maxReplicas": 2, "behavior": {"scaleUp": {"selectPolicy": "Min"}}},
    )
    assert spec["metrics"][0]["resource"]["target"] == {"type": "Utilization", "averageUtilization": 80}
    assert spec["behavior"]["scaleUp"]["selectPolicy"] == "Min"
    assert spec["behavior"]["scaleDown"]["policies"] == [{"type": "Percent", "value": 100, "periodSeconds": 15}]


@pytest.mark.parametrize(
    ("given", "types"),
    [({}, ["Ingress"]), ({"egress": [{}]}, ["Ingress", "Egress"]), ({"policyTypes": ["Egress"]}, ["Egress"])],
)
def test_a_network_policy_names_its_types(given, types):
    assert spec_of(NET, "NetworkPolicy", given)["policyTypes"] == types


def test_small_defaults():
    assert filled("storage.k8s.io/v1", "StorageClass", provisioner="p")["volumeBindingMode"] == "Immediate"
    assert filled("scheduling.k8s.io/v1", "PriorityClass", value=1)["preemptionPolicy"] == "PreemptLowerPriority"
    assert spec_of("storage.k8s.io/v1", "CSIDriver", {})["volumeLifecycleModes"] == ["Persistent"]
    parameters = {"parameters": {"kind": "K", "name": "n"}}
    assert spec_of(NET, "IngressClass", parameters)["parameters"]["scope"] == "Cluster"
    slice_ = filled("discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", ports=[{"port": 1}])
    assert slice_["ports"] == [{"port": 1, "name": "", "protocol": "TCP"}]
    binding = filled(
        "rbac.authorization.k8s.io/v1",
        "RoleBinding",
        roleRef={"kind": "Role", "name": "r"},
        subjects=[{"kind": "User", "name": "u"}],
    )
    assert {binding["roleRef"]["apiGroup"], binding["subjects"][0]["apiGroup"]} == {"rbac.authorization.k8s.io"}


def test_webhooks_and_policies_match_everything_unless_told_otherwise():
    group = "admissionregistration.k8s.io/v1"
    hook = {
        "name": "a.b.c",
        "clientConfig": {"service": {"name": "s", "namespace": "n"}},
        "rules": [{"operations": ["*"]}],
    }
    got = filled(group, "MutatingWebhookConfiguration", webhooks=[hook])["webhooks"][0]
    assert (got["failurePolicy"], got["timeoutSeconds"], got["reinvocationPolicy"]) == ("Fail", 10, "Never")
    assert got["rules"][0]["scope"] == "*"
    assert got["clientConfig"]["service"]["port"] == 443
    policy = spec_of(group, "ValidatingAdmissionPolicy", {"matchConstraints": {}})
    assert policy["matchConstraints"] == {"matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {}}


def test_flow_control_gets_its_numbers():
    group = "flowcontrol.apiserver.k8s.io/v1"
    limited = {"type": "Limited", "limited": {"limitResponse": {"type": "Queue", "queuing": {}}}}
    got = spec_of(group, "PriorityLevelConfiguration", limited)["limited"]
    assert (got["nominalConcurrencyShares"], got["lendablePercent"]) == (30, 0)
    assert got["limitResponse"]["queuing"] == {"handSize": 8, "queues": 64, "queueLengthLimit": 50}


def test_device_requests_count_one():
    devices = {"requests": [{"name": "r", "exactly": {"deviceClassName": "c"}}]}
    exactly = spec_of("resource.k8s.io/v1", "ResourceClaim", {"devices": devices})["devices"]["requests"][0]["exactly"]
    assert (exactly["allocationMode"], exactly["count"]) == ("ExactCount", 1)


def test_a_definition_derives_its_names_and_stored_version():
    spec = {"names": {"kind": "Foo", "plural": "foos"}, "versions": [{"name": "v1", "storage": True, "served": True}]}
    obj = filled("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec=spec)
    assert obj["spec"]["names"] == {"kind": "Foo", "plural": "foos", "singular": "foo", "listKind": "FooList"}
    assert obj["status"]["storedVersions"] == ["v1"]


def test_tolerations_of_devices_compare_values_unless_told_otherwise():
    request = {"name": "a", "exactly": {"deviceClassName": "c", "tolerations": [{"key": "k", "value": "v"}]}}
    other = {"name": "b", "firstAvailable": [{"name": "x", "deviceClassName": "c", "tolerations": [{"key": "k"}]}]}
    spec = spec_of("resource.k8s.io/v1", "ResourceClaim", {"devices": {"requests": [request, other]}})
    first, second = spec["devices"]["requests"]
    assert first["exactly"]["tolerations"][0]["operator"] == "Equal"
    assert second["firstAvailable"][0]["tolerations"][0]["operator"] == "Equal"


def test_a_port_of_an_aggregated_service_is_that_of_https():
    assert spec_of("apiregistration.k8s.io/v1", "APIService", {"service": {}})["service"]["port"] == 443


def test_an_empty_scope_of_parameters_is_no_absent_one():
    given = {"parameters": {"kind": "K", "name": "n", "scope": ""}}
    assert spec_of("networking.k8s.io/v1", "IngressClass", given)["parameters"]["scope"] == ""
