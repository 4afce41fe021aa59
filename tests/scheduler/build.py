"""Pods and nodes with good defaults."""

from podo.api.types.core_v1 import (
    Affinity,
    Container,
    Node,
    NodeAffinity,
    NodeSelector,
    NodeSelectorRequirement,
    NodeSelectorTerm,
    NodeSpec,
    NodeStatus,
    Pod,
    PodSpec,
    ResourceRequirements,
    Taint,
)
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from podo.scheduler.requests import PodInfo
from podo.scheduler.snapshot import Snapshot


def container(name: str = "c", **requests: str) -> Container:
    return Container(name=name, image="i", resources=ResourceRequirements(requests=requests))


def pod(name: str = "p", *, labels=None, owner: str = "", cpu: str = "", namespace: str = "default", **spec) -> Pod:
    spec.setdefault("containers", (container(**({"cpu": cpu} if cpu else {})),))
    owners = (OwnerReference(uid=owner, kind="ReplicaSet", name="rs", api_version="apps/v1", controller=True),)
    meta = ObjectMeta(name=name, namespace=namespace, labels=labels or {}, owner_references=owners if owner else ())
    return Pod(metadata=meta, spec=PodSpec(**spec))


def info(*args, **kwargs) -> PodInfo:
    return PodInfo(pod(*args, **kwargs))


def node(name: str, *, cpu: str = "4", memory: str = "8Gi", pods: str = "110", labels=None, taints=(), **spec) -> Node:
    named = {"kubernetes.io/hostname": name} | (labels or {})
    amounts = {"cpu": cpu, "memory": memory, "pods": pods}
    return Node(
        metadata=ObjectMeta(name=name, labels=named),
        spec=NodeSpec(taints=tuple(taints), **spec),
        status=NodeStatus(allocatable=amounts, capacity=amounts),
    )


def snapshot(*nodes: Node) -> Snapshot:
    found = Snapshot(size=2)
    for each in nodes:
        found.set_node(each)
    return found


def taint(key: str, effect: str = "NoSchedule", value: str = "") -> Taint:
    return Taint(key=key, effect=effect, value=value)


def required(*requirements: NodeSelectorRequirement) -> Affinity:
    term = NodeSelectorTerm(match_expressions=requirements)
    selector = NodeSelector(node_selector_terms=(term,))
    return Affinity(node_affinity=NodeAffinity(required_during_scheduling_ignored_during_execution=selector))


def names(snapshot: Snapshot, mask) -> set[str]:
    """The nodes in the rows that are set."""
    return {r.node.metadata.name for r in snapshot.nodes() if mask[r.row]}
