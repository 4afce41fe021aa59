"""Claims of devices whose class stands for an extended resource, and Pods that request that resource (KEP-5004)."""

import msgspec
import pytest

from podo.api.quota.devices import DeviceClaims, Surroundings, extended_names
from podo.api.quota.evaluators import special_ones
from podo.api.quota.usage import counted
from podo.api.types.core_v1 import Pod, ResourceQuota
from podo.api.types.resource_v1 import DeviceClass, ResourceClaim
from tests.api.quota.test_usage import NOW

GPU, IMPLICIT = "requests.example.com/gpu", "requests.deviceclass.resource.kubernetes.io/gpu-class"
CLASSES = {"gpu-class": "example.com/gpu"}
HARD = {GPU: "9", IMPLICIT: "9", "count/resourceclaims.resource.k8s.io": "9"}


def claim(name="c", count=2, *, owner="", made="2026-01-01T00:00:00Z", cls="gpu-class"):
    meta = {"name": name, "namespace": "ns", "creationTimestamp": made}
    if owner:
        meta["annotations"] = {"resource.kubernetes.io/extended-resource-claim": "true"}
        reference = {"apiVersion": "v1", "kind": "Pod", "name": owner, "uid": f"uid-{owner}", "controller": True}
        meta["ownerReferences"] = [reference]
    exactly = {"deviceClassName": cls, "allocationMode": "ExactCount", "count": count}
    spec = {"devices": {"requests": [{"name": "r", "exactly": exactly}]}}
    return msgspec.convert({"metadata": meta, "spec": spec}, ResourceClaim)


def pod(name="p", gpus="2", claimed=""):
    status = {"extendedResourceClaimStatus": {"resourceClaimName": claimed, "requestMappings": []}} if claimed else {}
    requests = {"example.com/gpu": gpus}
    containers = [{"name": "app", "image": "i", "resources": {"requests": requests, "limits": requests}}]
    body = {
        "metadata": {"name": name, "namespace": "ns", "uid": f"uid-{name}"},
        "spec": {"containers": containers},
        "status": status,
    }
    return msgspec.convert(body, Pod)


def evaluator(pods=(), claims=()):
    by_name = {p.metadata.name: p for p in pods}
    around = Surroundings(CLASSES, lambda _, name: by_name.get(name), lambda _: claims)
    return DeviceClaims(lambda: around)


def used(pods, claims):
    """What a quota says of what a namespace has."""
    objects = {("", "pods"): pods, ("resource.k8s.io", "resourceclaims"): claims}
    quota = msgspec.convert({"metadata": {"name": "q"}, "spec": {"hard": HARD}}, ResourceQuota)
    special = special_ones(evaluator(pods, claims))
    found = counted(quota, lambda e: objects.get(e.resource, ()), NOW, special).used
    return found[GPU], found[IMPLICIT]


def test_only_classes_that_stand_for_a_resource_are_known():
    made = [
        msgspec.convert(
            {"metadata": {"name": "gpu-class"}, "spec": {"extendedResourceName": "example.com/gpu"}}, DeviceClass
        ),
        msgspec.convert({"metadata": {"name": "nic-class"}, "spec": {}}, DeviceClass),
    ]
    assert extended_names(made) == CLASSES


def test_which_limits_claims_may_use():
    names = [*HARD, "requests.cpu", "requests.example.com/other", "requests.deviceclass.resource.kubernetes.io/other"]
    assert evaluator().covers(names) == [*HARD]
    assert DeviceClaims().covers(names) == ["count/resourceclaims.resource.k8s.io"]


def test_a_claim_of_the_class_uses_the_resource():
    found = evaluator().usage(claim(), NOW)
    assert (found[GPU], found[IMPLICIT]) == ("2", "2")
    assert GPU not in evaluator().usage(claim(cls="nic-class"), NOW)


@pytest.mark.parametrize(
    ("pods", "claims", "expected"),
    [
        pytest.param([pod()], [], ("2", "0"), id="a Pod alone"),
        pytest.param([pod()], [claim()], ("4", "2"), id="a claim of its own beside it"),
        pytest.param([pod()], [claim(owner="p")], ("2", "2"), id="what stands for a Pod is charged once"),
        pytest.param([pod(claimed="c")], [claim(owner="p")], ("2", "2"), id="the Pod names it"),
        pytest.param([pod(claimed="d")], [claim(owner="p")], ("4", "2"), id="the Pod names another"),
        pytest.param([pod(gpus="1")], [claim(owner="p")], ("2", "2"), id="more than the Pod requests"),
        pytest.param([], [claim(owner="gone")], ("2", "2"), id="the Pod is gone"),
        pytest.param(
            [pod()],
            [claim("a", owner="p", made="2026-01-01T00:00:01Z"), claim("b", owner="p")],
            ("4", "4"),
            id="two claims for one Pod: the first is exempt",
        ),
    ],
)
def test_what_pods_and_claims_use_together(pods, claims, expected):
    assert used(pods, claims) == expected


def test_what_cannot_be_known_of_one_stays_for_both():
    body = {"metadata": {"name": "q"}, "spec": {"hard": {GPU: "9"}}, "status": {"used": {GPU: "7"}}}
    quota = msgspec.convert(body, ResourceQuota)
    known = {("", "pods"): [pod()]}
    assert counted(quota, lambda e: known.get(e.resource), NOW, special_ones(evaluator())).used == {GPU: "7"}
