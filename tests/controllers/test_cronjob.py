from datetime import UTC, datetime

import msgspec
import pytest

from podo.api.cron import parse
from podo.api.types.batch_v1 import CronJob, Job
from podo.api.types.core_v1 import Pod
from podo.client.base import BACKGROUND, DeleteOptions, key_of
from podo.controllers.cronjob import CronJobController, Plan, find_due, job_name
from podo.controllers.garbage_collector import GarbageCollector
from podo.controllers.job import JobController
from tests.build import cron_job


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(CronJobController, JobController, GarbageCollector)


async def jobs(lab) -> list[str]:
    await lab.settle()
    return [j.metadata.name for j in await lab.all(Job) if not j.metadata.deletion_timestamp]


async def finish(lab, phase: str = "Succeeded") -> None:
    await lab.settle()
    running = [p for p in await lab.all(Pod) if p.status.phase not in ("Succeeded", "Failed")]
    await lab.become(running, ready=False, phase=phase)
    await lab.settle()


async def status(lab):
    await lab.settle()
    return (await lab.get(CronJob, "tick")).status


async def test_a_job_is_made_at_each_time(lab):
    made = await lab.user.create(cron_job())
    await lab.run_for(299)
    assert await jobs(lab) == []
    await lab.run_for(2)
    (name,) = await jobs(lab)
    assert name == job_name(made, datetime(2026, 1, 1, 0, 5, tzinfo=UTC))
    job = await lab.get(Job, name)
    assert job.metadata.labels == {"cron": "tick"}
    assert job.metadata.annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"] == "2026-01-01T00:05:00Z"
    assert job.metadata.owner_references[0].uid == made.metadata.uid
    s = await status(lab)
    assert s.last_schedule_time == "2026-01-01T00:05:00Z"
    assert [r.name for r in s.active] == [name]
    await finish(lab)
    s = await status(lab)
    assert (s.active, s.last_successful_time) == ((), "2026-01-01T00:05:01Z")
    lines = await lab.event_lines()
    assert f"Normal SuccessfulCreate tick: Created job {name}" in lines
    assert f"Normal SawCompletedJob tick: Saw completed job: {name}, condition: Complete" in lines


async def test_a_year_of_mornings_passes(lab):
    made = await lab.user.create(cron_job(schedule="0 6 1 * *", time_zone="Asia/Seoul"))
    times = []
    for _ in range(365):
        await lab.clock.run_for(86_400)
        await finish(lab)
        await lab.finish_deletions()
        last = (await status(lab)).last_schedule_time
        if last and last not in times:
            times.append(last)
    assert len(times) == 12
    assert times[:2] == ["2026-01-31T21:00:00Z", "2026-02-28T21:00:00Z"]
    assert len(await jobs(lab)) == 3
    assert made.spec.time_zone == "Asia/Seoul"


async def test_two_may_run_at_a_time_or_not_or_the_new_one_replaces_the_old(lab):
    for policy, after in (("Allow", 2), ("Forbid", 1), ("Replace", 1)):
        made = await lab.user.create(cron_job(concurrency_policy=policy))
        await lab.run_for(301)
        first = await jobs(lab)
        await lab.run_for(300)
        now = await jobs(lab)
        assert len(now) == after
        assert (now == first) is (policy == "Forbid")
        if policy == "Forbid":
            reason = "Not starting job because prior execution is running and concurrency policy is Forbid"
            assert f"Normal JobAlreadyActive tick: {reason}" in await lab.event_lines()
        await lab.user.delete(CronJob, key_of(made), DeleteOptions(propagation=BACKGROUND))
        await lab.settle()
        await lab.finish_deletions()
        await lab.settle()
        assert await jobs(lab) == []
        await lab.run_for(300 - 1)


async def test_finished_jobs_beyond_the_limits_go(lab):
    await lab.user.create(cron_job(successful_jobs_history_limit=2))
    for _ in range(5):
        await lab.run_for(301)
        await finish(lab)
        await lab.finish_deletions()
    assert len(await jobs(lab)) == 2


async def test_suspended_it_starts_nothing_and_then_only_the_latest(lab):
    made = await lab.user.create(cron_job(suspend=True))
    await lab.run_for(3600)
    assert await jobs(lab) == []
    await lab.change(made, suspend=False)
    await lab.settle()
    assert len(await jobs(lab)) == 1
    assert (await status(lab)).last_schedule_time == "2026-01-01T01:00:00Z"


async def test_what_comes_too_late_is_not_started(lab):
    made = await lab.user.create(cron_job(schedule="0 * * * *", suspend=True, starting_deadline_seconds=60))
    await lab.run_for(3600 + 600)
    await lab.change(made, suspend=False)
    await lab.settle()
    assert await jobs(lab) == []
    await lab.run_for(3001)
    assert len(await jobs(lab)) == 1


async def test_a_new_schedule_starts_nothing_that_lies_before_it(lab):
    made = await lab.user.create(cron_job(schedule="0 0 * * *"))
    await lab.run_for(3600)
    await lab.change(made, schedule="*/10 * * * *")
    await lab.settle()
    assert await jobs(lab) == []
    await lab.run_for(601)
    assert len(await jobs(lab)) == 1


async def test_a_job_that_somebody_deletes_is_forgotten(lab):
    await lab.user.create(cron_job())
    await lab.run_for(301)
    (name,) = await jobs(lab)
    await lab.user.delete(Job, key_of(await lab.get(Job, name)), DeleteOptions(propagation=BACKGROUND))
    await lab.settle()
    await lab.finish_deletions()
    assert (await status(lab)).active == ()
    assert f"Normal MissingJob tick: Active job went missing: {name}" in await lab.event_lines()


def due(schedule: str, created: str, now: str, **spec):
    cron = cron_job(schedule=schedule, **spec)
    meta = msgspec.structs.replace(cron.metadata, creation_timestamp=created)
    found = find_due(
        msgspec.structs.replace(cron, metadata=meta), Plan(parse(schedule), UTC), datetime.fromisoformat(now)
    )
    return (found.at.strftime("%d %H:%M") if found.at else None), found.missed


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-01T00:59:59+00:00", (None, 0)),
        ("2026-01-01T01:00:00+00:00", ("01 01:00", 0)),
        ("2026-01-01T02:30:00+00:00", ("01 02:00", 2)),
        ("2026-01-09T02:30:00+00:00", ("09 02:00", 194)),
    ],
)
def test_what_is_due(now, expected):
    assert due("0 * * * *", "2026-01-01T00:10:00Z", now) == expected


def test_an_uneven_schedule_finds_the_latest_time():
    assert due("30 6-16/4 * * 1-5", "2026-01-01T00:00:00Z", "2026-01-05T08:00:00+00:00") == ("05 06:30", 25)


def test_the_deadline_hides_what_lies_before_it():
    found = due("0 * * * *", "2026-01-01T00:10:00Z", "2026-01-01T05:30:00+00:00", starting_deadline_seconds=60)
    assert found == (None, 0)
