"""What a DaemonSet does next: a Pod on each Node that it is for, and new ones for old ones; and its status. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from podo.api import node_affinity, taints
from podo.api.types.apps_v1 import DaemonSet, DaemonSetStatus, RollingUpdateDaemonSet
from podo.api.types.core_v1 import (
    Affinity,
    Node,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    Pod,
    PodSpec,
    Toleration,
)
from podo.controllers import nodes, pods
from podo.controllers.amounts import scaled
from podo.controllers.history import HASH_LABEL

GENERATION_ANNOTATION = "deprecated.daemonset.template.generation"
GENERATION_LABEL = "pod-template-generation"
_NO_EXECUTE = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
_NO_SCHEDULE = tuple(f"node.kubernetes.io/{n}" for n in ("disk-pressure", "memory-pressure", "pid-pressure"))


@dataclass(frozen=True)
class View:
    """A DaemonSet with the hash of its template, all Nodes, and its Pods by Node, oldest first, at a time."""

    ds: DaemonSet
    hash: str
    nodes: Sequence[Node]
    by_node: Mapping[str, Sequence[Pod]]
    now: datetime

    def on(self, node: str) -> Sequence[Pod]:
        """Its Pods on a Node that are not being deleted."""
        return [p for p in self.by_node.get(node, ()) if not p.metadata.deletion_timestamp]

    def is_new(self, pod: Pod) -> bool:
        """Whether it was made from the template as it is now."""
        generation = self.ds.metadata.annotations.get(GENERATION_ANNOTATION)
        same = bool(generation) and pod.metadata.labels.get(GENERATION_LABEL) == generation
        return same or pod.metadata.labels.get(HASH_LABEL) == self.hash

    def is_available(self, pod: Pod) -> bool:
        """Whether it has been ready for long enough."""
        return pods.is_available(pod, self.ds.spec.min_ready_seconds or 0, self.now)


@dataclass
class Plan:
    """Nodes that get a Pod, Pods that go, and among those the ones that have ended by themselves."""

    create: list[str] = field(default_factory=list)
    delete: list[Pod] = field(default_factory=list)
    ended: list[Pod] = field(default_factory=list)


def should_run(ds: DaemonSet, node: Node) -> tuple[bool, bool]:
    """(whether a Pod should be made on the Node, whether one that is there may stay)."""
    spec = pod_spec(ds, node.metadata.name)
    if ds.spec.template.spec.node_name not in ("", node.metadata.name) or not node_affinity.allows(spec, node):
        return False, False
    hard = [t for t in node.spec.taints if t.effect in (taints.NO_SCHEDULE, taints.NO_EXECUTE)]
    if taints.matching(spec.tolerations, hard) is not None:
        return True, True
    return False, taints.matching(spec.tolerations, nodes.no_execute(node)) is not None


def pod_spec(ds: DaemonSet, node: str) -> PodSpec:
    """The Pod's spec: for this Node only, and tolerating what is no reason for a daemon to leave."""
    spec = ds.spec.template.spec
    term = NodeSelectorTerm(match_fields=(NodeSelectorRequirement(key="metadata.name", operator="In", values=(node,)),))
    required = NodeSelector(node_selector_terms=(term,))
    affinity = spec.affinity or Affinity()
    by_node = affinity.node_affinity or NodeAffinity()
    by_node = msgspec.structs.replace(by_node, required_during_scheduling_ignored_during_execution=required)
    keys = [*((k, taints.NO_EXECUTE) for k in _NO_EXECUTE), *((k, taints.NO_SCHEDULE) for k in _NO_SCHEDULE)]
    keys.append((nodes.UNSCHEDULABLE, taints.NO_SCHEDULE))
    if spec.host_network:
        keys.append(("node.kubernetes.io/network-unavailable", taints.NO_SCHEDULE))
    added = tuple(Toleration(key=k, operator="Exists", effect=e) for k, e in keys)
    kept = tuple(t for t in spec.tolerations if t not in added)
    return msgspec.structs.replace(
        spec, affinity=msgspec.structs.replace(affinity, node_affinity=by_node), tolerations=(*kept, *added)
    )


def wants(ds: DaemonSet, node: Node) -> bool:
    """Whether the Node matches selector and affinity as the user wrote them; taints aside."""
    return node_affinity.allows(ds.spec.template.spec, node)


def make_pod(view: View, node: str) -> Pod:
    """The Pod for a Node; the scheduler binds it."""
    made = pods.from_template(view.ds.spec.template, view.ds)
    labels = made.metadata.labels | {HASH_LABEL: view.hash}
    if generation := view.ds.metadata.annotations.get(GENERATION_ANNOTATION):
        labels[GENERATION_LABEL] = generation
    meta = msgspec.structs.replace(made.metadata, labels=labels)
    return msgspec.structs.replace(made, metadata=meta, spec=pod_spec(view.ds, node))


def target_of(pod: Pod) -> str:
    """The name of the Node that a Pod is for, bound or not; "" if it says none."""
    if pod.spec.node_name:
        return pod.spec.node_name
    affinity = pod.spec.affinity.node_affinity if pod.spec.affinity else None
    required = affinity.required_during_scheduling_ignored_during_execution if affinity else None
    for term in required.node_selector_terms if required else ():
        for r in term.match_fields:
            if (r.key, r.operator) == ("metadata.name", "In") and len(r.values) == 1:
                return r.values[0]
    return ""


