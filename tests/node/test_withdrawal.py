import asyncio
from datetime import timedelta

import pytest

from podo.api.errors import Forbidden
from podo.api.types.core_v1 import Pod, PodIP, PodStatus
from podo.api.types.meta_v1 import ObjectMeta
from podo.clock import VirtualClock
from podo.network.services.progress import Progress
from podo.node.withdrawal import Withdrawal

POD = Pod(metadata=ObjectMeta(name="web", namespace="default"), status=PodStatus(pod_ips=(PodIP(ip="10.244.1.2"),)))


class Rules:
    """Rules that withdraw an address when they are told to."""

    def __init__(self):
        self.progress, self.left, self.gone = Progress(), {}, asyncio.Event()

    async def withdrawn(self, address):
        await self.gone.wait()

    def left_at(self, address):
        return self.left.get(address, 0)


class Server:
    """Notes what it is asked; answers are given by `answers`, an error among them is raised."""

    def __init__(self, *answers):
        self.asked, self.answers = [], list(answers)

    async def fetch(self, path, query):
        self.asked.append((path.rpartition("/")[2], dict(query)))
        answer = self.answers.pop(0) if self.answers else await asyncio.Event().wait()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def clock():
    return VirtualClock()


async def test_a_pod_has_left_when_all_nodes_are_as_far_as_this_one(clock):
    rules, server = Rules(), Server({"late": []})
    drained = asyncio.ensure_future(Withdrawal(rules, server.fetch, clock).drained(POD))
    await clock.run_for(timedelta(seconds=1))
    assert (server.asked, drained.done()) == ([], False)
    rules.left["10.244.1.2"] = 42
    rules.gone.set()
    await clock.run_for(timedelta(seconds=0.05))
    assert (server.asked, drained.done()) == ([("in-force", {"revision": "42"})], False)
    await clock.run_for(timedelta(seconds=0.06))
    await drained


async def test_requests_under_way_get_as_long_as_the_nodes_took_to_let_go(clock):
    async def slow(path, query):
        await clock.sleep(0.3)
        return {"late": []}

    rules = Rules()
    rules.gone.set()
    rules.left["10.244.1.2"] = 42
    drained = asyncio.ensure_future(Withdrawal(rules, slow, clock).drained(POD))
    await clock.run_for(timedelta(seconds=0.59))
    assert not drained.done()
    await clock.run_for(timedelta(seconds=0.02))
    await drained


async def test_a_pod_that_no_service_led_to_waits_for_nobody(clock):
    rules, server = Rules(), Server()
    rules.gone.set()
    await Withdrawal(rules, server.fetch, clock).drained(POD)
    assert server.asked == []


async def test_where_the_server_cannot_tell_a_moment_must_do(clock):
    rules, server = Rules(), Server(Forbidden("no"))
    rules.gone.set()
    rules.left["10.244.1.2"] = 42
    drained = asyncio.ensure_future(Withdrawal(rules, server.fetch, clock).drained(POD))
    await clock.run_for(timedelta(seconds=0.05))
    assert not drained.done()
    await clock.run_for(timedelta(seconds=0.1))
    await drained


async def test_what_is_in_force_is_reported_when_others_wait_for_it(clock):
    rules, server = Rules(), Server({"wanted": 7}, Forbidden("not now"))
    report = asyncio.ensure_future(Withdrawal(rules, server.fetch, clock).report())
    await clock.run_for(timedelta(seconds=1))
    assert server.asked == [("progress", {"reached": "0"})]
    rules.progress.advance(8)
    await clock.run_for(timedelta(seconds=5))
    assert server.asked == [("progress", {"reached": each}) for each in ("0", "8", "8")]
    report.cancel()
