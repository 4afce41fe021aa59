from datetime import UTC, datetime

import pytest

from podo.api.cron import parse
from podo.controllers.cron_times import next_time, zone_of


def after(schedule: str, moment: str, zone: str = "") -> str | None:
    found = next_time(parse(schedule), datetime.fromisoformat(moment).astimezone(UTC), zone_of(zone))
    return found.strftime("%Y-%m-%dT%H:%MZ") if found else None


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        ("*/5 * * * *", "2026-01-01T00:00:00Z", "2026-01-01T00:05Z"),
        ("*/5 * * * *", "2026-01-01T00:04:59Z", "2026-01-01T00:05Z"),
        ("0 * * * *", "2026-01-01T00:00:01Z", "2026-01-01T01:00Z"),
        ("30 2 * * *", "2026-01-31T03:00:00Z", "2026-02-01T02:30Z"),
        ("0 0 1 * *", "2026-12-15T00:00:00Z", "2027-01-01T00:00Z"),
        ("0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00Z"),
        ("0 0 * * 1", "2026-01-01T00:00:00Z", "2026-01-05T00:00Z"),
        ("0 0 13 * 5", "2026-02-01T00:00:00Z", "2026-02-06T00:00Z"),
        ("0 9-17/4 * * 1-5", "2026-01-02T17:30:00Z", "2026-01-05T09:00Z"),
        ("0 0 31 2 *", "2026-01-01T00:00:00Z", None),
        ("@every 90s", "2026-01-01T00:00:00Z", "2026-01-01T00:01Z"),
        ("@daily", "2026-01-01T12:00:00Z", "2026-01-02T00:00Z"),
    ],
)
def test_the_next_time(schedule, moment, expected):
    assert after(schedule, moment) == expected


@pytest.mark.parametrize(
    ("schedule", "moment", "expected"),
    [
        pytest.param("0 9 * * *", "2026-01-15T00:00:00Z", "2026-01-15T08:00Z", id="winter"),
        pytest.param("0 9 * * *", "2026-07-15T00:00:00Z", "2026-07-15T07:00Z", id="summer"),
        pytest.param("30 2 * * *", "2026-03-28T12:00:00Z", "2026-03-30T00:30Z", id="the hour that is skipped"),
        pytest.param("30 2 * * *", "2026-10-25T00:30:00Z", "2026-10-25T01:30Z", id="the hour that comes twice"),
    ],
)
def test_a_zone_has_its_own_wall_clock(schedule, moment, expected):
    assert after(schedule, moment, "Europe/Berlin") == expected
