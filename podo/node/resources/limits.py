"""cgroup figures of containers and Pods, by kubelet's formulas."""

from decimal import Decimal

from podo.api import quantity
from podo.api.pod_amounts import pod_limits, pod_requests
from podo.api.pod_resources import is_sidecar, total
from podo.api.types.core_v1 import Container, Pod, PodSpec
from podo.node.resources.qos import qos_class
from podo.node.resources.sharing import HUGE_PAGES, with_shared_limits
from podo.node.runtime.config import LinuxResources

MIN_SHARES, MAX_SHARES, SHARES_PER_CPU = 2, 262144, 1024
QUOTA_PERIOD, MIN_QUOTA = 100_000, 1000  # µs
CRITICAL_PRIORITY = 2_000_000_000
GUARANTEED_SCORE, BEST_EFFORT_SCORE = -997, 1000


def cpu_shares(milli: int) -> int:
    """cpu.shares of a request in millicores."""
    return max(MIN_SHARES, min(MAX_SHARES, milli * SHARES_PER_CPU // 1000)) if milli else MIN_SHARES


def cpu_quota(milli: int) -> int:
    """µs of a period of 100 ms for a limit in millicores; -1 without one."""
    return max(MIN_QUOTA, milli * QUOTA_PERIOD // 1000) if milli else -1


def container_resources(pod: Pod, container: Container, *, memory_capacity: int) -> LinuxResources:
    """The figures of one container. `memory_capacity` is the node's, in bytes, for the out-of-memory score."""
    asked = with_shared_limits(container.resources, pod.spec.resources)
    requests, limits = asked.requests, asked.limits
    cpu_limit = quantity.to_milli(limits.get("cpu", "0"))
    cpu_request = quantity.to_milli(requests["cpu"]) if "cpu" in requests else cpu_limit
    return LinuxResources(
        cpu_shares=cpu_shares(cpu_request),
        cpu_quota=cpu_quota(cpu_limit),
        cpu_period=QUOTA_PERIOD,
        memory_limit=quantity.to_int(limits.get("memory", "0")),
        oom_score_adj=oom_score(pod.spec, container, memory_capacity),
        hugepage_limits=_huge_pages(limits),
    )


def pod_resources(spec: PodSpec) -> LinuxResources:
    """The figures of the Pod's own cgroup. A limit stands only if every container has one."""
    requests, limits = pod_requests(spec), pod_limits(spec)
    containers = (*spec.containers, *spec.init_containers)
    whole = spec.resources.limits if spec.resources else {}
    limited = {
        name: name in whole or all(c.resources and name in c.resources.limits for c in containers)
        for name in ("cpu", "memory")
    }
    request = _milli(requests.get("cpu", limits.get("cpu", Decimal(0)) if limited["cpu"] else Decimal(0)))
    return LinuxResources(
        cpu_shares=cpu_shares(request),
        cpu_quota=cpu_quota(_milli(limits.get("cpu", Decimal(0)))) if limited["cpu"] else -1,
        cpu_period=QUOTA_PERIOD,
        memory_limit=int(limits.get("memory", Decimal(0))) if limited["memory"] else 0,
        hugepage_limits=_huge_pages({name: str(int(value)) for name, value in requests.items()}),
    )


def _milli(amount: Decimal) -> int:
    return int(amount * 1000)


def _huge_pages(limits: dict[str, str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, value in limits.items():
        if name.startswith(HUGE_PAGES):
            size = quantity.to_int(name.removeprefix(HUGE_PAGES))
            unit = next((u, n) for u, n in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)) if size >= n)
            found[f"{size // unit[1]}{unit[0]}"] = quantity.to_int(value)
    return found


def oom_score(spec: PodSpec, container: Container, memory_capacity: int) -> int:
    """oom_score_adj: the less of its request a burstable container leaves of the machine, the sooner it goes.

    What the Pod as a whole requests beyond its containers counts for each in equal parts; a sidecar never goes before
    the containers that it serves.
    """
    if (spec.priority or 0) >= CRITICAL_PRIORITY:
        return GUARANTEED_SCORE
    match qos_class(spec):
        case "Guaranteed":
            return GUARANTEED_SCORE
        case "BestEffort":
            return BEST_EFFORT_SCORE
    request = _memory_request(container)
    if is_sidecar(container):
        request = max(request, min(map(_memory_request, spec.containers), default=0))
    request += _unshared(spec)
    score = 1000 - (1000 * request) // max(memory_capacity, 1)
    if score < 1000 + GUARANTEED_SCORE:
        return 1000 + GUARANTEED_SCORE
    return score - 1 if score == BEST_EFFORT_SCORE else score


def _memory_request(container: Container) -> int:
    return quantity.to_int(container.resources.requests.get("memory", "0")) if container.resources else 0


def _unshared(spec: PodSpec) -> int:
    """Each container's part of the memory that the Pod requests and its containers do not."""
    whole = quantity.to_int(spec.resources.requests.get("memory", "0")) if spec.resources else 0
    if not whole:
        return 0
    asked = total(spec, lambda c: {"memory": _memory_request(c)})["memory"]
    return (whole - asked) // (len(spec.containers) + len(spec.init_containers))


def cgroup_parent(root: str, pod: Pod) -> str:
    """The Pod's cgroup below the node's `root`, in the group of its QoS class (as `podo.node.cgroups` names it)."""
    return f"{root}/{qos_class(pod.spec).lower()}/pod{pod.metadata.uid}"
