from random import Random

import pytest
from msgspec.structs import replace

from podo.api.types.core_v1 import (
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    ObjectReference,
    PersistentVolume,
    PersistentVolumeClaim,
    TopologySelectorLabelRequirement,
    TopologySelectorTerm,
    VolumeNodeAffinity,
)
from podo.api.types.meta_v1 import LabelSelector, ObjectMeta
from podo.api.types.storage_v1 import (
    CSIDriver,
    CSIDriverSpec,
    CSINode,
    CSINodeDriver,
    CSINodeSpec,
    CSIStorageCapacity,
    VolumeNodeResources,
)
from podo.client.base import key_of
from podo.scheduler.filters.volume_binding import bindings_on
from podo.scheduler.filters.volume_limits import VolumeLimits
from podo.scheduler.placement import place
from podo.scheduler.profile import DEFAULT
from podo.scheduler.requests import PodInfo
from tests.controllers.volumes import claim, csi, storage_class, user_of, volume
from tests.scheduler.build import names, node, snapshot


def on(*names: str) -> VolumeNodeAffinity:
    requirement = NodeSelectorRequirement(key="kubernetes.io/hostname", operator="In", values=names)
    term = NodeSelectorTerm(match_expressions=(requirement,))
    return VolumeNodeAffinity(required=NodeSelector(node_selector_terms=(term,)))


def bound(made: PersistentVolumeClaim, to: PersistentVolume) -> tuple[PersistentVolumeClaim, PersistentVolume]:
    """Both ends of a bond."""
    meta = replace(made.metadata, uid=made.metadata.name, annotations={"pv.kubernetes.io/bind-completed": "yes"})
    ref = ObjectReference(namespace="ns", name=made.metadata.name, uid=made.metadata.name)
    return (
        replace(made, metadata=meta, spec=replace(made.spec, volume_name=to.metadata.name)),
        replace(to, spec=replace(to.spec, claim_ref=ref), status=replace(to.status, phase="Bound")),
    )


def free(made: PersistentVolume) -> PersistentVolume:
    return replace(made, status=replace(made.status, phase="Available"))


@pytest.fixture
def nodes():
    return snapshot(*(node(n, labels={"topology.kubernetes.io/zone": n.upper()}) for n in "abc"))


def know(nodes, *objects) -> None:
    kinds = {
        "PersistentVolumeClaim": nodes.storage.claims,
        "PersistentVolume": nodes.storage.volumes,
        "StorageClass": nodes.storage.classes,
        "CSIDriver": nodes.storage.drivers,
        "CSINode": nodes.storage.nodes,
        "CSIStorageCapacity": nodes.storage.capacities,
    }
    for obj in objects:
        kinds[type(obj).__name__].set(None, obj)


def places(nodes, *claims: str) -> set[str]:
    pod = PodInfo(user_of("p", *claims))
    return {place(pod, nodes, DEFAULT, Random(n)).node for n in range(20)}


def why(nodes, *claims: str) -> str:
    found = place(PodInfo(user_of("p", *claims)), nodes, DEFAULT, Random(1))
    assert found.node == ""
    return found.message()


def test_a_pod_goes_where_its_volume_is(nodes):
    know(nodes, *bound(claim("c"), volume("v", node_affinity=on("b"))))
    assert places(nodes, "c") == {"b"}


def test_volumes_on_different_nodes_fit_nowhere(nodes):
    know(nodes, *bound(claim("c"), volume("v", node_affinity=on("b"))))
    know(nodes, *bound(claim("d"), volume("w", node_affinity=on("a"))))
    assert why(nodes, "c", "d") == ("0/3 nodes are available: 3 node(s) didn't match PersistentVolume's node affinity.")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        pytest.param([], 'persistentvolumeclaim "c" not found', id="missing"),
        pytest.param([claim("c")], "pod has unbound immediate PersistentVolumeClaims", id="not bound"),
    ],
)
def test_a_pod_whose_claims_are_not_ready_is_placed_nowhere(nodes, given, words):
    know(nodes, *given)
    assert why(nodes, "c") == f"0/3 nodes are available: {words}."


def test_a_claim_that_waits_gets_a_volume_of_the_node_that_is_chosen(nodes):
    know(nodes, storage_class("local", "kubernetes.io/no-provisioner", waits=True), claim("c", cls="local"))
    know(nodes, free(volume("v", cls="local", node_affinity=on("c"))))
    assert places(nodes, "c") == {"c"}
    waiting = nodes.storage.of_pod(PodInfo(user_of("p", "c"))).waiting
    ((_, chosen),) = bindings_on(nodes.row_of("c").row, waiting, nodes)
    assert chosen.metadata.name == "v"


