"""What happens reaches all watchers, in rounds."""

import asyncio

import pytest

from podo.api.selectors import parse_labels
from podo.clock import VirtualClock
from podo.server.http.encoding import Encoder
from podo.server.http.negotiation import PLAIN
from podo.server.http.pump import Flow, Pump
from podo.server.registry.catalog import Catalog
from podo.server.table.tables import PrinterTables
from podo.server.watchcache.entry import Change
from podo.server.watchcache.selection import Selection
from podo.server.watchcache.watcher import Watcher
from podo.store.base import EventType

from ..watchcache.build import entry

SERVED = Catalog().by_path("", "v1", "configmaps")


class Client:
    """A client that remembers what it was sent."""

    def __init__(self, pump, selection=None):
        self.chunks, self.has_to_read = [], False
        self.watcher = Watcher(selection or Selection(), lambda obj: {}, 0)
        encoder = Encoder(SERVED, PLAIN, PrinterTables(VirtualClock()))
        self.flow = Flow(pump, self.watcher, encoder, self.write, lambda: self.has_to_read)

    def write(self, data):
        self.chunks.append(data)

    def seen(self):
        return [data.count(b'"type"') for data in self.chunks]


def change(revision, **more):
    return Change(EventType.ADDED, entry(f"x{revision}", revision, **more), None)


def still_pump():
    """One whose rounds take no time, so that none has to wait, however busy the machine is."""
    return Pump(lambda: 0.0)


async def settle():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_change_is_written_at_once_to_all():
    pump = still_pump()
    clients = [Client(pump) for _ in range(250)]
    await settle()
    happened = change(5)
    for client in clients:
        client.watcher.offer(happened)
    await settle()
    assert all(client.seen() == [1] for client in clients)
    assert len({id(client.chunks[0]) for client in clients}) == 1  # the very same bytes


async def test_changes_that_come_together_are_written_together():
    client = Client(still_pump())
    for revision in (5, 6, 7):
        client.watcher.offer(change(revision))
    await settle()
    assert client.seen() == [3]
    size, _, rest = client.chunks[0].partition(b"\r\n")
    assert int(size, 16) == len(rest) - 2


async def test_watchers_that_began_later_are_not_sent_what_others_are():
    pump = still_pump()
    first, later = Client(pump), Client(pump)
    one, two = change(5), change(6)
    first.watcher.offer(one)
    for client in (first, later):
        client.watcher.offer(two)
    await settle()
    assert (first.seen(), later.seen()) == ([2], [1])


async def test_a_selection_gets_chunks_of_its_own():
    pump = still_pump()
    all_of_them, some = Client(pump), Client(pump, Selection("", parse_labels("app=a")))
    for happened in (change(5, labels={"app": "a"}), change(6, labels={"app": "b"}), change(7, labels={"app": "a"})):
        for client in (all_of_them, some):
            client.watcher.offer(happened)
    await settle()
    assert (all_of_them.seen(), some.seen()) == ([3], [2])


async def test_a_client_that_does_not_read_is_left_alone_until_it_has():
    client = Client(still_pump())
    client.has_to_read = True
    client.watcher.offer(change(5))
    await settle()
    assert client.flow.full
    assert client.flow.stopped.is_set()
    client.watcher.offer(change(6))
    await settle()
    assert client.seen() == [1]
    client.has_to_read, client.flow.full = False, False
    client.flow.resume()
    await asyncio.sleep(0.01)
    assert client.seen() == [1, 1]


async def test_the_end_of_a_watch_wakes_its_owner():
    client = Client(still_pump())
    client.watcher.close()
    async with asyncio.timeout(1):
        await client.flow.stopped.wait()


async def test_a_flow_that_has_ended_is_written_no_more():
    client = Client(still_pump())
    await settle()
    client.flow.end()
    client.watcher.offer(change(5))
    await settle()
    assert client.seen() == []


@pytest.mark.parametrize("failure", [ConnectionResetError("gone"), RuntimeError("a bug")])
async def test_one_failure_does_not_stop_the_others(failure):
    pump = still_pump()
    bad, good = Client(pump), Client(pump)

    def fail(data):
        raise failure

    bad.flow._write = fail
    happened = change(5)
    for client in (bad, good):
        client.watcher.offer(happened)
    await settle()
    assert bad.watcher.closed
    assert good.seen() == [1]
