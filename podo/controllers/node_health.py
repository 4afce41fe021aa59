"""What a Node's silence, its conditions and the state of its zone make of it. Pure."""

from collections.abc import Iterable, Sequence
from enum import Enum

import msgspec

from podo.api.taints import NO_EXECUTE, NO_SCHEDULE
from podo.api.types.core_v1 import Node, NodeCondition, Taint
from podo.controllers.nodes import NOT_READY, UNREACHABLE, UNSCHEDULABLE, condition, is_ready

REPORTED = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")  # what a node itself reports
BY_CONDITION = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
}
OURS = frozenset([*BY_CONDITION.values(), UNSCHEDULABLE])
REGION, ZONE = "topology.kubernetes.io/region", "topology.kubernetes.io/zone"
OLD_LABELS = {"kubernetes.io/os": "beta.kubernetes.io/os", "kubernetes.io/arch": "beta.kubernetes.io/arch"}
EXCLUDED = "node.kubernetes.io/exclude-disruption"
RATE, SECONDARY_RATE, LARGE, UNHEALTHY = 0.1, 0.01, 50, 0.55  # nodes a second; nodes; share


class ZoneState(Enum):
    """How much of a zone is not ready."""

    NORMAL = "Normal"
    PARTIAL = "PartialDisruption"
    FULL = "FullDisruption"


def silent_conditions(node: Node, now: str) -> tuple[NodeCondition, ...]:
    """The conditions of a node that has given no sign of life for too long: what it reports itself is unknown."""
    known = {c.type: c for c in node.status.conditions}
    for kind in REPORTED:
        before = known.get(kind)
        if before is None:
            known[kind] = NodeCondition(
                type=kind,
                status="Unknown",
                reason="NodeStatusNeverUpdated",
                message="Kubelet never posted node status.",
                last_heartbeat_time=node.metadata.creation_timestamp,
                last_transition_time=now,
            )
        elif before.status != "Unknown":
            known[kind] = msgspec.structs.replace(
                before,
                status="Unknown",
                reason="NodeStatusUnknown",
                message="Kubelet stopped posting node status.",
                last_transition_time=now,
            )
    return tuple(known.values())


def desired_taints(node: Node, now: str, *, evict: bool) -> tuple[Taint, ...]:
    """The Node's taints: those that its conditions ask for, and those of others. `evict`: it may drive Pods away.

    A taint that is there already keeps its time. The one that drives away goes when the node is ready again; until
    then it changes between not-ready and unreachable, also where no new one may be set.
    """
    wanted = {(BY_CONDITION[c.type, c.status], NO_SCHEDULE) for c in node.status.conditions if _asks(c)}
    if node.spec.unschedulable:
        wanted.add((UNSCHEDULABLE, NO_SCHEDULE))
    ready = condition(node, "Ready")
    has_one = any(t.effect == NO_EXECUTE and t.key in (NOT_READY, UNREACHABLE) for t in node.spec.taints)
    if ready is not None and _asks(ready) and (evict or has_one):
        wanted.add((BY_CONDITION["Ready", ready.status], NO_EXECUTE))
    kept = [t for t in node.spec.taints if not _is_ours(t) or (t.key, t.effect) in wanted]
    there = {(t.key, t.effect) for t in kept}
    return (*kept, *(Taint(key=k, effect=e, time_added=now) for k, e in sorted(wanted - there)))


def without_eviction(node: Node) -> tuple[Taint, ...]:
    """The Node's taints without those of ours that drive Pods away."""
    return tuple(t for t in node.spec.taints if t.effect != NO_EXECUTE or t.key not in (NOT_READY, UNREACHABLE))


def labelled(node: Node) -> dict[str, str]:
    """The Node's labels, with the old names of its system and architecture."""
    old = {old: node.metadata.labels[new] for new, old in OLD_LABELS.items() if new in node.metadata.labels}
    return node.metadata.labels | old


def zone_of(node: Node) -> tuple[str, str]:
    """Region and zone."""
    return node.metadata.labels.get(REGION, ""), node.metadata.labels.get(ZONE, "")


def zone_state(members: Iterable[Node]) -> ZoneState:
    """The state of a zone by its Nodes, without those that a label excludes; silence counts as not ready."""
    ready = [is_ready(n) for n in members if EXCLUDED not in n.metadata.labels]
    down = ready.count(False)
    if ready and down == len(ready):
        return ZoneState.FULL
    if down > 2 and down / len(ready) >= UNHEALTHY:
        return ZoneState.PARTIAL
    return ZoneState.NORMAL


def eviction_rate(state: ZoneState, size: int, *, everything_is_down: bool) -> float:
    """How many nodes of a zone a second may have their Pods driven away.

    None when no node anywhere answers: then it is more likely that we are cut off than that all have died.
    """
    if everything_is_down:
        return 0.0
    if state is ZoneState.PARTIAL:
        return SECONDARY_RATE if size > LARGE else 0.0
    return RATE


def zones(members: Sequence[Node]) -> dict[tuple[str, str], list[Node]]:
    """The Nodes by zone."""
    found: dict[tuple[str, str], list[Node]] = {}
    for node in members:
        found.setdefault(zone_of(node), []).append(node)
    return found


def _asks(c: NodeCondition) -> bool:
    return (c.type, c.status) in BY_CONDITION


def _is_ours(taint: Taint) -> bool:
    if taint.effect == NO_SCHEDULE:
        return taint.key in OURS
    return taint.effect == NO_EXECUTE and taint.key in (NOT_READY, UNREACHABLE)
