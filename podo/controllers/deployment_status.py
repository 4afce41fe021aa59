"""A Deployment's status: numbers, conditions, and whether the rollout gets on. Pure."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from podo.api.timestamps import format_time, parse
from podo.api.types.apps_v1 import Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet
from podo.controllers.deployment_revisions import Sets, bounds, desired, size

AVAILABLE, PROGRESSING, FAILURE = "Available", "Progressing", "ReplicaFailure"
TIMED_OUT, COMPLETE, PAUSED = "ProgressDeadlineExceeded", "NewReplicaSetAvailable", "DeploymentPaused"


def has_deadline(d: Deployment) -> bool:
    """Whether it is to be said that a rollout takes too long."""
    return d.spec.progress_deadline_seconds not in (None, 2**31 - 1)


def condition(status: DeploymentStatus, kind: str) -> DeploymentCondition | None:
    """The condition of a type."""
    return next((c for c in status.conditions if c.type == kind), None)


def with_condition(status: DeploymentStatus, new: DeploymentCondition) -> DeploymentStatus:
    """With `new` set. The same status for the same reason is no news, whatever the message says."""
    old = condition(status, new.type)
    if old and (old.status, old.reason) == (new.status, new.reason):
        return status
    if old and old.status == new.status:
        new = msgspec.structs.replace(new, last_transition_time=old.last_transition_time)
    return msgspec.structs.replace(without_condition(status, new.type), conditions=(*_others(status, new.type), new))


def without_condition(status: DeploymentStatus, kind: str) -> DeploymentStatus:
    """Without the condition of a type."""
    return msgspec.structs.replace(status, conditions=_others(status, kind))


def progressing(status: str, reason: str, message: str, now: datetime) -> DeploymentCondition:
    """A condition of type Progressing."""
    return _condition(PROGRESSING, status, reason, message, now)


def paused_condition(d: Deployment, now: datetime) -> DeploymentStatus:
    """The status with Progressing as pausing or resuming changes it, so that the time of a pause does not count."""
    current = condition(d.status, PROGRESSING)
    if not has_deadline(d) or (current and current.reason == TIMED_OUT):
        return d.status
    was_paused = current is not None and current.reason == PAUSED
    if d.spec.paused and not was_paused:
        return with_condition(d.status, progressing("Unknown", PAUSED, "Deployment is paused", now))
    if was_paused and not d.spec.paused:
        return with_condition(d.status, progressing("Unknown", "DeploymentResumed", "Deployment is resumed", now))
    return d.status


def counted(d: Deployment, sets: Sets, now: datetime) -> DeploymentStatus:
    """The numbers, and whether enough Pods are available. Numbers of 0 are left out."""
    available = sum(rs.status.available_replicas or 0 for rs in sets.all)
    status = msgspec.structs.replace(
        d.status,
        observed_generation=d.metadata.generation,
        replicas=sum(rs.status.replicas or 0 for rs in sets.all) or None,
        updated_replicas=(sets.new.status.replicas if sets.new else None) or None,
        ready_replicas=sum(rs.status.ready_replicas or 0 for rs in sets.all) or None,
        available_replicas=available or None,
        unavailable_replicas=max(0, sum(map(size, sets.all)) - available) or None,
        terminating_replicas=_terminating(sets.all),
    )
    if available >= desired(d) - bounds(d)[1]:
        reason, message = "MinimumReplicasAvailable", "Deployment has minimum availability."
        return with_condition(status, _condition(AVAILABLE, "True", reason, message, now))
    reason, message = "MinimumReplicasUnavailable", "Deployment does not have minimum availability."
    return with_condition(status, _condition(AVAILABLE, "False", reason, message, now))


def rolled_out(d: Deployment, sets: Sets, now: datetime) -> DeploymentStatus:
    """The status in a rollout: the numbers, whether it gets on, and what keeps Pods from being made.

    `d.status` is the one before, against which progress is measured.
    """
    status = counted(d, sets, now)
    if not has_deadline(d):
        status = without_condition(status, PROGRESSING)
    elif not _was_complete(d, status):
        status = _with_progress(d, sets, status, now)
    if failure := next(_failures(sets), None):
        return with_condition(status, failure)
    return without_condition(status, FAILURE)


def is_complete(d: Deployment, status: DeploymentStatus) -> bool:
    """Whether all Pods are new and available, and no old ones run."""
    numbers = (status.updated_replicas or 0, status.replicas or 0, status.available_replicas or 0)
    return numbers == (desired(d),) * 3 and (status.observed_generation or 0) >= (d.metadata.generation or 0)


def is_observed(d: Deployment) -> bool:
    """Whether its status is about its spec as it is now."""
    return (d.status.observed_generation or 0) >= (d.metadata.generation or 0)


def is_rolled_out(d: Deployment) -> bool:
    """Whether the last rollout has come to its end."""
    current = condition(d.status, PROGRESSING)
    return is_complete(d, d.status) and (current is None or current.reason == COMPLETE)


def has_timed_out(d: Deployment) -> bool:
    """Whether the rollout takes longer than its deadline."""
    current = condition(d.status, PROGRESSING)
    return current is not None and current.reason == TIMED_OUT


def seconds_to_deadline(d: Deployment, status: DeploymentStatus, now: datetime) -> float | None:
    """In how long to look whether the rollout has taken too long: the deadline, and a second for rounded times."""
    current = condition(status, PROGRESSING)
    if not has_deadline(d) or current is None or current.reason == TIMED_OUT or is_complete(d, status):
        return None
    left = (_deadline(d, current) - now).total_seconds()
    return max(left, 0) + 1


def _with_progress(d: Deployment, sets: Sets, status: DeploymentStatus, now: datetime) -> DeploymentStatus:
    who = f'ReplicaSet "{sets.new.metadata.name}"' if sets.new else f'Deployment "{d.metadata.name}"'
    if is_complete(d, status):
        return with_condition(status, progressing("True", COMPLETE, f"{who} has successfully progressed.", now))
    if _has_progressed(d.status, status):
        new, current = (
            progressing("True", "ReplicaSetUpdated", f"{who} is progressing.", now),
            condition(d.status, PROGRESSING),
        )
        if current and current.status == "True":
            new = msgspec.structs.replace(new, last_transition_time=current.last_transition_time)
        return with_condition(without_condition(status, PROGRESSING), new)  # each progress moves lastUpdateTime
    if _has_timed_out(d, status, now):
        return with_condition(status, progressing("False", TIMED_OUT, f"{who} has timed out progressing.", now))
    return status


def _was_complete(d: Deployment, status: DeploymentStatus) -> bool:
    """Whether this is no rollout but a Deployment that was rolled out before, and loses and gets Pods."""
    current = condition(d.status, PROGRESSING)
    return status.replicas == status.updated_replicas and current is not None and current.reason == COMPLETE


def _has_progressed(old: DeploymentStatus, new: DeploymentStatus) -> bool:
    def left(status: DeploymentStatus) -> int:
        return (status.replicas or 0) - (status.updated_replicas or 0)

    return (
        (new.updated_replicas or 0) > (old.updated_replicas or 0)
        or left(new) < left(old)
        or (new.ready_replicas or 0) > (old.ready_replicas or 0)
        or (new.available_replicas or 0) > (old.available_replicas or 0)
    )


def _has_timed_out(d: Deployment, status: DeploymentStatus, now: datetime) -> bool:
    current = condition(status, PROGRESSING)
    if current is None or current.reason == COMPLETE:
        return False
    return current.reason == TIMED_OUT or _deadline(d, current) < now


def _deadline(d: Deployment, current: DeploymentCondition) -> datetime:
    return parse(current.last_update_time) + timedelta(seconds=d.spec.progress_deadline_seconds or 0)


def _failures(sets: Sets) -> Iterator[DeploymentCondition]:
    """Failures of ReplicaSets as conditions of the Deployment, the new one's first."""
    for rs in [*([sets.new] if sets.new else []), *sets.old]:
        for c in rs.status.conditions:
            if c.type == FAILURE:
                yield DeploymentCondition(
                    type=FAILURE,
                    status=c.status,
                    reason=c.reason,
                    message=c.message,
                    last_transition_time=c.last_transition_time,
                    last_update_time=c.last_transition_time,
                )


def _terminating(sets: Iterable[ReplicaSet]) -> int | None:
    """The sum, or None where a ReplicaSet that has been seen to does not say."""
    total = 0
    for rs in sets:
        if rs.status.terminating_replicas is None and rs.status.observed_generation:
            return None
        total += rs.status.terminating_replicas or 0
    return total


def _condition(kind: str, status: str, reason: str, message: str, now: datetime) -> DeploymentCondition:
    at = format_time(now)
    return DeploymentCondition(
        type=kind, status=status, reason=reason, message=message, last_update_time=at, last_transition_time=at
    )


def _others(status: DeploymentStatus, kind: str) -> tuple[DeploymentCondition, ...]:
    return tuple(c for c in status.conditions if c.type != kind)
