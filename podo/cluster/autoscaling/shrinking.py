"""Which nodes are not needed: their Pods would fit elsewhere, and nothing forbids to move them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from podo.api import selectors
from podo.api.types.core_v1 import Node, Pod
from podo.api.types.policy_v1 import PodDisruptionBudget
from podo.cluster.autoscaling.growing import EXPENDABLE, is_of_daemon_set
from podo.cluster.autoscaling.trial import Trial
from podo.scheduler.requests import CPU, MEMORY, PodInfo
from podo.scheduler.snapshot import NodeRow, Snapshot

PREFIX = "cluster-autoscaler.kubernetes.io/"
SAFE, LOCAL_VOLUMES = PREFIX + "safe-to-evict", PREFIX + "safe-to-evict-local-volumes"
KEEP = PREFIX + "scale-down-disabled"
MIRROR = "kubernetes.io/config.mirror"
THRESHOLD = 0.5  # of a node's CPU or memory: what is used more stays


@dataclass(frozen=True)
class Verdict:
    """What would have to move if the node went; or why it cannot go."""

    moved: tuple[Pod, ...] = ()
    why: str = ""


def judge(name: str, snapshot: Snapshot, budgets: Sequence[PodDisruptionBudget]) -> Verdict:
    """Whether a node may go."""
    item = snapshot.row_of(name)
    if item is None or item.node is None:
        return Verdict(why="no such node")
    if item.node.metadata.annotations.get(KEEP) == "true":
        return Verdict(why="scale down is disabled for it")
    if (used := utilization(item, snapshot)) >= THRESHOLD:
        return Verdict(why=f"it is used to {used:.0%}")
    moving = [info for info in item.pods.values() if has_to_move(info.pod)]
    for info in moving:
        if why := hindrance(info.pod, budgets):
            return Verdict(why=f"{info.pod.metadata.namespace}/{info.pod.metadata.name} {why}")
    if why := _over_budget([info.pod for info in moving], budgets):
        return Verdict(why=why)
    with Trial(snapshot) as trial:
        trial.remove_node(name)
        for info in moving:
            trial.take_pod(info, name)
        for info in moving:
            if (info.priority >= EXPENDABLE) and not trial.settle(_unbound(info)):
                return Verdict(why=f"no place to move {info.pod.metadata.namespace}/{info.pod.metadata.name} to")
    return Verdict(moved=tuple(info.pod for info in moving))


def utilization(item: NodeRow, snapshot: Snapshot) -> float:
    """The larger share of its CPU and memory that Pods ask for, without those that every node has."""
    shares = [0.0]
    for resource in (CPU, MEMORY):
        total = int(snapshot.allocatable[resource][item.row])
        asked = sum(i.requests.get(resource, 0) for i in item.pods.values() if has_to_move(i.pod))
        if total:
            shares.append(asked / total)
    return max(shares)


def has_to_move(pod: Pod) -> bool:
    """Whether the Pod must run elsewhere if its node goes."""
    return not (pod.status.phase in ("Succeeded", "Failed") or is_of_daemon_set(pod) or is_mirror(pod))


def is_mirror(pod: Pod) -> bool:
    """Whether it shows a static Pod."""
    return MIRROR in pod.metadata.annotations


def hindrance(pod: Pod, budgets: Iterable[PodDisruptionBudget]) -> str:
    """Why a Pod must not be evicted for this, as cluster-autoscaler judges it (its FAQ); "" if it may."""
    marks = pod.metadata.annotations
    if marks.get(SAFE) == "true":
        return ""
    if marks.get(SAFE) == "false":
        return "is not safe to evict"
    if not any(r.controller for r in pod.metadata.owner_references):
        return "is not replicated"
    if pod.metadata.namespace == "kube-system" and not any(_covers(b, pod) for b in budgets):
        return "is of kube-system, and no PodDisruptionBudget is about it"
    allowed = set(filter(None, marks.get(LOCAL_VOLUMES, "").split(",")))
    if any(_is_local(v) and v.name not in allowed for v in pod.spec.volumes):
        return "has local storage"
    return ""


def _is_local(volume: object) -> bool:
    host, empty = getattr(volume, "host_path", None), getattr(volume, "empty_dir", None)
    return host is not None or (empty is not None and empty.medium != "Memory")


def _over_budget(moved: Sequence[Pod], budgets: Iterable[PodDisruptionBudget]) -> str:
    for budget in budgets:
        if sum(_covers(budget, pod) for pod in moved) > (budget.status.disruptions_allowed or 0):
            return f"PodDisruptionBudget {budget.metadata.namespace}/{budget.metadata.name} does not allow it"
    return ""


def _covers(budget: PodDisruptionBudget, pod: Pod) -> bool:
    if budget.metadata.namespace != pod.metadata.namespace or budget.spec.selector is None:
        return False
    return selectors.from_object(budget.spec.selector).matches(pod.metadata.labels)


def _unbound(info: PodInfo) -> PodInfo:
    """The Pod as its replacement will be: free to go anywhere that its rules allow."""
    return PodInfo(msgspec.structs.replace(info.pod, spec=msgspec.structs.replace(info.pod.spec, node_name="")))


def candidates(nodes: Iterable[Node], owned: Iterable[str], surplus: int) -> list[str]:
    """The nodes that may be looked at, the newest first; none where there are no more than there must be."""
    mine = set(owned)
    found = [n for n in nodes if n.metadata.name in mine and not n.metadata.deletion_timestamp]
    newest = sorted(found, key=lambda n: (n.metadata.creation_timestamp, n.metadata.name), reverse=True)
    return [n.metadata.name for n in newest] if surplus > 0 else []
