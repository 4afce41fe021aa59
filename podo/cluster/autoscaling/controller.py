"""Adds local nodes when Pods fit nowhere, and removes those that have not been needed for a time.

A node that goes is marked by a taint, emptied by evictions, and removed: each look goes on where the last has ended, so
a restart in the middle does no harm. Reasons, messages and annotations are those of cluster-autoscaler.
"""

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from podo.api.errors import APIError, NotFound, TooManyRequests
from podo.api.timestamps import parse
from podo.api.types.core_v1 import Node, ObjectReference, Pod, Taint
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.policy_v1 import Eviction, PodDisruptionBudget
from podo.client.base import Key, kind_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.clock import Clock
from podo.cluster.autoscaling.growing import grow, is_waiting
from podo.cluster.autoscaling.pool import NodePool
from podo.cluster.autoscaling.shrinking import candidates, has_to_move, judge
from podo.cluster.config import NodeBounds
from podo.cluster.errors import ClusterError
from podo.controllers import nodes as conditions
from podo.controllers.base import DONE, Outcome, Watch
from podo.controllers.pods import by_node
from podo.scheduler.snapshot import Snapshot

THE_POOL = Key("", "local")
LOOK, DRAIN_LOOK = 10.0, 1.0  # seconds between looks
GATHER = 0.125  # seconds in which Pods that begin to wait are seen together: one change of the pool for all of them
LEAVING = "ToBeDeletedByClusterAutoscaler"
ARRIVING = timedelta(minutes=2)  # a node that is not ready for longer is not about to be
DRAIN = timedelta(minutes=10)  # a node that cannot be emptied in this time stays
log = logging.getLogger(__name__)


