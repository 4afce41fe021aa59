"""What has become of a Job: what its Pods add up to, whether it is decided, and how many Pods it needs. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec

from podo.api.timestamps import format_time, parse
from podo.api.types.batch_v1 import Job, JobCondition, JobStatus, UncountedTerminatedPods
from podo.api.types.core_v1 import Pod
from podo.controllers import job_indexes, pods
from podo.controllers.job_pods import is_failed, is_indexed, is_suspended, is_tracked, replaces_only_failed, valid_index
from podo.controllers.job_policies import fails_index, failure_message, judge, success_message

MET, TARGET, COMPLETE, FAILED, SUSPENDED = "SuccessCriteriaMet", "FailureTarget", "Complete", "Failed", "Suspended"
NO_UNCOUNTED = UncountedTerminatedPods()
MAX_UNCOUNTED = 500  # uids in a status


@dataclass(frozen=True)
class Seen:
    """A Job's Pods, and what they add up to with what was counted before."""

    job: Job
    pods: Sequence[Pod]
    active: Sequence[Pod]
    terminating: Sequence[Pod]
    succeeded: int
    failed: int
    succeeded_indexes: frozenset[int]
    failed_indexes: frozenset[int]
    to_replace: dict[int, Pod]  # by index: the failed Pod that stays until its replacement has its count


def see(job: Job, mine: Sequence[Pod]) -> Seen:
    """Add up. Only Pods with the finalizer are new; the others have been counted."""
    uncounted = job.status.uncounted_terminated_pods or NO_UNCOUNTED
    fresh = [p for p in mine if is_tracked(p) and (not is_indexed(job) or valid_index(p, job) is not None)]
    won = [p for p in fresh if p.status.phase == "Succeeded" and p.metadata.uid not in uncounted.succeeded]
    lost = [p for p in fresh if is_failed(p, job) and p.metadata.uid not in uncounted.failed]
    done, broken = frozenset[int](), frozenset[int]()
    if is_indexed(job):
        done = _indexes(job, job.status.completed_indexes, (p for p in fresh if p.status.phase == "Succeeded"))
        if job.spec.backoff_limit_per_index is not None:
            broken = _indexes(job, job.status.failed_indexes, (p for p in fresh if fails_index(job, p)))
    active = [p for p in mine if pods.is_active(p)]
    counted = (job.status.succeeded or 0) + len(won) + len(uncounted.succeeded)
    return Seen(
        job=job,
        pods=mine,
        active=active,
        terminating=[p for p in mine if pods.is_terminating_pod(p)],
        succeeded=len(done) if is_indexed(job) else counted,
        failed=(job.status.failed or 0) + sum(judge(job, p).counts for p in lost) + len(uncounted.failed),
        succeeded_indexes=done,
        failed_indexes=broken,
        to_replace=_to_replace(job, fresh, active, done | broken),
    )


def verdict(seen: Seen, now: datetime) -> JobCondition | None:
    """The condition that says how the Job ends, as soon as that is certain; what was said before stands."""
    job = seen.job
    for kind in (MET, TARGET):
        said = condition(job.status, kind)
        if said is not None and said.status == "True":
            return said
    if message := failure_message(job, seen.pods):
        return make(TARGET, "PodFailurePolicy", message, now)
    if seen.failed > (6 if job.spec.backoff_limit is None else job.spec.backoff_limit) or _restarts_too_often(seen):
        return make(TARGET, "BackoffLimitExceeded", "Job has reached the specified backoff limit", now)
    left = seconds_to_deadline(job, now)
    if left is not None and left <= 0:
        return make(TARGET, "DeadlineExceeded", "Job was active longer than specified deadline", now)
    if job.spec.backoff_limit_per_index is not None and (found := _by_index(seen, now)):
        return found
    if is_indexed(job) and (message := success_message(job, seen.succeeded_indexes)):
        return make(MET, "SuccessPolicy", message, now)
    return None


def is_complete(seen: Seen, active: int) -> bool:
    """Whether there are enough successes, and nothing runs any more."""
    completions = seen.job.spec.completions
    enough = seen.succeeded > 0 if completions is None else seen.succeeded >= completions
    return enough and not active


