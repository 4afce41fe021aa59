"""The strings extension (version 2) and the regex library."""

from typing import Any

from ..errors import EvalError
from ..functions import Overload
from ..patterns import pattern
from ..types import DYN, INT, STRING, list_of
from . import costs
from .formatting import format_string

TEXTS = list_of(STRING)
SPACES = "\t\n\v\f\r \x85\xa0             \u2028\u2029  　"


def char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise EvalError(f"index out of range: {index}")
    return text[index : index + 1]


def index_of(text: str, part: str, start: int = 0) -> int:
    if not part:
        return start
    if not 0 <= start < len(text):
        if start == 0 and not text:
            return -1
        raise EvalError(f"index out of range: {start}")
    return text.find(part, start)


def last_index_of(text: str, part: str, start: int | None = None) -> int:
    if start is None:
        return text.rfind(part) if part else len(text)
    if not part:
        return start
    if not 0 <= start < len(text):
        raise EvalError(f"index out of range: {start}")
    return text.rfind(part, 0, start + len(part))


def substring(text: str, start: int, end: int | None = None) -> str:
    if end is None:
        if not 0 <= start <= len(text):
            raise EvalError(f"index out of range: {start}")
        return text[start:]
    if start > end:
        raise EvalError(f"invalid substring range. start: {start}, end: {end}")
    if not 0 <= start <= len(text):
        raise EvalError(f"index out of range: {start}")
    if not 0 <= end <= len(text):
        raise EvalError(f"index out of range: {end}")
    return text[start:end]


def lower_ascii(text: str) -> str:
    return "".join(char.lower() if char.isascii() else char for char in text)


def upper_ascii(text: str) -> str:
    return "".join(char.upper() if char.isascii() else char for char in text)


def replace(text: str, old: str, new: str, count: int = -1) -> str:
    return text.replace(old, new, count)


def split(text: str, separator: str, count: int = -1) -> list[str]:
    if count == 0:
        return []
    if not separator:
        pieces = list(text)
        return pieces if count < 0 or len(pieces) <= count else [*pieces[: count - 1], "".join(pieces[count - 1 :])]
    return text.split(separator, -1 if count < 0 else count - 1)


def join(parts: list[Any], separator: str = "") -> str:
    for part in parts:
        if not isinstance(part, str):
            raise EvalError(f"join: invalid input: {part}")
    return separator.join(parts)


QUOTED = {
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
    "\\": "\\\\",
    '"': '\\"',
}


def quote(text: str) -> str:
    return '"' + "".join(QUOTED.get(char, char) for char in text) + '"'


def find(text: str, wanted: str) -> str:
    found = pattern(wanted, "Illegal regex: ").search(text)
    return found.group() if found is not None else ""


def find_all(text: str, wanted: str, count: int = -1) -> list[str]:
    found: list[str] = []
    for match in pattern(wanted, "Illegal regex: ").finditer(text):
        if len(found) == count:
            break
        found.append(match.group())
    return found


def _member(id: str, args: tuple[Any, ...], result: Any, run: Any, cost: Any = None) -> Overload:
    return Overload(id, args, result, run, member=True, cost=cost)


STRING_LIBRARY: dict[str, list[Overload]] = {
    "charAt": [_member("string_char_at_int", (STRING, INT), STRING, char_at)],
    "indexOf": [
        _member("string_index_of_string", (STRING, STRING), INT, index_of, costs.traversal),
        _member("string_index_of_string_int", (STRING, STRING, INT), INT, index_of, costs.traversal),
    ],
    "lastIndexOf": [
        _member("string_last_index_of_string", (STRING, STRING), INT, last_index_of, costs.traversal),
        _member("string_last_index_of_string_int", (STRING, STRING, INT), INT, last_index_of, costs.traversal),
    ],
    "lowerAscii": [_member("string_lower_ascii", (STRING,), STRING, lower_ascii, costs.by_first())],
    "upperAscii": [_member("string_upper_ascii", (STRING,), STRING, upper_ascii, costs.by_first())],
    "trim": [_member("string_trim", (STRING,), STRING, lambda text: text.strip(SPACES), costs.by_first())],
    "replace": [
        _member("string_replace_string_string", (STRING, STRING, STRING), STRING, replace, costs.by_first(0.2)),
        _member("string_replace_string_string_int", (*(STRING,) * 3, INT), STRING, replace, costs.by_first(0.2)),
    ],
    "split": [
        _member("string_split_string", (STRING, STRING), TEXTS, split, costs.by_first(0.2)),
        _member("string_split_string_int", (STRING, STRING, INT), TEXTS, split, costs.by_first(0.2)),
    ],
    "substring": [
        _member("string_substring_int", (STRING, INT), STRING, substring, costs.by_first()),
        _member("string_substring_int_int", (STRING, INT, INT), STRING, substring, costs.by_first()),
    ],
    "join": [
        _member("list_join", (TEXTS,), STRING, join, costs.by_result(0.2)),
        _member("list_join_string", (TEXTS, STRING), STRING, join, costs.by_result(0.2)),
    ],
    "format": [_member("string_format", (STRING, list_of(DYN)), STRING, format_string, costs.by_first())],
    "strings.quote": [Overload("strings_quote", (STRING,), STRING, quote, cost=costs.by_first())],
    "find": [_member("string_find_string", (STRING, STRING), STRING, find, costs.regex)],
    "findAll": [
        _member("string_find_all_string", (STRING, STRING), TEXTS, find_all, costs.regex),
        _member("string_find_all_string_int", (STRING, STRING, INT), TEXTS, find_all, costs.regex),
    ],
    "jsonpatch.escapeKey": [
        Overload(
            "string_jsonpatch_escapeKey_string", (STRING,), STRING,
            lambda text: text.replace("~", "~0").replace("/", "~1"), cost=costs.by_first(),
        )
    ],
}  # fmt: skip
