"""What nodes may do."""

import pytest

from podo.api.types.core_v1 import (
    ConfigMapProjection,
    Container,
    CSIPersistentVolumeSource,
    EnvFromSource,
    HostPathVolumeSource,
    LocalObjectReference,
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaimVolumeSource,
    PersistentVolumeSpec,
    Pod,
    PodExtendedResourceClaimStatus,
    PodSpec,
    PodStatus,
    ProjectedVolumeSource,
    SecretEnvSource,
    SecretReference,
    SecretVolumeSource,
    Volume,
    VolumeProjection,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.resource_v1 import ResourcePool, ResourceSlice, ResourceSliceSpec
from podo.client.base import DeleteOptions, Key
from podo.server.authorization.node_graph import needs
from tests.server.authorization.build import attempt, node, user

pytestmark = pytest.mark.usefixtures("namespace")
N1 = node("n1")


def pod(name="p", *, on="n1", annotations=None, **spec):
    env = (EnvFromSource(secret_ref=SecretEnvSource(name="env")),)
    projected = ProjectedVolumeSource(sources=(VolumeProjection(config_map=ConfigMapProjection(name="map")),))
    claim = PersistentVolumeClaimVolumeSource(claim_name="claim")
    volumes = (
        Volume(name="s", secret=SecretVolumeSource(secret_name="file")),
        Volume(name="p", projected=projected),
        Volume(name="c", persistent_volume_claim=claim),
    )
    return Pod(
        metadata=ObjectMeta(name=name, namespace="ns", annotations=annotations or {}),
        spec=PodSpec(
            containers=(Container(name="c", image="i", env_from=env),),
            volumes=volumes,
            node_name=on,
            service_account_name="robot",
            image_pull_secrets=(LocalObjectReference(name="pull"),),
            **spec,
        ),
    )


def test_a_pod_needs_all_that_it_names():
    assert needs(pod()) == {
        ("pods", "ns", "p"),
        ("serviceaccounts", "ns", "robot"),
        ("secrets", "ns", "env"),
        ("secrets", "ns", "file"),
        ("secrets", "ns", "pull"),
        ("configmaps", "ns", "map"),
        ("persistentvolumeclaims", "ns", "claim"),
    }


def test_a_mirror_pod_needs_nothing_of_the_api():
    assert needs(pod(annotations={"kubernetes.io/config.mirror": "x"})) == {("pods", "ns", "p")}


async def test_a_node_reads_what_its_pods_need_while_they_are_there(client, decide, may):
    secret = attempt(N1, "get", "secrets", namespace="ns", name="file")
    assert (await decide(secret)).reason == "no relationship found between node 'n1' and this object"
    await client.create(pod())
    assert await may(secret)
    assert await may(secret._replace(verb="watch"))
    assert await may(attempt(N1, "get", "configmaps", namespace="ns", name="map"))
    assert await may(attempt(N1, "create", "serviceaccounts", namespace="ns", name="robot", subresource="token"))
    assert not await may(secret._replace(name="other"))
    assert not await may(secret._replace(verb="update"))
    assert not await may(secret._replace(user=node("n2")))
    await client.delete(Pod, Key("ns", "p"), DeleteOptions(grace_period_seconds=0))
    assert not await may(secret)


async def test_a_volume_is_the_nodes_through_its_claim(client, may):
    claim = ObjectReference(namespace="ns", name="claim")
    csi = CSIPersistentVolumeSource(
        driver="d", volume_handle="h", node_stage_secret_ref=SecretReference(name="stage", namespace="kube-system")
    )
    spec = PersistentVolumeSpec(capacity={"storage": "1Gi"}, access_modes=("ReadWriteOnce",), csi=csi, claim_ref=claim)
    await client.create(PersistentVolume(metadata=ObjectMeta(name="v"), spec=spec))
    other = PersistentVolumeSpec(
        capacity={"storage": "1Gi"}, access_modes=("ReadWriteOnce",), host_path=HostPathVolumeSource(path="/x")
    )
    await client.create(PersistentVolume(metadata=ObjectMeta(name="w"), spec=other))
    volume = attempt(N1, "get", "persistentvolumes", name="v")
    assert not await may(volume)
    await client.create(pod())
    assert await may(volume)
    assert await may(attempt(N1, "get", "secrets", namespace="kube-system", name="stage"))
    assert not await may(volume._replace(name="w"))


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        pytest.param(attempt(N1, "get", "nodes", name="n1"), None, id="itself"),
        pytest.param(
            attempt(N1, "get", "nodes", name="n2"), "node 'n1' cannot read 'n2', only its own Node object", id="another"
        ),
        pytest.param(attempt(N1, "patch", "nodes", name="n1", subresource="status"), None, id="its status"),
        pytest.param(attempt(N1, "delete", "nodes", name="n1"), "", id="no node deletes itself"),
        pytest.param(
            attempt(N1, "list", "pods", fields="spec.nodeName=n1"), None, id="its pods, by the field that says so"
        ),
        pytest.param(
            attempt(N1, "list", "pods"), "can only list/watch pods with spec.nodeName field selector", id="all pods"
        ),
        pytest.param(attempt(N1, "patch", "pods", namespace="ns", name="p", subresource="status"), None, id="status"),
        pytest.param(attempt(N1, "update", "pods", namespace="ns", name="p"), "", id="spec"),
        pytest.param(
            attempt(N1, "update", "leases", group="coordination.k8s.io", namespace="kube-node-lease", name="n1"),
            None,
            id="its lease",
        ),
        pytest.param(
            attempt(N1, "update", "leases", group="coordination.k8s.io", namespace="kube-node-lease", name="n2"),
            "can only access node lease with the same name as the requesting node",
            id="another's lease",
        ),
        pytest.param(
            attempt(N1, "create", "leases", group="coordination.k8s.io", namespace="ns"),
            'can only access leases in the "kube-node-lease" system namespace',
            id="lease elsewhere",
        ),
        pytest.param(attempt(N1, "list", "services"), None, id="services"),
        pytest.param(attempt(N1, "create", "events", namespace="ns"), None, id="events"),
        pytest.param(attempt(N1, "list", "secrets", namespace="ns"), "No Object name found", id="all secrets"),
        pytest.param(attempt(N1, "create", "namespaces"), "", id="namespaces"),
        pytest.param(attempt(user("system:node:n1"), "get", "nodes", name="n1"), "", id="not of the group"),
    ],
)
async def test_a_node_may_see_to_its_own(decide, asked, reason):
    decision = await decide(asked)
    assert decision.verdict.value == ("allow" if reason is None else "no opinion")
    assert decision.reason == (reason or "")


@pytest.mark.parametrize("verb", ["get", "update", "patch", "delete"])
async def test_a_node_may_do_what_it_wants_with_what_drivers_offer_on_it(client, decide, may, verb):
    pool = ResourcePool(name="p", generation=1, resource_slice_count=1)
    spec = ResourceSliceSpec(driver="gpu.example.com", node_name="n1", pool=pool)
    await client.create(ResourceSlice(metadata=ObjectMeta(name="s"), spec=spec))
    asked = attempt(N1, verb, "resourceslices", group="resource.k8s.io", name="s")
    assert await may(asked)
    refused = await decide(asked._replace(user=node("n2")))
    assert refused.reason == "no relationship found between node 'n2' and this object"
    await client.delete(ResourceSlice, Key("", "s"))
    assert not await may(asked)


def test_a_pod_needs_the_claim_of_its_extended_resources():
    status = PodStatus(extended_resource_claim_status=PodExtendedResourceClaimStatus(resource_claim_name="made"))
    assert ("resourceclaims", "ns", "made") in needs(Pod(metadata=ObjectMeta(name="p", namespace="ns"), status=status))