def wanted_active(seen: Seen) -> int:
    """How many Pods should run at a time now."""
    job = seen.job
    if is_suspended(job):
        return 0
    parallelism = 1 if job.spec.parallelism is None else job.spec.parallelism
    if job.spec.completions is None:
        return len(seen.active) if seen.succeeded else parallelism
    return max(0, min(job.spec.completions - seen.succeeded, parallelism))


def missing(seen: Seen) -> int:
    """How many Pods to make, but for back-off."""
    occupied = len(seen.active) + (len(seen.terminating) if replaces_only_failed(seen.job) else 0)
    return max(0, wanted_active(seen) - occupied)


def taken_indexes(seen: Seen) -> set[int]:
    """The completion indexes that need no new Pod."""
    holders = [*seen.active, *(seen.terminating if replaces_only_failed(seen.job) else ())]
    held = {i for p in holders if (i := valid_index(p, seen.job)) is not None}
    return held | seen.succeeded_indexes | seen.failed_indexes


def seconds_to_deadline(job: Job, now: datetime) -> float | None:
    """Until `activeDeadlineSeconds` have passed; None if they do not pass."""
    if job.spec.active_deadline_seconds is None or not job.status.start_time or is_suspended(job):
        return None
    end = parse(job.status.start_time) + timedelta(seconds=job.spec.active_deadline_seconds)
    return (end - now).total_seconds()


def accounted(seen: Seen, ending: JobCondition | None) -> tuple[JobStatus, list[Pod]]:
    """(the status that notes Pods that have ended, the Pods that may lose their finalizer once it is written)."""
    job, status = seen.job, seen.job.status
    before = status.uncounted_terminated_pods or NO_UNCOUNTED
    won, lost, released = list(before.succeeded), list(before.failed), []
    known = {*won, *lost}
    for pod in seen.pods:
        if not is_tracked(pod) or not _may_be_released(seen, pod, ending):
            continue
        if len(won) + len(lost) >= MAX_UNCOUNTED and pod.metadata.uid not in known:
            break
        released.append(pod)
        if pod.metadata.uid in known:
            continue
        if pod.status.phase == "Succeeded":
            won += [] if is_indexed(job) else [pod.metadata.uid]
        elif _counts_as_failed(seen, pod, ending):
            lost.append(pod.metadata.uid)
    status = _with_uncounted(status, won, lost)
    if is_indexed(job):
        status = msgspec.structs.replace(
            status,
            succeeded=len(seen.succeeded_indexes) or None,
            completed_indexes=job_indexes.show(seen.succeeded_indexes),
            failed_indexes=job_indexes.show(seen.failed_indexes),
        )
    return status, released


def settled(status: JobStatus, mine: Iterable[Pod]) -> JobStatus:
    """The status with those Pods counted for good that have lost their finalizer, or are gone."""
    before = status.uncounted_terminated_pods or NO_UNCOUNTED
    held = {p.metadata.uid for p in mine if is_tracked(p)}
    won, lost = ([u for u in uids if u in held] for uids in (before.succeeded, before.failed))
    status = msgspec.structs.replace(
        status,
        succeeded=(status.succeeded or 0) + len(before.succeeded) - len(won) or None,
        failed=(status.failed or 0) + len(before.failed) - len(lost) or None,
    )
    return _with_uncounted(status, won, lost)


def is_settled(status: JobStatus) -> bool:
    """Whether all Pods are counted for good."""
    left = status.uncounted_terminated_pods
    return left is None or not (left.succeeded or left.failed)


def ended(status: JobStatus, ending: JobCondition, now: datetime) -> JobStatus:
    """The status with the last condition, which follows from the one that said how the Job ends."""
    kind = COMPLETE if ending.type == MET else FAILED
    done = with_condition(status, make(kind, ending.reason, ending.message, now))
    return msgspec.structs.replace(done, completion_time=format_time(now)) if kind == COMPLETE else done


def is_finished(job: Job) -> bool:
    """Whether nothing changes any more."""
    return any(c.type in (COMPLETE, FAILED) and c.status == "True" for c in job.status.conditions)


