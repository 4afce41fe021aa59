"""kill -9 at random moments: whatever an agent was at, the next one finds it or clears it away."""

import asyncio
import random
import sys

import pytest

from podo.node.runtime.observed import ContainerState
from podo.node.runtime.processes import command_lines
from tests.node.runtime.lab import real_lab, time_limit

ROUNDS = [
    pytest.param(12, 120, marks=[pytest.mark.e2e, pytest.mark.slow], id="12 rounds"),
    pytest.param(200, 1800, marks=pytest.mark.soak, id="200 rounds"),
]  # and seconds


@pytest.fixture
async def lab_and_rounds(rounds, seconds):
    with time_limit(seconds):
        async with real_lab() as lab:
            yield lab, rounds


async def killed_after(lab, lives: int, delay: float) -> None:
    """Let an agent see `lives` Pods through, and kill it a moment later."""
    arguments = [lab.state, lab.images_root, lab.image, lab.cgroup]
    agent = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.node.runtime.churn", *map(str, arguments), stdout=asyncio.subprocess.PIPE
    )
    try:
        for _ in range(lives):
            await agent.stdout.readline()
        await asyncio.sleep(delay)
    finally:
        agent.kill()
        await agent.wait()


@pytest.mark.parametrize(("rounds", "seconds"), ROUNDS)
async def test_no_kill_leaves_anything_that_the_next_agent_does_not_find(lab_and_rounds):
    lab, rounds = lab_and_rounds
    chance = random.Random(7)
    await lab.runtime.__aexit__(None, None, None)
    try:
        await kill_and_look(lab, rounds, chance)
    finally:  # what is left, whatever went wrong, is for a runtime that sees it to clear away
        lab.runtime = lab.restart()
        await lab.runtime.__aenter__()


async def kill_and_look(lab, rounds, chance):
    for _ in range(rounds):
        await killed_after(lab, chance.randrange(3), chance.random() / 5)
        async with lab.restart() as runtime:
            seen = await runtime.observe()
            for container in seen.containers:
                if container.state is ContainerState.RUNNING:
                    assert (await runtime.exec_sync(container.id, ("echo", "here"))).stdout == b"here\n"
            for sandbox in seen.sandboxes:
                await runtime.remove_pod_sandbox(sandbox.id)
            assert await runtime.observe() == type(seen)()
        for folder in ("node/sandboxes", "node/containers", "node/exits", "run/sandboxes", "run/engine", "run/exec"):
            assert list((lab.state / folder).iterdir()) == [], folder
        left = [command for _, command in command_lines() if str(lab.state) in " ".join(command)]
        assert left == []
