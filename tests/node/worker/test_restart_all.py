"""A container ends as a rule says, and the whole Pod begins anew (KEP-5532)."""

from datetime import timedelta

import pytest

from podo.node.runtime.fake_programs import Program
from podo.node.runtime.observed import ContainerState
from podo.node.worker.restart_all import outlived
from tests.node.build import NOW, container, exited, pod, running
from tests.node.fakes import stage


def rule(*codes, operator="In", action="RestartAllContainers"):
    return {"action": action, "exitCodes": {"operator": operator, "values": list(codes)}}


SOURCE = {"restartPolicy": "Never", "restartPolicyRules": [rule(42)]}
SIDECAR = container("side", restartPolicy="Always")
POD = pod(
    container("source", **SOURCE),
    container("other"),
    initContainers=[container("init"), SIDECAR],
    restartPolicy="Never",
)
LATER, LATEST = NOW + timedelta(seconds=5), NOW + timedelta(seconds=9)


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        pytest.param([running("source"), running("other")], set(), id="all is well"),
        pytest.param([exited("source", 1), running("other")], set(), id="it ended otherwise"),
        pytest.param(
            [exited("init"), running("side"), exited("source", 42, finished_at=LATER), running("other")],
            {"init-0", "side-0", "source-0", "other-0"},
            id="all go that were there",
        ),
        pytest.param(
            [
                exited("init"),
                exited("init", attempt=1, created_at=LATEST, finished_at=LATEST),
                exited("source", 42, finished_at=LATER),
                exited("other", 137, finished_at=LATER),
            ],
            {"source-0", "other-0"},
            id="what was begun since stays",
        ),
        pytest.param(
            [
                exited("source", 42, finished_at=LATER),
                running("source", 1, created_at=LATEST),
                exited("other", 137, finished_at=LATER),
            ],
            {"other-0"},
            id="also when the source runs again before the others",
        ),
        pytest.param([exited("debugger", 42, finished_at=LATER), running("source")], set(), id="of no such container"),
    ],
)
def test_what_is_to_be_replaced(attempts, expected):
    assert outlived(POD.spec, attempts) == expected


def test_the_first_rule_that_matches_counts():
    rules = [rule(42, action="Restart"), rule(42)]
    spec = pod(container("source", restartPolicy="Never", restartPolicyRules=rules)).spec
    assert outlived(spec, [exited("source", 42, finished_at=LATER)]) == frozenset()


def attempts(s, name):
    return s.container(name).attempt, s.container(name).state


def ends_once(with_code, of="source"):
    """The first process of a container ends; all others serve."""
    begun = []

    def programs(config, command):
        if config.name == "init":
            return Program(runs_for=0)
        if config.name == of and not begun:
            begun.append(config.name)
            return Program(runs_for=10, exit_code=with_code)
        return Program(stop_code=137)

    return programs


async def test_all_containers_begin_anew_in_their_order(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, POD, programs=ends_once(42)) as s:
        await s.settle(5)
        assert s.status.phase == "Running"
        await s.settle(30)
        assert {name: attempts(s, name)[0] for name in ("init", "side", "source", "other")} == {
            "init": 1, "side": 1, "source": 1, "other": 1
        }  # fmt: skip
        assert attempts(s, "source")[1] is attempts(s, "other")[1] is attempts(s, "side")[1] is ContainerState.RUNNING
        assert s.container("init").finished_at <= s.container("side").created_at <= s.container("source").created_at
        assert len(s.worker.observed.sandboxes) == 1
        for status in (*s.status.container_statuses, *s.status.init_container_statuses):
            assert (status.restart_count, bool(status.last_state.terminated)) == (1, True)
        said = [{c.type: c.status for c in one.conditions}.get("AllContainersRestarting") for one in s.statuses.all]
        assert "True" in said
        assert said[-1] == "False"
        assert {one.phase for one in s.statuses.all if one.phase} <= {"Pending", "Running"}


async def test_what_was_about_to_begin_when_it_ended_is_restarted_too(tmp_path, clock, client):
    def programs(config, command):
        at_once = config.name == "source" and config.attempt == 0
        return Program(runs_for=0, exit_code=42) if at_once else Program(stop_code=137)

    made = pod(container("source", **SOURCE), container("other"), restartPolicy="Never")
    async with stage(tmp_path, clock, client, made, programs=programs) as s:
        await s.settle(30)
        assert attempts(s, "source") == attempts(s, "other") == (1, ContainerState.RUNNING)


async def test_a_rule_for_another_code_changes_nothing(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, POD, programs=ends_once(41)) as s:
        await s.settle(60)
        assert attempts(s, "source") == (0, ContainerState.EXITED)
        assert attempts(s, "other") == (0, ContainerState.RUNNING)


async def test_killed_containers_that_match_a_rule_themselves_begin_no_endless_round(tmp_path, clock, client):
    both = container("other", restartPolicy="Never", restartPolicyRules=[rule(0, operator="NotIn")])
    made = pod(container("source", **SOURCE), both, restartPolicy="Never")
    async with stage(tmp_path, clock, client, made, programs=ends_once(42)) as s:
        await s.settle(120)
        assert attempts(s, "source") == (1, ContainerState.RUNNING)
        assert attempts(s, "other") == (1, ContainerState.RUNNING)


async def test_pods_without_such_a_rule_have_no_such_condition(tmp_path, clock, client):
    async with stage(tmp_path, clock, client, pod()) as s:
        assert "AllContainersRestarting" not in {c.type for c in s.status.conditions}
