from datetime import timedelta

import pytest

from podo.node.eviction.judge import Level, Memory, is_met, judge, levels
from podo.node.eviction.thresholds import (
    DISK_PRESSURE,
    IMAGE_FS,
    MEMORY,
    MEMORY_PRESSURE,
    NODE_FS,
    NODE_INODES,
    PID_PRESSURE,
    PIDS,
    EvictionLimits,
    Threshold,
)
from podo.node.stats.base import FileSystem, Processes
from tests.node.eviction.figures import GIB, MIB, NOW, node_use

LIMITS = EvictionLimits()


@pytest.mark.parametrize(
    ("amount", "level"),
    [("100Mi", 100 * MIB), ("10%", 100), ("5%", 50), ("12.5%", 125), ("1000", 1000)],
)
def test_an_amount_is_a_quantity_or_a_part_of_the_whole(amount, level):
    assert Threshold("x", amount).level(1000) == level


def test_a_threshold_is_met_below_it_not_at_it():
    threshold = Threshold(MEMORY, "100")
    assert not is_met(threshold, {MEMORY: Level(100, 1000)})
    assert is_met(threshold, {MEMORY: Level(99, 1000)})
    assert not is_met(threshold, {})
    assert not is_met(Threshold(NODE_INODES, "5%"), {NODE_INODES: Level(0, 0)})  # a file system that has none


def test_a_threshold_of_zero_percent_is_none():
    assert EvictionLimits(hard={NODE_FS: "0%", MEMORY: "1Mi"}).thresholds == (Threshold(MEMORY, "1Mi"),)


@pytest.mark.parametrize(
    ("changes", "conditions", "starved"),
    [
        ({}, set(), []),
        ({"memory_available": 99 * MIB}, {MEMORY_PRESSURE}, [MEMORY]),
        ({"node_fs": FileSystem(100 * GIB, 9 * GIB, 1000, 900)}, {DISK_PRESSURE}, [NODE_FS]),
        ({"node_fs": FileSystem(100 * GIB, 50 * GIB, 1000, 49)}, {DISK_PRESSURE}, [NODE_INODES]),
        ({"image_fs": FileSystem(100 * GIB, 14 * GIB, 1000, 900)}, {DISK_PRESSURE}, [IMAGE_FS]),
        (
            {"memory_available": 0, "image_fs": FileSystem(100 * GIB, 0, 1000, 900)},
            {MEMORY_PRESSURE, DISK_PRESSURE},
            [MEMORY, IMAGE_FS],
        ),
    ],
)
def test_the_defaults_are_those_of_kubernetes(changes, conditions, starved):
    judged = judge(LIMITS, levels(node_use(**changes)), Memory(), NOW)
    assert judged.conditions == conditions
    assert [t.signal for t in judged.starved] == starved


def test_processes_count_where_a_threshold_says_so():
    seen = levels(node_use(processes=Processes(32768, 32000)))
    judged = judge(EvictionLimits(hard={PIDS: "1000"}), seen, Memory(), NOW)
    assert judged.conditions == {PID_PRESSURE}


def test_a_condition_outlasts_its_threshold():
    bad, good = levels(node_use(memory_available=0)), levels(node_use())
    first = judge(LIMITS, bad, Memory(), NOW)
    after = judge(LIMITS, good, first.memory, NOW + timedelta(seconds=299))
    assert (after.conditions, after.starved) == ({MEMORY_PRESSURE}, ())
    later = judge(LIMITS, good, after.memory, NOW + timedelta(seconds=300))
    assert later.conditions == set()


def test_a_soft_threshold_waits_for_its_grace_and_starts_anew_when_it_was_left():
    limits = EvictionLimits(hard={}, soft={MEMORY: "1Gi"}, soft_grace={MEMORY: 60})
    bad, good = levels(node_use(memory_available=MIB)), levels(node_use())
    first = judge(limits, bad, Memory(), NOW)
    assert (first.conditions, first.starved) == ({MEMORY_PRESSURE}, ())
    assert judge(limits, bad, first.memory, NOW + timedelta(seconds=60)).starved
    between = judge(limits, good, first.memory, NOW + timedelta(seconds=30))
    assert not judge(limits, bad, between.memory, NOW + timedelta(seconds=60)).starved
