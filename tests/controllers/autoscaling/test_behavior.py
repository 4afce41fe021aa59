"""Windows and policies, by a clock that is moved."""

from datetime import UTC, datetime, timedelta

import pytest

from podo.api.types.autoscaling_v2 import HorizontalPodAutoscalerBehavior, HPAScalingPolicy, HPAScalingRules
from podo.controllers.autoscaling import behavior
from podo.controllers.autoscaling.behavior import Bounds, Entry, History, decide

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def policy(type: str, value: int, seconds: int = 15) -> HPAScalingPolicy:
    return HPAScalingPolicy(type=type, value=value, period_seconds=seconds)


FREE = HPAScalingRules(select_policy="Max", stabilization_window_seconds=0, policies=(policy("Percent", 900),))


def rules(*policies: HPAScalingPolicy, select: str = "Max", window: int | None = 0) -> HPAScalingRules:
    return HPAScalingRules(select_policy=select, stabilization_window_seconds=window, policies=policies)


def up(*policies, **more):
    return HorizontalPodAutoscalerBehavior(scale_up=rules(*policies, **more), scale_down=FREE)


def down(*policies, **more):
    return HorizontalPodAutoscalerBehavior(scale_up=FREE, scale_down=rules(*policies, **more))


def replicas(called_for: int, current: int, how=None, history: History | None = None, *, least=1, most=100) -> int:
    bounds = Bounds(current, least, most)
    return decide(called_for, bounds, how, history or History([Entry(NOW, current)]), NOW).replicas


class Follower:
    """An autoscaler that does what is decided, at the times that it is told."""

    def __init__(self, current: int, how=None) -> None:
        self.current, self.how, self.history = current, how, History([Entry(NOW, current)])
        self.last = None

    def sees(self, seconds: float, called_for: int) -> int:
        now = at(seconds)
        self.last = decide(called_for, Bounds(self.current, 1, 1000), self.how, self.history, now)
        if self.last.replicas != self.current:
            self.history.done(self.current, self.last.replicas, now)
        self.current = self.last.replicas
        return self.current


def test_without_behaviour_the_most_of_five_minutes_counts():
    follower = Follower(10)
    assert [follower.sees(t, 2) for t in (15, 150, 299)] == [10, 10, 10]
    assert follower.last.able == behavior.HELD_DOWN
    assert follower.sees(301, 2) == 2
    assert follower.last.able == behavior.STABLE


def test_a_rise_within_the_window_starts_it_again():
    follower = Follower(10)
    follower.sees(200, 8)
    assert follower.sees(400, 2) == 8, "the 10 of the start is forgotten, the 8 is not"
    assert follower.sees(501, 2) == 2


@pytest.mark.parametrize(
    ("current", "called_for", "replicas_", "limit"),
    [
        pytest.param(1, 50, 4, behavior.TOO_FAST_UP, id="at least to four"),
        pytest.param(10, 50, 20, behavior.TOO_FAST_UP, id="at most twice"),
        pytest.param(60, 500, 100, behavior.TOO_MANY, id="no more than the most"),
        pytest.param(3, 4, 4, behavior.IN_RANGE, id="within"),
    ],
)
def test_without_behaviour_growth_is_bounded(current, called_for, replicas_, limit):
    found = decide(called_for, Bounds(current, 1, 100), None, History(), NOW)
    assert (found.replicas, found.limit, found.limited) == (replicas_, limit, limit != behavior.IN_RANGE)


def test_no_fewer_than_the_least():
    found = decide(1, Bounds(5, 3, 10), None, History(), NOW)
    assert (found.replicas, found.limit, found.limited) == (3, behavior.TOO_FEW, True)


@pytest.mark.parametrize(
    ("how", "reached"),
    [
        pytest.param(up(policy("Pods", 4)), 14, id="four Pods"),
        pytest.param(up(policy("Percent", 50)), 15, id="half as many again"),
        pytest.param(up(policy("Percent", 15)), 12, id="rounded up"),
        pytest.param(up(policy("Pods", 4), policy("Percent", 50)), 15, id="the most of them"),
        pytest.param(up(policy("Pods", 4), policy("Percent", 50), select="Min"), 14, id="the least of them"),
        pytest.param(up(policy("Pods", 4), select="Disabled"), 10, id="not at all"),
    ],
)
def test_policies_bound_growth(how, reached):
    assert replicas(90, 10, how) == reached


@pytest.mark.parametrize(
    ("how", "reached"),
    [
        pytest.param(down(policy("Pods", 4)), 6, id="four Pods"),
        pytest.param(down(policy("Percent", 25)), 7, id="a quarter, rounded down"),
        pytest.param(down(policy("Pods", 4), policy("Percent", 10)), 6, id="the most of them"),
        pytest.param(down(policy("Pods", 4), policy("Percent", 10), select="Min"), 9, id="the least of them"),
        pytest.param(down(policy("Pods", 4), select="Disabled"), 10, id="not at all"),
    ],
)
def test_policies_bound_shrinking(how, reached):
    assert replicas(1, 10, how) == reached


def test_a_policy_counts_what_was_done_in_its_period():
    follower = Follower(10, up(policy("Pods", 4, 60)))
    assert [follower.sees(t, 90) for t in (0, 30, 59)] == [14, 14, 14]
    assert follower.last.limit == behavior.TOO_FAST_UP
    assert [follower.sees(t, 90) for t in (60, 90, 120)] == [18, 18, 22]


def test_what_was_taken_away_in_the_period_may_come_back():
    how = HorizontalPodAutoscalerBehavior(
        scale_up=rules(policy("Pods", 2, 60)), scale_down=rules(policy("Pods", 5, 60))
    )
    follower = Follower(10, how)
    assert follower.sees(0, 1) == 5
    assert follower.sees(30, 90) == 12, "two more than at the start of the period"


def test_a_window_for_growth_takes_the_least_that_was_called_for():
    follower = Follower(2, up(policy("Percent", 900), window=60))
    assert [follower.sees(t, n) for t, n in ((15, 8), (30, 6), (45, 9))] == [2, 2, 2]
    assert follower.last.able == behavior.HELD_UP
    assert follower.sees(61, 9) == 6
    assert follower.sees(91, 9) == 9


def test_a_window_for_shrinking_takes_the_most():
    follower = Follower(10, down(policy("Percent", 100), window=30))
    assert [follower.sees(t, n) for t, n in ((5, 4), (20, 6), (31, 3), (51, 3), (82, 3))] == [10, 10, 6, 3, 3]


def test_shrinking_waits_five_minutes_where_behaviour_does_not_say():
    follower = Follower(10, down(policy("Percent", 100), window=None))
    assert [follower.sees(t, 1) for t in (15, 299, 301)] == [10, 10, 1]


def test_history_does_not_grow_without_end():
    follower = Follower(10)
    for step in range(1000):
        follower.sees(step * 15, 10 + step % 3)
    assert len(follower.history.called_for) < 30
