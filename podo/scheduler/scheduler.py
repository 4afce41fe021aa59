"""The loop: take a waiting Pod, choose a node, assume it, bind it, and go on while the binding is under way."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from podo.api.errors import APIError, NotFound
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Binding as PodBinding
from podo.api.types.core_v1 import Namespace, Node, ObjectReference, PersistentVolume, PersistentVolumeClaim, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.policy_v1 import PodDisruptionBudget
from podo.api.types.resource_v1 import DeviceClass, ResourceClaim, ResourceSlice
from podo.api.types.storage_v1 import CSIDriver, CSINode, CSIStorageCapacity, StorageClass
from podo.client.backoff import Backoff
from podo.client.base import STRATEGIC_PATCH, Client, Key, Patch, key_of, kind_of
from podo.client.events import EventRecorder
from podo.client.informer import Informer
from podo.client.informers import Informers
from podo.clock import Clock
from podo.scheduler.claim_binder import ClaimBinder, ClaimsNotBound, Promise
from podo.scheduler.devices.plan import Plan, plan_for
from podo.scheduler.devices.view import NotReady
from podo.scheduler.evictions import Evictions, condition_patch
from podo.scheduler.filters.volume_binding import Binding, bindings_on
from podo.scheduler.placement import Nomination, Placement, place
from podo.scheduler.plugin import DEVICE, NODE, POD_GONE, POD_PLACED, VOLUME
from podo.scheduler.preemption import Candidate, preempt
from podo.scheduler.profile import DEFAULT, Profile
from podo.scheduler.queue import BACKOFF, SchedulingQueue
from podo.scheduler.relevance import counts_differ, helps, makes_room, wants_retry
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot
from podo.scheduler.volume_binder import VolumeBinder, VolumesNotBound

NAME = "default-scheduler"
PROFILES: Mapping[str, Profile] = {NAME: DEFAULT}
MAX_BINDINGS = 128
MESSAGE_AT_MOST = 1024  # of an event
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Unplaced:
    """What is to be said of a Pod that fits nowhere: why, and where room is being made for it, if anywhere."""

    message: str
    nominated: str
    reason: str = "Unschedulable"


class Scheduler:
    """Binds the Pods that name one of its profiles. Its snapshot is fed by informers, synchronously.

    `recorders` are those of profiles whose events come from another name than `recorder`'s.
    """

    def __init__(
        self,
        client: Client,
        informers: Informers,
        recorder: EventRecorder,
        clock: Clock,
        *,
        profiles: Mapping[str, Profile] = PROFILES,
        recorders: Mapping[str, EventRecorder] = {},
        backoff: Backoff = BACKOFF,
        chance: Random | None = None,
    ) -> None:
        self._client, self._recorder, self._clock = client, recorder, clock
        self._profiles, self._recorders, self._chance = profiles, recorders, chance or Random()
        self._informers = informers
        self._evictions = Evictions(client, recorder, clock)
        self.queue, self.snapshot = SchedulingQueue(clock, backoff), Snapshot()
        self._binder = VolumeBinder(client, self.snapshot.storage, clock)
        self.snapshot.devices.now = clock.now
        self._claim_binder = ClaimBinder(client, self.snapshot.devices, recorder, clock)
        self._gated: set[Key] = set()  # Pods whose claims are not there yet
        self._assumed: dict[Key, str] = {}  # Pods whose binding is under way, by uid
        self._nominations: dict[Key, Nomination] = {}
        self._bindings = asyncio.Semaphore(MAX_BINDINGS)

    async def run(self) -> None:
        """Schedule until cancelled; `Informers.run` must run beside it."""
        namespaces, nodes, pods = self._informers.of(Namespace), self._informers.of(Node), self._informers.of(Pod)
        budgets = self._informers.of(PodDisruptionBudget)
        await self._informers.synced(namespaces)
        await self._informers.synced(nodes)
        await self._informers.synced(pods)
        await self._informers.synced(budgets)
        await self._follow_storage()
        await self._follow_devices()
        namespaces.handle(self._namespace_changed)
        nodes.handle(self._node_changed)
        pods.handle(self._pod_changed)
        async with asyncio.TaskGroup() as tasks:
            while True:
                if (taken := self.queue.take()) is None:
                    await self.queue.wait()
                    continue
                try:
                    await self._schedule(*taken, tasks)
                except Exception:  # what one Pod asks for must not keep the others from their nodes
                    log.exception("%s cannot be scheduled; it is tried again", taken[0])
                    self._assumed.pop(taken[0], None)
                    self.queue.delay(taken[0])

    async def _schedule(self, key: Key, info: PodInfo, tasks: asyncio.TaskGroup) -> None:
        since, profile = self.queue.moves, self._profiles[info.pod.spec.scheduler_name or NAME]
        placement = place(info, self.snapshot, profile, self._chance, self._nominations.values())
        if placement.node:
            self._assumed[key] = info.pod.metadata.uid
            bindings, promise = self._promise(info, placement.node)
            self.snapshot.set_pod(info, placement.node)
            if bindings or promise:
                tasks.create_task(self._prepare(key, info, placement.node, bindings, promise))
            else:
                await self._bindings.acquire()
                tasks.create_task(self._bind(key, info, placement.node))
            return
        assert placement.diagnosis is not None
        if placement.diagnosis.error:
            self.queue.delay(key)
            why = Unplaced(placement.diagnosis.error, "", reason="SchedulerError")
            tasks.create_task(self._unplaced(key, info, why, None, []))
            return
        helped_by = placement.diagnosis.helped_by or {NODE}
        self.queue.fail(key, since=since, helped_by=helped_by)
        if (plan := plan_for(info, self.snapshot)) is not None and plan.claims:
            placement = replace(placement, claims="still not schedulable")
            if plan.must_give_back:
                tasks.create_task(self._give_back(key, info, placement, plan))
                return
        tasks.create_task(self._unplaced(key, info, *self._preempt(key, info, placement, profile)))

    def _preempt(
        self, key: Key, info: PodInfo, placement: Placement, profile: Profile
    ) -> tuple[Unplaced, Candidate | None, list[Pod]]:
        """Decide whether other Pods go for this one; note at once where it will go then."""
        if not profile.preempts:
            return Unplaced(placement.message(), ""), None, []
        nominations = list(self._nominations.values())
        budgets = list(self._informers.of(PodDisruptionBudget))
        found = preempt(info, placement, self.snapshot, profile, self._chance, nominations=nominations, budgets=budgets)
        keeps = info.pod.status.nominated_node_name if found.waits else ""
        if found.candidate is None:
            if not keeps:
                self._nominations.pop(key, None)
            return Unplaced(placement.without_preemption(found.why).message(), keeps), None, []
        node = found.candidate.node
        displaced = [n.info for n in nominations if n.node == node and n.info.priority < info.priority]
        for other in displaced:
            self._nominations.pop(key_of(other.pod), None)
            self.queue.retry(key_of(other.pod))
        self._nominations[key] = Nomination(info, node)
        return Unplaced(placement.message(), node), found.candidate, [d.pod for d in displaced]

    async def _unplaced(
        self, key: Key, info: PodInfo, why: Unplaced, candidate: Candidate | None, displaced: list[Pod]
    ) -> None:
        """Say in the Pod's condition and in an event why it is not placed, and make room for it."""
        pod = info.pod
        self._recorder_of(pod).warning(pod, "FailedScheduling", shortened(why.message))
        if says_other(pod, why):
            condition = {"type": "PodScheduled", "status": "False", "reason": why.reason, "message": why.message}
            nominated = {"nominatedNodeName": why.nominated or None}
            body = condition_patch(pod, condition, format_time(self._clock.now()), **nominated)
            try:
                await self._client.patch(Pod, key, Patch(media_type=STRATEGIC_PATCH, body=body), subresource="status")
            except APIError as error:
                log.info("cannot say why %s is not placed: %s", key, error)
        if candidate is not None:
            await self._evictions.make_room(pod, candidate, displaced)

    async def _give_back(self, key: Key, info: PodInfo, placement: Placement, plan: Plan) -> None:
        """Free a claim whose devices keep the Pod from every node; others that fit are looked for then."""
        try:
            done = await self._claim_binder.give_back(plan, info.pod)
        except APIError as error:
            log.info("cannot free the claims of %s: %s", key, error)
            done = "still not schedulable"
        found = replace(placement, claims=done)
        profile = self._profiles[info.pod.spec.scheduler_name or NAME]
        await self._unplaced(key, info, *self._preempt(key, info, found, profile))

    def _promise(self, info: PodInfo, node: str) -> tuple[list[Binding], Promise | None]:
        """Decide which volumes and devices the Pod's waiting claims get on the node, and keep them from others."""
        waiting, item = self.snapshot.storage.of_pod(info).waiting, self.snapshot.row_of(node)
        if item is None:
            return [], None
        plan = plan_for(info, self.snapshot)
        promise = self._claim_binder.promise(plan, item.row) if plan is not None else None
        if not waiting:
            return [], promise
        bindings = bindings_on(item.row, waiting, self.snapshot) or []
        self.snapshot.storage.promise((volume, claim) for claim, volume in bindings if volume is not None)
        return bindings, promise

    async def _prepare(
        self, key: Key, info: PodInfo, node: str, bindings: list[Binding], promise: Promise | None
    ) -> None:
        """First the volumes and devices, then the Pod; other Pods are placed meanwhile."""
        plugin = "VolumeBinding"
        try:
            if bindings:
                await self._binder.bind(bindings, node)
            if promise is not None:
                plugin = "DynamicResources"
                await self._claim_binder.bind(promise, info.pod, node)
        except (VolumesNotBound, ClaimsNotBound) as error:
            if promise is not None:
                await self._claim_binder.give_up(promise, info.pod)
            self._assumed.pop(key, None)
            self._give_up(key, info, node, error)
            message = f'running PreBind plugin "{plugin}": {error}'
            await self._unplaced(key, info, Unplaced(message, "", reason="SchedulerError"), None, [])
            return
        await self._bindings.acquire()
        if not await self._bind(key, info, node) and promise is not None:
            await self._claim_binder.give_up(promise, info.pod)

    async def _bind(self, key: Key, info: PodInfo, node: str) -> bool:
        target = ObjectReference(kind="Node", name=node)
        meta = ObjectMeta(namespace=key.namespace, name=key.name, uid=info.pod.metadata.uid)
        try:
            await self._client.create(PodBinding(metadata=meta, target=target), of=kind_of(Pod), subresource="binding")
        except APIError as error:
            self._give_up(key, info, node, error)
            return False
        else:
            self._forget(key)
            message = f"Successfully assigned {key} to {node}"
            self._recorder_of(info.pod).normal(info.pod, "Scheduled", message)
            return True
        finally:
            self._assumed.pop(key, None)
            self._bindings.release()

    def _recorder_of(self, pod: Pod) -> EventRecorder:
        """Events come from the scheduler that the Pod names."""
        return self._recorders.get(pod.spec.scheduler_name, self._recorder)

    def _give_up(self, key: Key, info: PodInfo, node: str, error: Exception) -> None:
        """The binding failed: undo what was assumed, unless the Pod's real place is known by now."""
        pod = self._informers.of(Pod).get(key)
        if pod is None or pod.metadata.uid != info.pod.metadata.uid or not pod.spec.node_name:
            self.snapshot.remove_pod(key)
        if not isinstance(error, NotFound):  # else it was deleted meanwhile
            log.warning("binding %s to %s failed: %s", key, node, error)
            self.queue.delay(key)

    async def _follow_storage(self) -> None:
        """Feed the view of storage; what changes there may help Pods that wait for it."""
        view, held = self.snapshot.storage, self._informers
        claims, volumes, classes = held.of(PersistentVolumeClaim), held.of(PersistentVolume), held.of(StorageClass)
        drivers, nodes, capacities = held.of(CSIDriver), held.of(CSINode), held.of(CSIStorageCapacity)
        every: list[Informer[Any]] = [claims, volumes, classes, drivers, nodes, capacities]
        for informer in every:
            await held.synced(informer)
        claims.handle(self._storage_changed(view.claims.set))
        volumes.handle(self._storage_changed(view.volumes.set))
        classes.handle(self._storage_changed(view.classes.set))
        drivers.handle(self._storage_changed(view.drivers.set))
        nodes.handle(self._storage_changed(view.nodes.set))
        capacities.handle(self._storage_changed(view.capacities.set))

    def _storage_changed(self, keep: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def handle(old: Any, new: Any) -> None:
            keep(old, new)
            self._binder.changed()
            self.queue.unpark(VOLUME)

        return handle

    async def _follow_devices(self) -> None:
        """Feed the view of devices; what changes there may help Pods that wait for it."""
        view, held = self.snapshot.devices, self._informers
        claims, classes, slices = held.of(ResourceClaim), held.of(DeviceClass), held.of(ResourceSlice)
        every: list[Informer[Any]] = [claims, classes, slices]
        for informer in every:
            await held.synced(informer)
        classes.handle(self._devices_changed(view.set_class))
        slices.handle(self._devices_changed(view.set_slice))
        claims.handle(self._claim_changed)

    def _devices_changed(self, keep: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def handle(old: Any, new: Any) -> None:
            keep(old, new)
            self.queue.unpark(DEVICE)

        return handle

    def _claim_changed(self, old: ResourceClaim | None, new: ResourceClaim | None) -> None:
        self.snapshot.devices.set_claim(old, new)
        self._claim_binder.changed()
        if helps(old, new):
            self.queue.unpark(DEVICE)
        if new is None or not self._gated:
            return
        for key in [k for k in self._gated if k.namespace == new.metadata.namespace]:
            pod = self._informers.of(Pod).get(key)
            if pod is not None and self._has_claims(pod):
                self._gated.discard(key)
                self.queue.add(key, PodInfo(pod))

    def _has_claims(self, pod: Pod) -> bool:
        """Whether the Pod's resource claims are all there."""
        try:
            self.snapshot.devices.claims_of(pod)
        except NotReady:
            return False
        return True

    def _forget(self, key: Key) -> None:
        self.queue.remove(key)
        self._gated.discard(key)
        self._nominations.pop(key, None)

    def _namespace_changed(self, old: Namespace | None, new: Namespace | None) -> None:
        namespace = new or old
        assert namespace is not None
        labels = namespace.metadata.labels if new is not None else None
        self.snapshot.index.set_namespace(namespace.metadata.name, labels)

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        if new is not None:
            self.snapshot.set_node(new)
            if old is None or makes_room(old, new):
                self.queue.unpark(NODE)
        elif old is not None:
            self.snapshot.remove_node(old.metadata.name)

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        pod = new or old
        assert pod is not None
        key = key_of(pod)
        if new is None or new.status.phase in ("Succeeded", "Failed"):
            self._forget(key)
            if pod.spec.node_name:
                self.snapshot.remove_pod(key)
                self.queue.unpark(POD_GONE)
        elif new.spec.node_name:
            self._forget(key)
            if old is None or old.spec.node_name != new.spec.node_name or counts_differ(old, new):
                self.snapshot.set_pod(PodInfo(new), new.spec.node_name)
                self.queue.unpark(POD_PLACED)
                if old is not None and old.spec.node_name:
                    self.queue.unpark(POD_GONE)
        elif new.metadata.deletion_timestamp:
            self._forget(key)
        elif self._is_ours(new) and key not in self._assumed:
            self._waiting_changed(key, old, new)

    def _waiting_changed(self, key: Key, old: Pod | None, new: Pod) -> None:
        info, nominated = PodInfo(new), new.status.nominated_node_name
        if nominated:
            self._nominations[key] = Nomination(info, nominated)
        elif old is not None and old.status.nominated_node_name:
            self._nominations.pop(key, None)
        if (key in self._gated or old is None) and new.spec.resource_claims and not self._has_claims(new):
            self._gated.add(key)
        elif old is None or key in self._gated or wants_retry(old, new):
            self._gated.discard(key)
            self.queue.add(key, info)
        else:
            self.queue.update(key, info)

    def _is_ours(self, pod: Pod) -> bool:
        """Whether the Pod waits for this scheduler."""
        return (pod.spec.scheduler_name or NAME) in self._profiles and not pod.spec.scheduling_gates


def says_other(pod: Pod, why: Unplaced) -> bool:
    """Whether the Pod's status says something else than that."""
    conditions = [(c.status, c.message) for c in pod.status.conditions if c.type == "PodScheduled"]
    return conditions != [("False", why.message)] or pod.status.nominated_node_name != why.nominated


def shortened(message: str) -> str:
    """A message as long as an event may have it."""
    return message if len(message) <= MESSAGE_AT_MOST else f"{message[: MESSAGE_AT_MOST - 4]} ..."
