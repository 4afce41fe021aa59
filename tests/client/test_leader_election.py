import asyncio
from random import Random

import pytest

from podo.api.errors import ServiceUnavailable
from podo.api.types.coordination_v1 import Lease, LeaseSpec
from podo.client.base import Key
from podo.client.leader_election import Election, Elector, LeadershipLost, claim, may_take

from .conftest import settle

LEASE = Key("kube-system", "podo-controllers")


class Led:
    def __init__(self) -> None:
        self.now, self.ended = False, False

    async def forever(self) -> None:
        self.now = True
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self.now, self.ended = False, True


def elector(client, clock, name: str) -> Elector:
    return Elector(client, clock, Election(lease=LEASE, identity=name), chance=Random(1))


async def test_the_first_leads_and_the_second_waits(client, clock, background):
    one, two = Led(), Led()
    background(elector(client, clock, "one").run(one.forever))
    await clock.run_for(1)
    background(elector(client, clock, "two").run(two.forever))
    await clock.run_for(120)
    assert (one.now, two.now) == (True, False)
    assert client.objects[Lease][LEASE].spec.holder_identity == "one"


async def test_when_the_leader_dies_another_takes_over_once_the_lease_has_run_out(client, clock, background):
    one, two = Led(), Led()
    dying = background(elector(client, clock, "one").run(one.forever))
    await clock.run_for(1)
    background(elector(client, clock, "two").run(two.forever))
    await clock.run_for(10)
    dying.cancel()
    await clock.run_for(12)
    assert not two.now
    await clock.run_for(6)
    assert two.now
    spec = client.objects[Lease][LEASE].spec
    assert (spec.holder_identity, spec.lease_transitions) == ("two", 1)


async def test_a_leader_that_ends_gives_the_lease_up(client, clock, background):
    async def briefly() -> None:
        await clock.sleep(3)

    first = background(elector(client, clock, "one").run(briefly))
    await clock.run_for(4)
    await first
    assert client.objects[Lease][LEASE].spec.holder_identity == ""
    two = Led()
    background(elector(client, clock, "two").run(two.forever))
    await clock.run_for(1)
    assert two.now


async def test_a_leader_that_cannot_renew_stops_before_another_may_begin(client, clock):
    led = Led()
    run = asyncio.ensure_future(elector(client, clock, "one").run(led.forever))
    await clock.run_for(1)
    assert led.now
    client.failures = [ServiceUnavailable("no") for _ in range(100)]
    await clock.run_for(14)
    await settle()
    assert led.ended
    with pytest.raises(LeadershipLost):
        await run


async def test_a_short_trouble_is_survived(client, clock, background):
    led = Led()
    background(elector(client, clock, "one").run(led.forever))
    await clock.run_for(1)
    client.failures = [ServiceUnavailable("no")] * 2
    await clock.run_for(60)
    assert led.now


@pytest.mark.parametrize(
    ("holder", "unchanged_for", "may"),
    [("", 0, True), ("me", 0, True), ("other", 0, False), ("other", 14.9, False), ("other", 15, True)],
)
def test_who_may_take_a_lease(holder, unchanged_for, may):
    assert may_take(LeaseSpec(holder_identity=holder, lease_duration_seconds=15), "me", unchanged_for) is may


def test_a_renewal_keeps_the_time_of_the_acquisition_and_counts_no_transition():
    election = Election(lease=LEASE, identity="me")
    first = claim(None, election, "t1")
    again = claim(first, election, "t2")
    assert (first.acquire_time, first.renew_time, first.lease_transitions) == ("t1", "t1", 0)
    assert (again.acquire_time, again.renew_time, again.lease_transitions) == ("t1", "t2", 0)
