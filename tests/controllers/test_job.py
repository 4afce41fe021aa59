import pytest

from podo.api.timestamps import format_time
from podo.api.types.batch_v1 import (
    Job,
    PodFailurePolicy,
    PodFailurePolicyOnExitCodesRequirement,
    PodFailurePolicyRule,
    SuccessPolicy,
    SuccessPolicyRule,
)
from podo.api.types.core_v1 import ContainerState, ContainerStateTerminated, ContainerStatus, Pod
from podo.client.base import BACKGROUND, DeleteOptions, key_of
from podo.controllers.job import JobController
from podo.controllers.job_pods import FINALIZER, INDEX, index_of
from tests.build import job, pod


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(JobController)


async def active(lab) -> list[Pod]:
    await lab.settle()
    return [
        p
        for p in await lab.all(Pod)
        if p.status.phase not in ("Succeeded", "Failed") and not p.metadata.deletion_timestamp
    ]


async def finish(lab, *ended: Pod, phase: str = "Succeeded", code: int = 0) -> None:
    at = format_time(lab.clock.now())
    state = ContainerState(terminated=ContainerStateTerminated(exit_code=code, finished_at=at))
    for one in ended:
        await lab.become([one], ready=False, phase=phase, container_statuses=(ContainerStatus(name="c", state=state),))
    await lab.settle()


async def fail(lab, *ended: Pod, code: int = 1) -> None:
    await finish(lab, *ended, phase="Failed", code=code)


async def status(lab):
    await lab.settle()
    return (await lab.get(Job, "job")).status


async def conditions(lab) -> dict[str, tuple[str, str]]:
    return {c.type: (c.reason, c.message) for c in (await status(lab)).conditions if c.status == "True"}


async def test_a_job_runs_its_pods_to_their_end(lab):
    await lab.user.create(job(parallelism=2, completions=3))
    first = await active(lab)
    assert len(first) == 2
    assert all(FINALIZER in p.metadata.finalizers for p in first)
    assert (await status(lab)).start_time == "2026-01-01T00:00:00Z"
    await finish(lab, *first)
    (last,) = await active(lab)
    s = await status(lab)
    assert (s.active, s.succeeded, s.failed) == (1, 2, None)
    await finish(lab, last)
    assert await conditions(lab) == {
        "SuccessCriteriaMet": ("CompletionsReached", "Reached expected number of succeeded pods"),
        "Complete": ("CompletionsReached", "Reached expected number of succeeded pods"),
    }
    s = await status(lab)
    assert (s.active, s.succeeded, s.completion_time) == (None, 3, "2026-01-01T00:00:00Z")
    assert s.uncounted_terminated_pods.succeeded == ()
    assert all(FINALIZER not in p.metadata.finalizers for p in await lab.all(Pod))
    assert "Normal Completed job: Job completed" in await lab.event_lines()


async def test_a_failed_pod_is_replaced_after_a_back_off_that_doubles(lab):
    await lab.user.create(job())
    for wait in (10, 20, 40):
        (one,) = await active(lab)
        await fail(lab, one)
        assert await active(lab) == []
        await lab.run_for(wait - 1)
        assert await active(lab) == []
        await lab.run_for(2)
    assert len(await active(lab)) == 1
    assert (await status(lab)).failed == 3


