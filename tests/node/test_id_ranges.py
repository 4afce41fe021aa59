"""Ranges of users for Pods with user namespaces: one each, never shared, given back."""

import pytest

from podo.node.id_ranges import FIRST, LENGTH, IDRanges, NoRangeLeft


@pytest.fixture
def ranges(tmp_path):
    return IDRanges(tmp_path / "ids", enough=3)


@pytest.fixture
def pods(tmp_path):
    folders = [tmp_path / name for name in "abcd"]
    for folder in folders:
        folder.mkdir()
    return folders


def test_each_pod_has_a_range_of_its_own_and_keeps_it(ranges, pods):
    given = [ranges.claim(pod).first for pod in pods[:3]]
    assert given == [FIRST, FIRST + LENGTH, FIRST + 2 * LENGTH]
    assert [ranges.claim(pod).first for pod in pods[:3]] == given


def test_nodes_of_one_machine_share_the_ranges(ranges, pods, tmp_path):
    assert ranges.claim(pods[0]) != IDRanges(tmp_path / "ids").claim(pods[1])


def test_a_pod_that_finds_none_left_is_told(ranges, pods):
    for pod in pods[:3]:
        ranges.claim(pod)
    with pytest.raises(NoRangeLeft, match="all 3 ranges"):
        ranges.claim(pods[3])


def test_the_range_of_a_pod_that_is_gone_is_free_again(ranges, pods):
    first = ranges.claim(pods[0])
    ranges.claim(pods[1])
    pods[0].rmdir()
    assert ranges.claim(pods[2]) == first


def test_nothing_is_left_when_all_pods_are_gone(ranges, pods, tmp_path):
    ranges.claim(pods[0])
    ranges.sweep()
    assert (tmp_path / "ids" / "0").exists()
    pods[0].rmdir()
    ranges.sweep()
    assert not (tmp_path / "ids").exists()
    ranges.sweep()
    assert ranges.claim(pods[1]).first == FIRST