class NodeAutoscaler:
    """Reads Pods, Nodes and budgets; writes taints of Nodes, evictions, and the pool."""

    name = "node-autoscaler"

    def __init__(
        self, client: CachedClient, clock: Clock, events: EventWriter, pool: NodePool, snapshot: Snapshot
    ) -> None:
        self._client, self._clock, self._pool, self._snapshot = client, clock, pool, snapshot
        self._events = events.recorder("cluster-autoscaler")
        self._nodes, self._pods = client.informer(Node), client.informer(Pod)
        self._on_node, self._budgets = self._pods.index(by_node), client.informer(PodDisruptionBudget)
        self._unneeded: dict[str, float] = {}  # since when, on the clock that only goes forward
        self._gathering: float | None = None  # since when, on the same clock
        self.watches = (
            Watch(Pod, to=self._gather, when=_begins_to_wait),
            Watch(Node, to=_pool, when=lambda old, new: old is None),
        )

    def _gather(self, pod: Pod) -> Iterable[Key]:
        if self._gathering is None:
            self._gathering = self._clock.monotonic()
        return _pool(pod)

    async def reconcile(self, key: Key) -> Outcome:
        if self._gathering is not None and (left := self._gathering + GATHER - self._clock.monotonic()) > 0:
            return Outcome(requeue_after=left)
        self._gathering = None
        bounds = self._pool.bounds()
        if bounds is None:
            self._unneeded.clear()
            return Outcome(requeue_after=LOOK) if key == THE_POOL else DONE
        try:
            if await self._grow(bounds):
                return Outcome(requeue_after=DRAIN_LOOK)
            return Outcome(requeue_after=DRAIN_LOOK if await self._shrink(bounds) else LOOK)
        except (ClusterError, OSError) as error:
            log.warning("the number of nodes stays as it is for now: %s", error)
            return Outcome(requeue_after=LOOK)

    async def _grow(self, bounds: NodeBounds) -> bool:
        """Add nodes for Pods that wait, or up to the least that there shall be; whether any were added."""
        names = self._pool.names()
        room, short = bounds.max_nodes - len(names), bounds.min_nodes - len(names)
        waiting, like = [p for p in self._pods if is_waiting(p)], self._like(names)
        if like is None or (not waiting and short <= 0):
            return False
        found = grow(waiting, self._snapshot, like, arriving=self._arriving(names), room=max(0, room))
        for pod, why in found.refused:
            self._events.normal(pod, "NotTriggerScaleUp", f"pod didn't trigger scale-up: {why}")
        add = max(found.add, short)
        if add <= 0:
            return False
        now, then = len(names), len(names) + add
        for pod in found.triggers:
            change = f"[{{{THE_POOL.name} {now}->{then} (max: {bounds.max_nodes})}}]"
            self._events.normal(pod, "TriggeredScaleUp", f"pod triggered scale-up: {change}")
        log.info("adding %d nodes for %d Pods", add, len(found.triggers))
        await self._stay_all(names)
        await self._pool.add(add)
        return True

    def _like(self, names: Sequence[str]) -> Node | None:
        """A node to see by what a new one will be: the newest."""
        mine = [node for name in names if (node := self._nodes.get(Key("", name)))]
        return max(mine, key=lambda n: n.metadata.creation_timestamp, default=None)

    def _arriving(self, names: Sequence[str]) -> list[Node]:
        """Nodes that have just been made, and are not ready or still have the taint of that."""
        now, found = self._clock.now(), []
        for name in names:
            node = self._nodes.get(Key("", name))
            if node is None or now - parse(node.metadata.creation_timestamp) > ARRIVING:
                continue
            if not conditions.is_ready(node) or any(t.key == conditions.NOT_READY for t in node.spec.taints):
                found.append(node)
        return found

    async def _shrink(self, bounds: NodeBounds) -> bool:
        """Go on with nodes that leave, or choose those that are no longer needed; whether any is leaving."""
        names = self._pool.names()
        leaving = [n for name in names if (n := self._nodes.get(Key("", name))) and _mark_of(n)]
        for node in leaving:
            await self._drain(node)
        surplus, now = len(names) - bounds.min_nodes - len(leaving), self._clock.monotonic()
        gone = {n.metadata.name for n in leaving}
        known = candidates(self._nodes, [n for n in names if n not in gone], surplus)
        unneeded = {}
        for name in known:
            if not judge(name, self._snapshot, list(self._budgets)).why:
                unneeded[name] = self._unneeded.get(name, now)
        self._unneeded = unneeded
        due = [name for name in known if now - unneeded.get(name, now) >= bounds.idle_seconds]
        if not due or leaving:
            return bool(leaving)
        await self._let_go(self._nodes.get(Key("", due[0])))
        return True

    async def _let_go(self, node: Node | None) -> None:
        if node is not None:
            mark = Taint(key=LEAVING, value=str(int(self._clock.now().timestamp())), effect="NoSchedule")
            await self._set_taints(node, (*node.spec.taints, mark))
            self._tell(node, "ScaleDown", "marked the node as toBeDeleted/unschedulable")

    async def _stay_all(self, names: Sequence[str]) -> None:
        """Room is wanted after all: the nodes that were leaving stay."""
        for name in names:
            node = self._nodes.get(Key("", name))
            if node is not None and _mark_of(node):
                await self._stay(node)

    async def _stay(self, node: Node) -> None:
        await self._set_taints(node, tuple(t for t in node.spec.taints if t.key != LEAVING))

    async def _drain(self, node: Node) -> None:
        """Evict what is left; remove the node once nothing is."""
        mark = _mark_of(node)
        left = [p for p in self._on_node(node.metadata.name) if has_to_move(p)]
        if not left:
            await self._pool.remove(node.metadata.name)
            self._unneeded.pop(node.metadata.name, None)
            self._tell(node, "ScaleDown", "node removed by cluster autoscaler")
            return
        if mark is not None and self._clock.now() - mark > DRAIN:
            await self._stay(node)
            self._tell(node, "ScaleDownFailed", "failed to drain the node, aborting ScaleDown")
            return
        for pod in left:
            if not pod.metadata.deletion_timestamp:
                await self._evict(pod)

    async def _evict(self, pod: Pod) -> None:
        meta = ObjectMeta(namespace=pod.metadata.namespace, name=pod.metadata.name)
        try:
            await self._client.create(Eviction(metadata=meta), of=kind_of(Pod), subresource="eviction")
        except (NotFound, TooManyRequests):
            return  # gone, or a budget says not yet: the next look tries again
        self._events.normal(pod, "ScaleDown", "deleting pod for node scale down")

    async def _set_taints(self, node: Node, taints: tuple[Taint, ...]) -> None:
        try:
            spec = msgspec.structs.replace(node.spec, taints=taints)
            await self._client.update(msgspec.structs.replace(node, spec=spec))
        except APIError as error:
            log.info("node %s keeps its taints for now: %s", node.metadata.name, error)

    def _tell(self, node: Node, reason: str, message: str) -> None:
        about = ObjectReference(kind="Node", name=node.metadata.name, uid=node.metadata.uid)
        self._events.normal(about, reason, message)


def _mark_of(node: Node) -> datetime | None:
    """Since when the node is leaving."""
    mark = next((t.value for t in node.spec.taints if t.key == LEAVING), None)
    if mark is None:
        return None
    return datetime.fromtimestamp(int(mark) if mark.isdecimal() else 0, tz=parse("1970-01-01T00:00:00Z").tzinfo)


def _pool(obj: object) -> Iterable[Key]:
    return (THE_POOL,)


def _begins_to_wait(old: Pod | None, new: Pod | None) -> bool:
    return new is not None and is_waiting(new) and (old is None or not is_waiting(old))
