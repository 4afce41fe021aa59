"""The loop: take a waiting Pod, choose a node, assume it, bind it, and go on while the binding is under way."""

import asyncio
import logging
from random import Random
from typing import Any

from podo.api.errors import APIError, NotFound
from podo.api.timestamps import format_time
from podo.api.types.core_v1 import Binding, Node, ObjectReference, Pod
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import STRATEGIC_PATCH, Client, Key, Patch, key_of, kind_of
from podo.client.events import EventRecorder
from podo.client.informers import Informers
from podo.clock import Clock
from podo.scheduler.placement import Placement, place
from podo.scheduler.profile import DEFAULT, Profile
from podo.scheduler.queue import SchedulingQueue
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

NAME = "default-scheduler"
MAX_BINDINGS = 128
log = logging.getLogger(__name__)


class Scheduler:
    """Binds the Pods that name it as their scheduler. Its snapshot is fed by informers, synchronously."""

    def __init__(
        self,
        client: Client,
        informers: Informers,
        recorder: EventRecorder,
        clock: Clock,
        *,
        profile: Profile = DEFAULT,
        chance: Random | None = None,
    ) -> None:
        self._client, self._recorder, self._clock = client, recorder, clock
        self._profile, self._chance = profile, chance or Random()
        self._informers = informers
        self.queue, self.snapshot = SchedulingQueue(clock), Snapshot()
        self._assumed: dict[Key, str] = {}  # Pods whose binding is under way, by uid
        self._bindings = asyncio.Semaphore(MAX_BINDINGS)

    async def run(self) -> None:
        """Schedule until cancelled; `Informers.run` must run beside it."""
        nodes, pods = self._informers.of(Node), self._informers.of(Pod)
        await self._informers.synced(nodes)
        await self._informers.synced(pods)
        nodes.handle(self._node_changed)
        pods.handle(self._pod_changed)
        async with asyncio.TaskGroup() as tasks:
            while True:
                if (taken := self.queue.take()) is None:
                    await self.queue.wait()
                    continue
                await self._schedule(*taken, tasks)

    async def _schedule(self, key: Key, info: PodInfo, tasks: asyncio.TaskGroup) -> None:
        since = self.queue.moves
        placement = place(info, self.snapshot, self._profile, self._chance)
        if placement.node:
            self._assumed[key] = info.pod.metadata.uid
            self.snapshot.set_pod(info, placement.node)
            await self._bindings.acquire()
            tasks.create_task(self._bind(key, info, placement.node))
        else:
            self.queue.fail(key, since=since)
            tasks.create_task(self._report(key, info.pod, placement))

    async def _bind(self, key: Key, info: PodInfo, node: str) -> None:
        target = ObjectReference(kind="Node", name=node)
        meta = ObjectMeta(namespace=key.namespace, name=key.name, uid=info.pod.metadata.uid)
        try:
            await self._client.create(Binding(metadata=meta, target=target), of=kind_of(Pod), subresource="binding")
        except APIError as error:
            self._give_up(key, info, node, error)
        else:
            self.queue.remove(key)
            message = f"Successfully assigned {key} to {node}"
            self._recorder.normal(info.pod, "Scheduled", message)
        finally:
            self._assumed.pop(key, None)
            self._bindings.release()

    def _give_up(self, key: Key, info: PodInfo, node: str, error: APIError) -> None:
        """The binding failed: undo what was assumed, unless the Pod's real place is known by now."""
        pod = self._informers.of(Pod).get(key)
        if pod is None or pod.metadata.uid != info.pod.metadata.uid or not pod.spec.node_name:
            self.snapshot.remove_pod(key)
        if not isinstance(error, NotFound):  # else it was deleted meanwhile
            log.warning("binding %s to %s failed: %s", key, node, error)
            self.queue.delay(key)

    async def _report(self, key: Key, pod: Pod, placement: Placement) -> None:
        """Say in the Pod's condition and in an event why it is not placed; the condition only when that changed."""
        message = placement.message()
        self._recorder.warning(pod, "FailedScheduling", message)
        for condition in pod.status.conditions:
            if (condition.type, condition.status, condition.message) == ("PodScheduled", "False", message):
                return
        body = unschedulable_status(pod, message, format_time(self._clock.now()))
        try:
            await self._client.patch(Pod, key, Patch(media_type=STRATEGIC_PATCH, body=body), subresource="status")
        except APIError as error:
            log.info("cannot say why %s is not placed: %s", key, error)

    def _node_changed(self, old: Node | None, new: Node | None) -> None:
        if new is not None:
            self.snapshot.set_node(new)
            if old is None or makes_room(old, new):
                self.queue.unpark()
        elif old is not None:
            self.snapshot.remove_node(old.metadata.name)

    def _pod_changed(self, old: Pod | None, new: Pod | None) -> None:
        pod = new or old
        assert pod is not None
        key = key_of(pod)
        if new is None or new.status.phase in ("Succeeded", "Failed"):
            self.queue.remove(key)
            if pod.spec.node_name:
                self.snapshot.remove_pod(key)
                self.queue.unpark()
        elif new.spec.node_name:
            self.queue.remove(key)
            if old is None or old.spec.node_name != new.spec.node_name or counts_differ(old, new):
                self.snapshot.set_pod(PodInfo(new), new.spec.node_name)
        elif is_ours(new) and key not in self._assumed and (old is None or wants_retry(old, new)):
            self.queue.add(key, PodInfo(new))
        elif new.metadata.deletion_timestamp:
            self.queue.remove(key)


def unschedulable_status(pod: Pod, message: str, now: str) -> dict[str, Any]:
    """The patch of the Pod's status that says why it is not placed."""
    condition: dict[str, Any] = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    condition |= {"message": message, "lastTransitionTime": now}
    if pod.metadata.generation:
        condition["observedGeneration"] = pod.metadata.generation
    return {"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": [condition]}}


def is_ours(pod: Pod) -> bool:
    """Whether the Pod waits for this scheduler."""
    spec = pod.spec
    return spec.scheduler_name in (NAME, "") and not spec.scheduling_gates and not pod.metadata.deletion_timestamp


def wants_retry(old: Pod, new: Pod) -> bool:
    """Whether the change is one that may let the Pod fit: not just of its status."""
    return old.spec != new.spec or old.metadata.labels != new.metadata.labels


def counts_differ(old: Pod, new: Pod) -> bool:
    """Whether a bound Pod's change matters to the snapshot."""
    return (old.spec, old.metadata.labels, old.metadata.deletion_timestamp, old.metadata.uid) != (
        new.spec,
        new.metadata.labels,
        new.metadata.deletion_timestamp,
        new.metadata.uid,
    )


def makes_room(old: Node, new: Node) -> bool:
    """Whether a node's change may let more Pods fit: heartbeats do not."""
    return (old.spec, old.status.allocatable, old.metadata.labels) != (
        new.spec,
        new.status.allocatable,
        new.metadata.labels,
    )
