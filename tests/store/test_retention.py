from datetime import timedelta

from podo.store.base import Revision
from podo.store.retention import Retention, Window

HOUR = timedelta(hours=1)


def test_nothing_is_forgotten_while_there_are_few_young_events():
    window = Window(Retention(events=80, age=HOUR), Revision(1))
    assert not any(window.advance(Revision(revision), now=0) for revision in range(2, 92))


def test_too_many_events_are_forgotten_in_one_go_down_to_the_wanted_number():
    window = Window(Retention(events=80, age=HOUR), Revision(1))
    assert window.advance(Revision(91), now=0) is None
    assert window.advance(Revision(92), now=0) == 12


def test_an_event_is_forgotten_once_its_age_is_reached_and_not_before():
    window = Window(Retention(events=1000, age=timedelta(seconds=80)), Revision(1))
    assert window.advance(Revision(2), now=0) is None
    assert window.advance(Revision(3), now=40) is None
    assert window.advance(Revision(4), now=79) is None
    assert window.advance(Revision(5), now=80) == 2
    window.compacted = Revision(2)
    assert window.advance(Revision(6), now=119) is None
    assert window.advance(Revision(7), now=120) == 3


def test_an_event_outlives_its_age_by_no_more_than_an_eighth():
    retention = Retention(events=10_000, age=timedelta(seconds=80))
    window = Window(retention, Revision(1))
    for second in range(2, 1000):  # one write a second, whose revision is the second
        if target := window.advance(Revision(second), now=second):
            window.compacted = target
        assert window.compacted <= max(second - 80, 1)
        assert second < 100 or second - window.compacted <= 90


def test_a_long_idle_store_forgets_all_but_the_write_that_woke_it():
    window = Window(Retention(age=HOUR), Revision(1))
    window.advance(Revision(50), now=0)
    assert window.advance(Revision(51), now=100_000) == 50
