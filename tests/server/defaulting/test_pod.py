"""Defaults of Pods, containers, probes and volumes."""

import pytest

from .build import container, filled, pod, volume

TEMPLATE = {"spec": {"containers": [{"name": "c", "image": "i"}]}}


def test_a_pod_gets_its_defaults():
    spec = pod()["spec"]
    del spec["containers"]
    assert spec == {
        "dnsPolicy": "ClusterFirst",
        "restartPolicy": "Always",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "schedulerName": "default-scheduler",
        "enableServiceLinks": True,
    }


def test_a_template_does_not_get_what_only_pods_get():
    limits = {"resources": {"limits": {"cpu": "1"}}}
    template = {"spec": {"containers": [{"name": "c", "image": "i", **limits}]}}
    spec = filled("v1", "PodTemplate", template=template)["template"]["spec"]
    assert "enableServiceLinks" not in spec
    assert spec["containers"][0]["resources"] == {"limits": {"cpu": "1"}}


def test_either_spelling_of_the_service_account_sets_both():
    for spec in (pod(serviceAccount="a")["spec"], pod(serviceAccountName="a", serviceAccount="b")["spec"]):
        assert (spec["serviceAccount"], spec["serviceAccountName"]) == ("a", "a")


def test_requests_default_to_limits_in_pods():
    resources = container(resources={"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}})["resources"]
    assert resources["requests"] == {"cpu": "500m", "memory": "1Gi"}


def test_host_ports_default_to_container_ports_on_the_host_network():
    containers = [{"name": "c", "image": "i", "ports": [{"containerPort": 80}]}]
    port = pod(hostNetwork=True, containers=containers)["spec"]["containers"][0]["ports"][0]
    assert port == {"containerPort": 80, "hostPort": 80, "protocol": "TCP"}


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("localhost:5000/a/b", "Always"),
        ("nginx:1.2", "IfNotPresent"),
        ("nginx@sha256:" + "a" * 64, "IfNotPresent"),
        ("No Image", "IfNotPresent"),
        ("", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image, policy):
    assert container(image=image)["imagePullPolicy"] == policy


def test_probes_and_hooks_get_their_defaults():
    got = container(
        livenessProbe={"httpGet": {"port": 80}, "periodSeconds": 0},
        readinessProbe={"grpc": {"port": 80}},
        lifecycle={"preStop": {"httpGet": {"port": 80}}},
    )
    assert got["livenessProbe"] == {
        "httpGet": {"path": "/", "port": 80, "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert got["readinessProbe"]["grpc"] == {"port": 80, "service": ""}
    assert got["lifecycle"]["preStop"]["httpGet"]["path"] == "/"


def test_environment_sources_get_their_defaults():
    env = container(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}])["env"][0]
    assert env["valueFrom"]["fieldRef"]["apiVersion"] == "v1"


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({}, {"emptyDir": {}}),
        ({"secret": {"secretName": "s"}}, {"secret": {"secretName": "s", "defaultMode": 420}}),
        ({"hostPath": {"path": "/"}}, {"hostPath": {"path": "/", "type": ""}}),
        ({"image": {"reference": "a:v1"}}, {"image": {"reference": "a:v1", "pullPolicy": "IfNotPresent"}}),
        (
            {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}},
            {
                "projected": {
                    "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
                    "defaultMode": 420,
                }
            },
        ),
    ],
)
def test_volumes_get_their_defaults(given, stored):
    assert volume(**given) == {"name": "v", **stored}


def test_pod_level_requests_default_to_the_sum_of_the_containers_then_to_the_limits():
    containers = [{"name": n, "image": "i", "resources": {"requests": {"cpu": "100m"}}} for n in "ab"]
    init = [{"name": "i", "image": "i", "resources": {"requests": {"cpu": "150m"}}}]
    resources = {"limits": {"cpu": "1", "memory": "1Gi"}}
    got = pod(containers=containers, initContainers=init, resources=resources)["spec"]["resources"]
    assert got["requests"] == {"cpu": "200m", "memory": "1Gi"}


def test_pod_level_resources_that_only_request_stay_as_they_are():
    assert pod(resources={"requests": {"cpu": "1"}})["spec"]["resources"] == {"requests": {"cpu": "1"}}


def test_a_pod_ends_in_a_second_at_the_fastest():
    assert pod(terminationGracePeriodSeconds=-3)["spec"]["terminationGracePeriodSeconds"] == 1


def test_annotations_that_once_held_init_containers_are_dropped():
    annotations = {"pod.beta.kubernetes.io/init-containers": "[]", "a": "b"}
    assert pod(metadata={"annotations": annotations})["metadata"]["annotations"] == {"a": "b"}
