"""Pod garbage collector: removes Pods that no agent will remove.

Those on Nodes that are gone, those that are being deleted and were never bound or are on a Node that is out of service,
and the oldest finished ones beyond a number.
"""

from collections.abc import Hashable, Iterable

import msgspec

from podo.api.errors import NotFound
from podo.api.types.core_v1 import Node, Pod
from podo.client.base import STRATEGIC_PATCH, DeleteOptions, Key, Patch, find, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.controllers import nodes, pods
from podo.controllers.base import DONE, Outcome, Watch
from podo.controllers.pods import by_node
from podo.controllers.taint_eviction import disrupted

THRESHOLD = 12_500  # finished Pods that are kept
QUARANTINE = 40.0  # seconds that a Node must be missing
FINISHED = Key("", "")  # the key that stands for all finished Pods together


def by_finished(pod: Pod) -> Iterable[Hashable]:
    """Index keys: whether it has finished."""
    return (pods.is_finished(pod),)


class PodGC:
    """Reads Node and Pod; marks Pods as failed and deletes them."""

    name = "podgc"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, threshold: int = THRESHOLD) -> None:
        self._client, self._clock, self._threshold = client, clock, threshold
        self._nodes, self._pods = client.informer(Node), client.informer(Pod)
        self._finished, self._on_node = self._pods.index(by_finished), self._pods.index(by_node)
        self._missing: dict[str, float] = {}  # since when a Node has been missing
        self.watches = (
            Watch(Pod, to=self._concerns),
            Watch(Node, to=lambda node: map(key_of, self._on_node(node.metadata.name)), when=_may_be_gone),
        )

    async def reconcile(self, key: Key) -> Outcome:
        if key == FINISHED:
            await self._thin_out()
            return DONE
        pod = self._pods.get(key)
        if pod is None:
            return DONE
        node = self._nodes.get(Key("", pod.spec.node_name)) if pod.spec.node_name else None
        if pod.metadata.deletion_timestamp and is_nobodys(pod, node):
            await self._remove(pod)
        elif pod.spec.node_name and node is None:
            return await self._orphan(pod)
        return DONE

    async def _orphan(self, pod: Pod) -> Outcome:
        """A Pod on a Node that we do not know: remove it if the server has not known it either for a while."""
        name, now = pod.spec.node_name, self._clock.monotonic()
        left = self._missing.setdefault(name, now) + QUARANTINE - now
        if left > 0:
            return Outcome(requeue_after=left)
        if await find(self._client, Node, Key("", name)) is None:
            await self._remove(disrupted(pod, "DeletionByPodGC", "PodGC: node no longer exists", self._clock.now()))
        return DONE

    async def _thin_out(self) -> None:
        surplus = self._finished.count(True) - self._threshold
        if surplus > 0:
            oldest = sorted(self._finished(True), key=removal_order)[:surplus]
            await pods.together(self._remove(pod) for pod in oldest)

    async def _remove(self, pod: Pod) -> None:
        try:
            if not pods.is_finished(pod):
                await self._client.patch(Pod, key_of(pod), failing(pod), subresource="status")
            await self._client.delete(Pod, key_of(pod), DeleteOptions(grace_period_seconds=0, uid=pod.metadata.uid))
        except NotFound:
            pass

    def _concerns(self, pod: Pod) -> Iterable[Key]:
        if pod.spec.node_name and self._nodes.get(Key("", pod.spec.node_name)):
            self._missing.pop(pod.spec.node_name, None)
        if pods.is_finished(pod) and self._finished.count(True) > self._threshold:
            yield FINISHED
        if pod.metadata.deletion_timestamp or not self._nodes.get(Key("", pod.spec.node_name)):
            yield key_of(pod)


def is_nobodys(pod: Pod, node: Node | None) -> bool:
    """Whether a Pod that is being deleted has no agent that will end it: never bound, or its Node is out of service."""
    if not pod.spec.node_name:
        return True
    return node is not None and not nodes.is_ready(node) and nodes.has_taint(node, nodes.OUT_OF_SERVICE)


def failing(pod: Pod) -> Patch:
    """What says of this very Pod that it has failed, for the reasons that its conditions give."""
    status = {"phase": "Failed", "observedGeneration": pod.metadata.generation}
    conditions = {"conditions": [msgspec.to_builtins(each) for each in pod.status.conditions]}
    return Patch(
        media_type=STRATEGIC_PATCH, body={"metadata": {"uid": pod.metadata.uid}, "status": status | conditions}
    )


def removal_order(pod: Pod) -> tuple[bool, str, str]:
    """Evicted Pods first, then the older ones."""
    evicted = pod.status.phase == "Failed" and pod.status.reason == "Evicted"
    return not evicted, pod.metadata.creation_timestamp, pod.metadata.name


def _may_be_gone(old: Node | None, new: Node | None) -> bool:
    if old is None or new is None:
        return True
    return nodes.is_ready(old) != nodes.is_ready(new) or old.spec.taints != new.spec.taints
