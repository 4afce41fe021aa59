"""Taint eviction: Pods leave a Node with NoExecute taints, at once or when their tolerations have run out."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from podo.api.errors import NotFound
from podo.api.taints import matching
from podo.api.timestamps import format_time, parse
from podo.api.types.core_v1 import Node, Pod, PodCondition, Taint
from podo.client.base import STRATEGIC_PATCH, DeleteOptions, Key, Patch, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import nodes, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.pods import by_node

FOREVER = None


class TaintEviction:
    """Reads Node and Pod; deletes Pods, with a condition that says why."""

    name = "taint-eviction-controller"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter) -> None:
        self._client, self._clock = client, clock
        self._nodes, self._pods = client.informer(Node), client.informer(Pod)
        self._on_node = self._pods.index(by_node)
        self._events = events.recorder("taint-eviction-controller")
        self._since: dict[str, datetime] = {}  # by Pod uid: when we first saw taints that bear no time
        self._announced: set[str] = set()  # uids of Pods that are to go at some time
        self.watches = (
            Watch(Pod, to=itself, when=_may_have_to_go),
            Watch(Node, to=self._pods_on, when=_taints_changed),
        )

    async def reconcile(self, key: Key) -> Outcome:
        pod = self._pods.get(key)
        if pod is None or pod.metadata.deletion_timestamp or pods.is_finished(pod):
            return DONE
        taints, now = nodes.no_execute(self._nodes.get(Key("", pod.spec.node_name))), self._clock.now()
        if not taints:
            self._cancel(pod)
            return DONE
        since = self._since.setdefault(pod.metadata.uid, now)
        deadline = leaves_at(pod, taints, since)
        if deadline is FOREVER:
            self._cancel(pod)
            return DONE
        if deadline > now:
            self._announced.add(pod.metadata.uid)
            return Outcome(requeue_after=(deadline - now).total_seconds())
        await self._evict(pod)
        self._since.pop(pod.metadata.uid, None)
        self._announced.discard(pod.metadata.uid)
        return DONE

    async def _evict(self, pod: Pod) -> None:
        name = key_of(pod)
        self._events.normal(pod, "TaintManagerEviction", f"Marking for deletion Pod {name}")
        try:
            message = "Taint manager: deleting due to NoExecute taint"
            await mark_disrupted(self._client, pod, "DeletionByTaintManager", message, self._clock.now())
            await self._client.delete(Pod, name, DeleteOptions(uid=pod.metadata.uid))
        except NotFound:
            pass

    def _cancel(self, pod: Pod) -> None:
        self._since.pop(pod.metadata.uid, None)
        if pod.metadata.uid in self._announced:
            self._announced.discard(pod.metadata.uid)
            self._events.normal(pod, "TaintManagerEviction", f"Cancelling deletion of Pod {key_of(pod)}")

    def _pods_on(self, node: Node) -> Iterable[Key]:
        return [key_of(pod) for pod in self._on_node(node.metadata.name)]


def leaves_at(pod: Pod, taints: list[Taint], since: datetime) -> datetime | None:
    """When a Pod has to leave: the past if it does not tolerate a taint, FOREVER if it tolerates all for ever.

    A taint's time counts from when it was set, or, if it bears no time, from `since`; not before the Pod was there.
    """
    tolerations = matching(pod.spec.tolerations, taints)
    if tolerations is None:
        return datetime.min.replace(tzinfo=since.tzinfo)
    times = []
    for taint, toleration in zip(taints, tolerations, strict=True):
        if toleration.toleration_seconds is not None:
            begun = max(parse(taint.time_added) if taint.time_added else since, _there_since(pod) or since)
            times.append(begun + timedelta(seconds=max(0, toleration.toleration_seconds)))
    return min(times, default=FOREVER)


async def mark_disrupted(client: CachedClient, pod: Pod, reason: str, message: str, now: datetime) -> None:
    """Give the Pod in the API the condition of `disrupted`, whatever else of its status changes meanwhile."""
    marked = disrupted(pod, reason, message, now)
    if marked != pod:
        made = msgspec.to_builtins(marked.status.conditions[-1])
        body = {"metadata": {"uid": pod.metadata.uid}, "status": {"conditions": [made]}}
        await client.patch(Pod, key_of(pod), Patch(media_type=STRATEGIC_PATCH, body=body), subresource="status")


def disrupted(pod: Pod, reason: str, message: str, now: datetime) -> Pod:
    """`pod` with the condition that says that it is ended from outside."""
    before = pods.condition(pod, "DisruptionTarget")
    same = before is not None and before.status == "True"
    made = PodCondition(
        type="DisruptionTarget",
        status="True",
        reason=reason,
        message=message,
        observed_generation=pod.metadata.generation,
        last_transition_time=before.last_transition_time if before and same else format_time(now),
    )
    others = tuple(c for c in pod.status.conditions if c.type != made.type)
    return pod if before == made else pods.with_status(pod, conditions=(*others, made))


def _there_since(pod: Pod) -> datetime | None:
    scheduled = pods.condition(pod, "PodScheduled")
    text = scheduled.last_transition_time if scheduled else pod.metadata.creation_timestamp
    return parse(text) if text else None


def _may_have_to_go(old: Pod | None, new: Pod | None) -> bool:
    if new is None or not new.spec.node_name:
        return False
    return old is None or (old.spec.node_name, old.spec.tolerations) != (new.spec.node_name, new.spec.tolerations)


def _taints_changed(old: Node | None, new: Node | None) -> bool:
    return nodes.no_execute(old) != nodes.no_execute(new)
