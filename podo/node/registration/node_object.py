"""The Node object of a machine. Pure."""

from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from podo.api import quantity
from podo.api.types.core_v1 import (
    ContainerImage,
    DaemonEndpoint,
    Node,
    NodeAddress,
    NodeCondition,
    NodeDaemonEndpoints,
    NodeFeatures,
    NodeRuntimeHandler,
    NodeRuntimeHandlerFeatures,
    NodeSpec,
    NodeStatus,
    NodeSwapStatus,
    NodeSystemInfo,
    Taint,
)
from podo.api.types.meta_v1 import ObjectMeta
from podo.node.images.base import Image
from podo.node.registration.machine import Machine

KUBELET_VERSION = "v1.36.2"
MAX_IMAGES = 50
EVICTION_MEMORY, EVICTION_DISK = 100 * 2**20, Decimal("0.1")  # what hard eviction keeps free


@dataclass(frozen=True, kw_only=True)
class NodeFigures:
    """What the node says of itself and the machine does not. `cpu` and `memory` are quantities, "" the machine's.

    `runtime_handlers` of None are those of podo's own runtime.
    """

    name: str
    addresses: tuple[str, ...]
    runtime_version: str
    pod_cidrs: tuple[str, ...] = ()
    cpu: str = ""
    memory: str = ""
    max_pods: int = 110
    api_port: int = 10250
    labels: dict[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    runtime_handlers: tuple[NodeRuntimeHandler, ...] | None = None


@dataclass(frozen=True)
class Health:
    """Why the node is not ready ("": it is), and which pressures it is under: MemoryPressure and so on."""

    not_ready: str = ""
    pressures: frozenset[str] = frozenset()


def capacity(machine: Machine, figures: NodeFigures) -> dict[str, str]:
    """What the node has."""
    return {
        "cpu": quantity.canonical(figures.cpu) if figures.cpu else str(machine.cpus),
        "ephemeral-storage": f"{machine.disk // 1024}Ki",
        "memory": quantity.canonical(figures.memory) if figures.memory else f"{machine.memory // 1024}Ki",
        "pods": str(figures.max_pods),
    } | {
        f"hugepages-{size}": quantity.format_binary(Decimal(count))
        for size, count in sorted(machine.huge_pages.items())
    }


def allocatable(machine: Machine, figures: NodeFigures) -> dict[str, str]:
    """What of it Pods may have."""
    whole = capacity(machine, figures)
    taken = EVICTION_MEMORY + sum(machine.huge_pages.values())  # huge pages are no memory for anybody else
    memory = max(quantity.to_int(whole["memory"]) - taken, 0)
    disk = int(machine.disk * (1 - EVICTION_DISK))
    return whole | {"memory": f"{memory // 1024}Ki", "ephemeral-storage": str(disk)}


def of_others(status: NodeStatus, own: Container[str]) -> dict[str, str | None]:
    """What to change in `allocatable` for resources that somebody else says the node has, in its capacity.

    All of each is for Pods; None is for one that is no longer there. `own` are those of the node's plug-ins.
    """
    there = {name: amount for name, amount in status.capacity.items() if is_extended(name) and name not in own}
    gone = {name for name in status.allocatable if is_extended(name) and name not in there and name not in own}
    changed = {name: amount for name, amount in there.items() if status.allocatable.get(name) != amount}
    return {**changed, **dict.fromkeys(gone)}


def is_extended(name: str) -> bool:
    """Whether it is the name of an extended resource: of a domain that is not Kubernetes' own."""
    domain, slash, rest = name.partition("/")
    return bool(slash and rest and domain) and not f".{domain}".endswith(".kubernetes.io")


def labels(machine: Machine, figures: NodeFigures) -> dict[str, str]:
    """The labels that every node has, and its own."""
    usual: dict[str, str] = {}
    for prefix in ("kubernetes.io", "beta.kubernetes.io"):
        usual |= {f"{prefix}/arch": machine.architecture, f"{prefix}/os": "linux"}
    return usual | {"kubernetes.io/hostname": figures.name} | figures.labels


def node_object(machine: Machine, figures: NodeFigures, status: NodeStatus) -> Node:
    """The Node to be created."""
    meta = ObjectMeta(
        name=figures.name,
        labels=labels(machine, figures),
        annotations={"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
    )
    spec = NodeSpec(
        pod_cidr=figures.pod_cidrs[0] if figures.pod_cidrs else "", pod_cidrs=figures.pod_cidrs, taints=figures.taints
    )
    return Node(metadata=meta, spec=spec, status=status)


def node_status(
    machine: Machine, figures: NodeFigures, conditions: tuple[NodeCondition, ...], images: Iterable[Image]
) -> NodeStatus:
    """The whole status."""
    addresses = [NodeAddress(type="InternalIP", address=a) for a in figures.addresses]
    handler = NodeRuntimeHandler(
        name="",
        features=NodeRuntimeHandlerFeatures(recursive_read_only_mounts=True, user_namespaces=machine.user_namespaces),
    )
    return NodeStatus(
        capacity=capacity(machine, figures),
        allocatable=allocatable(machine, figures),
        conditions=conditions,
        addresses=(*addresses, NodeAddress(type="Hostname", address=figures.name)),
        daemon_endpoints=NodeDaemonEndpoints(kubelet_endpoint=DaemonEndpoint(port=figures.api_port)),
        node_info=_info(machine, figures),
        images=image_list(images),
        runtime_handlers=(handler,) if figures.runtime_handlers is None else figures.runtime_handlers,
        features=NodeFeatures(supplemental_groups_policy=True),
    )


def _info(machine: Machine, figures: NodeFigures) -> NodeSystemInfo:
    return NodeSystemInfo(
        machine_id=machine.machine_id,
        system_uuid=machine.system_uuid,
        boot_id=machine.boot_id,
        kernel_version=machine.kernel,
        os_image=machine.os_image,
        container_runtime_version=figures.runtime_version,
        kubelet_version=KUBELET_VERSION,
        kube_proxy_version="",
        operating_system="linux",
        architecture=machine.architecture,
        swap=NodeSwapStatus(capacity=machine.swap) if machine.swap else None,
    )


def image_list(images: Iterable[Image]) -> tuple[ContainerImage, ...]:
    """The largest images, by which a scheduler can tell where less is to be pulled."""
    largest = sorted(images, key=lambda i: (-i.size, i.id))[:MAX_IMAGES]
    return tuple(ContainerImage(names=(*i.digests, *i.tags), size_bytes=i.size) for i in largest if i.tags or i.digests)


PRESSURES = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available",
     "KubeletHasInsufficientMemory", "kubelet has insufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure",
     "KubeletHasDiskPressure", "kubelet has disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available",
     "KubeletHasInsufficientPID", "kubelet has insufficient PID available"),
)  # fmt: skip


def conditions(health: Health, before: Iterable[NodeCondition], now_text: str) -> tuple[NodeCondition, ...]:
    """All conditions, heard of now; transition times stay while the status does."""
    made = []
    for kind, good, good_text, bad, bad_text in PRESSURES:
        pressed = kind in health.pressures
        reason, message = (bad, bad_text) if pressed else (good, good_text)
        made.append((kind, "True" if pressed else "False", reason, message))
    if health.not_ready:
        made.append(("Ready", "False", "KubeletNotReady", health.not_ready))
    else:
        made.append(("Ready", "True", "KubeletReady", "kubelet is posting ready status"))
    known = {c.type: c for c in before}
    result = []
    for kind, status, reason, message in made:
        old = known.get(kind)
        since = old.last_transition_time if old and old.status == status else now_text
        result.append(
            NodeCondition(
                type=kind,
                status=status,
                reason=reason,
                message=message,
                last_heartbeat_time=now_text,
                last_transition_time=since,
            )
        )
    return tuple(result)
