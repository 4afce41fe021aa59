"""All controllers at once, as a cluster runs them."""

import msgspec
import pytest

from podo.api.timestamps import format_microtime
from podo.api.types.apps_v1 import Deployment, ReplicaSet
from podo.api.types.coordination_v1 import Lease, LeaseSpec
from podo.api.types.core_v1 import (
    Binding,
    Endpoints,
    Namespace,
    Node,
    ObjectReference,
    Pod,
    Service,
    ServiceAccount,
    Taint,
)
from podo.api.types.discovery_v1 import EndpointSlice
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import Key, find, kind_of
from podo.controllers.deployment import DeploymentController
from podo.controllers.disruption import DisruptionController
from podo.controllers.endpoint_slice import EndpointSliceController
from podo.controllers.endpoints import EndpointsController
from podo.controllers.garbage_collector import GarbageCollector
from podo.controllers.namespace import NamespaceController
from podo.controllers.node_lifecycle import NodeLifecycle
from podo.controllers.nodes import OUT_OF_SERVICE
from podo.controllers.pod_gc import PodGC
from podo.controllers.replicaset import ReplicaSetController
from podo.controllers.root_ca import RootCAController
from podo.controllers.service_account import ServiceAccountController
from podo.controllers.taint_eviction import TaintEviction
from tests.build import deployment, node, served, service

from .lab import NS

LEASES = "kube-node-lease"


@pytest.fixture(autouse=True)
async def running(lab):
    lab.start(
        DeploymentController,
        ReplicaSetController,
        EndpointSliceController,
        EndpointsController,
        NamespaceController,
        ServiceAccountController,
        lambda client, clock, events: RootCAController(client, "CA"),
        NodeLifecycle,
        TaintEviction,
        PodGC,
        DisruptionController,
        GarbageCollector,
    )
    await lab.user.create(Namespace(metadata=ObjectMeta(name=LEASES)))
    for name in ("n1", "n2", "n3"):
        made = node(name, ready="True")
        stored = await lab.user.create(made)
        await lab.user.update(msgspec.structs.replace(stored, status=made.status), subresource="status")
        meta = ObjectMeta(name=name, namespace=LEASES)
        await lab.user.create(Lease(metadata=meta, spec=LeaseSpec(renew_time=format_microtime(lab.clock.now()))))
    await lab.settle()


async def place(lab, *on: str) -> None:
    """Bind unbound Pods to these nodes in turn and start them, until nothing is left to do."""
    for turn in range(100):
        await lab.settle()
        new = [p for p in await lab.all(Pod) if not p.spec.node_name and not p.metadata.deletion_timestamp]
        if not new:
            return
        for number, one in enumerate(new):
            name = on[(turn + number) % len(on)]
            target = ObjectReference(kind="Node", name=name)
            binding = Binding(metadata=ObjectMeta(namespace=NS, name=one.metadata.name), target=target)
            await lab.user.create(binding, of=kind_of(Pod), subresource="binding")
            address = served(f"10.244.{turn}.{number + 1}")
            await lab.become([one], **address)


async def test_a_stopped_node_is_emptied_and_its_pods_replaced_without_any_time_passing(lab):
    await lab.user.create(service())
    await lab.user.create(deployment(replicas=3))
    await place(lab, "n1", "n2", "n3")
    assert sorted(p.spec.node_name for p in await lab.all(Pod)) == ["n1", "n2", "n3"]
    stopped = await lab.get(Node, "n2", "")
    await lab.change_status(stopped, conditions=node(ready="Unknown").status.conditions)
    mark = Taint(key=OUT_OF_SERVICE, value="nodeshutdown", effect="NoExecute")
    await lab.change(stopped, taints=(mark,))
    await place(lab, "n1", "n3")
    assert {p.spec.node_name for p in await lab.all(Pod)} == {"n1", "n3"}
    assert (await lab.get(Deployment, "web")).status.available_replicas == 3
    (slice_,) = await lab.all(EndpointSlice)
    assert {e.node_name for e in slice_.endpoints} == {"n1", "n3"}
    assert all(e.conditions.ready for e in slice_.endpoints)


async def test_a_namespace_goes_with_all_that_controllers_made_in_it(lab):
    await lab.user.create(service())
    await lab.user.create(deployment(replicas=3))
    await place(lab, "n1", "n2")
    await lab.user.delete(Namespace, Key("", NS))
    for _ in range(10):
        await lab.settle()
        await lab.finish_deletions()
        await lab.run_for(1)
    for cls in (Pod, ReplicaSet, Deployment, Service, Endpoints, EndpointSlice, ServiceAccount):
        assert await lab.all(cls, NS) == []
    assert await find(lab.user, Namespace, Key("", NS)) is None


async def test_they_come_to_rest_and_stay_there(lab):
    await lab.user.create(service())
    await lab.user.create(deployment(replicas=3))
    await place(lab, "n1", "n2", "n3")
    await lab.settle()
    before = (await lab.user.list(Pod)).resource_version
    await lab.run_for(20)
    assert (await lab.user.list(Pod)).resource_version == before
