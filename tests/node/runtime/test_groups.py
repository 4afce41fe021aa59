"""The groups of containers and of their Pod."""

import pytest

from podo.node.cgroups.base import CgroupFailure
from podo.node.cgroups.machine import open_cgroups
from podo.node.runtime.config import LinuxResources
from tests.contract.test_runtime import SERVER, exited, sandbox_config, started
from tests.e2e.processes import until
from tests.node.runtime.lab import real_lab, time_limit

pytestmark = pytest.mark.e2e


@pytest.fixture
async def lab():
    with time_limit(60):
        async with real_lab() as lab:
            yield lab


@pytest.fixture
async def sandbox(lab):
    return await lab.runtime.run_pod_sandbox(sandbox_config(lab))


async def test_the_limits_of_a_container_that_has_ended_do_not_bind_its_pod(lab, sandbox):
    """A group cannot have less than those below it (cgroup v1), and a resize may restart a container with less."""
    cgroups = open_cgroups()
    limits = LinuxResources(cpu_quota=50_000, cpu_period=100_000)
    ended = await started(lab, sandbox, "true", resources=limits)
    await exited(lab.runtime, ended)
    await started(lab, sandbox, *SERVER, attempt=1, resources=LinuxResources(cpu_quota=10_000, cpu_period=100_000))

    def smaller() -> bool:
        try:
            cgroups.apply(lab.cgroup, LinuxResources(cpu_quota=10_000, cpu_period=100_000))
        except CgroupFailure:
            return False  # the kernel counts a group for some milliseconds after it has gone
        return True

    until("the Pod's group may have less", smaller, 5)
    assert not any(ended in child for child in cgroups.children(lab.cgroup))
