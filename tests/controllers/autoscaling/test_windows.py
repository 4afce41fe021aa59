"""Every window and limit of `behavior`, as upstream's tests look at them, in minutes that take milliseconds."""

import itertools

import pytest

from podo.api.types.apps_v1 import Deployment
from podo.api.types.autoscaling_v2 import (
    ExternalMetricSource,
    HorizontalPodAutoscalerBehavior,
    HPAScalingPolicy,
    HPAScalingRules,
    MetricIdentifier,
    MetricSpec,
    MetricTarget,
)
from podo.controllers.deployment import DeploymentController
from podo.controllers.replicaset import ReplicaSetController
from tests.build import deployment

from .test_controller import autoscaler, metrics, size

__all__ = ["metrics"]
LOAD = MetricSpec(
    type="External",
    external=ExternalMetricSource(
        metric=MetricIdentifier(name="queue"), target=MetricTarget(type="AverageValue", average_value="10")
    ),
)
AT_ONCE = HPAScalingRules(stabilization_window_seconds=0)
STEP = 15


def window(seconds):
    return HPAScalingRules(stabilization_window_seconds=seconds)


def limited(kind, value, period=60):
    policy = HPAScalingPolicy(type=kind, value=value, period_seconds=period)
    return HPAScalingRules(stabilization_window_seconds=0, policies=(policy,))


def never():
    return HPAScalingRules(select_policy="Disabled")


@pytest.fixture
def scaled(lab, metrics):
    """Starts with so many replicas, and load for as many; `behavior` is (up, down)."""

    async def begin(replicas, up=AT_ONCE, down=AT_ONCE):
        lab.start(DeploymentController, ReplicaSetController)
        await lab.user.create(deployment("web", replicas))
        await lab.converge()
        metrics.outside = [replicas * 10_000]
        await autoscaler(lab, LOAD, behavior=HorizontalPodAutoscalerBehavior(scale_up=up, scale_down=down))
        await steps(lab, 60)

    return begin


async def steps(lab, seconds):
    """The sizes in so much time, with the seconds after which each came."""
    found = []
    before = await size(lab)
    for passed in range(STEP, seconds + STEP, STEP):
        await lab.run_for(STEP)
        await lab.converge()
        if (now := await size(lab)) != before:
            found.append((passed, now))
            before = now
    return found


def needs(metrics, replicas):
    metrics.outside = [replicas * 10_000]


async def test_a_short_window_lets_it_shrink_when_it_is_over(lab, metrics, scaled):
    await scaled(3, down=window(60))
    needs(metrics, 1)
    ((when, reached),) = await steps(lab, 600)
    assert reached == 1
    assert 60 <= when <= 90


async def test_a_window_for_growth_makes_it_wait(lab, metrics, scaled):
    await scaled(2, up=window(180))
    needs(metrics, 6)
    ((when, reached),) = await steps(lab, 600)
    assert reached == 6
    assert 180 <= when <= 210


async def test_a_peak_that_is_shorter_than_the_window_changes_nothing(lab, metrics, scaled):
    await scaled(2, up=window(180))
    needs(metrics, 6)
    assert await steps(lab, 120) == []
    needs(metrics, 2)
    assert await steps(lab, 600) == []


async def test_the_usual_five_minutes_hold_where_nothing_is_said(lab, metrics, scaled):
    await scaled(4, down=HPAScalingRules())
    needs(metrics, 2)
    ((when, reached),) = await steps(lab, 900)
    assert reached == 2
    assert 300 <= when <= 330


@pytest.mark.parametrize(("rules", "load"), [({"up": never()}, 8), ({"down": never()}, 1)])
async def test_one_direction_can_be_forbidden(lab, metrics, scaled, rules, load):
    await scaled(4, **rules)
    needs(metrics, load)
    assert await steps(lab, 900) == []


async def test_it_grows_by_so_many_pods_a_minute(lab, metrics, scaled):
    await scaled(1, up=limited("Pods", 2))
    needs(metrics, 6)
    found = await steps(lab, 300)
    assert [reached for _, reached in found] == [3, 5, 6]
    assert all(60 <= later - earlier <= 75 for (earlier, _), (later, _) in itertools.pairwise(found))


async def test_it_shrinks_by_so_many_pods_a_minute(lab, metrics, scaled):
    await scaled(6, down=limited("Pods", 2))
    needs(metrics, 1)
    found = await steps(lab, 300)
    assert [reached for _, reached in found] == [4, 2, 1]
    assert all(60 <= later - earlier <= 75 for (earlier, _), (later, _) in itertools.pairwise(found))


async def test_it_grows_by_a_share_of_what_there_is(lab, metrics, scaled):
    await scaled(2, up=limited("Percent", 50))
    needs(metrics, 8)
    assert [reached for _, reached in await steps(lab, 400)] == [3, 5, 8], "2, 2 × 1.5, ⌈3 × 1.5⌉, ⌈5 × 1.5⌉"


async def test_it_shrinks_by_a_share_of_what_there_is(lab, metrics, scaled):
    await scaled(7, down=limited("Percent", 25))
    needs(metrics, 1)
    found = [reached for _, reached in await steps(lab, 600)]
    assert found[:2] == [5, 3], "⌊7 × 0.75⌋, ⌊5 × 0.75⌋"
    assert found[-1] == 1


@pytest.mark.parametrize(("select", "reached"), [("Max", 6), ("Min", 3)])
async def test_of_several_policies_the_chosen_one_counts(lab, metrics, scaled, select, reached):
    pods = HPAScalingPolicy(type="Pods", value=4, period_seconds=60)
    share = HPAScalingPolicy(type="Percent", value=50, period_seconds=60)
    rules = HPAScalingRules(stabilization_window_seconds=0, policies=(pods, share), select_policy=select)
    await scaled(2, up=rules)
    needs(metrics, 10)
    assert (await steps(lab, STEP))[0][1] == reached


async def test_windows_of_both_directions_keep_it_where_it_is(lab, metrics, scaled):
    await scaled(4, up=window(120), down=window(120))
    for load in (8, 2) * 4:
        needs(metrics, load)
        assert await steps(lab, 60) == []


async def test_a_window_and_a_limit_hold_together(lab, metrics, scaled):
    await scaled(
        2,
        up=HPAScalingRules(
            stabilization_window_seconds=120,
            policies=(HPAScalingPolicy(type="Pods", value=2, period_seconds=60),),
        ),
    )
    needs(metrics, 6)
    found = await steps(lab, 400)
    assert [reached for _, reached in found] == [4, 6]
    assert 120 <= found[0][0] <= 150


@pytest.mark.parametrize(("tolerance", "changes"), [("0.5", []), ("0.1", [(STEP, 5)])])
async def test_a_tolerance_of_one_direction_counts_for_it(lab, metrics, scaled, tolerance, changes):
    await scaled(4, up=HPAScalingRules(stabilization_window_seconds=0, tolerance=tolerance))
    needs(metrics, 5)
    assert await steps(lab, 60) == changes


async def test_the_replicas_are_those_of_the_deployment(lab, metrics, scaled):
    await scaled(2)
    needs(metrics, 5)
    await steps(lab, 30)
    status = (await lab.get(Deployment, "web")).status
    assert (status.replicas, status.available_replicas) == (5, 5)
