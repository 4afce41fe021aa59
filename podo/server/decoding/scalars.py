"""Values that read themselves: quantities, times, base64, int-or-string; with Go's complaints."""

import base64
import binascii
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from podo.api import quantity

TIME_LAYOUT, MICROTIME_LAYOUT = "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.000000Z07:00"
_STEPS = (  # (layout element, pattern)
    ("2006", r"\d{4}"),
    ("-", "-"),
    ("01", r"\d\d"),
    ("-", "-"),
    ("02", r"\d\d"),
    ("T", "T"),
    ("15", r"\d\d?"),
    (":", ":"),
    ("04", r"\d\d"),
    (":", ":"),
    ("05", r"\d\d"),
)
_ZONE = re.compile(r"Z|[+-]\d\d:\d\d")


class ScalarError(ValueError):
    """The text is not such a value; the message is Go's."""


def canonical_quantity(text: str) -> str:
    """A quantity as the API stores it. Raises ScalarError."""
    try:
        return quantity.canonical(text.strip())
    except quantity.QuantityError as error:
        raise ScalarError(str(error)) from error


def canonical_time(text: str) -> str:
    """A metav1.Time: UTC, whole seconds. Raises ScalarError."""
    return _moment(text, TIME_LAYOUT).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


def canonical_microtime(text: str) -> str:
    """A metav1.MicroTime: UTC, six decimals. Raises ScalarError."""
    return _moment(text, MICROTIME_LAYOUT).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def _moment(text: str, layout: str) -> datetime:
    """The moment that a text names. Raises ScalarError as Go's time.Parse words it."""
    rest, found = text, []
    for element, pattern in _STEPS:
        match = re.match(pattern, rest)
        if not match:
            raise _cannot(text, layout, rest, element)
        found.append(match[0])
        _in_range(text, element, match[0])
        rest = rest[match.end() :]
    fraction, rest = _fraction(text, layout, rest)
    zone = _ZONE.match(rest)
    if not zone:
        raise _cannot(text, layout, rest, "Z07:00")
    if rest[zone.end() :]:
        raise ScalarError(f"parsing time {_quoted(text)}: extra text: {_quoted(rest[zone.end() :])}")
    year, month, day, hour, minute, second = (int(part) for part in found[::2])
    offset = _offset(text, zone[0])
    try:
        moment = datetime(year, month, day, hour, minute, second, int(fraction[:6].ljust(6, "0")), UTC)
        return moment - offset
    except (ValueError, OverflowError):
        raise ScalarError(f"parsing time {_quoted(text)}: day out of range") from None


def _fraction(text: str, layout: str, rest: str) -> tuple[str, str]:
    """(digits after the seconds, what follows). MicroTime wants exactly six, Time takes any number."""
    if layout == MICROTIME_LAYOUT:
        match = re.match(r"[.,](\d{6})", rest)
        if not match or rest[7:8].isdigit():
            raise _cannot(text, layout, rest, ".000000")
    else:
        match = re.match(r"[.,](\d+)", rest)
    return (match[1], rest[match.end() :]) if match else ("", rest)


def _in_range(text: str, element: str, value: str) -> None:
    name, last = {"01": ("month", 12), "15": ("hour", 23), "04": ("minute", 59), "05": ("second", 59)}.get(
        element, ("", 0)
    )
    if name and (int(value) > last or (element == "01" and int(value) == 0)):
        raise ScalarError(f"parsing time {_quoted(text)}: {name} out of range")


def _offset(text: str, zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    if hours > 24 or minutes > 60:
        raise ScalarError(
            f"parsing time {_quoted(text)}: time zone offset {'hour' if hours > 24 else 'minute'} out of range"
        )
    offset = timedelta(hours=hours, minutes=minutes)
    return -offset if zone[0] == "-" else offset


def _cannot(text: str, layout: str, rest: str, element: str) -> ScalarError:
    return ScalarError(f'parsing time {_quoted(text)} as "{layout}": cannot parse {_quoted(rest)} as "{element}"')


def _quoted(text: str) -> str:
    """As package time quotes: only what would break the quotes is escaped."""
    return '"' + "".join(f"\\{c}" if c in '"\\' else c if c >= " " else f"\\x{ord(c):02x}" for c in text) + '"'


def canonical_bytes(text: str) -> str:
    """Base64 as Go writes it back. Raises ScalarError with the position of the first bad character."""
    plain = text.replace("\r", "").replace("\n", "")
    try:
        return base64.b64encode(base64.b64decode(plain, validate=True)).decode()
    except (binascii.Error, ValueError):
        raise ScalarError(f"illegal base64 data at input byte {_bad_base64(text)}") from None


def _bad_base64(text: str) -> int:
    """Where Go's decoder gives up: at the first character that is no digit, or at the group that is cut short."""
    group = 0  # how many digits of the current group of four are read
    for at, char in enumerate(text):
        if char in "\r\n":
            continue
        if char == "=":
            return _bad_padding(text, at, group)
        if not re.match(r"[A-Za-z0-9+/]", char):
            return len(text[:at].encode())
        group = (group + 1) % 4
    return len(text) - group if group else len(text)


def _bad_padding(text: str, at: int, group: int) -> int:
    if group < 2:
        return at
    follow = [i for i in range(at + 1, len(text)) if text[i] not in "\r\n"]
    if group == 2:
        if not follow:
            return len(text)
        if text[follow[0]] != "=":
            return follow[0] - 1 if follow[0] == at + 1 else at
        follow = follow[1:]
    return follow[0] if follow else len(text)


def literal(value: Any) -> str:
    """A scalar as the text that stood in JSON; numbers keep their spelling where it is known."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
