"""The pure parts of the Job controller: indexes, policies, Pods."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.api.types.batch_v1 import (
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyOnPodConditionsPattern,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
)
from podo.api.types.core_v1 import ContainerState, ContainerStateTerminated, ContainerStatus, PodCondition
from podo.controllers import job_indexes, job_pods
from podo.controllers.job_pods import INDEX, backoff_left, finished_at, make_pod, surplus
from podo.controllers.job_policies import judge, next_failures, success_message
from tests.build import job, pod

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "indexes"),
    [
        ("", []),
        ("0", [0]),
        ("0,1", [0, 1]),
        ("0-2,5", [0, 1, 2, 5]),
        ("3,7-20", [3, 7, 8, 9]),
        ("x,1-y,2", [2]),
    ],
)
def test_indexes_are_read(text, indexes):
    assert job_indexes.parse(text, 10) == frozenset(indexes)


@pytest.mark.parametrize(
    ("indexes", "text"),
    [([], ""), ([3], "3"), ([1, 2], "1,2"), ([1, 2, 3], "1-3"), ([0, 2, 3, 4, 9, 10], "0,2-4,9,10")],
)
def test_indexes_are_written(indexes, text):
    assert job_indexes.show(indexes) == text


@given(st.frozensets(st.integers(0, 60)))
def test_what_is_written_is_read(indexes):
    assert job_indexes.parse(job_indexes.show(indexes), 100) == indexes


def test_the_first_free_indexes():
    assert job_indexes.pending({0, 2}, 6, 3) == [1, 3, 4]
    assert job_indexes.pending({0, 1}, 2, 3) == []


def ended(code: int, name: str = "c", at: str = "2026-01-01T00:00:00Z"):
    state = ContainerState(terminated=ContainerStateTerminated(exit_code=code, finished_at=at))
    return pod("p", phase="Failed", status={"container_statuses": (ContainerStatus(name=name, state=state),)})


def policy(action: str, operator: str, *values: int, container: str = ""):
    codes = PodFailurePolicyOnExitCodesRequirement(operator=operator, values=values, container_name=container)
    rules = (PodFailurePolicyRule(action=action, on_exit_codes=codes),)
    return job(pod_failure_policy=PodFailurePolicy(rules=rules))


@pytest.mark.parametrize(
    ("given_job", "given_pod", "counts", "action"),
    [
        (policy("Ignore", "In", 1), ended(1), False, "Ignore"),
        (policy("Ignore", "In", 1), ended(2), True, ""),
        (policy("Ignore", "NotIn", 1), ended(2), False, "Ignore"),
        (policy("Ignore", "NotIn", 1), ended(0), True, ""),
        (policy("Count", "In", 1), ended(1), True, "Count"),
        (policy("Ignore", "In", 1, container="other"), ended(1), True, ""),
        (policy("FailIndex", "In", 1), ended(1), True, "FailIndex"),
        (job(), ended(1), True, ""),
    ],
)
def test_a_failure_policy_goes_by_exit_codes(given_job, given_pod, counts, action):
    assert judge(given_job, given_pod)[:2] == (counts, action)


def test_a_failure_policy_goes_by_conditions():
    pattern = PodFailurePolicyOnPodConditionsPattern(type="DisruptionTarget", status="True")
    rules = (PodFailurePolicyRule(action="FailJob", on_pod_conditions=(pattern,)),)
    found = pod("p", phase="Failed", status={"message": "x"})
    disrupted = PodCondition(type="DisruptionTarget", status="True")
    found = msgspec.structs.replace(found, status=msgspec.structs.replace(found.status, conditions=(disrupted,)))
    verdict = judge(job(pod_failure_policy=PodFailurePolicy(rules=rules)), found)
    assert verdict.message == "Pod ns/p has condition DisruptionTarget matching FailJob rule at index 0"


@pytest.mark.parametrize(
    ("rule", "succeeded", "message"),
    [
        (SuccessPolicyRule(succeeded_indexes="0,1"), {0, 1, 4}, "Matched rules at index 0"),
        (SuccessPolicyRule(succeeded_indexes="0,1"), {0}, ""),
        (SuccessPolicyRule(succeeded_indexes="0-3", succeeded_count=2), {0, 3}, "Matched rules at index 0"),
        (SuccessPolicyRule(succeeded_count=2), {7}, ""),
        (SuccessPolicyRule(succeeded_count=1), {7}, "Matched rules at index 0"),
    ],
)
def test_a_success_policy(rule, succeeded, message):
    assert success_message(job(completions=8, success_policy=SuccessPolicy(rules=(rule,))), succeeded) == message


def test_a_replacement_inherits_the_failures_of_its_index():
    failed = msgspec.structs.replace(ended(1), metadata=pod("p", annotations={job_pods.FAILURES: "2"}).metadata)
    assert next_failures(job(), failed) == (3, 0)
    assert next_failures(policy("Ignore", "In", 1), failed) == (2, 1)
    assert next_failures(job(), None) == (0, 0)


@pytest.mark.parametrize(("failures", "seconds"), [(0, 0), (1, 10), (2, 20), (5, 160), (7, 600), (500, 600)])
def test_back_off_doubles_up_to_ten_minutes(failures, seconds):
    assert backoff_left(failures, NOW, NOW) == seconds


def test_a_long_name_makes_room_for_the_index():
    made = make_pod(job("j" * 63), 12, None)
    assert len(made.metadata.generate_name) == 58
    assert made.metadata.generate_name.endswith("-12-")


def indexed(name: str, index: str, **fields):
    return pod(name, annotations={INDEX: index} if index else {}, **fields)


def test_pods_without_a_place_and_doubles_are_surplus():
    of = job(completion_mode="Indexed", completions=3)
    given_pods = [
        indexed("none", ""),
        indexed("beyond", "3"),
        indexed("ready", "0", ready=True),
        indexed("waiting", "0", ready=False),
        indexed("only", "1"),
    ]
    assert {p.metadata.name for p in surplus(of, given_pods, 0)} == {"none", "beyond", "waiting"}
    assert len(surplus(of, given_pods, 4)) == 4


def test_of_pods_that_were_made_in_different_seconds_the_youngest_are_surplus():
    of = job(completion_mode="Indexed", completions=3)
    given = [indexed(str(n), str(n), creation_timestamp=f"2026-01-01T00:00:0{n}Z") for n in range(3)]
    assert [p.metadata.name for p in surplus(of, given, 1)] == ["2"]


def test_when_a_pod_ended():
    assert finished_at(ended(0, at="2026-01-01T05:00:00Z")).hour == 5
    unready = pod("p", ready=False, since="2026-01-01T04:00:00Z", phase="Failed")
    assert finished_at(unready).hour == 4
    deleted = pod("p", deletion_timestamp="2026-01-01T03:00:30Z", deletion_grace_period_seconds=30)
    assert finished_at(deleted) == datetime(2026, 1, 1, 3, tzinfo=UTC)
    assert finished_at(pod("p", creation_timestamp="2026-01-01T02:00:00Z")).hour == 2
