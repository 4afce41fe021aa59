"""Times and durations as text, as Go and RFC 3339 write them; the parts of a time in a zone."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from .errors import EvalError
from .values import SECOND, Duration, Timestamp, checked_duration, checked_timestamp

UNITS = {
    "ns": 1,
    "us": 1000,
    "µs": 1000,
    "μs": 1000,
    "ms": 1_000_000,
    "s": SECOND,
    "m": 60 * SECOND,
    "h": 3600 * SECOND,
}
PART = re.compile(r"([0-9]*)(?:\.([0-9]*))?(ns|us|µs|μs|ms|s|m|h)")
RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(Z)|([+-])(\d\d):(\d\d))", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OFFSET = re.compile(r"([+-]?)(\d\d):(\d\d)")


def parse_duration(text: str) -> Duration:
    """`1h30m`, `-1.5s`, `0`: as Go's time.ParseDuration. Raises EvalError in its words."""
    body = text[1:] if text[:1] in ("+", "-") else text
    if body == "0":
        return Duration(0)
    total, at = 0, 0
    while at < len(body):
        match = PART.match(body, at)
        if match is None or not (match.group(1) or match.group(2)):
            raise EvalError(_duration_fault(text, body[at:]))
        whole, fraction, unit = match.groups()
        scale = UNITS[unit]
        total += int(whole or "0") * scale
        if fraction:
            total += int(fraction) * scale // 10 ** len(fraction)
        at = match.end()
    if not body:
        raise EvalError(f'time: invalid duration "{text}"')
    return checked_duration(-total if text[0] == "-" else total)


def _duration_fault(text: str, rest: str) -> str:
    match = re.match(r"[0-9]*\.?[0-9]*", rest)
    number = match.group() if match else ""
    if not number.strip("."):
        return f'time: invalid duration "{text}"'
    unit = re.match(r"[^0-9.]*", rest[len(number) :])
    if unit is None or not unit.group():
        return f'time: missing unit in duration "{text}"'
    return f'time: unknown unit "{unit.group()}" in duration "{text}"'


def duration_text(value: int) -> str:
    """Seconds with as many decimals as needed: `3600s`, `1.5s`."""
    sign, value = ("-", -value) if value < 0 else ("", value)
    whole, rest = divmod(value, SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{sign}{whole}{fraction}s"


def parse_timestamp(text: str) -> Timestamp:
    """RFC 3339 with up to nine decimals. Raises EvalError."""
    match = RFC3339.fullmatch(text)
    if match is None:
        raise EvalError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse "{text}" as "2006"')
    year, month, day, hour, minute, second, fraction, _, sign, off_hour, off_minute = match.groups()
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
    except ValueError:
        raise EvalError(f'parsing time "{text}": day out of range') from None
    seconds = (moment - EPOCH) // timedelta(seconds=1)
    offset = 0
    if sign:
        offset = (int(off_hour) * 60 + int(off_minute)) * (1 if sign == "+" else -1)
    found = checked_timestamp((seconds - offset * 60) * SECOND + int((fraction or "0")[:9].ljust(9, "0")))
    if offset:
        found.offset = offset
    return found


def timestamp_text(value: Timestamp) -> str:
    """RFC 3339, in the offset in which it was written."""
    seconds, rest = divmod(int(value), SECOND)
    moment = EPOCH + timedelta(seconds=seconds, minutes=value.offset)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    zone = f"{'-' if value.offset < 0 else '+'}{abs(value.offset) // 60:02d}:{abs(value.offset) % 60:02d}"
    return f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0") + fraction + (zone if value.offset else "Z")


def zone(name: str) -> tzinfo:
    """A zone by its IANA name or as an offset `-08:00`. Raises EvalError."""
    match = OFFSET.fullmatch(name)
    if match is not None:
        minutes = int(match.group(2)) * 60 + int(match.group(3))
        return timezone(timedelta(minutes=-minutes if match.group(1) == "-" else minutes))
    if name in ("", "UTC"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise EvalError(f"unknown time zone {name}") from None


def in_zone(value: int, name: str = "UTC") -> datetime:
    """The moment, to the microsecond, in a zone."""
    return (EPOCH + timedelta(microseconds=value // 1000)).astimezone(zone(name))
