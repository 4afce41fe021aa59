from datetime import timedelta

import msgspec
import pytest

from podo.api.quota.claims import Claims
from podo.api.quota.devices import DeviceClaims
from podo.api.quota.evaluators import Counts, count_name, evaluator_of, evaluators_for
from podo.api.quota.pods import Pods
from podo.api.quota.services import Services
from podo.api.quota.usage import counted
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import (
    ContainerStatus,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    PersistentVolumeClaimStatus,
    ResourceRequirements,
    Service,
    ServicePort,
    ServiceSpec,
    VolumeResourceRequirements,
)
from podo.api.types.resource_v1 import (
    DeviceClaim,
    DeviceRequest,
    DeviceSubRequest,
    ExactDeviceRequest,
    ResourceClaim,
    ResourceClaimSpec,
)
from tests.api.quota.build import NOW, container, pod, quota


def test_a_pod_uses_what_its_containers_ask_for_in_their_spelling():
    made = pod(
        "p",
        container(requests={"cpu": "500m", "memory": "64Mi", "example.com/gpu": "1"}, limits={"memory": "1Gi"}),
        container("d", requests={"cpu": "1", "memory": "64Mi", "ephemeral-storage": "1Gi"}),
    )
    assert Pods().usage(made, NOW) == {
        "count/pods": "1",
        "pods": "1",
        "cpu": "1500m",
        "requests.cpu": "1500m",
        "memory": "128Mi",
        "requests.memory": "128Mi",
        "ephemeral-storage": "1Gi",
        "requests.ephemeral-storage": "1Gi",
        "requests.example.com/gpu": "1",
        "limits.memory": "1Gi",
    }


def test_a_pod_that_has_ended_only_counts():
    assert Pods().usage(pod(phase="Succeeded"), NOW) == {"count/pods": "1"}


@pytest.mark.parametrize(("age", "uses"), [(59, True), (61, False)])
def test_a_pod_that_should_be_gone_only_counts(age, uses):
    """The grace period counts twice, as in Kubernetes: the deletion timestamp has it in it already."""
    meta = {"deletion_timestamp": format_time(NOW), "deletion_grace_period_seconds": 60}
    found = Pods().usage(pod(meta=meta), NOW + timedelta(seconds=age))
    assert ("pods" in found) is uses


def test_while_it_is_resized_a_pod_uses_the_larger_of_both():
    made = pod("p", container(requests={"cpu": "1"}))
    held = ContainerStatus(name="c", resources=ResourceRequirements(requests={"cpu": "2"}))
    resizing = msgspec.structs.replace(made, status=msgspec.structs.replace(made.status, container_statuses=(held,)))
    assert Pods().usage(resizing, NOW)["requests.cpu"] == "2"


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("requests.example.com/gpu", True),
        ("example.com/gpu", False),
        ("requests.hugepages-2Mi", True),
        ("hugepages-2Mi", True),
        ("requests.storage", False),
        ("requests.kubernetes.io/x", False),
        ("limits.ephemeral-storage", True),
        ("configmaps", False),
    ],
)
def test_which_names_pods_use(name, covered):
    assert bool(Pods().covers([name])) is covered


@pytest.mark.parametrize(
    ("spec", "ports", "balancers"),
    [
        ({"type": "ClusterIP"}, "0", "0"),
        ({"type": "NodePort"}, "2", "0"),
        ({"type": "LoadBalancer"}, "2", "1"),
        ({"type": "LoadBalancer", "allocate_load_balancer_node_ports": False}, "1", "1"),
    ],
)
def test_services_use_node_ports_and_load_balancers(spec, ports, balancers):
    of = (ServicePort(port=80, node_port=30000), ServicePort(port=81))
    found = Services().usage(Service(spec=ServiceSpec(ports=of, **spec)), NOW)
    assert (found["services.nodeports"], found["services.loadbalancers"]) == (ports, balancers)


def claim(size="1Gi", *, storage_class=None, allocated=None):
    return PersistentVolumeClaim(
        spec=PersistentVolumeClaimSpec(
            storage_class_name=storage_class, resources=VolumeResourceRequirements(requests={"storage": size})
        ),
        status=PersistentVolumeClaimStatus(allocated_resources={"storage": allocated} if allocated else {}),
    )


def test_claims_count_in_all_and_by_class():
    gold = "gold.storageclass.storage.k8s.io/"
    assert Claims().usage(claim(storage_class="gold"), NOW) == {
        "count/persistentvolumeclaims": "1",
        "persistentvolumeclaims": "1",
        "requests.storage": "1Gi",
        f"{gold}persistentvolumeclaims": "1",
        f"{gold}requests.storage": "1Gi",
    }


def test_a_claim_that_has_more_than_it_asks_for_uses_that():
    assert Claims().usage(claim("1Gi", allocated="2Gi"), NOW)["requests.storage"] == "2Gi"


def test_devices_count_by_class_and_of_alternatives_the_most():
    def exact(name, **more):
        return DeviceRequest(name=name, exactly=ExactDeviceRequest(device_class_name="gpu", **more))

    either = (
        DeviceSubRequest(name="a", device_class_name="gpu", allocation_mode="ExactCount", count=3),
        DeviceSubRequest(name="b", device_class_name="nic", allocation_mode="ExactCount", count=1),
    )
    requests = (exact("x", allocation_mode="ExactCount", count=2), DeviceRequest(name="y", first_available=either))
    made = ResourceClaim(spec=ResourceClaimSpec(devices=DeviceClaim(requests=requests)))
    assert DeviceClaims().usage(made, NOW) == {
        "count/resourceclaims.resource.k8s.io": "1",
        "gpu.deviceclass.resource.k8s.io/devices": "5",
        "nic.deviceclass.resource.k8s.io/devices": "1",
        "requests.deviceclass.resource.kubernetes.io/gpu": "5",
        "requests.deviceclass.resource.kubernetes.io/nic": "1",
    }


def test_any_resource_can_be_counted_by_its_name():
    assert count_name(("batch", "jobs")) == "count/jobs.batch"
    assert Counts(("batch", "jobs")).usage({}, NOW) == {"count/jobs.batch": "1"}
    assert Counts(("", "secrets")).usage({}, NOW) == {"count/secrets": "1", "secrets": "1"}


def test_events_are_never_counted():
    assert evaluator_of(("events.k8s.io", "events")) is None
    assert evaluators_for(["count/events"]) == []


def test_which_resources_a_quota_needs_to_know():
    found = evaluators_for(
        ["pods", "configmaps", "count/jobs.batch", "gold.storageclass.storage.k8s.io/requests.storage"]
    )
    assert [e.resource for e in found] == [
        ("", "pods"),
        ("", "persistentvolumeclaims"),
        ("", "configmaps"),
        ("batch", "jobs"),
    ]


def test_all_objects_in_scope_are_counted_again():
    best = quota(hard={"pods": "5", "configmaps": "3"}, scopes=())
    objects = {("", "pods"): [pod("a"), pod("b", phase="Failed")], ("", "configmaps"): [object()]}
    found = counted(best, lambda evaluator: objects[evaluator.resource], NOW)
    assert found.used == {"pods": "1", "configmaps": "1"}
    only = quota(hard={"pods": "5"}, scopes=("BestEffort",))
    assert counted(only, lambda _: [pod(qos="BestEffort"), pod("q")], NOW).used == {"pods": "1"}


def test_what_cannot_be_known_stays_as_it_was():
    kept = quota(hard={"count/widgets.example.com": "5"}, used={"count/widgets.example.com": "2"})
    assert counted(kept, lambda _: None, NOW).used == {"count/widgets.example.com": "2"}
