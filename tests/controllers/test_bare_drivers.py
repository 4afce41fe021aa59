"""podo as the side-cars of a driver: a real driver's answers, without sockets."""

import json

import pytest

from podo.api.errors import APIError, ServiceUnavailable
from podo.api.types.core_v1 import (
    Namespace,
    Node,
    NodeCondition,
    NodeStatus,
    PersistentVolume,
    PersistentVolumeClaim,
    Pod,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.storage_v1 import (
    CSIDriver,
    CSIDriverSpec,
    CSINode,
    CSINodeDriver,
    CSINodeSpec,
    CSIStorageCapacity,
    StorageClass,
    VolumeAttachment,
    VolumeAttributesClass,
)
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.controllers.bare_drivers import BareDrivers, makers_of
from podo.controllers.storage_capacity import StorageCapacity
from podo.controllers.volume_attacher import VolumeAttacher
from podo.controllers.volume_attaching import VolumeAttaching
from podo.controllers.volume_binding import VolumeBinding
from podo.controllers.volume_expansion import VolumeExpansion
from podo.controllers.volume_modification import VolumeModification
from podo.controllers.volume_protection import ClaimProtection
from podo.controllers.volume_provisioning import VolumeDeletion, VolumeProvisioning, allowed_places
from podo.controllers.volume_reclaim import VolumeReclaim
from podo.storage.csi.wire import METHODS, message, parser
from tests.controllers.lab import NOW
from tests.controllers.volumes import claim, storage_class, user_of
from tests.storage.csi.driver import Driver, Full

NAME, PLACE = "t.example.com", "topology.test/host"


class Nodes:
    """The agents: pass calls on to one driver, and keep which node was asked what."""

    def __init__(self, driver: Driver) -> None:
        self.driver, self.asked, self.down = driver, [], False

    async def post(self, node: str, path: str, body: bytes) -> bytes:
        if self.down:
            raise ServiceUnavailable("the node does not answer")
        _, kind, name, service, method = path.split("/")
        assert (kind, name) == ("csi", NAME)
        self.asked.append((node, method))
        asked, answered = METHODS[f"/{service}/{method}"]
        try:
            fields = await self.driver.answer(f"/{service}/{method}", parser(asked)(body))
        except Full as error:
            causes = [{"reason": "RESOURCE_EXHAUSTED", "message": "no room"}]
            raise APIError("rpc error", causes=causes) from error
        return message(answered, **fields).SerializeToString()

    def told(self, method: str) -> list[dict]:
        lines = [json.loads(line) for line in self.driver.log.read_text().splitlines()]
        return [fields for name, fields in lines if name == method]


@pytest.fixture
def nodes(tmp_path):
    driver = Driver(NAME, "n1", tmp_path / "volumes", tmp_path, tmp_path / "log")
    driver.root.mkdir()
    driver.log.touch()
    return Nodes(driver)


@pytest.fixture(autouse=True)
def running(lab, nodes):
    bare = lambda client: BareDrivers(client, nodes.post)  # noqa: E731
    by_makers = (VolumeProvisioning, VolumeDeletion, VolumeExpansion, VolumeModification)
    for each in by_makers:
        lab.start(lambda client, clock, events, each=each: each(client, clock, events, makers_of({}, bare(client))))
    for each in (VolumeAttacher, StorageCapacity):
        lab.start(lambda client, clock, events, each=each: each(client, clock, events, bare(client)))
    lab.start(VolumeBinding, VolumeReclaim, VolumeAttaching, ClaimProtection)


async def made(lab, *objects):
    for obj in objects:
        await lab.user.create(obj)
    await lab.settle()


def node(name: str, place: str):
    ready = NodeStatus(conditions=(NodeCondition(type="Ready", status="True"),))
    labels = {PLACE: place, "kubernetes.io/hostname": name}
    yield Node(metadata=ObjectMeta(name=name, labels=labels), status=ready)
    driver = CSINodeDriver(name=NAME, node_id=f"id-{name}", topology_keys=(PLACE,))
    yield CSINode(metadata=ObjectMeta(name=name), spec=CSINodeSpec(drivers=(driver,)))


def driver(*, bare: bool = True, **spec) -> CSIDriver:
    notes = {"podo.dev/sidecars": "true"} if bare else {}
    return CSIDriver(metadata=ObjectMeta(name=NAME, annotations=notes), spec=CSIDriverSpec(**spec))


async def changed(lab, body, subresource: str = "") -> None:
    patch = Patch(media_type=MERGE_PATCH, body=body)
    await lab.user.patch(PersistentVolumeClaim, Key("ns", "c"), patch, subresource=subresource)
    await lab.settle()


async def test_a_claim_gets_a_volume_which_is_attached_detached_and_deleted(lab, nodes):
    await made(lab, driver(), *node("n1", "here"), storage_class("fast", NAME, parameters={"kind": "ssd"}))
    await made(lab, claim("c", cls="fast"), user_of("p", "c", node="n1"))
    (volume,) = await lab.all(PersistentVolume)
    (term,) = volume.spec.node_affinity.required.node_selector_terms
    assert [(e.key, e.values) for e in term.match_expressions] == [(PLACE, ("here",))]
    assert volume.spec.csi.volume_attributes == {"kind": "ssd"}
    (attachment,) = await lab.all(VolumeAttachment)
    assert attachment.status.attached
    assert attachment.status.attachment_metadata == {"device": volume.spec.csi.volume_handle}
    assert nodes.told("ControllerPublishVolume")[0]["node_id"] == "id-n1"
    await lab.user.delete(Pod, Key("ns", "p"), NOW)
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert await lab.all(VolumeAttachment) == []
    assert await lab.all(PersistentVolume) == []
    methods = [method for _, method in nodes.asked]
    assert methods.index("ControllerUnpublishVolume") < methods.index("DeleteVolume")


async def test_a_driver_with_side_cars_of_its_own_is_left_to_them(lab, nodes):
    await made(lab, driver(bare=False), *node("n1", "here"), storage_class("fast", NAME), claim("c", cls="fast"))
    assert nodes.asked == []
    notes = {"metadata": {"annotations": {"podo.dev/sidecars": "true"}}}
    await lab.user.patch(CSIDriver, Key("", NAME), Patch(media_type=MERGE_PATCH, body=notes))
    await lab.settle()
    assert len(nodes.told("CreateVolume")) == 1


async def test_a_volume_for_a_pod_is_made_by_its_node_and_where_that_is(lab, nodes):
    await made(lab, driver(), *node("n1", "here"), *node("n2", "there"), storage_class("late", NAME, waits=True))
    chosen = {"volume.kubernetes.io/selected-node": "n2"}
    await made(lab, claim("c", cls="late", annotations=chosen))
    assert ("n2", "CreateVolume") in nodes.asked
    (asked,) = nodes.told("CreateVolume")
    assert "there" in asked["accessibility_requirements"]
    assert "here" not in asked["accessibility_requirements"].replace("there", "")


async def test_what_is_about_a_volume_is_asked_of_a_node_that_can_use_it(lab, nodes):
    await made(lab, driver(), *node("n1", "elsewhere"), *node("n2", "here"), storage_class("late", NAME, waits=True))
    await made(lab, claim("c", cls="late", annotations={"volume.kubernetes.io/selected-node": "n2"}))
    await lab.user.delete(PersistentVolumeClaim, Key("ns", "c"))
    await lab.settle()
    assert ("n2", "DeleteVolume") in nodes.asked


async def test_a_node_without_room_lets_the_scheduler_look_again(lab, nodes):
    await made(lab, driver(), *node("n1", "here"), storage_class("late", NAME, waits=True))
    chosen = {"volume.kubernetes.io/selected-node": "n1"}
    await made(lab, claim("c", "2Ti", cls="late", annotations=chosen))
    found = await lab.get(PersistentVolumeClaim, "c")
    assert "volume.kubernetes.io/selected-node" not in found.metadata.annotations


async def test_a_volume_grows_on_its_drivers_side_and_waits_for_its_node(lab, nodes):
    await made(lab, driver(), *node("n1", "here"), storage_class("fast", NAME, allow_volume_expansion=True))
    await made(lab, claim("c", cls="fast"))
    await changed(lab, {"spec": {"resources": {"requests": {"storage": "2Gi"}}}})
    found = await lab.get(PersistentVolumeClaim, "c")
    assert found.status.allocated_resource_statuses == {"storage": "NodeResizePending"}
    (volume,) = await lab.all(PersistentVolume)
    assert volume.spec.capacity == {"storage": "2Gi"}
    assert len(nodes.told("ControllerExpandVolume")) == 1


async def test_a_volume_is_changed_as_a_class_of_attributes_says(lab, nodes):
    await made(lab, driver(), *node("n1", "here"), storage_class("fast", NAME), claim("c", cls="fast"))
    gold = VolumeAttributesClass(metadata=ObjectMeta(name="gold"), driver_name=NAME, parameters={"iops": "9"})
    await changed(lab, {"spec": {"volumeAttributesClassName": "gold"}})
    found = await lab.get(PersistentVolumeClaim, "c")
    assert (found.status.modify_volume_status.status, nodes.told("ControllerModifyVolume")) == ("Pending", [])
    await made(lab, gold)
    found = await lab.get(PersistentVolumeClaim, "c")
    assert found.status.current_volume_attributes_class_name == "gold"
    assert found.status.modify_volume_status is None
    assert [c for c in found.status.conditions if c.type == "ModifyingVolume"] == []
    (volume,) = await lab.all(PersistentVolume)
    assert volume.spec.volume_attributes_class_name == "gold"
    assert nodes.told("ControllerModifyVolume")[0]["mutable_parameters"] == {"iops": "9"}


async def test_room_is_told_for_each_class_and_place_and_no_more_when_the_class_is_gone(lab, nodes):
    await made(lab, Namespace(metadata=ObjectMeta(name="kube-system")), driver(storage_capacity=True))
    await made(lab, *node("n1", "here"), *node("n2", "here"), *node("n3", "there"))
    await made(lab, storage_class("fast", NAME), storage_class("other", "x.example.com"))
    found = await lab.all(CSIStorageCapacity)
    assert sorted((c.storage_class_name, c.node_topology.match_labels[PLACE], c.capacity) for c in found) == [
        ("fast", "here", "5Gi"),
        ("fast", "there", "5Gi"),
    ]
    await lab.user.delete(StorageClass, Key("", "fast"))
    await lab.settle()
    assert await lab.all(CSIStorageCapacity) == []


async def test_a_node_that_does_not_answer_is_a_failure_that_is_told_and_tried_again(lab, nodes):
    nodes.down = True
    await made(lab, driver(), *node("n1", "here"), storage_class("fast", NAME), claim("c", cls="fast"))
    said = [e.message for e in lab.events.recorded if e.reason == "ProvisioningFailed"]
    assert "the node does not answer" in said[0]
    nodes.down = False
    await lab.clock.run_for(30)
    await lab.settle()
    assert (await lab.get(PersistentVolumeClaim, "c")).status.phase == "Bound"


def test_allowed_topologies_are_all_combinations_of_their_values():
    from podo.api.types.core_v1 import TopologySelectorLabelRequirement, TopologySelectorTerm

    zone = TopologySelectorLabelRequirement(key="zone", values=("a", "b"))
    rack = TopologySelectorLabelRequirement(key="rack", values=("1",))
    term = TopologySelectorTerm(match_label_expressions=(zone, rack))
    found = allowed_places(storage_class("x", allowed_topologies=(term,)))
    assert found == [{"zone": "a", "rack": "1"}, {"zone": "b", "rack": "1"}]
