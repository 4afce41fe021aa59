"""Pods: what the server sets and keeps, and what it warns about."""

import pytest

from podo.server.defaulting.qos import qos_class

from ..validation.build import pod
from .build import created, updated, warned

CONTAINER = {"name": "c", "image": "i"}
EVEN = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m", "memory": "1Gi"}}


def test_a_new_pod_is_pending_whatever_it_says():
    obj = pod()
    obj["status"] = {"phase": "Running"}
    assert created(obj)["status"] == {"phase": "Pending", "qosClass": "BestEffort"}


def test_a_gated_pod_says_that_it_is_not_scheduled():
    (condition,) = created(pod(schedulingGates=[{"name": "g"}]))["status"]["conditions"]
    assert condition["reason"] == "SchedulingGated"


@pytest.mark.parametrize(
    ("containers", "expected"),
    [
        ([{}], "BestEffort"),
        ([{"requests": {"cpu": "1"}}], "Burstable"),
        ([EVEN], "Guaranteed"),
        ([EVEN, {}], "Burstable"),
        ([{"requests": {"example.com/a": "1"}}], "BestEffort"),
        ([{"limits": {"cpu": "0", "memory": "0"}}], "BestEffort"),
    ],
)
def test_quality_of_service_follows_from_resources(containers, expected):
    assert qos_class({"containers": [{"resources": r} for r in containers]}) == expected


def test_ephemeral_containers_come_by_their_subresource_alone():
    old = created(pod())
    spec = {**old["spec"], "nodeName": "other", "ephemeralContainers": [{"name": "e", "image": "i"}]}
    new = updated(old, "ephemeralcontainers", spec=spec)
    assert new["spec"]["ephemeralContainers"][0]["name"] == "e"
    assert "nodeName" not in new["spec"]


def test_a_resize_takes_resources_and_nothing_else():
    old = created(pod())
    spec = {**old["spec"], "containers": [{**CONTAINER, "image": "j", "resources": EVEN}], "nodeName": "n"}
    new = updated(old, "resize", spec=spec)
    assert new["spec"]["containers"][0]["resources"]["limits"] == EVEN["limits"]
    assert new["spec"]["containers"][0]["image"] == "i"
    assert "nodeName" not in new["spec"]


def test_a_status_keeps_its_class():
    old = created(pod())
    assert updated(old, "status", status={"phase": "Running"})["status"]["qosClass"] == "BestEffort"


@pytest.mark.parametrize(
    ("spec", "start"),
    [
        ({"nodeSelector": {"beta.kubernetes.io/os": "linux"}}, "spec.nodeSelector[beta.kubernetes.io/os]: deprecated"),
        ({"imagePullSecrets": [{"name": "a"}, {"name": "a"}]}, "spec.imagePullSecrets[1].name: duplicate name"),
        ({"imagePullSecrets": [{}]}, "spec.imagePullSecrets[0].name: invalid empty name"),
        ({"hostAliases": [{"ip": "1.1.1.1"}] * 2}, "spec.hostAliases[1].ip: duplicate ip"),
        ({"volumes": [{"name": "v", "gitRepo": {"repository": "r"}}]}, "spec.volumes[0].gitRepo: deprecated"),
        ({"containers": [{**CONTAINER, "env": [{"name": "A"}] * 2}]}, "spec.containers[0].env[1]: hides previous"),
        ({"containers": [{**CONTAINER, "ports": [{"containerPort": 1}] * 2}]}, "spec.containers[0].ports[1]: dup"),
        (
            {"containers": [{**CONTAINER, "resources": {"requests": {"memory": "1m"}}}]},
            'spec.containers[0].resources.requests[memory]: fractional byte value "1m"',
        ),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s", "items": [{"key": "a", "path": "p"}] * 2}}]},
            'volume "v" (Secret "s"): overlapping paths: "p" with "p"',
        ),
        (
            {"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "z", "whenUnsatisfiable": "DoNotSchedule"}]},
            "spec.topologySpreadConstraints[0].labelSelector: a null labelSelector",
        ),
    ],
)
def test_what_surprises_is_warned_about(spec, start):
    (text,) = warned(created(pod(**spec)))
    assert text.startswith(start)


def test_a_plain_pod_warns_of_nothing():
    assert warned(created(pod())) == []


def test_a_name_that_is_no_host_name_is_warned_about():
    obj = pod()
    obj["metadata"]["name"] = "a.b"
    assert warned(obj)[0].startswith("metadata.name: this is used in the Pod's hostname")
