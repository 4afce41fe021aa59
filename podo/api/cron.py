"""Cron schedules: five fields, or a descriptor such as `@daily` or `@every 1h`. Messages are what clients know."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import NamedTuple

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


class Bounds(NamedTuple):
    """What a field may hold; `words` name its numbers from the lowest on."""

    low: int
    high: int
    words: tuple[str, ...] = ()


FIELDS = (Bounds(0, 59), Bounds(0, 23), Bounds(1, 31), Bounds(1, 12, MONTHS), Bounds(0, 6, DAYS))
DESCRIPTORS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


class CronError(ValueError):
    """The text is no schedule; the message says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to run: at the minutes that all fields allow, or every so often.

    Where neither `days_any` nor `weekdays_any` holds, a day that fits either of the two fields will do.
    """

    minutes: frozenset[int] = frozenset()
    hours: frozenset[int] = frozenset()
    days: frozenset[int] = frozenset()
    months: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    days_any: bool = False
    weekdays_any: bool = False
    every: timedelta | None = None
    zone: str = ""
    """The time zone that the text itself names, if it does."""


def parse(text: str) -> Schedule:
    """The schedule that a text describes. Raises CronError."""
    if not text:
        raise CronError("empty spec string")
    zone = ""
    if text.startswith(("TZ=", "CRON_TZ=")):
        head, _, rest = text.partition(" ")
        zone, text = head.partition("=")[2], rest.strip()
    if text.startswith("@"):
        return _descriptor(text, zone)
    fields = text.split()
    if len(fields) != len(FIELDS):
        raise CronError(f"expected exactly 5 fields, found {len(fields)}: [{' '.join(fields)}]")
    values = [_field(field, bounds) for field, bounds in zip(fields, FIELDS, strict=True)]
    anys = [any(part.split("/")[0] in ("*", "?") for part in field.split(",")) for field in fields]
    minutes, hours, days, months, weekdays = (frozenset(value) for value in values)
    return Schedule(minutes, hours, days, months, weekdays, anys[2], anys[4], zone=zone)


def _descriptor(text: str, zone: str) -> Schedule:
    if text in DESCRIPTORS:
        return replace(parse(DESCRIPTORS[text]), zone=zone)
    if text.startswith("@every "):
        return Schedule(every=timedelta(seconds=max(1, _duration(text))), zone=zone)
    raise CronError(f"unrecognized descriptor: {text}")


def _duration(text: str) -> int:
    """Whole seconds of an `@every` descriptor."""
    given = text.removeprefix("@every ")
    match = re.fullmatch(r"([-+]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+|0)", given)
    if match is None:
        raise CronError(f'failed to parse duration {text}: time: invalid duration "{given}"')
    parts = re.findall(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)", match[2])
    seconds = sum(float(number) * _UNITS[unit] for number, unit in parts)
    return int(-seconds if match[1] == "-" else seconds)


def _field(text: str, bounds: Bounds) -> set[int]:
    found: set[int] = set()
    for part in filter(None, text.split(",")):
        found |= _range(part, bounds)
    return found


def _range(text: str, bounds: Bounds) -> set[int]:
    range_and_step = text.split("/")
    ends = range_and_step[0].split("-")
    single = len(ends) == 1
    if ends[0] in ("*", "?"):
        low, high = bounds.low, bounds.high
    else:
        low = _number_or_word(ends[0], bounds)
        if len(ends) > 2:
            raise CronError(f"too many hyphens: {text}")
        high = low if single else _number_or_word(ends[1], bounds)
    step = 1
    if len(range_and_step) == 2:
        step = _number(range_and_step[1])
        if single:
            high = bounds.high
    elif len(range_and_step) > 2:
        raise CronError(f"too many slashes: {text}")
    if low < bounds.low:
        raise CronError(f"beginning of range ({low}) below minimum ({bounds.low}): {text}")
    if high > bounds.high:
        raise CronError(f"end of range ({high}) above maximum ({bounds.high}): {text}")
    if low > high:
        raise CronError(f"beginning of range ({low}) beyond end of range ({high}): {text}")
    if step == 0:
        raise CronError(f"step of range should be a positive number: {text}")
    return set(range(low, high + 1, step))


def _number_or_word(text: str, bounds: Bounds) -> int:
    word = text.lower()
    return bounds.low + bounds.words.index(word) if word in bounds.words else _number(text)


def _number(text: str) -> int:
    if not re.fullmatch(r"[-+]?[0-9]+", text):
        raise CronError(f'failed to parse int from {text}: strconv.Atoi: parsing "{text}": invalid syntax')
    number = int(text)
    if number < 0:
        raise CronError(f"negative number ({number}) not allowed: {text}")
    return number
