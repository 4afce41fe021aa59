"""Who goes first when something runs short: pure. Kubernetes' order: over its request, low priority, most over it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from podo.api.pod_amounts import pod_requests
from podo.api.types.core_v1 import Pod
from podo.node.eviction.thresholds import STORAGE
from podo.node.resources.limits import CRITICAL_PRIORITY
from podo.node.stats.base import PodUse

CRITICAL_ANNOTATIONS = ("kubernetes.io/config.mirror",)
SOURCE = "kubernetes.io/config.source"


def is_critical(pod: Pod) -> bool:
    """Whether the node needs the Pod more than whatever runs short."""
    annotations = pod.metadata.annotations
    if any(name in annotations for name in CRITICAL_ANNOTATIONS) or annotations.get(SOURCE, "api") != "api":
        return True
    return (pod.spec.priority or 0) >= CRITICAL_PRIORITY


def ranked(resource: str, pods: Iterable[Pod], uses: Mapping[str, PodUse]) -> list[Pod]:
    """The Pods, the first to go first. `resource` is memory, ephemeral-storage, inodes or pids; `uses` go by uid."""

    def order(pod: Pod) -> tuple[bool, bool, int, Decimal, str]:
        used, priority = _used(resource, uses.get(pod.metadata.uid)), pod.spec.priority or 0
        if used is None:
            return False, False, priority, Decimal(0), pod.metadata.uid
        requests = pod_requests(pod.spec)
        asked = requests.get(resource, Decimal(0)) if resource != "pids" else Decimal(0)
        within = resource != "pids" and not used > asked
        over = used - (requests.get(STORAGE, Decimal(0)) if resource == "inodes" else asked)
        return True, within, priority, -over, pod.metadata.uid

    return sorted(pods, key=order)


def _used(resource: str, use: PodUse | None) -> Decimal | None:
    """None if nobody knows: such a Pod goes first."""
    if use is None:
        return None
    if resource == "memory":
        return None if use.memory is None else Decimal(use.memory)
    if resource == "pids":
        return Decimal(use.processes)
    if use.disk is None:
        return None
    return Decimal(use.disk.total.bytes if resource == STORAGE else use.disk.total.inodes)
