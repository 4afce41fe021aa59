from random import Random

import pytest

from podo.client.backoff import CONNECT, RECONCILE, Backoff


@pytest.mark.parametrize(("failures", "seconds"), [(1, 0.005), (2, 0.01), (5, 0.08), (100, 60.0), (10**6, 60.0)])
def test_a_delay_doubles_up_to_the_cap(failures, seconds):
    assert RECONCILE.delay(failures) == pytest.approx(seconds)


def test_jitter_only_ever_adds_and_stays_within_its_fraction():
    chance, backoff = Random(1), Backoff(base=1, cap=8, jitter=0.5)
    delays = [backoff.delay(3, chance) for _ in range(200)]
    assert min(delays) >= 4
    assert max(delays) <= 6
    assert len(set(delays)) > 100


def test_without_chance_there_is_no_jitter():
    assert CONNECT.delay(1) == CONNECT.base
