from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from podo.api.types.core_v1 import Node, Pod, Taint, Toleration
from podo.controllers.taint_eviction import FOREVER, TaintEviction, disrupted, leaves_at, mark_disrupted
from tests.build import node, pod

START = datetime(2026, 1, 1, tzinfo=UTC)
BAD = Taint(key="bad", effect="NoExecute")
LATER = Taint(key="later", effect="NoExecute", time_added="2026-01-01T00:00:10Z")


def tolerant(*tolerations: Toleration, **fields) -> Pod:
    made = pod("p", node="n1", **fields)
    return msgspec.structs.replace(made, spec=msgspec.structs.replace(made.spec, tolerations=tolerations))


def bearing(key: str, seconds: int | None = None) -> Toleration:
    return Toleration(key=key, operator="Exists", effect="NoExecute", toleration_seconds=seconds)


@pytest.fixture
async def running(lab):
    await lab.user.create(node("n1"))
    lab.start(TaintEviction)


async def taint(lab, *taints: Taint) -> None:
    await lab.change(await lab.get(Node, "n1", ""), taints=taints)
    await lab.settle()


async def is_leaving(lab) -> bool:
    found = await lab.get(Pod, "p")
    return found is None or bool(found.metadata.deletion_timestamp)


async def test_a_pod_that_does_not_tolerate_it_leaves_at_once_and_says_why(lab, running):
    await lab.user.create(tolerant())
    await lab.settle()
    assert not await is_leaving(lab)
    await taint(lab, BAD)
    assert await is_leaving(lab)
    if found := await lab.get(Pod, "p"):
        (condition,) = [c for c in found.status.conditions if c.type == "DisruptionTarget"]
        assert (condition.status, condition.reason) == ("True", "DeletionByTaintManager")
        assert condition.message == "Taint manager: deleting due to NoExecute taint"
    assert "Normal TaintManagerEviction p: Marking for deletion Pod ns/p" in await lab.event_lines()


async def test_a_pod_that_tolerates_it_for_a_while_leaves_then(lab, running):
    await lab.user.create(tolerant(bearing("bad", 60)))
    await taint(lab, BAD)
    await lab.run_for(59)
    assert not await is_leaving(lab)
    await lab.run_for(1)
    assert await is_leaving(lab)


async def test_a_taint_that_goes_in_time_spares_the_pod(lab, running):
    await lab.user.create(tolerant(bearing("bad", 60)))
    await taint(lab, BAD)
    await lab.run_for(30)
    await taint(lab)
    assert "Normal TaintManagerEviction p: Cancelling deletion of Pod ns/p" in await lab.event_lines()
    await lab.run_for(100)
    assert not await is_leaving(lab)
    await taint(lab, BAD)
    await lab.run_for(59)
    assert not await is_leaving(lab), "it counts anew"


async def test_a_pod_that_tolerates_it_for_ever_stays(lab, running):
    await lab.user.create(tolerant(bearing("bad")))
    await taint(lab, BAD)
    await lab.run_for(10_000)
    assert not await is_leaving(lab)


async def test_taints_that_only_concern_scheduling_drive_nobody_away(lab, running):
    await lab.user.create(tolerant())
    await taint(lab, Taint(key="bad", effect="NoSchedule"), Taint(key="worse", effect="PreferNoSchedule"))
    assert not await is_leaving(lab)


async def test_a_pod_that_comes_to_a_tainted_node_leaves_too(lab, running):
    await taint(lab, BAD)
    await lab.user.create(tolerant())
    await lab.settle()
    assert await is_leaving(lab)


async def test_a_finished_pod_is_left_where_it_is(lab, running):
    made = await lab.user.create(tolerant())
    await lab.change_status(made, phase="Succeeded")
    await lab.settle()
    await taint(lab, BAD)
    assert not await is_leaving(lab)


def seconds(given: Pod, *taints: Taint, since: datetime = START) -> float | None:
    found = leaves_at(given, list(taints), since)
    return None if found is FOREVER else (found - START).total_seconds()


def test_the_time_counts_from_when_the_taint_was_set():
    assert seconds(tolerant(bearing("later", 60)), LATER) == 70


def test_the_shortest_toleration_counts():
    both = tolerant(bearing("later", 60), bearing("bad", 5))
    assert seconds(both, LATER, BAD) == 5


def test_one_taint_that_is_not_tolerated_is_enough():
    assert seconds(tolerant(bearing("later")), LATER, BAD) < 0


def test_for_ever_is_only_for_ever_for_all():
    assert seconds(tolerant(bearing("later"), bearing("bad")), LATER, BAD) is None
    assert seconds(tolerant(bearing("later"), bearing("bad", 9)), LATER, BAD) == 9


def test_it_does_not_count_before_the_pod_was_there():
    late = tolerant(bearing("later", 60), creation_timestamp="2026-01-01T01:00:00Z")
    assert seconds(late, LATER) == 3660


def test_no_time_at_all_is_now():
    assert seconds(tolerant(bearing("bad", 0)), BAD) == 0
    assert seconds(tolerant(bearing("bad", -3)), BAD) == 0


def test_a_condition_that_is_there_keeps_its_time():
    first = disrupted(pod(), "R", "m", START)
    assert disrupted(first, "R", "m", START + timedelta(hours=1)) == first
    other = disrupted(first, "S", "m", START + timedelta(hours=1))
    assert other.status.conditions[-1].last_transition_time == "2026-01-01T00:00:00Z"


async def test_the_mark_does_not_mind_what_else_of_the_status_has_changed_meanwhile(lab):
    stale = await lab.user.create(pod())
    await lab.become([stale], pod_ip="10.0.0.1")
    await mark_disrupted(lab.client, stale, "R", "m", START)
    found = (await lab.get(Pod, stale.metadata.name)).status
    assert found.pod_ip == "10.0.0.1"
    assert {c.type for c in found.conditions} == {"Ready", "DisruptionTarget"}
