"""Where the audit log goes: files that are rotated, and web services that take batches."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from podo.api.errors import ServiceUnavailable
from podo.client.transport import Answer
from podo.clock import VirtualClock
from podo.server.audit.log import MEGABYTE, LogFile, Rotation, backup_name, outdated
from podo.server.audit.webhook import Batching, Webhook


@pytest.fixture
def clock():
    return VirtualClock()


def test_each_event_is_a_line_that_only_the_owner_reads(tmp_path, clock):
    path = tmp_path / "logs" / "audit.log"
    log = LogFile(path, Rotation(), clock)
    log.put(b"{}")
    log.put(b'{"a":1}')
    assert path.read_bytes() == b'{}\n{"a":1}\n'
    assert path.stat().st_mode & 0o777 == 0o600
    log.close()


def test_a_log_goes_on_where_it_ended(tmp_path, clock):
    path = tmp_path / "audit.log"
    for _ in range(2):
        log = LogFile(path, Rotation(), clock)
        log.put(b"{}")
        log.close()
    assert path.read_bytes() == b"{}\n{}\n"


def test_a_full_file_is_put_aside_and_the_oldest_go(tmp_path, clock):
    path = tmp_path / "audit.log"
    log = LogFile(path, Rotation(megabytes=1, backups=2), clock)
    for number in range(5):
        log.put(b"%d" % number + b"x" * (MEGABYTE - 10))
        clock.advance(1)
    aside = sorted(p for p in tmp_path.iterdir() if p != path)
    assert [p.read_bytes()[:1] for p in aside] == [b"2", b"3"]
    assert path.read_bytes()[:1] == b"4"
    log.close()


def test_files_go_by_age_too(clock):
    now = clock.now()
    backups = {f"{days}": now - timedelta(days=days) for days in (1, 3, 8)}
    assert outdated(backups, Rotation(days=7), now) == ["8"]
    assert outdated(backups, Rotation(days=7, backups=1), now) == ["3", "8"]
    assert outdated(backups, Rotation(), now) == []


def test_files_of_others_are_left_alone(tmp_path, clock):
    (tmp_path / "audit-notes.log").write_text("mine")
    log = LogFile(tmp_path / "audit.log", Rotation(megabytes=1, backups=1), clock)
    for _ in range(3):
        log.put(b"x" * MEGABYTE)
        clock.advance(1)
    assert (tmp_path / "audit-notes.log").exists()
    log.close()


def test_the_name_of_a_file_that_was_put_aside_has_the_time(clock):
    assert backup_name("audit.log", clock.now()) == "audit-2026-01-01T00-00-00.000000.log"
    assert backup_name("audit", clock.now()) == "audit-2026-01-01T00-00-00.000000"


class Service:
    """Takes batches, once it is up."""

    def __init__(self):
        self.batches, self.failures = [], 0

    async def send(self, request):
        if self.failures:
            self.failures -= 1
            raise ServiceUnavailable("down")
        body = msgspec.json.decode(request.body)
        assert (body["kind"], body["apiVersion"]) == ("EventList", "audit.k8s.io/v1")
        self.batches.append([event["n"] for event in body["items"]])
        return Answer(200, b"")


async def hook(clock, service, **batching):
    webhook = Webhook(service, Batching(**batching), clock)
    task = asyncio.create_task(webhook.run())
    await clock.run_for(0)
    return webhook, task


async def stopped(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_events_wait_for_each_other_and_go_together(clock):
    service = Service()
    webhook, task = await hook(clock, service, size=3)
    for number in range(2):
        webhook.put(b'{"n":%d}' % number)
    await clock.run_for(29)
    assert service.batches == []
    await clock.run_for(2)
    assert service.batches == [[0, 1]]
    await stopped(task)


async def test_a_full_batch_goes_at_once(clock):
    service = Service()
    webhook, task = await hook(clock, service, size=3)
    for number in range(7):
        webhook.put(b'{"n":%d}' % number)
    await clock.run_for(1)
    assert service.batches == [[0, 1, 2], [3, 4, 5]]
    await stopped(task)
    assert service.batches[2:] == [[6]]  # what waits is sent at the end


async def test_a_batch_that_fails_is_sent_again(clock):
    service = Service()
    service.failures = 2
    webhook, task = await hook(clock, service, size=1)
    webhook.put(b'{"n":1}')
    await clock.run_for(60)
    assert service.batches == [[1]]
    assert webhook.dropped == 0
    await stopped(task)


async def test_events_are_dropped_where_there_are_too_many_and_nothing_waits(clock):
    service = Service()
    service.failures = 10**6
    webhook, task = await hook(clock, service, size=1, buffer=2)
    for number in range(5):
        webhook.put(b'{"n":%d}' % number)
    assert webhook.dropped == 3
    await clock.run_for(1000)
    assert webhook.dropped == 5
    await stopped(task)
