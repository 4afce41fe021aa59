import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from bench import table
from bench.client import Refused
from bench.load import Sample
from bench.reading import Reading, of_times, percentile


@pytest.mark.parametrize(("share", "found"), [(0.5, 50), (0.99, 99), (1.0, 100), (0.001, 1)])
def test_a_percentile_of_a_hundred_is_the_value_at_that_place(share, found):
    assert percentile(list(range(100, 0, -1)), share) == found


@given(st.lists(st.floats(0, 10), min_size=1), st.sampled_from([0.5, 0.99]))
def test_at_least_that_share_does_not_exceed_a_percentile(values, share):
    found = percentile(values, share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-9
    assert sum(value < found for value in values) < share * len(values)


def test_a_sample_gives_its_rate_and_says_what_failed_and_what_limits_it():
    sample = Sample(times=[0.001] * 200, elapsed=2.0, own_cpu=1.9, failed=3, first_failure="409: conflict")
    reading = sample.reading("PUT")
    assert (reading.count, reading.rate, reading.p50, reading.p99) == (200, 100.0, 0.001, 0.001)
    assert reading.note == (
        "3 failed, the first with 409: conflict; the client used 95% of a core and may be the limit"
    )


def test_a_sample_shares_the_clusters_cpu_time_among_its_requests_if_it_is_known():
    assert Sample(times=[0.001] * 200, elapsed=2.0, cluster_cpu=0.1).reading("PUT").cpu == 0.0005
    assert Sample(times=[0.001] * 200, elapsed=2.0).reading("PUT").cpu is None


def test_a_sample_in_which_nothing_succeeded_is_no_reading():
    with pytest.raises(Refused, match="403: forbidden"):
        Sample(elapsed=1, failed=9, first_failure="403: forbidden").reading("PUT")


LINES = [
    ("get", "≥ 8,000/s", Reading("GET Pod", 24_000, rate=8123.4, p50=0.00021, p99=0.0034, cpu=0.00005)),
    ("get", "≥ 8,000/s", Reading("GET Pod again", 1, rate=10.0, unit="requests")),
    ("list", "fast", Reading("LIST", 20, rate=1234567.8, unit="objects", p50=1.5, p99=0.0123, note="100 MB/s")),
    ("memory", "small", Reading("memory", value="130 MiB")),
]
SKIPPED = [("rollout", "needs a Ready node, and this server has none")]


def test_the_table_has_each_time_in_the_unit_that_suits_it_and_each_aim_once():
    out = io.StringIO()
    table.render(LINES, SKIPPED, "1.5 before, 2.0 after", Console(file=out, width=160))
    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines[1] == ["GET", "Pod", "24,000", "8,123/s", "0.210", "ms", "3.400", "ms", "0.050", "ms", "≥", "8,000/s"]
    assert lines[2] == ["GET", "Pod", "again", "1", "10/s"]
    assert lines[3] == ["LIST", "20", "1,234,568", "objects/s", "1.50", "s", "12.3", "ms", "fast", "100", "MB/s"]
    assert lines[4] == ["memory", "1", "130", "MiB", "small"]
    assert lines[5][1:] == ["cores;", "load", "1.5", "before,", "2.0", "after"]
    assert lines[6][:4] == ["rollout:", "left", "out:", "needs"]


def test_json_has_every_number_unrounded():
    read = json.loads(table.as_json(LINES, SKIPPED, "1.0 before, 3.0 after"))
    assert read["readings"][0]["rate"] == 8123.4
    assert read["readings"][3]["measure"] == "memory"
    assert read["skipped"] == dict(SKIPPED)
    assert read["load"] == "1.0 before, 3.0 after"


def test_single_times_give_count_and_percentiles_without_a_rate():
    assert of_times("up", [3.0, 1.0, 2.0]) == Reading("up", 3, p50=2.0, p99=3.0)
