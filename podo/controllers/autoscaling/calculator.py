"""How many Pods a metric calls for (KEP-117 and what Kubernetes made of it). Pure; values are in thousandths.

Pods that are not ready, or have no figures, must not mislead: they are left out, then counted in at what damps the
change, and if that turns its direction, nothing changes.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import NamedTuple

from podo.api import quantity, timestamps
from podo.api.pod_amounts import pod_requests
from podo.api.pod_resources import is_sidecar
from podo.api.types.core_v1 import Pod
from podo.controllers import pods as pod_facts
from podo.controllers.autoscaling.metrics import MetricsFailure, PodMetrics

CPU = "cpu"
INITIALIZATION, READINESS_DELAY = timedelta(minutes=5), timedelta(seconds=30)
"""How long a Pod's CPU may be that of its start; by when one that was never ready might have become so."""
MOST = 2**31 - 1
NO_PODS = "no pods returned by selector while calculating replica count"
NO_METRICS = "did not receive metrics for targeted pods (pods might be unready)"


class Tolerances(NamedTuple):
    """How far from 1 a ratio may be without anything being done."""

    down: float = 0.1
    up: float = 0.1

    def hold(self, ratio: float) -> bool:
        """Whether it is near enough."""
        return 1.0 - self.down <= ratio <= 1.0 + self.up


class Groups(NamedTuple):
    """Pods by what their figures are worth."""

    ready: int
    unready: frozenset[str]
    missing: frozenset[str]
    ignored: frozenset[str]


@dataclass(frozen=True)
class Called:
    """What a metric calls for: so many Pods, since so much is used (in percent of requests, and on average)."""

    replicas: int
    usage: int
    utilization: int | None = None


def grouped(pods: Iterable[Pod], metrics: PodMetrics, resource: str, now: datetime) -> Groups:
    """Which Pods count, and how."""
    ready, unready, missing, ignored = 0, set[str](), set[str](), set[str]()
    for pod in pods:
        name = pod.metadata.name
        if pod.metadata.deletion_timestamp or pod.status.phase == "Failed":
            ignored.add(name)
        elif pod.status.phase == "Pending":
            unready.add(name)
        elif name not in metrics:
            missing.add(name)
        elif resource == CPU and _is_starting(pod, metrics, now):
            unready.add(name)
        else:
            ready += 1
    return Groups(ready, frozenset(unready), frozenset(missing), frozenset(ignored))


def _is_starting(pod: Pod, metrics: PodMetrics, now: datetime) -> bool:
    """Whether a Pod's CPU says more about its start than about its work."""
    condition = next((c for c in pod.status.conditions if c.type == "Ready"), None)
    if condition is None or not pod.status.start_time:
        return True
    started, metric = timestamps.parse(pod.status.start_time), metrics[pod.metadata.name]
    changed = timestamps.parse(condition.last_transition_time) if condition.last_transition_time else started
    if started + INITIALIZATION > now:
        return condition.status == "False" or metric.at < changed + timedelta(seconds=metric.window)
    return condition.status == "False" and started + READINESS_DELAY > changed


def by_utilization(
    current: int, target: int, resource: str, container: str, pods: list[Pod], metrics: PodMetrics,
    tolerances: Tolerances, now: datetime,
) -> Called:  # fmt: skip
    """For a target in percent of requests. Raises MetricsFailure."""
    groups, values = _counted(pods, metrics, resource, now)
    wanted = {pod.metadata.name: request_of(pod, resource, container) for pod in pods}
    used, average = utilization(values, wanted)
    least = max(100, target)
    replicas = _replicas(
        current,
        groups,
        values,
        lambda some: utilization(some, wanted)[0] / target,
        lambda name: wanted[name] * least // 100,
        tolerances,
    )
    return Called(replicas, average, used)


def by_average(
    current: int, target: int, resource: str, pods: list[Pod], metrics: PodMetrics,
    tolerances: Tolerances, now: datetime,
) -> Called:  # fmt: skip
    """For a target value a Pod. Raises MetricsFailure."""
    groups, values = _counted(pods, metrics, resource, now)
    replicas = _replicas(current, groups, values, lambda some: average(some) / target, lambda _: target, tolerances)
    return Called(replicas, average(values))