def condition(status: JobStatus, kind: str) -> JobCondition | None:
    """The condition of a type."""
    return next((c for c in status.conditions if c.type == kind), None)


def make(kind: str, reason: str, message: str, now: datetime, status: str = "True") -> JobCondition:
    """A condition as of now."""
    at = format_time(now)
    return JobCondition(
        type=kind, status=status, reason=reason, message=message, last_probe_time=at, last_transition_time=at
    )


def with_condition(status: JobStatus, new: JobCondition) -> JobStatus:
    """With `new` in the place of the one of its type; the same status if that says the same. False is no news."""
    old = condition(status, new.type)
    if old is None and new.status == "False":
        return status
    if old and (old.status, old.reason, old.message) == (new.status, new.reason, new.message):
        return status
    places = tuple(new if c.type == new.type else c for c in status.conditions)
    return msgspec.structs.replace(status, conditions=places if old else (*status.conditions, new))


def _with_uncounted(status: JobStatus, won: Sequence[str], lost: Sequence[str]) -> JobStatus:
    uncounted = UncountedTerminatedPods(succeeded=tuple(won), failed=tuple(lost))
    return msgspec.structs.replace(status, uncounted_terminated_pods=uncounted)


def _indexes(job: Job, known: str, new: Iterable[Pod]) -> frozenset[int]:
    fresh = {i for p in new if (i := valid_index(p, job)) is not None}
    return job_indexes.parse(known, job.spec.completions or 0) | fresh


def _to_replace(job: Job, fresh: Iterable[Pod], active: Iterable[Pod], settled_: frozenset[int]) -> dict[int, Pod]:
    if job.spec.backoff_limit_per_index is None:
        return {}
    busy = {valid_index(p, job) for p in active} | settled_
    found: dict[int, Pod] = {}
    for pod in fresh:
        index = valid_index(pod, job)
        if index is None or index in busy or not is_failed(pod, job):
            continue
        if index not in found or _tries(found[index]) <= _tries(pod):
            found[index] = pod
    return found


def _tries(pod: Pod) -> tuple[Any, ...]:
    from podo.controllers.job_pods import failures_of, finished_at

    return sum(failures_of(pod)), finished_at(pod)


def _by_index(seen: Seen, now: datetime) -> JobCondition | None:
    broken, limit = len(seen.failed_indexes), seen.job.spec.max_failed_indexes
    if limit is not None and broken > limit:
        message = "Job has exceeded the specified maximal number of failed indexes"
        return make(TARGET, "MaxFailedIndexesExceeded", message, now)
    if broken and broken + len(seen.succeeded_indexes) >= (seen.job.spec.completions or 0):
        return make(TARGET, "FailedIndexes", "Job has failed indexes", now)
    return None


def _restarts_too_often(seen: Seen) -> bool:
    job = seen.job
    if job.spec.template.spec.restart_policy != "OnFailure":
        return False
    running = (p for p in seen.pods if p.status.phase in ("Running", "Pending"))
    restarts = sum(
        s.restart_count or 0 for p in running for s in [*p.status.init_container_statuses, *p.status.container_statuses]
    )
    limit = 6 if job.spec.backoff_limit is None else job.spec.backoff_limit
    return restarts > 0 if limit == 0 else restarts >= limit


def _may_be_released(seen: Seen, pod: Pod, ending: JobCondition | None) -> bool:
    if seen.job.metadata.deletion_timestamp or ending is not None or pod.status.phase == "Succeeded":
        return True
    if not is_failed(pod, seen.job):
        return False
    index = valid_index(pod, seen.job)
    waits = seen.to_replace.get(index) if index is not None else None
    return waits is None or waits.metadata.uid != pod.metadata.uid


def _counts_as_failed(seen: Seen, pod: Pod, ending: JobCondition | None) -> bool:
    job = seen.job
    if not is_failed(pod, job) and (ending is None or ending.type == MET):
        return False
    if is_indexed(job) and valid_index(pod, job) is None:
        return False
    return judge(job, pod).counts
