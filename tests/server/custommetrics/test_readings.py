from datetime import UTC, datetime, timedelta

import pytest

from podo.api.selectors import parse_labels
from podo.server.custommetrics.exposition import Sample, samples
from podo.server.custommetrics.readings import Reading, Value, value_of

START = datetime(2026, 1, 1, tzinfo=UTC)

TEXT = r"""# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{code="200",path="/a\"b"} 10 1395066363000
http_requests_total{code="500"} 2.5e1

queue_length 3
nonsense here and there
broken{a="b" 3
infinite +Inf
"""


def test_the_text_format_is_read_as_far_as_it_can_be():
    assert list(samples(TEXT)) == [
        Sample("http_requests_total", {"code": "200", "path": '/a"b'}, 10.0),
        Sample("http_requests_total", {"code": "500"}, 25.0),
        Sample("queue_length", {}, 3.0),
    ]


def reading(seconds, **values):
    made = tuple(Sample(name, {"code": code}, value) for name, by in values.items() for code, value in by.items())
    return Reading(START + timedelta(seconds=seconds), made)


REQUESTS = [
    reading(0, http_requests_total={"200": 100.0, "500": 10.0}),
    reading(10, http_requests_total={"200": 150.0, "500": 20.0}),
]


def test_a_rate_is_the_growth_of_a_counter():
    at = START + timedelta(seconds=10)
    assert value_of("http_requests_per_second", REQUESTS, None) == Value(6.0, at, 10.0)
    assert value_of("http_requests_per_second", REQUESTS, parse_labels("code=500")) == Value(1.0, at, 10.0)


def test_any_other_name_is_the_value_of_now():
    assert value_of("http_requests_total", REQUESTS, None) == Value(170.0, START + timedelta(seconds=10))


@pytest.mark.parametrize(
    ("metric", "readings"),
    [
        pytest.param("none", REQUESTS, id="not there"),
        pytest.param("http_requests_per_second", REQUESTS[:1], id="one reading alone"),
        pytest.param("http_requests_per_second", [REQUESTS[1], reading(20, http_requests_total={"200": 1.0})],
                     id="begun anew"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_is_none(metric, readings):
    assert value_of(metric, readings, None) is None


def test_a_counter_without_the_usual_ending_will_do():
    readings = [reading(0, hits={"": 1.0}), reading(2, hits={"": 5.0})]
    found = value_of("hits_per_second", readings, None)
    assert (found.value, found.window) == (2.0, 2.0)
