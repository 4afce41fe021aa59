"""The parts of times and durations: getFullYear, getHours and the like, in UTC or in a zone."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from ..functions import Overload
from ..times import in_zone
from ..types import DURATION, INT, STRING, TIMESTAMP
from ..values import SECOND, Duration, Timestamp

Part: TypeAlias = Callable[[datetime], int]


def _of_time(name: str, part: Part) -> list[Overload]:
    def run(value: Timestamp, zone: str = "UTC") -> int:
        return part(in_zone(value, zone))

    return [
        Overload(f"timestamp_to_{name}", (TIMESTAMP,), INT, run, member=True),
        Overload(f"timestamp_to_{name}_with_tz", (TIMESTAMP, STRING), INT, run, member=True),
    ]


def whole(value: Duration, unit: int) -> int:
    """How many whole units, towards zero."""
    return int(value) // unit if value >= 0 else -(-int(value) // unit)


def _of_duration(name: str, run: Callable[[Any], int]) -> list[Overload]:
    return [Overload(f"duration_to_{name}", (DURATION,), INT, run, member=True)]


DATES: dict[str, list[Overload]] = {
    "getFullYear": _of_time("year", lambda at: at.year),
    "getMonth": _of_time("month", lambda at: at.month - 1),
    "getDayOfYear": _of_time("day_of_year", lambda at: at.timetuple().tm_yday - 1),
    "getDayOfMonth": _of_time("day_of_month", lambda at: at.day - 1),
    "getDate": _of_time("day_of_month_1_based", lambda at: at.day),
    "getDayOfWeek": _of_time("day_of_week", lambda at: at.isoweekday() % 7),
    "getHours": [
        *_of_time("hours", lambda at: at.hour),
        *_of_duration("hours", lambda value: whole(value, 3600 * SECOND)),
    ],
    "getMinutes": [
        *_of_time("minutes", lambda at: at.minute),
        *_of_duration("minutes", lambda value: whole(value, 60 * SECOND)),
    ],
    "getSeconds": [
        *_of_time("seconds", lambda at: at.second),
        *_of_duration("seconds", lambda value: whole(value, SECOND)),
    ],
    "getMilliseconds": [
        *_of_time("milliseconds", lambda at: at.microsecond // 1000),
        *_of_duration("milliseconds", lambda value: whole(value, SECOND // 1000)),
    ],
}
