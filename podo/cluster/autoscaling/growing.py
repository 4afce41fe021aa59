"""How many nodes to add for Pods that fit nowhere, and what to say of those for which none is added. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from podo.api.types.core_v1 import Node, NodeSpec, Pod
from podo.client.base import key_of
from podo.cluster.autoscaling.trial import Trial
from podo.scheduler.plugin import Verdict
from podo.scheduler.profile import DEFAULT
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot

EXPENDABLE = -10  # Pods of a lower priority are not worth a node, nor keep one
HOSTNAME = "kubernetes.io/hostname"
FULL = "max node group size reached"
AT_MOST = 1_000  # Pods that are looked at in one go
_OWN_LABELS = ("kubernetes.io/", "beta.kubernetes.io/", "topology.kubernetes.io/")


@dataclass
class Growth:
    """`add` nodes, because of `triggers`; `refused` are Pods that no new node helps, and why."""

    add: int = 0
    triggers: list[Pod] = field(default_factory=list)
    refused: list[tuple[Pod, str]] = field(default_factory=list)


def is_waiting(pod: Pod) -> bool:
    """Whether the scheduler has found no room for it, and makes none."""
    if pod.spec.node_name or pod.metadata.deletion_timestamp or pod.status.nominated_node_name:
        return False
    if (pod.spec.priority or 0) < EXPENDABLE or pod.spec.scheduler_name not in ("", "default-scheduler"):
        return False
    return any(
        c.type == "PodScheduled" and c.status == "False" and c.reason == "Unschedulable" for c in pod.status.conditions
    )


def new_node(like: Node, name: str) -> Node:
    """A node as the next one will be: the same capacity, none of the labels and taints that somebody has set."""
    labels = {k: v for k, v in like.metadata.labels.items() if k.startswith(_OWN_LABELS)} | {HOSTNAME: name}
    meta = msgspec.structs.replace(like.metadata, name=name, labels=labels, annotations={}, deletion_timestamp="")
    return msgspec.structs.replace(like, metadata=meta, spec=NodeSpec())


def grow(waiting: Iterable[Pod], snapshot: Snapshot, like: Node, *, arriving: Sequence[Node], room: int) -> Growth:
    """Put the waiting Pods on the nodes that are there, then on new ones, `room` at most, each like `like`.

    `arriving` are nodes that are there but not ready yet: Pods will find room on them without our doing.
    """
    found = Growth()
    ordered = sorted(waiting, key=lambda p: (-(p.spec.priority or 0), p.metadata.creation_timestamp, key_of(p)))
    everywhere = on_every_node(snapshot, like.metadata.name)
    with Trial(snapshot) as trial:
        for node in arriving:
            trial.set_node(new_node(node, node.metadata.name))
        added: set[str] = set()
        for pod in ordered[:AT_MOST]:
            info = PodInfo(pod)
            if where := trial.settle(info):
                if where in added:
                    found.triggers.append(pod)
                continue
            mark, name = trial.mark, f"new-node-{len(added) + 1}"
            _add(trial, new_node(like, name), everywhere)
            if reasons := refusals(info, snapshot, name):
                trial.back(mark)
                found.refused.append((pod, reasons))
            elif len(added) >= room:
                trial.back(mark)
                found.refused.append((pod, f"1 {FULL}"))
            else:
                added.add(name)
                trial.set_pod(info, name)
                found.triggers.append(pod)
        found.add = len(added)
    return found


def refusals(info: PodInfo, snapshot: Snapshot, node: str) -> str:
    """Why a Pod cannot be on a node, in the scheduler's words: `1 Insufficient cpu, …`; "" if it can."""
    item = snapshot.row_of(node)
    assert item is not None
    for plugin in DEFAULT.filters:
        verdict = plugin.filter(info, snapshot)
        if verdict is not None and (verdict.whole or not verdict.fits[item.row]):
            return _reasons(verdict, item.row)
    return ""


def _reasons(verdict: Verdict, row: int) -> str:
    said = sorted(reason for reason, refused in verdict.reasons.items() if refused[row])
    return verdict.whole or ", ".join(f"1 {reason}" for reason in said)


def on_every_node(snapshot: Snapshot, node: str) -> list[PodInfo]:
    """The Pods of DaemonSets on a node: a new one will have them too."""
    item = snapshot.row_of(node)
    return [info for info in item.pods.values() if is_of_daemon_set(info.pod)] if item is not None else []


def is_of_daemon_set(pod: Pod) -> bool:
    """Whether every node has one like it."""
    return any(r.controller and r.kind == "DaemonSet" for r in pod.metadata.owner_references)


def _add(trial: Trial, node: Node, everywhere: Iterable[PodInfo]) -> None:
    trial.set_node(node)
    for info in everywhere:
        meta = msgspec.structs.replace(info.pod.metadata, name=f"{info.pod.metadata.name}-{node.metadata.name}")
        trial.set_pod(PodInfo(msgspec.structs.replace(info.pod, metadata=meta)), node.metadata.name)