def by_value(current: int, usage: int, target: int, pods: Iterable[Pod], tolerances: Tolerances) -> Called:
    """For a value of something else that grows and shrinks with the Pods. Raises MetricsFailure."""
    ratio = usage / target
    if current == 0:
        return Called(min(ceil(ratio), MOST), usage)
    if tolerances.hold(ratio):
        return Called(current, usage)
    known = list(pods)
    if not known:
        raise MetricsFailure(f"unable to calculate ready pods: {NO_PODS}")
    ready = sum(pod.status.phase == "Running" and pod_facts.is_ready(pod) for pod in known)
    return Called(min(ceil(ratio * ready), MOST), usage)


def by_share(replicas: int, usage: int, target: int, tolerances: Tolerances) -> Called:
    """For a value of something else that all Pods share: so much for each."""
    wanted = replicas
    if not replicas or not tolerances.hold(usage / (target * replicas)):
        wanted = min(ceil(usage / target), MOST)
    return Called(wanted, ceil(usage / replicas) if replicas else usage)


def _counted(pods: list[Pod], metrics: PodMetrics, resource: str, now: datetime) -> tuple[Groups, dict[str, int]]:
    if not pods:
        raise MetricsFailure(NO_PODS)
    groups = grouped(pods, metrics, resource, now)
    left_out = groups.ignored | groups.unready
    values = {name: metric.value for name, metric in metrics.items() if name not in left_out}
    if not values:
        raise MetricsFailure(NO_METRICS)
    return groups, values


def _replicas(
    current: int,
    groups: Groups,
    values: Mapping[str, int],
    ratio_of: Callable[[Mapping[str, int]], float],
    assumed: Callable[[str], int],
    tolerances: Tolerances,
) -> int:
    ratio = ratio_of(values)
    grows_past_unready = bool(groups.unready) and ratio > 1.0
    if not grows_past_unready and not groups.missing:
        return current if tolerances.hold(ratio) else ceil(ratio * groups.ready)
    filled = dict(values)
    if ratio != 1.0:
        filled |= {name: assumed(name) if ratio < 1.0 else 0 for name in groups.missing}
    if grows_past_unready:
        filled |= dict.fromkeys(groups.unready, 0)
    damped = ratio_of(filled)
    if tolerances.hold(damped) or (ratio < 1.0 < damped) or (ratio > 1.0 > damped):
        return current
    wanted = ceil(damped * len(filled))
    turns = (damped < 1.0 and wanted > current) or (damped > 1.0 and wanted < current)
    return current if turns else wanted


def average(values: Mapping[str, int]) -> int:
    """Of the values, cut to a whole number."""
    return sum(values.values()) // len(values)


def utilization(values: Mapping[str, int], requests: Mapping[str, int]) -> tuple[int, int]:
    """(percent of what is requested, average value). Raises MetricsFailure."""
    known = {name: value for name, value in values.items() if name in requests}
    wanted = sum(requests[name] for name in known)
    if not wanted:
        raise MetricsFailure("no metrics returned matched known pods")
    return sum(known.values()) * 100 // wanted, average(known)


def request_of(pod: Pod, resource: str, container: str) -> int:
    """What a Pod, or a container of it, requests. Raises MetricsFailure where one says nothing."""
    name = pod.metadata.name
    if not container and pod.spec.resources is not None and pod.spec.resources.requests:
        whole = pod_requests(pod.spec).get(resource)
        if whole is None:
            raise MetricsFailure(f"missing pod-level request for {resource} in Pod {name}")
        return quantity.to_milli(str(whole))
    total = 0
    for each in (*pod.spec.containers, *(c for c in pod.spec.init_containers if is_sidecar(c))):
        if container in ("", each.name):
            requests = each.resources.requests if each.resources else {}
            if resource not in requests:
                raise MetricsFailure(f"missing request for {resource} in container {each.name} of Pod {name}")
            total += quantity.to_milli(requests[resource])
        if container == each.name:
            return total
    if container:
        raise MetricsFailure(f"container {container} not found in Pod {name}")
    return total
