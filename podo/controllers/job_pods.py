"""The Pods of a Job: how they are made, told apart, counted and removed. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from podo.api.timestamps import parse
from podo.api.types.batch_v1 import Job
from podo.api.types.core_v1 import Container, ContainerStatus, EnvVar, EnvVarSource, ObjectFieldSelector, Pod
from podo.controllers import pods

FINALIZER = "batch.kubernetes.io/job-tracking"
INDEX = "batch.kubernetes.io/job-completion-index"
FAILURES, IGNORED = "batch.kubernetes.io/job-index-failure-count", "batch.kubernetes.io/job-index-ignored-failure-count"
ENV_INDEX = "JOB_COMPLETION_INDEX"
NAME_LENGTH = 58  # what a generated name keeps of its prefix
BACKOFF, MAX_BACKOFF = 10.0, 600.0


def is_indexed(job: Job) -> bool:
    """Whether each of its completions has a number."""
    return job.spec.completion_mode == "Indexed"


def is_suspended(job: Job) -> bool:
    """Whether it may have no Pods for now."""
    return bool(job.spec.suspend)


def replaces_only_failed(job: Job) -> bool:
    """Whether a Pod that is being deleted is replaced only once it has ended."""
    return job.spec.pod_replacement_policy == "Failed" or job.spec.pod_failure_policy is not None


def is_tracked(pod: Pod) -> bool:
    """Whether the Pod has not been counted for good yet."""
    return FINALIZER in pod.metadata.finalizers


def is_failed(pod: Pod, job: Job) -> bool:
    """Whether it counts as failed: also one that is being deleted, which may never get to say so."""
    if pod.status.phase == "Failed":
        return True
    if replaces_only_failed(job):
        return False
    return bool(pod.metadata.deletion_timestamp) and pod.status.phase != "Succeeded"


def index_of(pod: Pod) -> int | None:
    """Its completion index; None if it has none."""
    text = pod.metadata.annotations.get(INDEX, "")
    return int(text) if text.isdecimal() else None


def valid_index(pod: Pod, job: Job) -> int | None:
    """Its completion index, if that is one of the Job's."""
    index = index_of(pod)
    return index if index is not None and index < (job.spec.completions or 0) else None


def make_pod(job: Job, index: int | None, failures: tuple[int, int] | None) -> Pod:
    """A Pod of the Job; of a completion index, with how often that failed already (counted, ignored)."""
    made = pods.from_template(job.spec.template, job)
    meta = msgspec.structs.replace(made.metadata, finalizers=_with_finalizer(made.metadata.finalizers))
    if index is None:
        return msgspec.structs.replace(made, metadata=meta)
    end = f"-{index}-"
    annotations = meta.annotations | {INDEX: str(index)}
    if failures is not None:
        annotations[FAILURES] = str(failures[0])
        if failures[1]:
            annotations[IGNORED] = str(failures[1])
    meta = msgspec.structs.replace(
        meta,
        generate_name=job.metadata.name[: NAME_LENGTH - len(end)] + end,
        annotations=annotations,
        labels=meta.labels | {INDEX: str(index)},
    )
    spec = msgspec.structs.replace(
        made.spec,
        hostname=f"{job.metadata.name}-{index}",
        containers=tuple(map(_with_index, made.spec.containers)),
        init_containers=tuple(map(_with_index, made.spec.init_containers)),
    )
    return msgspec.structs.replace(made, metadata=meta, spec=spec)


def surplus(job: Job, active: Sequence[Pod], at_least: int) -> list[Pod]:
    """Active Pods to remove: those without a place, all but one of each index, and more until there are enough."""
    left, removed = list(active), []
    if is_indexed(job):
        places: dict[int | None, list[Pod]] = {}
        for pod in active:
            places.setdefault(valid_index(pod, job), []).append(pod)
        removed = places.pop(None, [])
        left = []
        for of_index in places.values():
            ordered = pods.rank_for_deletion(of_index, (), None)
            removed += ordered[:-1]
            left.append(ordered[-1])
    more = max(0, at_least - len(removed))
    return removed + pods.rank_for_deletion(left, (), None)[:more]


def failures_of(pod: Pod) -> tuple[int, int]:
    """How often its index had failed before it: (counted, ignored)."""
    return _number(pod, FAILURES), _number(pod, IGNORED)


def finished_at(pod: Pod) -> datetime:
    """When it ended, as near as can be told."""
    if (ended := _containers_ended(pod)) is not None:
        return ended
    ready = pods.condition(pod, "Ready")
    if ready is not None and ready.status == "False" and ready.last_transition_time:
        return parse(ready.last_transition_time)
    if pod.metadata.deletion_timestamp:
        grace = timedelta(seconds=pod.metadata.deletion_grace_period_seconds or 0)
        return parse(pod.metadata.deletion_timestamp) - grace
    return parse(pod.metadata.creation_timestamp)


def backoff_left(failures: int, last: datetime | None, now: datetime) -> float:
    """Seconds to wait before the next Pod after so many failures in a row, the last of them at `last`."""
    if not failures or last is None:
        return 0.0
    wait = min(BACKOFF * 2.0 ** min(failures - 1, 10), MAX_BACKOFF)
    return max(0.0, wait - (now - last).total_seconds())


def recent_failures(job: Job, all_pods: Iterable[Pod]) -> tuple[int, datetime | None]:
    """(failures since the last success, when the last of them was), by the Pods that are still there."""
    all_pods = list(all_pods)
    successes = [finished_at(p) for p in all_pods if p.status.phase == "Succeeded"]
    since = max(successes, default=None)
    failures = [finished_at(p) for p in all_pods if is_failed(p, job)]
    after = [at for at in failures if since is None or at > since]
    return len(after), max(after, default=None)


def _with_finalizer(finalizers: tuple[str, ...]) -> tuple[str, ...]:
    return finalizers if FINALIZER in finalizers else (*finalizers, FINALIZER)


def _with_index(container: Container) -> Container:
    if any(e.name == ENV_INDEX for e in container.env):
        return container
    source = EnvVarSource(field_ref=ObjectFieldSelector(field_path=f"metadata.labels['{INDEX}']"))
    return msgspec.structs.replace(container, env=(*container.env, EnvVar(name=ENV_INDEX, value_from=source)))


def _number(pod: Pod, annotation: str) -> int:
    text = pod.metadata.annotations.get(annotation, "")
    return int(text) if text.isdecimal() and int(text) < 2**31 else 0


def _containers_ended(pod: Pod) -> datetime | None:
    sidecars = {c.name for c in pod.spec.init_containers if c.restart_policy == "Always"}
    regular, init = pod.status.container_statuses, pod.status.init_container_statuses
    statuses: list[ContainerStatus] = [*regular, *(s for s in init if s.name in sidecars)]
    ends = [s.state.terminated.finished_at if s.state and s.state.terminated else "" for s in statuses]
    return max(map(parse, ends)) if ends and all(ends) else None
