import pytest

from podo.api.types.batch_v1 import Job
from podo.api.types.core_v1 import Pod
from podo.controllers.garbage_collector import GarbageCollector
from podo.controllers.job import JobController
from podo.controllers.ttl_after_finished import TTLAfterFinished
from tests.build import job


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(JobController, TTLAfterFinished, GarbageCollector)


async def finish(lab) -> None:
    await lab.settle()
    await lab.become(await lab.all(Pod), ready=False, phase="Succeeded")
    await lab.settle()


async def test_a_finished_job_goes_with_its_pods_when_its_time_is_up(lab):
    await lab.user.create(job(ttl_seconds_after_finished=100))
    await lab.run_for(1000)
    assert await lab.get(Job, "job")
    await finish(lab)
    await lab.run_for(99)
    assert await lab.get(Job, "job")
    await lab.run_for(1)
    await lab.finish_deletions()
    await lab.settle()
    assert await lab.get(Job, "job") is None
    assert await lab.all(Pod) == []


async def test_without_a_time_it_stays(lab):
    await lab.user.create(job())
    await finish(lab)
    await lab.run_for(100_000)
    assert await lab.get(Job, "job")


async def test_a_time_that_is_set_later_counts_from_the_end(lab):
    made = await lab.user.create(job())
    await finish(lab)
    await lab.run_for(50)
    await lab.change(made, ttl_seconds_after_finished=60)
    await lab.run_for(5)
    assert await lab.get(Job, "job")
    await lab.run_for(6)
    await lab.finish_deletions()
    await lab.settle()
    assert await lab.get(Job, "job") is None
