"""Histograms and what is recommended by them."""

import pytest

from podo.api.vertical import ContainerPolicy
from podo.controllers.vertical.histogram import CPU_SCALE, Histogram
from podo.controllers.vertical.recommending import DAY, LEAST_MEMORY, Model, recommend

MINUTE, MIB = 60.0, 2**20


def near(value):
    """A bucket's end stands for all of its values: up to a sixth too much for small containers."""
    return pytest.approx(value * 1.05, rel=0.12)


def test_a_percentile_is_within_a_bucket_of_the_true_one():
    found = Histogram(CPU_SCALE)
    for number in range(1, 101):
        found.add(number / 100, 1.0, at=1000.0)
    assert [found.percentile(share) for share in (0.5, 0.9, 1.0)] == [near(0.5), near(0.9), near(1.0)]


def test_without_samples_a_percentile_is_nothing():
    assert Histogram(CPU_SCALE).percentile(0.9) == 0


def test_what_was_used_a_day_ago_counts_half():
    found = Histogram(CPU_SCALE)
    found.add(1.0, 1.0, at=0.1)
    found.add(0.1, 1.0, at=DAY)
    assert found.percentile(0.66) == near(0.1)
    assert found.percentile(0.67) == near(1.0)


def test_years_of_samples_do_not_overflow():
    found = Histogram(CPU_SCALE)
    for day in range(0, 3000, 10):
        found.add(0.5, 1.0, at=day * DAY + 1)
    found.add(0.1, 1.0, at=3000 * DAY)
    assert found.percentile(0.4) == near(0.1)
    assert found.percentile(1.0) == near(0.5)


def test_a_sample_that_is_taken_back_is_gone():
    found = Histogram(CPU_SCALE)
    found.add(1.0, 1.0, at=1000.0)
    found.add(0.1, 1.0, at=1000.0)
    found.subtract(1.0, 1.0, at=1000.0)
    assert found.percentile(1.0) == near(0.1)


def seen(minutes, cores=0.2, memory=400 * MIB):
    model = Model()
    for minute in range(minutes):
        model.add("pod", 1000 + minute * MINUTE, cores=cores, memory=memory, asked=0.1)
    return model


def milli(text):
    return int(text.removesuffix("m"))


def test_the_target_has_a_margin_of_fifteen_percent():
    found = recommend("c", seen(100), 1, ContainerPolicy())
    assert milli(found.target["cpu"]) == near(230)
    assert int(found.target["memory"]) == near(460 * MIB)


def test_the_bounds_close_in_as_more_is_known():
    early, late = (recommend("c", seen(minutes), 1, ContainerPolicy()) for minutes in (10, 8 * 24 * 60))
    assert milli(early.upper_bound["cpu"]) > 20 * milli(early.target["cpu"])
    assert milli(late.upper_bound["cpu"]) == near(230 * (1 + 1 / 8))
    assert milli(early.lower_bound["cpu"]) <= milli(late.lower_bound["cpu"]) <= milli(late.target["cpu"])


def test_idle_containers_get_the_least_which_they_share():
    found = recommend("c", seen(100, cores=0.0001, memory=MIB), 2, ContainerPolicy())
    assert (found.target["cpu"], int(found.target["memory"])) == ("12m", LEAST_MEMORY // 2)


def test_policies_bound_what_is_recommended():
    policy = ContainerPolicy(
        min_allowed={"cpu": "1"}, max_allowed={"cpu": "2", "memory": "100Mi"}, controlled_resources=("cpu", "memory")
    )
    found = recommend("c", seen(100), 1, policy)
    assert found.target == {"cpu": "1000m", "memory": str(100 * MIB)}
    assert milli(found.uncapped_target["cpu"]) == near(230)
    assert recommend("c", seen(9), 1, ContainerPolicy(controlled_resources=("cpu",))).target.keys() == {"cpu"}


def test_only_the_most_of_a_day_counts_for_memory():
    model = Model()
    for minute, mib in enumerate((300, 900, 300, 300, 300)):
        model.add("pod", 1000 + minute * MINUTE, cores=0.1, memory=mib * MIB, asked=0.1)
    assert int(recommend("c", model, 1, ContainerPolicy()).target["memory"]) == near(900 * 1.15 * MIB)


def test_who_ran_out_of_memory_gets_more():
    model = seen(10, memory=300 * MIB)
    model.out_of_memory("pod", 1000 + 11 * MINUTE, had=1000 * MIB)
    assert int(recommend("c", model, 1, ContainerPolicy()).target["memory"]) == near(1200 * 1.15 * MIB)