async def test_too_many_failures_fail_the_job(lab):
    await lab.user.create(job(backoff_limit=1))
    for _ in range(2):
        (one,) = await active(lab)
        await fail(lab, one)
        await lab.run_for(60)
    assert await conditions(lab) == {
        "FailureTarget": ("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
        "Failed": ("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
    }
    assert (await status(lab)).failed == 2
    line = "Warning BackoffLimitExceeded job: Job has reached the specified backoff limit"
    assert line in await lab.event_lines()


async def test_restarts_within_a_pod_count_too(lab):
    await lab.user.create(job(restart="OnFailure", backoff_limit=2))
    (one,) = await active(lab)
    await lab.become([one], container_statuses=(ContainerStatus(name="c", restart_count=2),))
    await lab.settle()
    await lab.finish_deletions()
    assert "Failed" in await conditions(lab)


async def test_a_deadline_ends_what_runs(lab):
    await lab.user.create(job(active_deadline_seconds=60))
    await lab.become(await active(lab))
    await lab.run_for(61)
    assert (await status(lab)).terminating == 1
    assert "Failed" not in await conditions(lab), "it waits for the Pod to end"
    await lab.finish_deletions()
    assert (await conditions(lab))["Failed"] == ("DeadlineExceeded", "Job was active longer than specified deadline")
    assert (await status(lab)).failed == 1


async def test_a_job_without_completions_is_done_with_the_first_success(lab):
    await lab.user.create(job(completions=None, parallelism=3))
    one, *others = await active(lab)
    await finish(lab, one)
    assert len(await active(lab)) == 2
    assert "Complete" not in await conditions(lab)
    await finish(lab, *others)
    assert (await status(lab)).succeeded == 3
    assert "Complete" in await conditions(lab)


async def test_a_suspended_job_has_no_pods_and_goes_on_when_resumed(lab):
    made = await lab.user.create(job(suspend=True, active_deadline_seconds=60))
    assert await active(lab) == []
    assert (await conditions(lab))["Suspended"] == ("JobSuspended", "Job suspended")
    assert (await status(lab)).start_time == ""
    await lab.run_for(100)
    await lab.change(made, suspend=False)
    assert len(await active(lab)) == 1
    assert "Suspended" not in await conditions(lab)
    assert (await status(lab)).start_time == "2026-01-01T00:01:40Z"
    await lab.change(made, suspend=True)
    assert await active(lab) == []
    assert (await status(lab)).failed is None
    lines = await lab.event_lines()
    assert "Normal Suspended job: Job suspended (×2)" in lines
    assert "Normal Resumed job: Job resumed" in lines


async def test_each_index_is_done_once(lab):
    await lab.user.create(job(completion_mode="Indexed", completions=3, parallelism=2))
    first = await active(lab)
    assert sorted(map(index_of, first)) == [0, 1]
    for one in first:
        index = one.metadata.annotations[INDEX]
        assert one.metadata.labels[INDEX] == index
        assert one.metadata.name.startswith(f"job-{index}-")
        assert one.spec.hostname == f"job-{index}"
        assert one.spec.containers[0].env[0].name == "JOB_COMPLETION_INDEX"
    by_index = {index_of(p): p for p in first}
    await finish(lab, by_index[1])
    assert sorted(index_of(p) for p in await active(lab)) == [0, 2]
    await fail(lab, by_index[0])
    await lab.run_for(11)
    assert sorted(index_of(p) for p in await active(lab)) == [0, 2]
    await finish(lab, *await active(lab))
    s = await status(lab)
    assert (s.succeeded, s.completed_indexes, s.failed) == (3, "0-2", 1)
    assert "Complete" in await conditions(lab)


async def test_with_a_limit_for_each_index_one_may_fail_and_the_others_go_on(lab):
    await lab.user.create(job(completion_mode="Indexed", completions=2, parallelism=2, backoff_limit_per_index=1))
    for _ in range(2):
        broken = next(p for p in await active(lab) if index_of(p) == 0)
        await fail(lab, broken)
        await lab.run_for(30)
    (left,) = await active(lab)
    assert index_of(left) == 1
    await finish(lab, left)
    s = await status(lab)
    assert (s.completed_indexes, s.failed_indexes, s.failed) == ("1", "0", 2)
    assert (await conditions(lab))["Failed"] == ("FailedIndexes", "Job has failed indexes")


def exits(action: str, *codes: int) -> PodFailurePolicy:
    codes_ = PodFailurePolicyOnExitCodesRequirement(operator="In", values=codes)
    return PodFailurePolicy(rules=(PodFailurePolicyRule(action=action, on_exit_codes=codes_),))


async def test_a_failure_policy_ends_the_job_at_once_or_does_not_count(lab):
    await lab.user.create(job(pod_failure_policy=exits("FailJob", 42)))
    (one,) = await active(lab)
    await fail(lab, one, code=42)
    reason, message = (await conditions(lab))["Failed"]
    assert reason == "PodFailurePolicy"
    assert message == (
        f"Container c for pod ns/{one.metadata.name} failed with exit code 42 matching FailJob rule at index 0"
    )


async def test_an_ignored_failure_does_not_count(lab):
    await lab.user.create(job(backoff_limit=0, pod_failure_policy=exits("Ignore", 7)))
    (one,) = await active(lab)
    await fail(lab, one, code=7)
    await lab.run_for(11)
    (two,) = await active(lab)
    assert (await status(lab)).failed is None
    await fail(lab, two, code=8)
    assert (await conditions(lab))["Failed"][0] == "BackoffLimitExceeded"


async def test_a_success_policy_ends_the_rest(lab):
    rules = SuccessPolicy(rules=(SuccessPolicyRule(succeeded_indexes="0"),))
    await lab.user.create(job(completion_mode="Indexed", completions=3, parallelism=3, success_policy=rules))
    await finish(lab, next(p for p in await active(lab) if index_of(p) == 0))
    await lab.finish_deletions()
    assert (await conditions(lab))["Complete"] == ("SuccessPolicy", "Matched rules at index 0")
    s = await status(lab)
    assert (s.succeeded, s.failed, s.completed_indexes) == (1, None, "0")


async def test_less_parallelism_removes_pods_without_counting_them(lab):
    made = await lab.user.create(job(parallelism=3, completions=5))
    await lab.become(await active(lab))
    await lab.change(made, parallelism=1)
    assert len(await active(lab)) == 1
    await lab.finish_deletions()
    assert (await status(lab)).failed is None


async def test_of_pods_of_different_ages_the_younger_are_removed(lab):
    made = await lab.user.create(job(parallelism=2, completions=5))
    await lab.become(await active(lab))
    older = {p.metadata.name for p in await active(lab)}
    await lab.run_for(5)
    await lab.change(made, parallelism=4)
    await lab.become([p for p in await active(lab) if p.metadata.name not in older])
    await lab.change(made, parallelism=2)
    assert {p.metadata.name for p in await active(lab)} == older


async def test_a_pod_that_is_deleted_counts_as_failed_and_is_replaced(lab):
    await lab.user.create(job())
    (one,) = await active(lab)
    await lab.become([one])
    await lab.user.delete(Pod, key_of(one))
    await lab.settle()
    await lab.finish_deletions()
    await lab.run_for(11)
    assert len(await active(lab)) == 1
    assert (await status(lab)).failed == 1


async def test_only_failed_pods_are_replaced_where_that_is_asked_for(lab):
    await lab.user.create(job(pod_replacement_policy="Failed"))
    (one,) = await active(lab)
    await lab.become([one])
    await lab.user.delete(Pod, key_of(one))
    await lab.run_for(60)
    assert await active(lab) == []
    assert (await status(lab)).terminating == 1
    await fail(lab, one)
    await lab.run_for(11)
    assert len(await active(lab)) == 1


async def test_what_another_controller_manages_is_left_to_it(lab):
    await lab.user.create(job(managed_by="example.com/other"))
    assert await active(lab) == []
    assert (await status(lab)).start_time == ""


async def test_pods_lose_their_finalizer_when_the_job_is_gone(lab):
    made = await lab.user.create(job())
    await active(lab)
    await lab.user.delete(Job, key_of(made), DeleteOptions(propagation=BACKGROUND))
    await lab.settle()
    (one,) = await lab.all(Pod)
    assert FINALIZER not in one.metadata.finalizers
    await lab.user.create(pod("alone", finalizers=(FINALIZER,)))
    await lab.settle()
    assert (await lab.get(Pod, "alone")).metadata.finalizers == ()


async def test_a_matching_pod_is_adopted_with_its_finalizer_and_counted(lab):
    await lab.user.create(pod("mine", labels={"app": "job"}, phase="Running"))
    await lab.user.create(job())
    await lab.settle()
    found = await lab.get(Pod, "mine")
    assert found.metadata.owner_references[0].name == "job"
    assert FINALIZER in found.metadata.finalizers
    await finish(lab, found)
    assert "Complete" in await conditions(lab)


async def test_a_hundred_completions_count_exactly(lab):
    await lab.user.create(job(parallelism=20, completions=100))
    for _ in range(20):
        ended = await active(lab)
        if not ended:
            break
        await finish(lab, *ended)
    assert (await status(lab)).succeeded == 100
    assert len(await lab.all(Pod)) == 100


async def test_a_finished_job_is_left_alone(lab):
    made = await lab.user.create(job())
    await finish(lab, *await active(lab))
    before = (await lab.get(Job, "job")).metadata.resource_version
    lab.loops[0].queue.add(key_of(made))
    await lab.run_for(1000)
    assert (await lab.get(Job, "job")).metadata.resource_version == before
