"""The formats of strings that schemas may name, as the reference implementation's library (go-openapi) checks them."""

import base64
import binascii
import ipaddress
import re
from collections.abc import Callable
from datetime import date
from email.utils import parseaddr

_HEX = "[0-9a-f]"
_MAC = re.compile(r"(?:[0-9A-Fa-f]{2}([:-])(?:[0-9A-Fa-f]{2}\1){4}(?:(?:[0-9A-Fa-f]{2}\1){2})?[0-9A-Fa-f]{2})")
_MAC_DOTTED = re.compile(r"[0-9A-Fa-f]{4}(?:\.[0-9A-Fa-f]{4}){2}(?:\.[0-9A-Fa-f]{4})?")
_HOST = re.compile(r"([^\W_](-?[^\W_]{0,62})?|([^\W_](([^\W_]|-){0,61}[^\W_])?\.)+([^\W\d_]){2,63})", re.UNICODE)
_CARD = re.compile(
    r"(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})"
)
_BYTE = r"(2(?:[0-4][0-9]|5[0-5])|1[0-9]{2}|[1-9]?[0-9])"
_RGB = re.compile(rf"rgb\(\s*{_BYTE}\s*,\s*{_BYTE}\s*,\s*{_BYTE}\s*\)")
_GO_DURATION = re.compile(
    r"[-+]?(0|(\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))*"
)
_SCALA_DURATION = re.compile(r"\d+\s*([A-Za-zµ]+)")
_UNITS = {"ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"}
_UNIT_PREFIXES = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")
_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(\.[0-9]+)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_SHORT_NAME = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"


def _matches(pattern: str, flags: int = 0) -> Callable[[str], bool]:
    compiled = re.compile(pattern, flags)
    return lambda text: compiled.fullmatch(text) is not None


def _uuid(third: str, fourth: str) -> Callable[[str], bool]:
    return _matches(f"{_HEX}{{8}}-?{_HEX}{{4}}-?{third}-?{fourth}-?{_HEX}{{12}}", re.IGNORECASE)


def is_date_time(text: str) -> bool:
    """RFC 3339, zone and fraction optional."""
    found = _TIME.fullmatch(text)
    if found is None or not is_date(found[1]):
        return False
    return int(found[2]) < 24 and int(found[3]) < 60 and int(found[4]) < 60


def is_date(text: str) -> bool:
    """`2006-01-02`."""
    try:
        return _DATE.fullmatch(text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


def is_duration(text: str) -> bool:
    """Go's form (`1h30m`) or Scala's (`22 ns`, `3 hours`)."""
    if _GO_DURATION.fullmatch(text):
        return True
    units = [unit.lower() for unit in _SCALA_DURATION.findall(text)]
    return any(unit in _UNITS or unit.startswith(_UNIT_PREFIXES) for unit in units)


def is_uri(text: str) -> bool:
    """What may stand in a request line: an absolute URI, or a path that begins with a slash."""
    if not text or any(ord(c) < 0x20 or ord(c) == 0x7F for c in text):
        return False
    if text.startswith("/") or text == "*":
        return _well_escaped(text)
    scheme, colon, rest = text.partition(":")
    if not colon or not _SCHEME.fullmatch(scheme):
        return False
    host = rest[2:].partition("/")[0] if rest.startswith("//") else ""
    return " " not in host and _well_escaped(rest)


def _well_escaped(text: str) -> bool:
    return re.search(r"%(?![0-9A-Fa-f]{2})", text) is None


def is_email(text: str) -> bool:
    """An address, with a name before it or not."""
    _, address = parseaddr(text, strict=False) if _STRICT_EMAIL else parseaddr(text)
    local, at, domain = address.rpartition("@")
    if not (at and local and domain) or " " in address or ".." in address:
        return False
    return not (local.startswith(".") or local.endswith(".") or domain.startswith(".") or domain.endswith("."))


_STRICT_EMAIL = "strict" in (parseaddr.__code__.co_varnames or ())


def is_hostname(text: str) -> bool:
    """RFC 1034, digits first allowed, at most 255 characters."""
    return _HOST.fullmatch(text) is not None and len(text) <= 255 and all(len(p) <= 63 for p in text.split("."))


def is_ipv4(text: str) -> bool:
    """Dotted; leading zeros are tolerated."""
    parts = text.split(".")
    if len(parts) == 4 and all(part.isascii() and part.isdigit() and int(part) < 256 for part in parts):
        return True
    return "." in text and is_ipv6(text)


def is_ipv6(text: str) -> bool:
    """Without a zone."""
    try:
        return "%" not in text and bool(ipaddress.IPv6Address(text))
    except ValueError:
        return False


def is_cidr(text: str) -> bool:
    """An address and the length of a prefix."""
    address, slash, length = text.partition("/")
    if not slash or not (length.isascii() and length.isdigit()):
        return False
    if is_ipv6(address):
        return int(length) <= 128
    return is_ipv4(address) and int(length) <= 32


def is_isbn10(text: str) -> bool:
    """With its check digit."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{9}[0-9X]", digits):
        return False
    return sum((10 if d == "X" else int(d)) * (10 - i) for i, d in enumerate(digits)) % 11 == 0


def is_isbn13(text: str) -> bool:
    """With its check digit."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[0-9]{13}", digits):
        return False
    return sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0


