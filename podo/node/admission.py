"""Whether a Pod that was bound to this node may run here (kubelet's admission; the scheduler's view may be old)."""

from collections.abc import Collection, Iterable
from decimal import Decimal

from podo.api import node_affinity, quantity
from podo.api.host_ports import collide, host_ports
from podo.api.pod_amounts import pod_requests
from podo.api.taints import NO_EXECUTE, NO_SCHEDULE, tolerates, untolerated
from podo.api.types.core_v1 import Node, Pod, Taint
from podo.node.eviction import words
from podo.node.eviction.ranking import is_critical
from podo.node.eviction.thresholds import MEMORY_PRESSURE
from podo.node.resources.qos import BEST_EFFORT, qos_class
from podo.node.worker.security import app_armor_profile
from podo.node.worker.state import Verdict

REASONS = {"cpu": "OutOfcpu", "memory": "OutOfmemory", "ephemeral-storage": "OutOfephemeral-storage"}
SAFE_SYSCTLS = {"kernel.shm_rmid_forced": "ipc"} | {
    f"net.ipv4.{name}": "net"
    for name in (
        "ip_local_port_range", "tcp_syncookies", "ping_group_range", "ip_unprivileged_port_start",
        "ip_local_reserved_ports", "tcp_keepalive_time", "tcp_fin_timeout", "tcp_keepalive_intvl",
        "tcp_keepalive_probes", "tcp_rmem", "tcp_wmem",
    )
}  # fmt: skip
OS, OS_LABEL = "linux", "kubernetes.io/os"
MEMORY_TAINT = Taint(key="node.kubernetes.io/memory-pressure", effect=NO_SCHEDULE)


def admit(
    pod: Pod,
    others: Iterable[Pod],
    node: Node,
    pressures: frozenset[str] = frozenset(),
    given: Collection[str] = (),
    *,
    apparmor: bool = False,
) -> Verdict | None:
    """None, or why the Pod is refused. `others` are those that run here already, `pressures` the node's conditions;
    of the resources in `given` the Pod has its part already."""
    others = list(others)
    if found := shortage(pod, others, node, given):
        lacking: Verdict | None = _refuse(found.reason, found.message)
    else:
        lacking = None
    return (
        _system(pod)
        or _apparmor(pod, there=apparmor)
        or _pressure(pod, pressures)
        or _sysctls(pod)
        or lacking
        or _node_selector(pod, node)
        or _ports(pod, others)
        or _taints(pod, node)
    )


def _system(pod: Pod) -> Verdict | None:
    """Only Pods for Linux."""
    if pod.metadata.labels.get(OS_LABEL, OS) != OS:
        why = "Failed to admit pod as the `kubernetes.io/os` label doesn't match node label"
        return _refuse("PodOSSelectorNodeLabelDoesNotMatch", why)
    if pod.spec.os is not None and pod.spec.os.name != OS:
        return _refuse("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
    return None


def _apparmor(pod: Pod, *, there: bool) -> Verdict | None:
    """Profiles that would not be enforced are refused, unless the Pod runs already."""
    if there or pod.status.phase not in ("", "Pending"):
        return None
    containers = (*pod.spec.containers, *pod.spec.init_containers)
    profiles = (app_armor_profile(pod, container) for container in containers)
    if all(p is None or p.type == "Unconfined" for p in profiles):
        return None
    return _refuse("AppArmor", "Cannot enforce AppArmor: AppArmor is not enabled on the host")


def _pressure(pod: Pod, pressures: frozenset[str]) -> Verdict | None:
    """Memory alone keeps only those out that ask for none; anything else all but those that the node needs."""
    if not pressures or is_critical(pod):
        return None
    if pressures == {MEMORY_PRESSURE} and (
        qos_class(pod.spec) != BEST_EFFORT or any(tolerates(t, MEMORY_TAINT) for t in pod.spec.tolerations)
    ):
        return None
    return _refuse(words.REASON, words.condition(sorted(pressures)))


def _refuse(reason: str, message: str) -> Verdict:
    return Verdict(reason, f"Pod was rejected: {message}")


def shortage(pod: Pod, others: Iterable[Pod], node: Node, given: Collection[str] = ()) -> Verdict | None:
    """The first resource of which too little is left beside `others`; only what the node offers is counted, and
    nothing that is `given` otherwise."""
    others = list(others)
    allocatable = node.status.allocatable
    pods = quantity.to_int(allocatable.get("pods", "110"))
    if len(others) + 1 > pods:
        return Verdict("OutOfpods", _shortage("pods", 1, len(others), pods))
    asked, used = pod_requests(pod.spec), _used(others)
    for name, amount in sorted(asked.items()):
        if not amount or name not in allocatable or name in given:
            continue
        capacity = quantity.parse(allocatable[name])
        if amount + used.get(name, Decimal(0)) > capacity:
            scale = 1000 if name == "cpu" else 1
            numbers = [int(n * scale) for n in (amount, used.get(name, Decimal(0)), capacity)]
            return Verdict(REASONS.get(name, f"OutOf{name}"), _shortage(name, *numbers))
    return None


def _used(pods: Iterable[Pod]) -> dict[str, Decimal]:
    used: dict[str, Decimal] = {}
    for pod in pods:
        for name, amount in pod_requests(pod.spec).items():
            used[name] = used.get(name, Decimal(0)) + amount
    return used


def _shortage(name: str, asked: int, used: int, capacity: int) -> str:
    return f"Node didn't have enough resource: {name}, requested: {asked}, used: {used}, capacity: {capacity}"


def _sysctls(pod: Pod) -> Verdict | None:
    """Only settings that no other Pod can feel, and only of the Pod's own namespaces."""
    context = pod.spec.security_context
    for sysctl in context.sysctls if context else ():
        name = sysctl.name.replace("/", ".") if "/" in sysctl.name.partition(".")[0] else sysctl.name
        space = SAFE_SYSCTLS.get(name)
        shares = pod.spec.host_network if space == "net" else pod.spec.host_ipc
        if space is None:
            return Verdict("SysctlForbidden", f'Pod was rejected: forbidden sysctl: "{name}" not allowlisted')
        if shares:
            why = f'"{name}" not allowed with host {space} enabled'
            return Verdict("SysctlForbidden", f"Pod was rejected: forbidden sysctl: {why}")
    return None


def _node_selector(pod: Pod, node: Node) -> Verdict | None:
    if node_affinity.allows(pod.spec, node):
        return None
    return _refuse("NodeAffinity", "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector")


def _ports(pod: Pod, others: Iterable[Pod]) -> Verdict | None:
    wanted = host_ports(pod.spec)
    if not wanted or not any(collide(wanted, host_ports(other.spec)) for other in others):
        return None
    message = "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports"
    return _refuse("NodePorts", message)


def _taints(pod: Pod, node: Node) -> Verdict | None:
    """Only NoExecute keeps a bound Pod out."""
    if untolerated(node.spec.taints, pod.spec.tolerations, (NO_EXECUTE,)) is not None:
        message = "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate"
        return _refuse("TaintToleration", message)
    return None
