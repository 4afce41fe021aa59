"""When a cron schedule is due. Pure.

Like robfig/cron, which Kubernetes uses: times are looked for on the wall clock of the zone; what falls into an hour
that is skipped in spring is left out, and in autumn the hour that comes twice counts twice.
"""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from podo.api.cron import Schedule

YEARS = 5  # a time that does not come within so many years never comes


def zone_of(name: str) -> tzinfo:
    """The time zone of a name; UTC without one. Raises ZoneInfoNotFoundError, ValueError."""
    return ZoneInfo(name) if name else UTC


def next_time(schedule: Schedule, after: datetime, zone: tzinfo) -> datetime | None:
    """The first time that is due after `after`, in UTC; None if there is none in sight."""
    if schedule.every is not None:
        return after.replace(microsecond=0) + schedule.every
    at = (after + timedelta(minutes=1)).replace(second=0, microsecond=0)
    end = after.year + YEARS
    while at.year <= end:
        local = at.astimezone(zone)
        if local.month not in schedule.months:
            at = _midnight(local.year + local.month // 12, local.month % 12 + 1, 1, zone)
        elif not _day_fits(schedule, local):
            tomorrow = local.date() + timedelta(days=1)
            at = _midnight(tomorrow.year, tomorrow.month, tomorrow.day, zone)
        elif local.hour not in schedule.hours:
            at += timedelta(minutes=60 - local.minute)
        elif local.minute not in schedule.minutes:
            at += timedelta(minutes=1)
        else:
            return at
    return None


def _midnight(year: int, month: int, day: int, zone: tzinfo) -> datetime:
    return datetime(year, month, day, tzinfo=zone).astimezone(UTC)


def _day_fits(schedule: Schedule, local: datetime) -> bool:
    by_day, by_weekday = local.day in schedule.days, local.isoweekday() % 7 in schedule.weekdays
    if schedule.days_any or schedule.weekdays_any:
        return by_day and by_weekday
    return by_day or by_weekday
