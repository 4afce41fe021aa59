import asyncio
from datetime import timedelta

import pytest

from podo.api.errors import BadRequest, Forbidden
from podo.clock import VirtualClock
from podo.server.context import User
from podo.server.http.handler import PathRequest
from podo.server.in_force import InForce


@pytest.fixture
def clock():
    return VirtualClock()


@pytest.fixture
def members(clock):
    return InForce(clock)


async def turn(clock, seconds=0.0):
    await clock.run_for(timedelta(seconds=seconds))


async def test_without_members_everything_is_in_force(members):
    assert await members.reached(7, 2) == []


async def test_who_waits_is_answered_when_the_last_member_is_there(members, clock):
    first, second = (asyncio.ensure_future(members.follow(name, 5)) for name in ("node-1", "node-2"))
    await turn(clock)
    waits = asyncio.ensure_future(members.reached(7, 2))
    assert await first == await second == 7
    again = [asyncio.ensure_future(members.follow("node-1", 7))]
    await turn(clock)
    assert not waits.done()
    again.append(asyncio.ensure_future(members.follow("node-2", 8)))
    assert await waits == []
    assert not any(each.done() for each in again)
    for each in again:
        each.cancel()


async def test_many_who_wait_are_one_question(members, clock):
    member = asyncio.ensure_future(members.follow("node-1", 5))
    await turn(clock)
    waits = [asyncio.ensure_future(members.reached(revision, 2)) for revision in (6, 9, 7)]
    await turn(clock)
    assert await member == 9
    rest = asyncio.ensure_future(members.follow("node-1", 9))
    assert await asyncio.gather(*waits) == [[], [], []]
    rest.cancel()


async def test_a_late_member_is_named_after_the_time_that_was_given(members, clock):
    member = asyncio.ensure_future(members.follow("node-1", 5))
    await turn(clock)
    waits = asyncio.ensure_future(members.reached(7, 2))
    await turn(clock, 1.9)
    assert (await member, waits.done()) == (7, False)
    await turn(clock, 0.2)
    assert await waits == ["node-1"]


async def test_a_member_that_is_not_heard_of_any_more_is_waited_for_no_longer(members, clock):
    await asyncio.gather(members.follow("node-1", 5, 1), turn(clock, 1))
    await turn(clock, 3.1)
    assert await members.reached(7, 2) == []


async def test_a_member_that_begins_anew_is_waited_for_again(members, clock):
    await asyncio.gather(members.follow("node-1", 9, 1), turn(clock, 1))
    member = asyncio.ensure_future(members.follow("node-1", 0))
    await turn(clock)
    waits = asyncio.ensure_future(members.reached(9, 2))
    await turn(clock, 2.1)
    assert await waits == ["node-1"]
    assert await member == 9


async def test_a_member_hears_that_nobody_waits_after_a_while(members, clock):
    member = asyncio.ensure_future(members.follow("node-1", 5))
    await turn(clock, 19.9)
    assert not member.done()
    await turn(clock, 0.2)
    assert await member == 0


def request(what, user="system:node:node-1", **query):
    return PathRequest("GET", f"/podo/v1/network/{what}", query, {}, User(user))


async def test_nodes_report_under_their_own_name_only(members, clock):
    paths = members.paths()
    progress = paths["/podo/v1/network/progress"]
    told = asyncio.ensure_future(progress(request("progress", reached="5")))
    await turn(clock)
    late = asyncio.ensure_future(paths["/podo/v1/network/in-force"](request("in-force", revision="6", seconds="1")))
    await turn(clock, 1.1)
    assert (await late).body == b'{"revision":6,"late":["node-1"]}'
    assert (await told).body == b'{"wanted":6}'
    with pytest.raises(Forbidden, match="'bob' is no node"):
        await progress(request("progress", user="bob", reached="5"))


@pytest.mark.parametrize("text", ["-1", "x", "1.5", "", "9" * 20, "²"])
async def test_what_is_no_revision_is_refused(members, text):
    with pytest.raises(BadRequest, match="invalid revision"):
        await members.paths()["/podo/v1/network/in-force"](request("in-force", revision=text))
