"""Named formats: `format.dns1123Label().validate(text)` gives none, or what is wrong with the text."""

import base64
import binascii
import math
import re
from collections.abc import Callable
from datetime import date
from typing import Any, TypeAlias

from podo.api import names

from .. import types
from ..errors import EvalError
from ..functions import Overload
from ..times import parse_timestamp
from ..types import STRING, list_of, optional_of
from ..values import NONE, Opaque, Optional
from . import costs
from .urls import parse_url

FORMAT_TYPE = types.struct("kubernetes.NamedFormat")
UUID = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
Check: TypeAlias = Callable[[str], list[str]]


class Format(Opaque):
    """A way a text may be written. `pattern_size` (characters) is what its pattern counts for in costs."""

    __slots__ = ("check", "name", "pattern_size")
    cel_type = FORMAT_TYPE

    def __init__(self, name: str, check: Check, pattern_size: int) -> None:
        self.name, self.check, self.pattern_size = name, check, pattern_size

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Format) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


def _prefix(check: Check) -> Check:
    """What may be put before a generated suffix: it may end with a dash."""
    return lambda text: check(text[:-1] + "a" if len(text) > 1 and text.endswith("-") else text)


def _uri(text: str) -> list[str]:
    try:
        parse_url(text)
    except EvalError as error:
        return [str(error).removeprefix("URL parse error during conversion from string: ")]
    return []


def _uuid(text: str) -> list[str]:
    return [] if UUID.fullmatch(text) else ["does not match the UUID format"]


def _byte(text: str) -> list[str]:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return ["invalid base64"]
    return []


def _date(text: str) -> list[str]:
    try:
        date.fromisoformat(text)
    except ValueError:
        return ["invalid date"]
    return [] if len(text) == 10 else ["invalid date"]


def _datetime(text: str) -> list[str]:
    try:
        parse_timestamp(text)
    except EvalError:
        return ["invalid datetime"]
    return []


NAMED = {
    "dns1123Label": Format("DNS1123Label", names.dns1123_label, 30),
    "dns1123Subdomain": Format("DNS1123Subdomain", names.dns1123_subdomain, 60),
    "dns1035Label": Format("DNS1035Label", names.dns1035_label, 30),
    "qualifiedName": Format("QualifiedName", names.qualified_name, 60),
    "dns1123LabelPrefix": Format("DNS1123LabelPrefix", _prefix(names.dns1123_label), 30),
    "dns1123SubdomainPrefix": Format("DNS1123SubdomainPrefix", _prefix(names.dns1123_subdomain), 60),
    "dns1035LabelPrefix": Format("DNS1035LabelPrefix", _prefix(names.dns1035_label), 30),
    "labelValue": Format("LabelValue", names.label_value, 40),
    "uri": Format("URI", _uri, 1100),
    "uuid": Format("uuid", _uuid, 74),
    "byte": Format("byte", _byte, 79),
    "date": Format("date", _date, 144),
    "datetime": Format("datetime", _datetime, 144),
}


def validate(format: Format, text: str) -> Optional:
    faults = format.check(text)
    return Optional(faults) if faults else NONE


def named(name: str) -> Optional:
    return Optional(NAMED[name]) if name in NAMED else NONE


def _cost(args: Any, result: Any) -> int:
    strings: int = math.ceil((1 + len(args[1])) * costs.TRAVERSAL)
    pattern: int = math.ceil(args[0].pattern_size * costs.REGEX)
    return strings * pattern


def _constant(value: Format) -> Callable[[], Format]:
    return lambda: value


FORMAT_LIBRARY: dict[str, list[Overload]] = {
    "validate": [
        Overload(
            "format-validate", (FORMAT_TYPE, STRING), optional_of(list_of(STRING)), validate, member=True, cost=_cost
        )
    ],
    "format.named": [Overload("format-named", (STRING,), optional_of(FORMAT_TYPE), named, cost=costs.one)],
    **{
        f"format.{name}": [Overload(f"format.{name}", (), FORMAT_TYPE, _constant(value))]
        for name, value in NAMED.items()
    },
}
