"""Node lifecycle: a Node that gives no sign of life turns unknown; what is wrong with a Node becomes its taints.

Signs of life are a renewed Lease and a new heartbeat in its status. Like Kubernetes, we go by when we saw them change,
not by what they say, so that clocks may differ. `node_health.py` decides.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from podo.api.errors import NotFound
from podo.api.timestamps import format_time
from podo.api.types.coordination_v1 import Lease
from podo.api.types.core_v1 import Node, ObjectReference, Pod, Taint
from podo.client.base import Key, key_of
from podo.client.events import EventWriter
from podo.client.informers import CachedClient
from podo.client.reflector import Scope
from podo.clock import Clock
from podo.controllers import node_health, nodes, pods
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.node_health import ZoneState, zone_of
from podo.controllers.pods import by_node

LEASES = Scope(namespace="kube-node-lease")
GRACE = timedelta(seconds=50)  # of a node that has reported before
STARTUP_GRACE = timedelta(seconds=60)
RATE_CHECK = 5.0  # seconds until it is asked again whether Pods may be driven away


@dataclass
class _Seen:
    """What we know of a Node from having watched it: its last signs of life and since when, and if it was ready."""

    signs: tuple[str, str]
    at: float
    ready: bool
    uid: str


class NodeLifecycle:
    """Reads Node, Lease and Pod; writes Nodes' conditions, taints and labels, and Pods' readiness."""

    name = "node-lifecycle"

    def __init__(self, client: CachedClient, clock: Clock, events: EventWriter, grace: timedelta = GRACE) -> None:
        self._client, self._clock, self._grace = client, clock, grace
        self._nodes, self._leases = client.informer(Node), client.informer(Lease, LEASES)
        self._pods = client.informer(Pod).index(by_node)
        self._events = events.recorder("node-controller")
        self._seen: dict[str, _Seen] = {}
        self._next_eviction: dict[tuple[str, str], float] = {}
        self._zones: dict[tuple[str, str], tuple[ZoneState, int]] | None = None  # state and size; None: look again
        self._all_down = False
        self._add: Callable[[Key], None] = _nowhere
        self.watches = (
            Watch(Node, to=itself),
            Watch(Lease, to=lambda lease: (Key("", lease.metadata.name),), scope=LEASES),
            Watch(Pod, to=_node_of, when=_gets_ready),
        )

    def attach(self, add: Callable[[Key], None]) -> None:
        """Look at all Nodes again when the last one goes down or the first one comes back."""
        self._add = add
        self._nodes.handle(self._zone_may_change)

    async def reconcile(self, key: Key) -> Outcome:
        node = self._nodes.get(key)
        if node is None:
            self._forget(key.name)
            return DONE
        left = self._look(node)
        was_ready = self._seen[key.name].ready
        try:
            if left <= 0:
                node = await self._turn_unknown(node)
            node, wait = await self._mark(node)
            await self._unready_pods(node, was_ready)
        except NotFound:
            return DONE  # it went meanwhile
        self._seen[key.name].ready = nodes.is_ready(node)
        waits = [wait, left if left > 0 else 0]
        return Outcome(requeue_after=min((w for w in waits if w), default=None))

    def _look(self, node: Node) -> float:
        """Seconds that the Node may stay silent from now."""
        name, ready, now = node.metadata.name, nodes.condition(node, "Ready"), self._clock.monotonic()
        signs = (self._renewed(name), ready.last_heartbeat_time if ready else "")
        seen = self._seen.get(name)
        if seen is None:
            self._tell(node, "RegisteredNode", f"Registered Node {name} in Controller")
            seen = self._seen[name] = _Seen(signs, now, nodes.is_ready(node), node.metadata.uid)
        elif seen.signs != signs:
            seen.signs, seen.at = signs, now
        grace = self._grace if ready else STARTUP_GRACE
        return seen.at + grace.total_seconds() - now

    def _renewed(self, name: str) -> str:
        lease = self._leases.get(Key(LEASES.namespace, name))
        return lease.spec.renew_time if lease else ""

    async def _turn_unknown(self, node: Node) -> Node:
        conditions = node_health.silent_conditions(node, format_time(self._clock.now()))
        if conditions == node.status.conditions:
            return node
        status = msgspec.structs.replace(node.status, conditions=conditions)
        return await self._client.update(msgspec.structs.replace(node, status=status), subresource="status")

    async def _mark(self, node: Node) -> tuple[Node, float]:
        """Set taints and labels; in how many seconds to come again, if Pods may not be driven away yet."""
        evict, wait = self._may_evict(node)
        taints = node_health.desired_taints(node, format_time(self._clock.now()), evict=evict)
        if not nodes.is_ready(node) and self._everything_is_down():
            taints = node_health.without_eviction(_with(node, taints=taints))
        labels = node_health.labelled(node)
        if taints != node.spec.taints or labels != node.metadata.labels:
            changed = _with(node, taints=taints)
            meta = msgspec.structs.replace(changed.metadata, labels=labels)
            node = await self._client.update(msgspec.structs.replace(changed, metadata=meta))
        return node, wait

    def _may_evict(self, node: Node) -> tuple[bool, float]:
        """Whether a Node that is not ready may drive Pods away now; if not, in how many seconds to ask again."""
        ready = nodes.condition(node, "Ready")
        if ready is None or ready.status == "True" or any(t.key in _DRIVING for t in nodes.no_execute(node)):
            return False, 0
        zone, now = zone_of(node), self._clock.monotonic()
        state, size = self._zone_states().get(zone, (ZoneState.NORMAL, 1))
        rate = node_health.eviction_rate(state, size, everything_is_down=self._everything_is_down())
        if not rate:
            return False, RATE_CHECK
        if (begin := self._next_eviction.get(zone, 0.0)) > now:
            return False, begin - now
        self._next_eviction[zone] = now + 1 / rate
        return True, 0

    def _everything_is_down(self) -> bool:
        return all(state is ZoneState.FULL for state, _ in self._zone_states().values())

    def _zone_states(self) -> dict[tuple[str, str], tuple[ZoneState, int]]:
        if self._zones is None:
            found = node_health.zones(list(self._nodes))
            self._zones = {zone: (node_health.zone_state(members), len(members)) for zone, members in found.items()}
        return self._zones

    def _zone_may_change(self, old: Node | None, new: Node | None) -> None:
        if old is None or new is None or nodes.is_ready(old) != nodes.is_ready(new) or zone_of(old) != zone_of(new):
            self._zones = None
            if self._everything_is_down() is not self._all_down:
                self._all_down = not self._all_down
                for node in self._nodes:
                    self._add(key_of(node))

    async def _unready_pods(self, node: Node, was_ready: bool) -> None:
        """Say of the Pods of a Node that is not ready that they are not: it may be unable to say so itself."""
        ready = nodes.condition(node, "Ready")
        if ready is None or ready.status == "True":
            return
        if was_ready:
            self._record(node, "NodeNotReady", f"Node {node.metadata.name} status is now: NodeNotReady")
        if was_ready or ready.status == "Unknown":
            await pods.together(self._unready(pod) for pod in self._pods(node.metadata.name) if pods.is_ready(pod))

    async def _unready(self, pod: Pod) -> None:
        now = format_time(self._clock.now())
        conditions = tuple(
            msgspec.structs.replace(c, status="False", last_transition_time=now) if c.type == "Ready" else c
            for c in pod.status.conditions
        )
        self._events.warning(pod, "NodeNotReady", "Node is not ready")
        try:
            await self._client.update(pods.with_status(pod, conditions=conditions), subresource="status")
        except NotFound:
            pass

    def _forget(self, name: str) -> None:
        if seen := self._seen.pop(name, None):
            gone = ObjectReference(kind="Node", name=name, uid=seen.uid)
            message = f"Node {name} event: Removing Node {name} from Controller"
            self._events.normal(gone, "RemovingNode", message)

    def _tell(self, node: Node, reason: str, what: str) -> None:
        self._record(node, reason, f"Node {node.metadata.name} event: {what}")

    def _record(self, node: Node, reason: str, message: str) -> None:
        about = ObjectReference(kind="Node", name=node.metadata.name, uid=node.metadata.uid)
        self._events.normal(about, reason, message)


def _nowhere(key: Key) -> None:
    """Until the loop says where to."""


_DRIVING = (nodes.NOT_READY, nodes.UNREACHABLE)


def _with(node: Node, *, taints: tuple[Taint, ...]) -> Node:
    return msgspec.structs.replace(node, spec=msgspec.structs.replace(node.spec, taints=taints))


def _gets_ready(old: Pod | None, new: Pod | None) -> bool:
    """Whether a Pod is ready that was not before: on a node that is not, it cannot be."""
    return new is not None and pods.is_ready(new) and (old is None or not pods.is_ready(old))


def _node_of(pod: Pod) -> Iterable[Key]:
    return (Key("", pod.spec.node_name),) if pod.spec.node_name else ()