def is_card(text: str) -> bool:
    """A credit card's number, by Luhn."""
    digits = re.sub(r"\D", "", text)
    if not _CARD.fullmatch(digits):
        return False
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if index % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def is_base64(text: str) -> bool:
    """Padded, of the standard alphabet."""
    try:
        return bool(text) and len(text) % 4 == 0 and base64.b64decode(text, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


def _short_name(text: str) -> bool:
    return len(text) <= 63 and re.fullmatch(_SHORT_NAME, text) is not None


def _long_name(text: str) -> bool:
    return len(text) <= 253 and re.fullmatch(rf"{_SHORT_NAME}(\.{_SHORT_NAME})*", text) is not None


FORMATS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches("[0-9a-fA-F]{24}"),
    "uri": is_uri,
    "email": is_email,
    "hostname": is_hostname,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "cidr": is_cidr,
    "mac": lambda text: _MAC.fullmatch(text) is not None or _MAC_DOTTED.fullmatch(text) is not None,
    "uuid": _uuid(f"{_HEX}{{4}}", f"{_HEX}{{4}}"),
    "uuid3": _uuid(f"3{_HEX}{{3}}", f"{_HEX}{{4}}"),
    "uuid4": _uuid(f"4{_HEX}{{3}}", f"[89ab]{_HEX}{{3}}"),
    "uuid5": _uuid(f"5{_HEX}{{3}}", f"[89ab]{_HEX}{{3}}"),
    "isbn": lambda text: is_isbn10(text) or is_isbn13(text),
    "isbn10": is_isbn10,
    "isbn13": is_isbn13,
    "creditcard": is_card,
    "ssn": _matches(r"[0-9]{3}[- ]?[0-9]{2}[- ]?[0-9]{4}"),
    "hexcolor": _matches("#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})"),
    "rgbcolor": lambda text: _RGB.fullmatch(text) is not None,
    "byte": is_base64,
    "password": lambda text: True,
    "date": is_date,
    "duration": is_duration,
    "datetime": is_date_time,
    "k8sshortname": _short_name,
    "k8slongname": _long_name,
}
"""By name without dashes."""
NUMBER_FORMATS = {"integer": ("int32", "int64"), "number": ("float", "double")}


def known(format: str, type: str) -> bool:
    """Whether the format means something for values of the type; others are ignored."""
    if type in ("", "string"):
        return format.replace("-", "") in FORMATS
    return format in NUMBER_FORMATS.get(type, ())
