"""What a node may not write, though it may write the like."""

import pytest

from podo.api.errors import Forbidden
from podo.api.types.coordination_v1 import Lease
from podo.api.types.core_v1 import (
    Binding,
    Node,
    ObjectReference,
    Pod,
    ProjectedVolumeSource,
    Secret,
    SecretVolumeSource,
    ServiceAccountTokenProjection,
    Volume,
    VolumeProjection,
)
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.client.base import MERGE_PATCH, DeleteOptions, Key, Patch
from podo.server.admission.node_restriction import api_reference, forbidden_labels, projected_audiences
from podo.server.app import install_subresources
from podo.server.context import User
from tests.server.admission.build import meta, namespace, pod

NOW = DeleteOptions(grace_period_seconds=0)


def patch(body):
    return Patch(media_type=MERGE_PATCH, body=body)


@pytest.fixture
async def n1(core, client):
    await client.create(namespace("kube-node-lease"))
    await client.create(Node(metadata=ObjectMeta(name="n1")))
    return core.client(User("system:node:n1", groups=("system:nodes", "system:authenticated")))


@pytest.mark.parametrize(
    ("labels", "bad"),
    [
        ({"ok": "y"}, []),
        ({"kubernetes.io/hostname": "n1", "node.kubernetes.io/x": "y"}, []),
        ({"kubernetes.io/foo": "y", "acme.k8s.io/x": "y"}, ["acme.k8s.io/x", "kubernetes.io/foo"]),
        ({"node-restriction.kubernetes.io/x": "y"}, ["node-restriction.kubernetes.io/x"]),
        ({"x.node-restriction.kubernetes.io/x": "y"}, ["x.node-restriction.kubernetes.io/x"]),
    ],
)
def test_labels_that_steer_pods_are_not_a_nodes_to_set(labels, bad):
    assert forbidden_labels(labels, {}) == bad
    assert forbidden_labels({}, labels) == bad
    assert forbidden_labels(labels, labels) == []


async def test_a_node_makes_and_changes_itself_alone(core, n1):
    with pytest.raises(Forbidden, match='node "n1" is not allowed to modify node "n2"'):
        await n1.create(Node(metadata=ObjectMeta(name="n2")))
    await n1.patch(Node, Key("", "n1"), patch({"metadata": {"labels": {"ok": "y"}}}))
    with pytest.raises(Forbidden, match=r"is not allowed to modify labels: kubernetes\.io/foo"):
        await n1.patch(Node, Key("", "n1"), patch({"metadata": {"labels": {"kubernetes.io/foo": "y"}}}))
    with pytest.raises(Forbidden, match='node "n1" is not allowed to modify taints'):
        await n1.patch(Node, Key("", "n1"), patch({"spec": {"taints": []}}))
    status = patch({"status": {"capacity": {"cpu": "4"}}})
    assert (await n1.patch(Node, Key("", "n1"), status, subresource="status")).status.capacity == {"cpu": "4"}


async def test_a_node_reports_and_removes_its_own_pods_alone(client, n1):
    await client.create(pod("mine", node_name="n1"))
    await client.create(pod("other", node_name="n2"))
    running = patch({"status": {"phase": "Running"}})
    await n1.patch(Pod, Key("default", "mine"), running, subresource="status")
    with pytest.raises(Forbidden, match=r"can only update pod status for pods with spec\.nodeName set to itself"):
        await n1.patch(Pod, Key("default", "other"), running, subresource="status")
    labelled = patch({"metadata": {"labels": {"a": "b"}}})
    with pytest.raises(Forbidden, match="cannot update labels through pod status"):
        await n1.patch(Pod, Key("default", "mine"), labelled, subresource="status")
    with pytest.raises(Forbidden, match="can only create and delete mirror pods"):
        await n1.patch(Pod, Key("default", "mine"), patch({"metadata": {"labels": {"a": "b"}}}))
    with pytest.raises(Forbidden, match=r"can only delete pods with spec\.nodeName set to itself"):
        await n1.delete(Pod, Key("default", "other"), NOW)
    await n1.delete(Pod, Key("default", "mine"), NOW)


async def test_a_node_shows_mirror_pods_that_it_owns(client, n1):
    with pytest.raises(Forbidden, match="can only create mirror pods"):
        await n1.create(pod(node_name="n1"))
    node = await client.get(Node, Key("", "n1"))
    own = OwnerReference(api_version="v1", kind="Node", name="n1", uid=node.metadata.uid, controller=True)
    mirror = {"annotations": {"kubernetes.io/config.mirror": "x"}}
    with pytest.raises(Forbidden, match="with an owner reference set to itself"):
        await n1.create(pod(metadata=meta("p", **mirror), node_name="n1"))
    assert await n1.create(pod(metadata=meta("p", **mirror, owner_references=(own,)), node_name="n1"))


def test_what_a_mirror_pod_may_not_refer_to():
    assert api_reference({"volumes": [{"name": "h", "hostPath": {"path": "/x"}}]}) == ""
    assert api_reference({"volumes": [{"name": "s", "secret": {"secretName": "x"}}]}) == "secrets (via secret volumes)"
    token = {"projected": {"sources": [{"downwardAPI": {}}, {"serviceAccountToken": {"path": "t"}}]}}
    assert api_reference({"volumes": [token]}) == "serviceaccounts (via projected volumes)"
    env = {"env": [{"name": "E", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k"}}}]}
    assert api_reference({"containers": [env]}) == "configmaps"


async def test_a_node_holds_its_own_lease(n1):
    assert await n1.create(Lease(metadata=meta("n1", "kube-node-lease")))
    with pytest.raises(Forbidden, match="can only access node lease with the same name as the requesting node"):
        await n1.create(Lease(metadata=meta("n2", "kube-node-lease")))
    with pytest.raises(Forbidden, match='can only access leases in the "kube-node-lease" system namespace'):
        await n1.create(Lease(metadata=meta("n1")))


async def test_others_are_not_restricted(client, n1):
    assert await client.create(Lease(metadata=meta("n2", "kube-node-lease")))
    assert await client.create(Secret(metadata=meta("s")))


def test_audiences_are_those_that_volumes_want():
    def token(audience):
        return VolumeProjection(service_account_token=ServiceAccountTokenProjection(audience=audience, path="t"))

    own = Volume(name="t", projected=ProjectedVolumeSource(sources=(token(""), token("vault"))))
    assert projected_audiences(pod(volumes=(own,))) == {"", "vault"}
    assert projected_audiences(pod(volumes=(Volume(name="s", secret=SecretVolumeSource(secret_name="x")),))) == set()


async def test_a_pod_bears_zone_and_region_of_its_node(core, client):
    install_subresources(core, None)
    labels = {"topology.kubernetes.io/zone": "z1", "topology.kubernetes.io/region": "r1", "other": "x"}
    await client.create(Node(metadata=ObjectMeta(name="n3", labels=labels)))
    await client.create(pod())
    target = ObjectReference(kind="Node", name="n3")
    await client.create(Binding(metadata=meta("p"), target=target), of=Pod, subresource="binding")
    bound = await client.get(Pod, Key("default", "p"))
    assert bound.spec.node_name == "n3"
    assert bound.metadata.labels == {k: v for k, v in labels.items() if k != "other"}
