"""What Pods use. A Pod that has ended, or whose time to end is over, uses nothing but its place in the count."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal

from podo.api import quantity, timestamps
from podo.api.pod_amounts import held_limits, held_requests
from podo.api.quota.scopes import Requirement, selects
from podo.api.types.core_v1 import Container, Pod, PodAffinityTerm, ResourceRequirements

COUNT = "count/pods"
BASIC = ("cpu", "memory", "ephemeral-storage")
NAMES = frozenset(
    {COUNT, "pods", *BASIC, *(f"requests.{name}" for name in BASIC), *(f"limits.{name}" for name in BASIC)}
)
HUGE = "hugepages-"
MUST_SAY = ("cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory")
NATIVE = "kubernetes.io/"
DEVICES = "deviceclass.resource.kubernetes.io/"
ENDED = ("Succeeded", "Failed")


class Pods:
    """The evaluator of Pods."""

    resource = ("", "pods")
    cls = Pod
    updates = frozenset({"", "resize"})

    def covers(self, names: Iterable[str]) -> list[str]:
        return [name for name in names if name in NAMES or _is_huge(name) or is_extended(name)]

    def usage(self, obj: Pod, now: datetime) -> dict[str, str]:
        if not uses_resources(obj, now):
            return {COUNT: "1"}
        requests = spelled(held_requests(obj), obj, "requests")
        limits = spelled(held_limits(obj), obj, "limits")
        return {COUNT: "1", "pods": "1"} | _by_quota_name(requests, limits)

    def matches(self, obj: Pod, requirement: Requirement) -> bool:
        match requirement.scope_name:
            case "Terminating":
                return is_terminating(obj)
            case "NotTerminating":
                return not is_terminating(obj)
            case "BestEffort":
                return obj.status.qos_class == "BestEffort"
            case "NotBestEffort":
                return obj.status.qos_class != "BestEffort"
            case "PriorityClass":
                return selects(requirement, (obj.spec.priority_class_name,))
            case "CrossNamespacePodAffinity":
                return reaches_other_namespaces(obj)
        return False

    def missing(self, obj: Pod, names: Collection[str]) -> str:
        if _says_as_a_whole(obj.spec.resources):
            return ""
        lacking: dict[str, set[str]] = {}
        for container in (*obj.spec.containers, *obj.spec.init_containers):
            said = _by_quota_name(*_parts(container))
            for name in MUST_SAY:
                if name in names and name not in said:
                    lacking.setdefault(name, set()).add(container.name)
        parts = [f"{name} for: {','.join(sorted(lacking[name]))}" for name in sorted(lacking)]
        return f"must specify {'; '.join(parts)}" if parts else ""


def _parts(container: Container) -> tuple[Mapping[str, str], Mapping[str, str]]:
    found = container.resources
    return (found.requests, found.limits) if found else ({}, {})


def _says_as_a_whole(resources: ResourceRequirements | None) -> bool:
    """Whether the Pod has resources of its own, of a kind that it may have."""
    if resources is None:
        return False
    return any(n in ("cpu", "memory") or n.startswith(HUGE) for n in (*resources.requests, *resources.limits))


def _by_quota_name(requests: Mapping[str, str], limits: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in requests.items():
        if name in BASIC or name.startswith(HUGE):
            found[name] = found[f"requests.{name}"] = value
        elif is_extended(f"requests.{name}"):
            found[f"requests.{name}"] = value
    return found | {f"limits.{name}": value for name, value in limits.items() if name in BASIC}


def _is_huge(name: str) -> bool:
    return name.startswith((HUGE, f"requests.{HUGE}"))


def is_extended(name: str) -> bool:
    """Whether a quota's name is `requests.` of a resource that Kubernetes itself does not know."""
    bare = name.removeprefix("requests.")
    if bare == name:
        return False
    domain, slash, _ = bare.partition("/")
    return bare.startswith(DEVICES) or (bool(slash) and not f"{domain}/".endswith(NATIVE))


def spelled(amounts: Mapping[str, Decimal], pod: Pod, which: str) -> dict[str, str]:
    """The amounts in the spelling of the first part of the Pod that has any."""
    models: dict[str, str] = {}
    for part in _spellings(pod, which):
        for name, text in part.items():
            if name not in models and quantity.parse(text):
                models[name] = text
    return {name: quantity.like(value, models.get(name, "0")) for name, value in amounts.items()}


def _spellings(pod: Pod, which: str) -> Iterator[Mapping[str, str]]:
    whole = pod.spec.resources
    for resources in (whole, *(c.resources for c in (*pod.spec.containers, *pod.spec.init_containers))):
        if resources is not None:
            yield getattr(resources, which)
    yield pod.spec.overhead


def uses_resources(pod: Pod, now: datetime) -> bool:
    """Whether it runs, or may run still."""
    meta = pod.metadata
    if pod.status.phase in ENDED:
        return False
    if not meta.deletion_timestamp or meta.deletion_grace_period_seconds is None:
        return True
    return now <= timestamps.parse(meta.deletion_timestamp) + timedelta(seconds=meta.deletion_grace_period_seconds)


def is_terminating(pod: Pod) -> bool:
    """Whether it has a time limit: that is what the scope Terminating means."""
    return pod.spec.active_deadline_seconds is not None and pod.spec.active_deadline_seconds >= 0


def reaches_other_namespaces(pod: Pod) -> bool:
    """Whether an affinity term of it looks into namespaces by name or by labels."""
    return any(term.namespaces or term.namespace_selector is not None for term in _terms(pod))


def _terms(pod: Pod) -> Iterator[PodAffinityTerm]:
    affinity = pod.spec.affinity
    for part in (affinity.pod_affinity, affinity.pod_anti_affinity) if affinity else ():
        if part is not None:
            yield from part.required_during_scheduling_ignored_during_execution
            for weighted in part.preferred_during_scheduling_ignored_during_execution:
                if weighted.pod_affinity_term is not None:
                    yield weighted.pod_affinity_term