def test_a_volume_that_was_promised_to_one_claim_is_not_given_to_another(nodes):
    know(nodes, storage_class("local", "kubernetes.io/no-provisioner", waits=True))
    first, second = claim("c", cls="local"), claim("d", cls="local")
    offered = free(volume("v", cls="local"))
    know(nodes, first, second, offered)
    nodes.storage.promise([(offered, first)])
    assert why(nodes, "d") == "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind."
    nodes.storage.forget([(offered, first)])
    assert places(nodes, "d") == {"a", "b", "c"}


def test_two_claims_of_one_pod_need_two_volumes(nodes):
    know(nodes, storage_class("local", "kubernetes.io/no-provisioner", waits=True))
    know(nodes, claim("c", cls="local"), claim("d", cls="local"))
    know(nodes, free(volume("v", cls="local", node_affinity=on("a"))))
    know(nodes, free(volume("w", cls="local", node_affinity=on("a", "b"))))
    assert places(nodes, "c", "d") == {"a"}


def test_a_volume_is_made_only_where_the_class_allows(nodes):
    zones = TopologySelectorLabelRequirement(key="topology.kubernetes.io/zone", values=("A", "C"))
    allowed = (TopologySelectorTerm(match_label_expressions=(zones,)),)
    know(nodes, storage_class("fast", waits=True, allowed_topologies=allowed), claim("c", cls="fast"))
    assert places(nodes, "c") == {"a", "c"}


def test_a_volume_that_is_being_made_for_a_node_keeps_its_pod_there(nodes):
    marks = {"volume.kubernetes.io/selected-node": "b"}
    know(nodes, storage_class("fast", waits=True), claim("c", cls="fast", annotations=marks))
    assert places(nodes, "c") == {"b"}


def test_a_driver_that_tells_its_capacity_is_asked(nodes):
    know(nodes, storage_class("fast", waits=True), claim("c", "5Gi", cls="fast"))
    know(nodes, CSIDriver(metadata=ObjectMeta(name="x.example.com"), spec=CSIDriverSpec(storage_capacity=True)))
    for name, room in (("A", "1Gi"), ("B", "9Gi")):
        where = LabelSelector(match_labels={"topology.kubernetes.io/zone": name})
        meta = ObjectMeta(name=name, namespace="ns")
        know(nodes, CSIStorageCapacity(metadata=meta, storage_class_name="fast", capacity=room, node_topology=where))
    assert places(nodes, "c") == {"b"}
    know(nodes, claim("d", "50Gi", cls="fast"))
    assert why(nodes, "d") == "0/3 nodes are available: 3 node(s) did not have enough free storage."


def test_a_claim_for_one_pod_is_used_by_one_pod(nodes):
    know(nodes, *bound(claim("c", modes=("ReadWriteOncePod",)), volume("v")))
    assert places(nodes, "c") == {"a", "b", "c"}
    first = PodInfo(user_of("first", "c"))
    nodes.set_pod(first, "a")
    assert "ReadWriteOncePod access mode already in-use by another pod" in why(nodes, "c")
    nodes.remove_pod(key_of(first.pod))
    assert places(nodes, "c") == {"a", "b", "c"}


def test_a_volume_of_a_zone_is_used_in_it(nodes):
    know(nodes, *bound(claim("c"), volume("v", labels={"topology.kubernetes.io/zone": "A__B"})))
    assert places(nodes, "c") == {"a", "b"}


def test_a_node_takes_no_more_volumes_than_its_driver_can_attach(nodes):
    for name in "ab":
        driver = CSINodeDriver(name="x.example.com", node_id=name, allocatable=VolumeNodeResources(count=1))
        know(nodes, CSINode(metadata=ObjectMeta(name=name), spec=CSINodeSpec(drivers=(driver,))))
    for number in range(3):
        know(nodes, *bound(claim(f"c{number}"), volume(f"v{number}", csi=csi(handle=str(number)))))
    nodes.set_pod(PodInfo(user_of("q", "c0")), "a")
    nodes.set_pod(PodInfo(user_of("r", "c1")), "c")
    refused = VolumeLimits().filter(PodInfo(user_of("p", "c2")), nodes)
    assert names(nodes, refused.fits) == {"b", "c"}
    assert VolumeLimits().filter(PodInfo(user_of("p", "c0")), nodes) is None
