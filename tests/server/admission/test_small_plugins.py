"""Plug-ins that fill in one thing, or forbid one."""

import pytest

from podo.api.errors import Forbidden, NotFound
from podo.api.types.core_v1 import (
    Node,
    NodeSpec,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpec,
    Taint,
    Toleration,
    VolumeResourceRequirements,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import (
    Ingress,
    IngressBackend,
    IngressClass,
    IngressClassSpec,
    IngressServiceBackend,
    IngressSpec,
    ServiceBackendPort,
)
from podo.api.types.node_v1 import Overhead, RuntimeClass, Scheduling
from podo.api.types.scheduling_v1 import PriorityClass
from podo.api.types.storage_v1 import StorageClass
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.server.admission.runtime_class import covers, merge_tolerations
from tests.server.admission.build import meta, pod

NOT_READY = Taint(key="node.kubernetes.io/not-ready", effect="NoSchedule")


def claim(name="c", size="1Gi", **spec):
    wanted = VolumeResourceRequirements(requests={"storage": size})
    spec = PersistentVolumeClaimSpec(access_modes=("ReadWriteOnce",), resources=wanted, **spec)
    return PersistentVolumeClaim(metadata=meta(name), spec=spec)


def cluster_meta(name, **annotations):
    return ObjectMeta(name=name, annotations={key.replace("__", "/"): value for key, value in annotations.items()})


async def test_a_new_node_is_tainted_until_it_is_ready(client):
    made = await client.create(Node(metadata=ObjectMeta(name="n1")))
    assert [(taint.key, taint.effect) for taint in made.spec.taints] == [(NOT_READY.key, NOT_READY.effect)]
    again = await client.create(Node(metadata=ObjectMeta(name="n2"), spec=NodeSpec(taints=(NOT_READY,))))
    assert len(again.spec.taints) == 1


async def test_a_pod_stays_five_minutes_on_a_silent_node(client):
    made = await client.create(pod())
    assert [(t.key.rpartition("/")[2], t.effect, t.toleration_seconds) for t in made.spec.tolerations] == [
        ("not-ready", "NoExecute", 300),
        ("unreachable", "NoExecute", 300),
    ]
    all_of_them = await client.create(pod("q", tolerations=(Toleration(operator="Exists"),)))
    assert len(all_of_them.spec.tolerations) == 1


async def test_priority_comes_from_the_class(client):
    await client.create(PriorityClass(metadata=ObjectMeta(name="high"), value=1000, preemption_policy="Never"))
    made = await client.create(pod(priority_class_name="high"))
    assert (made.spec.priority, made.spec.preemption_policy) == (1000, "Never")
    plain = await client.create(pod("plain"))
    assert (plain.spec.priority, plain.spec.preemption_policy) == (0, "PreemptLowerPriority")


async def test_the_default_class_is_for_pods_that_name_none_and_there_is_one(client):
    await client.create(PriorityClass(metadata=ObjectMeta(name="d"), value=7, global_default=True))
    made = await client.create(pod())
    assert (made.spec.priority, made.spec.priority_class_name) == (7, "d")
    with pytest.raises(Forbidden, match="PriorityClass d is already marked as default"):
        await client.create(PriorityClass(metadata=ObjectMeta(name="e"), value=8, global_default=True))


async def test_a_priority_that_is_not_the_classes_is_refused(client):
    with pytest.raises(Forbidden, match=r"the integer value of priority \(3\) must not be provided"):
        await client.create(pod(priority=3))
    with pytest.raises(Forbidden, match="no PriorityClass with name nope was found"):
        await client.create(pod(priority_class_name="nope"))


async def test_a_claim_gets_the_newest_default_class_and_a_finalizer(client, clock):
    for name in ("older", "newer"):
        metadata = cluster_meta(name, **{"storageclass.kubernetes.io__is-default-class": "true"})
        await client.create(StorageClass(metadata=metadata, provisioner="p.example.com"))
        clock.advance(5)
    made = await client.create(claim())
    assert made.spec.storage_class_name == "newer"
    assert made.metadata.finalizers == ("kubernetes.io/pvc-protection",)
    assert (await client.create(claim("none", storage_class_name=""))).spec.storage_class_name == ""


@pytest.mark.parametrize("allowed", [True, False])
async def test_a_bound_claim_grows_if_its_class_allows_it(client, allowed):
    await client.create(
        StorageClass(metadata=ObjectMeta(name="fast"), provisioner="p.example.com", allow_volume_expansion=allowed)
    )
    await client.create(claim(storage_class_name="fast", volume_name="v"))
    bound = Patch(media_type=MERGE_PATCH, body={"status": {"phase": "Bound"}})
    await client.patch(PersistentVolumeClaim, Key("default", "c"), bound, subresource="status")
    grow = Patch(media_type=MERGE_PATCH, body={"spec": {"resources": {"requests": {"storage": "2Gi"}}}})
    if allowed:
        grown = await client.patch(PersistentVolumeClaim, Key("default", "c"), grow)
        assert grown.spec.resources.requests == {"storage": "2Gi"}
    else:
        with pytest.raises(Forbidden, match="only dynamically provisioned pvc can be resized"):
            await client.patch(PersistentVolumeClaim, Key("default", "c"), grow)


async def test_an_ingress_gets_the_default_class(client):
    metadata = cluster_meta("d", **{"ingressclass.kubernetes.io__is-default-class": "true"})
    await client.create(IngressClass(metadata=metadata, spec=IngressClassSpec(controller="example.com/c")))
    service = IngressServiceBackend(name="s", port=ServiceBackendPort(number=80))
    made = await client.create(
        Ingress(metadata=meta("i"), spec=IngressSpec(default_backend=IngressBackend(service=service)))
    )
    assert made.spec.ingress_class_name == "d"


async def test_a_runtime_class_brings_overhead_and_scheduling(client):
    scheduling = Scheduling(node_selector={"vm": "yes"}, tolerations=(Toleration(key="vm", operator="Exists"),))
    overhead = Overhead(pod_fixed={"cpu": "10m"})
    metadata = ObjectMeta(name="vm")
    await client.create(RuntimeClass(metadata=metadata, handler="vm", overhead=overhead, scheduling=scheduling))
    made = await client.create(pod(runtime_class_name="vm", node_selector={"x": "y"}))
    assert made.spec.overhead == {"cpu": "10m"}
    assert made.spec.node_selector == {"vm": "yes", "x": "y"}
    assert made.spec.tolerations[-1].key == "vm"


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"runtime_class_name": "nope"}, 'RuntimeClass "nope" not found'),
        ({"runtime_class_name": "vm", "overhead": {"cpu": "1"}}, "Pod's Overhead doesn't match"),
        ({"runtime_class_name": "vm", "node_selector": {"vm": "no"}}, r"conflict: runtimeClass.scheduling"),
        ({"overhead": {"cpu": "1"}}, "Pod Overhead set without corresponding RuntimeClass"),
    ],
)
async def test_a_pod_may_not_contradict_its_runtime_class(client, spec, why):
    runtime = RuntimeClass(
        metadata=ObjectMeta(name="vm"),
        handler="vm",
        overhead=Overhead(pod_fixed={"cpu": "10m"}),
        scheduling=Scheduling(node_selector={"vm": "yes"}),
    )
    await client.create(runtime)
    with pytest.raises(Forbidden, match=why):
        await client.create(pod(**spec))


def test_tolerations_that_others_cover_are_dropped():
    wide = {"key": "a", "operator": "Exists"}
    narrow = {"key": "a", "operator": "Equal", "value": "v", "effect": "NoSchedule"}
    assert covers(wide, narrow)
    assert not covers(narrow, wide)
    assert merge_tolerations([narrow, wide, wide]) == [wide]
    limited = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    forever = {"key": "a", "operator": "Exists", "effect": "NoExecute"}
    assert not covers(limited, forever)
    assert covers(forever, limited)


async def test_nothing_is_made_in_a_namespace_that_is_missing(client):
    with pytest.raises(NotFound, match='namespaces "gone" not found'):
        await client.create(pod(metadata=meta("p", "gone")))
