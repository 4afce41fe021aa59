"""Seats and queues."""

import asyncio

import pytest

from podo.server.fairness.level import Level, Levels, Limits, Rejected, deal


def levels(total=10, **limits):
    made = Levels(total)
    for name, each in limits.items():
        made.by_name[name] = Level(name, f"uid-{name}", each, made)
    return made


def of(nominal, least=None, most=None, **queues):
    return Limits(nominal, nominal if least is None else least, nominal if most is None else most, **queues)


async def turns(count=5):
    for _ in range(count):
        await asyncio.sleep(0)


class Run:
    """Requests that wait in a level, and the order in which they are let in."""

    def __init__(self, level, patience=60.0):
        self.level, self.patience, self.entered, self.tasks = level, patience, [], {}

    def ask(self, name, flow, seats=1):
        async def wait():
            queue = await self.level.wait(seats, flow, 0.0, self.patience)
            self.entered.append(name)
            return queue

        self.tasks[name] = asyncio.create_task(wait())

    async def done(self, name, seats=1, took=1.0):
        self.level.give(seats, await self.tasks[name], took)
        await turns()


async def test_a_level_has_so_many_seats_and_more_for_none():
    level = levels(a=of(2)).by_name["a"]
    assert level.try_take(1)
    assert level.try_take(1)
    assert not level.try_take(1)
    level.give(1)
    assert level.try_take(1)


async def test_an_exempt_level_never_waits():
    level = levels(a=None).by_name["a"]
    assert all(level.try_take(5) for _ in range(100))
    level.give(5)
    assert level.executing == 99


async def test_a_level_without_queues_rejects_what_finds_no_seat():
    level = levels(a=of(1)).by_name["a"]
    level.try_take(1)
    with pytest.raises(Rejected, match="concurrency-limit"):
        await level.wait(1, "flow", 0.0, 1.0)
    assert level.counts.rejected == {"concurrency-limit": 1}


async def test_who_waits_is_let_in_when_a_seat_is_given_back():
    level = levels(a=of(1, queues=1, length=5)).by_name["a"]
    level.try_take(1)
    run = Run(level)
    run.ask("first", "f")
    run.ask("second", "f")
    await turns()
    assert (run.entered, level.waiting) == ([], 2)
    level.give(1)
    await turns()
    assert run.entered == ["first"]
    await run.done("first")
    assert run.entered == ["first", "second"]


async def test_nobody_overtakes_those_who_wait():
    level = levels(a=of(2, queues=1, length=5)).by_name["a"]
    level.try_take(2)
    run = Run(level)
    run.ask("wide", "f", seats=2)
    await turns()
    level.give(1)
    assert not level.try_take(1)
    level.give(1)
    await turns()
    assert run.entered == ["wide"]


async def test_a_full_queue_rejects():
    level = levels(a=of(1, queues=1, length=1)).by_name["a"]
    level.try_take(1)
    run = Run(level)
    run.ask("first", "f")
    await turns()
    with pytest.raises(Rejected, match="queue-full"):
        await level.wait(1, "f", 0.0, 1.0)
    run.tasks["first"].cancel()
    await turns()
    assert (level.waiting, level.counts.cancelled) == (0, 1)


async def test_who_waits_too_long_is_rejected():
    level = levels(a=of(1, queues=1, length=1)).by_name["a"]
    level.try_take(1)
    with pytest.raises(Rejected, match="time-out"):
        await level.wait(1, "f", 0.0, 0.0)
    assert level.waiting == 0


async def test_a_flow_that_sends_much_does_not_keep_out_one_that_sends_little():
    level = levels(a=of(1, queues=64, length=50, hand=1)).by_name["a"]
    level.try_take(1)
    run = Run(level)
    for number in range(20):
        run.ask(f"much-{number}", "elephant")
    await turns()
    run.ask("little", "ant")
    await turns()
    level.give(1)
    await turns()
    for _ in range(2):
        await run.done(run.entered[-1])
    assert "little" in run.entered[:2]


async def test_a_queue_whose_requests_take_long_comes_less_often():
    level = levels(a=of(1, queues=64, length=50, hand=1)).by_name["a"]
    level.try_take(1)
    run = Run(level)
    for number in range(6):
        run.ask(f"slow-{number}", "slow")
        run.ask(f"fast-{number}", "fast")
    await turns()
    level.give(1)
    await turns()
    for _ in range(7):
        name = run.entered[-1]
        await run.done(name, took=5.0 if name.startswith("slow") else 1.0)
    fast = sum(name.startswith("fast") for name in run.entered)
    assert fast >= 5


async def test_a_level_takes_what_others_do_not_need_up_to_its_limit():
    found = levels(10, a=of(5, least=5, most=8), b=of(5, least=2))
    a = found.by_name["a"]
    assert [a.try_take(1) for _ in range(9)] == [True] * 8 + [False]


async def test_a_level_keeps_the_least_that_it_never_lends():
    found = levels(10, a=of(5, least=5, most=10), b=of(5, least=2))
    a, b = found.by_name["a"], found.by_name["b"]
    assert sum(a.try_take(1) for _ in range(10)) == 8
    assert b.try_take(2)


async def test_what_was_lent_comes_back_to_who_waits_for_its_own():
    found = levels(10, a=of(5, least=5, most=10, queues=1, length=50), b=of(5, least=1, queues=1, length=50))
    a, b = found.by_name["a"], found.by_name["b"]
    while a.try_take(1):
        pass
    assert a.seats == 9
    b.try_take(1)
    run = Run(b)
    run.ask("own", "f")
    await turns()
    assert not a.try_take(1)
    a.give(1)
    await turns()
    assert run.entered == ["own"]
    assert not a.try_take(1)


async def test_a_request_wider_than_the_level_is_let_in_when_nothing_else_runs():
    level = levels(a=of(1)).by_name["a"]
    assert level.try_take(3)


@pytest.mark.parametrize(("deck", "hand"), [(1, 1), (8, 3), (64, 6), (128, 6), (3, 8)])
def test_a_hand_has_different_cards_of_the_deck(deck, hand):
    for value in range(0, 2**64, 2**58 + 12345):
        dealt = list(deal(value, deck, hand))
        assert len(set(dealt)) == len(dealt) == min(deck, hand)
        assert all(0 <= card < deck for card in dealt)
        assert dealt == list(deal(value, deck, hand))


def test_all_queues_are_dealt():
    assert {card for value in range(1000) for card in deal(value, 8, 2)} == set(range(8))
