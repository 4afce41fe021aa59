"""What may change in a Pod: by a plain update and by each subresource."""

from copy import deepcopy

import pytest

from ..build import complaints, pod, update_complaints

CONTAINER = {"name": "c", "image": "i"}


def changed(subresource="", *, old=None, status=None, **spec):
    """The complaints about changing the spec (or status) of a Pod."""
    stored = old or pod()
    stored.setdefault("status", {}).update(phase="Pending", qosClass="BestEffort")
    new = deepcopy(stored)
    new["spec"] |= spec
    new["status"] |= status or {}
    return update_complaints(new, stored, subresource)


def with_container(**fields):
    container = deepcopy(pod()["spec"]["containers"][0])
    return {"containers": [container | fields]}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        with_container(image="other"),
        {"activeDeadlineSeconds": 5},
        {"tolerations": [{"key": "a", "operator": "Exists"}]},
    ],
)
def test_some_fields_may_change(spec):
    assert changed(**spec) == []


@pytest.mark.parametrize(
    ("spec", "start"),
    [
        ({"nodeName": "n"}, "spec: Forbidden: pod updates may not change fields other than"),
        (with_container(image=""), "spec.containers[0].image: Required"),
        (with_container(image=" i"), "spec.containers[0].image: Invalid"),
        ({"containers": []}, "spec.containers: Required"),
        ({"activeDeadlineSeconds": -5}, "spec.activeDeadlineSeconds: Invalid"),
        ({"schedulingGates": [{"name": "g"}]}, "spec.schedulingGates[0].name: Forbidden: only deletion is allowed"),
        (
            {"tolerations": [{"key": "a", "operator": "Exists", "tolerationSeconds": 5, "effect": "NoSchedule"}]},
            "spec.tolerations[0].effect: Invalid",
        ),
    ],
)
def test_others_may_not(spec, start):
    assert any(text.startswith(start) for text in changed(**spec))


def test_gates_go_and_while_they_are_there_more_may_change():
    old = pod(schedulingGates=[{"name": "g"}, {"name": "h"}])
    assert changed(old=old, schedulingGates=[{"name": "g"}]) == []
    assert changed(old=old, nodeSelector={"a": "b"}) == []


def test_a_toleration_does_not_go():
    old = pod(tolerations=[{"key": "a", "operator": "Exists"}])
    (text,) = changed(old=old, tolerations=[])
    assert text.startswith("spec.tolerations: Forbidden: existing toleration can not be modified")


EPHEMERAL = {
    "name": "e",
    "image": "i",
    "imagePullPolicy": "Always",
    "terminationMessagePolicy": "File",
    "resources": {},
}


def test_ephemeral_containers_are_added_and_stay():
    assert changed("ephemeralcontainers", ephemeralContainers=[EPHEMERAL]) == []
    old = pod(ephemeralContainers=[EPHEMERAL])
    assert "may not be removed" in changed("ephemeralcontainers", old=old, ephemeralContainers=[])[0]
    other = [{**EPHEMERAL, "image": "j"}]
    assert "may not be changed" in changed("ephemeralcontainers", old=old, ephemeralContainers=other)[0]


def test_resources_change_by_a_resize_if_the_class_stays():
    old = pod(**with_container(resources={"requests": {"cpu": "1"}}))
    old["status"] = {"phase": "Running", "qosClass": "Burstable"}

    def resized(resources):
        new = deepcopy(old)
        new["spec"] |= with_container(resources=resources)
        return update_complaints(new, old, "resize")

    assert resized({"requests": {"cpu": "2"}}) == []
    assert "Pod QOS Class may not change" in resized({})[0]
    assert any(
        "only cpu and memory" in t
        for t in resized({"requests": {"cpu": "1", "example.com/a": "1"}, "limits": {"example.com/a": "1"}})
    )


@pytest.mark.parametrize(
    ("status", "start"),
    [
        ({"phase": "Running", "podIPs": [{"ip": "1.1.1.1"}], "podIP": "1.1.1.1"}, ""),
        ({"podIPs": [{"ip": "x"}], "podIP": "x"}, "status.podIPs[0]: Invalid"),
        ({"podIPs": [{"ip": "1.1.1.1"}, {"ip": "1.1.1.2"}], "podIP": "1.1.1.1"}, "status.podIPs: Invalid"),
        ({"nominatedNodeName": "A"}, "status.nominatedNodeName: Invalid"),
        ({"qosClass": "Guaranteed"}, "status.qosClass: Invalid"),
        ({"conditions": [{"type": "a b", "status": "True"}]}, "status.conditions[0].Type: Invalid"),
    ],
)
def test_a_status_is_checked_too(status, start):
    found = changed("status", status=status)
    assert found[0].startswith(start) if start else not found


def test_a_container_that_ended_stays_ended():
    old = pod(restartPolicy="Never")
    ended = {"name": "c", "state": {"terminated": {"exitCode": 0}}}
    old["status"] = {"containerStatuses": [ended], "phase": "Running"}
    found = changed("status", old=old, status={"containerStatuses": [{"name": "c", "state": {"running": {}}}]})
    assert found
    assert found[0].startswith("status.containerStatuses[0].state: Forbidden")


def test_a_policy_for_selinux_labels_stays_where_one_was():
    mount = pod(securityContext={"seLinuxChangePolicy": "MountOption"})
    (problem,) = complaints(mount)
    assert problem == (
        'spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"'
    )
    assert changed(old=mount, schedulingGates=[]) == []
