"""Local nodes of two CPUs, and Pods that wait or run on them."""

from typing import Any

import msgspec

from podo.api.types.core_v1 import Container, Node, Pod, PodCondition, PodSpec, PodStatus, ResourceRequirements, Taint
from podo.api.types.meta_v1 import ObjectMeta, OwnerReference
from tests.build import node

UNSCHEDULABLE = PodCondition(type="PodScheduled", status="False", reason="Unschedulable")
ROOM = {"cpu": "2", "memory": "4Gi", "pods": "110"}


def local_node(
    name: str, *, taints: tuple[Taint, ...] = (), created: str = "2026-01-01T00:00:00Z", **labels: str
) -> Node:
    made = node(name, ready="True", taints=taints, **{"kubernetes.io/hostname": name}, **labels)
    meta = msgspec.structs.replace(made.metadata, creation_timestamp=created)
    status = msgspec.structs.replace(made.status, allocatable=ROOM, capacity=ROOM)
    return msgspec.structs.replace(made, metadata=meta, status=status)


def waiting(name: str, *, cpu: str = "100m", labels: dict[str, str] | None = None, **spec: Any) -> Pod:
    """A Pod that the scheduler found no room for."""
    asks = ResourceRequirements(requests={"cpu": cpu})
    return Pod(
        metadata=ObjectMeta(name=name, namespace="ns", uid=name, labels=labels or {}),
        spec=PodSpec(containers=(Container(name="c", image="i", resources=asks),), **spec),
        status=PodStatus(phase="Pending", conditions=(UNSCHEDULABLE,)),
    )


def owned(pod: Pod, kind: str, **meta: Any) -> Pod:
    """The Pod as one of a controller's."""
    owner = OwnerReference(api_version="apps/v1", kind=kind, name="owner", uid="owner", controller=True)
    return msgspec.structs.replace(
        pod, metadata=msgspec.structs.replace(pod.metadata, owner_references=(owner,), **meta)
    )


def running(name: str, at: str, *, cpu: str = "100m", kind: str = "ReplicaSet", volumes: Any = (), **meta: Any) -> Pod:
    """A Pod on a node; `kind` "" for one that nobody would replace."""
    made = waiting(name, cpu=cpu, node_name=at, volumes=volumes)
    made = msgspec.structs.replace(made, status=PodStatus(phase="Running"))
    if kind:
        return owned(made, kind, **meta)
    return msgspec.structs.replace(made, metadata=msgspec.structs.replace(made.metadata, **meta))


def of_daemon_set(name: str, at: str, *, cpu: str = "100m") -> Pod:
    return running(name, at, cpu=cpu, kind="DaemonSet")
