from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from podo.api.types.apps_v1 import (
    DeploymentCondition,
    DeploymentStatus,
    ReplicaSet,
    ReplicaSetCondition,
    ReplicaSetStatus,
)
from podo.controllers.deployment_revisions import Sets
from podo.controllers.deployment_status import (
    condition,
    counted,
    progressing,
    rolled_out,
    seconds_to_deadline,
    with_condition,
)
from tests.build import deployment, replica_set

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(seconds=30)


def observed(name: str, size: int, available: int, *conditions: ReplicaSetCondition) -> ReplicaSet:
    status = ReplicaSetStatus(
        replicas=size,
        ready_replicas=available or None,
        available_replicas=available or None,
        terminating_replicas=0,
        observed_generation=1,
        conditions=conditions,
    )
    return msgspec.structs.replace(replica_set(name, size), status=status)


def progress(status: DeploymentStatus) -> tuple[str, str] | None:
    found = condition(status, "Progressing")
    return (found.status, found.reason) if found else None


def begun(desired: int, **status: int):
    """A Deployment whose rollout began at NOW."""
    d = deployment(replicas=desired, progress_deadline_seconds=60)
    begin = progressing("True", "NewReplicaSetCreated", 'Created new replica set "web"', NOW)
    return msgspec.structs.replace(d, status=DeploymentStatus(conditions=(begin,), **status))


@pytest.mark.parametrize(
    ("replicas", "available", "unavailable", "enough"),
    [(3, 3, None, "True"), (3, 2, 1, "False"), (4, 3, 1, "True"), (0, 0, None, "True")],
)
def test_enough_pods_are_those_that_may_not_be_unavailable(replicas, available, unavailable, enough):
    status = counted(deployment(replicas=replicas), Sets(observed("n", replicas, available), ()), NOW)
    assert status.unavailable_replicas == unavailable
    assert condition(status, "Available").status == enough


def test_the_same_status_for_the_same_reason_keeps_its_times():
    first = with_condition(DeploymentStatus(), progressing("True", "A", "m", NOW))
    assert with_condition(first, progressing("True", "A", "another message", LATER)) is first


def test_another_reason_moves_the_update_and_another_status_also_the_transition():
    first = with_condition(DeploymentStatus(), progressing("True", "A", "m", NOW))
    second = condition(with_condition(first, progressing("True", "B", "m", LATER)), "Progressing")
    assert (second.last_transition_time, second.last_update_time) == ("2026-01-01T00:00:00Z", "2026-01-01T00:00:30Z")
    third = condition(with_condition(first, progressing("False", "B", "m", LATER)), "Progressing")
    assert third.last_transition_time == "2026-01-01T00:00:30Z"


def test_each_progress_moves_the_time_from_which_the_deadline_counts():
    status = rolled_out(begun(3), Sets(observed("n", 3, 1), ()), LATER)
    found = condition(status, "Progressing")
    assert (found.reason, found.last_update_time) == ("ReplicaSetUpdated", "2026-01-01T00:00:30Z")
    assert found.last_transition_time == "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(60, ("True", "NewReplicaSetCreated")), (61, ("False", "ProgressDeadlineExceeded"))],
)
def test_without_progress_the_deadline_passes(seconds, expected):
    d = begun(3, replicas=3, updated_replicas=3)
    status = rolled_out(d, Sets(observed("n", 3, 0), ()), NOW + timedelta(seconds=seconds))
    assert progress(status) == expected


def test_a_rollout_that_ended_does_not_time_out_when_pods_are_lost_later():
    done = DeploymentCondition(
        type="Progressing", status="True", reason="NewReplicaSetAvailable", last_update_time="2020-01-01T00:00:00Z"
    )
    d = msgspec.structs.replace(begun(3), status=DeploymentStatus(conditions=(done,), replicas=3, updated_replicas=3))
    status = rolled_out(d, Sets(observed("n", 3, 1), ()), NOW)
    assert progress(status) == ("True", "NewReplicaSetAvailable")


def test_a_failure_of_the_new_set_is_preferred_and_goes_when_it_is_over():
    fails = ReplicaSetCondition(type="ReplicaFailure", status="True", reason="FailedCreate", message="quota")
    other = msgspec.structs.replace(fails, message="old")
    status = rolled_out(begun(2), Sets(observed("n", 2, 0, fails), (observed("o", 1, 0, other),)), NOW)
    assert condition(status, "ReplicaFailure").message == "quota"
    again = msgspec.structs.replace(begun(2), status=status)
    assert condition(rolled_out(again, Sets(observed("n", 2, 0), ()), NOW), "ReplicaFailure") is None


def test_when_to_look_again():
    d = begun(3)
    assert seconds_to_deadline(d, d.status, NOW) == 61
    assert seconds_to_deadline(d, d.status, NOW + timedelta(hours=1)) == 1
    timed_out = with_condition(d.status, progressing("False", "ProgressDeadlineExceeded", "m", NOW))
    assert seconds_to_deadline(d, timed_out, NOW) is None
    assert seconds_to_deadline(deployment(), DeploymentStatus(), NOW) is None


def test_terminating_pods_are_unknown_while_a_set_does_not_say():
    silent = msgspec.structs.replace(replica_set("o", 1), status=ReplicaSetStatus(observed_generation=1))
    assert counted(deployment(), Sets(observed("n", 1, 1), (silent,)), NOW).terminating_replicas is None
    assert counted(deployment(), Sets(observed("n", 1, 1), (replica_set("fresh"),)), NOW).terminating_replicas == 0