def surge_limit(ds: DaemonSet, wanted: int) -> int:
    """How many Nodes may have an old and a new Pod at a time."""
    rolling = _rolling(ds)
    return scaled(rolling.max_surge, wanted, round_up=True) if rolling else 0


def unavailable_limit(ds: DaemonSet, wanted: int) -> int:
    """How many Nodes may be without an available Pod; one, if that and surge come to nothing."""
    rolling = _rolling(ds)
    limit = scaled(rolling.max_unavailable, wanted, round_up=True) if rolling else 0
    return limit or (0 if surge_limit(ds, wanted) else 1)


def manage(view: View) -> Plan:
    """A Pod on each Node that should have one, none where none may be; those that have ended are replaced."""
    plan = Plan()
    for node in view.nodes:
        name = node.metadata.name
        should, may = _permits(view.ds, node)
        if not may:
            plan.delete += view.on(name)
        elif should and not view.by_node.get(name):
            plan.create.append(name)
        else:
            _manage_node(view, plan, name, should)
    return plan


def _permits(ds: DaemonSet, node: Node) -> tuple[bool, bool]:
    return should_run(ds, node) if wants(ds, node) else (False, False)


def _manage_node(view: View, plan: Plan, name: str, should: bool) -> None:
    present = view.on(name)
    plan.ended += [p for p in present if pods.is_finished(p)]
    running = sorted((p for p in present if not pods.is_finished(p)), key=_seniority)
    if not surge_limit(view.ds, 1):
        plan.delete += running[1:]
        return
    if not running and should:
        plan.create.append(name)
        return
    new = [p for p in running if view.is_new(p)]
    old = [p for p in running if not view.is_new(p)]
    plan.delete += new[1:] + old[1:]
    if new and old and (not pods.is_ready(old[0]) or view.is_available(new[0])):
        plan.delete.append(old[0])


def roll(view: View) -> Plan:
    """Replace old Pods by new ones, within what may be unavailable or too many."""
    wanted = [n for n in view.nodes if _permits(view.ds, n)[0]]
    surge, away = surge_limit(view.ds, len(wanted)), unavailable_limit(view.ds, len(wanted))
    names = sorted({n.metadata.name for n in wanted} | view.by_node.keys())
    return _roll_by_surge(view, names, surge, wanted) if surge else _roll_by_deletion(view, names, away)


def _pair(view: View, name: str) -> tuple[Pod | None, Pod | None] | None:
    """(the new Pod, the old Pod) of a Node; None if there are more, which `manage` will thin out."""
    new = [p for p in view.on(name) if view.is_new(p)]
    old = [p for p in view.on(name) if not view.is_new(p)]
    if len(new) > 1 or len(old) > 1:
        return None
    return (new[0] if new else None), (old[0] if old else None)


def _roll_by_deletion(view: View, names: Sequence[str], limit: int) -> Plan:
    plan, candidates, unavailable = Plan(), [], 0
    for name in names:
        new, old = _pair(view, name) or (None, None)
        if new is not None and old is None:
            unavailable += not view.is_available(new)
        elif old is not None and new is None and view.is_available(old):
            candidates.append(old)
        else:
            unavailable += 1
            if old is not None and new is None:
                plan.delete.append(old)  # it serves nobody: nothing is lost
    plan.delete += candidates[: max(0, limit - unavailable)]
    return plan


def _roll_by_surge(view: View, names: Sequence[str], limit: int, wanted: Sequence[Node]) -> Plan:
    plan, candidates = Plan(), list[str]()
    leaving: list[Pod] = []
    surging, available = 0, 0
    places = {n.metadata.name for n in wanted}
    for name in names:
        pair = _pair(view, name)
        if pair is None:
            surging += 1
            continue
        new, old = pair
        shown = old or new
        available += shown is not None and view.is_available(shown)
        if old is None:
            continue
        if new is not None:
            if view.is_available(new):
                plan.delete.append(old)
            else:
                surging += 1
        elif name not in places:
            (leaving if view.is_available(old) else plan.delete).append(old)
        elif not view.is_available(old):
            plan.create.append(name)
        else:
            candidates.append(name)
    plan.delete += leaving[: max(0, available - len(wanted))]
    plan.create += candidates[: max(0, limit - surging)]
    return plan


def status_of(view: View) -> DaemonSetStatus:
    """The numbers."""
    desired = current = wrong = ready = available = updated = 0
    for node in view.nodes:
        present = sorted(view.by_node.get(node.metadata.name, ()), key=_seniority)
        if not _permits(view.ds, node)[0]:
            wrong += bool(present)
            continue
        desired += 1
        if present:
            current += 1
            ready += pods.is_ready(present[0])
            available += view.is_available(present[0])
            updated += view.is_new(present[0])
    return msgspec.structs.replace(
        view.ds.status,
        observed_generation=view.ds.metadata.generation,
        desired_number_scheduled=desired,
        current_number_scheduled=current,
        number_misscheduled=wrong,
        number_ready=ready,
        number_available=available or None,
        number_unavailable=desired - available or None,
        updated_number_scheduled=updated or None,
    )


def _rolling(ds: DaemonSet) -> RollingUpdateDaemonSet | None:
    strategy = ds.spec.update_strategy
    return strategy.rolling_update if strategy and strategy.type == "RollingUpdate" else None


def _seniority(pod: Pod) -> tuple[bool, str, str]:
    """Sort key: bound ones first, then the older, then by name."""
    return not pod.spec.node_name, pod.metadata.creation_timestamp, pod.metadata.name
