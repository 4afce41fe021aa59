"""Backups at set times: when one is due, and that it is taken once, also after a while without a server."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from podo.clock import VirtualClock
from podo.cluster.backup.schedules import (
    AGAIN_AFTER,
    BackupSchedule,
    LastRun,
    Schedules,
    arguments,
    due,
    keep,
    new,
)
from podo.cluster.errors import ClusterError

START = datetime(2026, 1, 1, tzinfo=UTC)


def schedule(at: str = "0 */6 * * *", **more) -> BackupSchedule:
    fields = {"name": "shop", "at": at, "to": "/backups", "passphrase_file": "/p", "since": START} | more
    return BackupSchedule(**fields)


def hours(number: float) -> datetime:
    return START + timedelta(hours=number)


def ran(at: float, for_time: float, failed: str = "") -> LastRun:
    return LastRun(began=hours(at), due=hours(for_time), failed=failed)


@pytest.mark.parametrize(
    ("last", "now", "time"),
    [
        (None, 5.9, None),
        (None, 6, 6),
        (ran(6, 6), 6.1, None),
        (ran(6, 6), 12, 12),
        (ran(6.2, 6), 12, 12),
        (ran(6, 6), 25, 24),  # three were missed: one is taken, for the last of them
        (ran(6, 6, "no room"), 6.01, None),
        (ran(6, 6, "no room"), 6.1, 6),
    ],
)
def test_when_a_backup_is_due(last, now, time):
    assert due(schedule(), last, hours(now)) == (hours(time) if time is not None else None)


def test_after_a_year_without_a_server_one_backup_is_due_and_then_no_more():
    now = hours(24 * 400 + 1)
    found = due(schedule(), ran(6, 6), now)
    assert found is not None
    assert due(schedule(), LastRun(began=now, due=found), now + timedelta(minutes=1)) is None


def test_times_are_those_of_the_zone_that_is_named():
    assert due(schedule("TZ=Europe/Berlin 0 6 * * *"), None, hours(5)) == hours(5)
    assert due(schedule("0 6 * * *"), None, hours(5)) is None


def test_schedules_are_kept_replaced_and_removed(tmp_path):
    found = Schedules(tmp_path)
    assert found.all() == []
    found.add(schedule())
    found.add(schedule("@daily"))
    assert [s.at for s in Schedules(tmp_path).all()] == ["@daily"]
    found.note("shop", ran(1, 1))
    assert found.last("shop") == ran(1, 1)
    assert [s.name for s in found.all()] == ["shop"]
    found.remove("shop")
    assert (found.all(), found.last("shop")) == ([], None)
    found.note("shop", ran(1, 1))  # of one that was removed while it ran
    assert [*(tmp_path / "backups").iterdir()] == []


BAD = [("x", "every day"), ("x", "61 * * * *"), ("../x", "@daily"), ("X", "@daily"), ("x", "TZ=No/Where @daily")]


@pytest.mark.parametrize(("name", "at"), BAD)
def test_what_is_no_schedule_is_refused(tmp_path, name, at):
    with pytest.raises(ClusterError):
        Schedules(tmp_path).add(schedule(at, name=name))
    with pytest.raises(ClusterError, match="there is no schedule"):
        Schedules(tmp_path).remove("missing")


async def test_backups_are_taken_when_they_are_due_and_again_when_they_fail(tmp_path):
    clock, taken, failures = VirtualClock(START), [], ["the store refuses"]

    async def take(wanted: BackupSchedule) -> None:
        taken.append(clock.now())
        if failures:
            raise ClusterError(failures.pop())

    found = Schedules(tmp_path)
    found.add(schedule("@hourly"))
    task = asyncio.create_task(keep(found, take, clock))
    while not found.last("shop"):
        await clock.run_for(60)
        await asyncio.sleep(0.001)  # files are read in a thread
    assert (found.last("shop").failed, found.last("shop").due) == ("the store refuses", hours(1))
    while found.last("shop").failed:
        await clock.run_for(60)
        await asyncio.sleep(0.001)
    task.cancel()
    assert taken[1] - taken[0] >= timedelta(seconds=AGAIN_AFTER)


def test_the_command_of_a_schedule_says_all_of_it(tmp_path):
    wanted = schedule(namespaces=("a", "b"), keep=3, store_file="/s", to="blob:box/x")
    assert arguments(wanted, "c", tmp_path) == [
        *("backup", "create", "--to", "blob:box/x", "--passphrase-file", "/p", "--keep", "3", "--name", "c"),
        *("--state-dir", str(tmp_path), "--store-file", "/s", "--namespace", "a", "--namespace", "b"),
    ]


def test_a_new_schedule_begins_now():
    made = new("x", {"at": "@daily", "to": "/b", "passphrase_file": "/p", "namespaces": ["a"]})
    assert (datetime.now(UTC) - made.since).total_seconds() < 60
    assert made.namespaces == ("a",)
