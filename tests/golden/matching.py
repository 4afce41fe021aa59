"""Whether an answer is the one that was recorded, where some of it differs each time."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
SECOND = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
WILD = {
    "<uid>": UUID,
    "<time>": f"{SECOND}Z",
    "<microtime>": rf"{SECOND}\.\d+(?:Z|[+-]\d\d:\d\d)",
    "<rv>": r"\d+",
    "<suffix>": "[a-z0-9]{5}",
    "<jwt>": r"eyJ[\w.-]+",
    "<ptr>": "0x[0-9a-f]+",
    "<ip>": "[0-9a-f.:]+",
    "<nodePort>": r"\d+",
    "<dur>": r"-?(?:\d+[ydhms])*",
    "<continue>": r"[\w=-]{20,}",
    "<value>": r"[\s\S]*?",
    "<object>": r"[\s\S]*?",
    "<diff>": r"[\s\S]*",
}
MARK = re.compile("|".join(map(re.escape, WILD)))
SOURCE_LINE = re.compile(r"\n\s*\|[^\n]*")
"""What a compiler shows of the text that it could not compile: not recorded."""
JUST_MADE, AGE = "0s", re.compile(r"\d+s")
"""The age of an object that was new when it was shown, and what a slow machine makes of that."""
UNCOMPARED = frozenset({"storageVersionHash"})
OWNER = ("manager", "operation", "subresource", "apiVersion")


def difference(want: Any, got: Any, path: str = "") -> str:
    """Where the two first differ and how; "" if they do not."""
    if isinstance(want, dict) and isinstance(got, dict):
        return next(filter(None, _members(want, got, path)), "")
    if isinstance(want, list) and isinstance(got, list):
        if len(want) != len(got):
            return f"{path}: {len(want)} wanted, {len(got)} found: {want!r} {got!r}"
        return next(
            filter(None, (difference(w, g, f"{path}[{i}]") for i, (w, g) in enumerate(zip(want, got, strict=True)))), ""
        )
    if isinstance(want, str) and (isinstance(got, str) or want == "<nodePort>"):
        shown = SOURCE_LINE.sub("", str(got))
        matched = want == got or (want == JUST_MADE and AGE.fullmatch(shown)) or _pattern(want).fullmatch(shown)
        return "" if matched else f"{path}: want {want!r}, got {got!r}"
    same = want == got and isinstance(want, bool) == isinstance(got, bool)
    return "" if same else f"{path}: want {want!r}, got {got!r}"


def _members(want: dict[str, Any], got: dict[str, Any], path: str) -> Iterator[str]:
    if want.get("kind") == "Status" and want.get("status") == "Failure" and got.get("kind") == "Status":
        want, got = _one_order(want), _one_order(got)
    for key in {**want, **got}:
        if key in UNCOMPARED:
            continue
        wanted, found = want.get(key, "(absent)"), got.get(key, "(absent)")
        if key == "managedFields" and isinstance(wanted, list) and isinstance(found, list):
            wanted, found = (sorted(owners, key=_owner) for owners in (wanted, found))
        if key == "columnDefinitions" and isinstance(wanted, list) and isinstance(found, list):
            wanted, found = (
                [{k: v for k, v in column.items() if k != "description"} for column in columns]
                for columns in (wanted, found)
            )
        yield difference(wanted, found, f"{path}.{key}")


def _owner(entry: dict[str, str]) -> list[str]:
    return [entry.get(key) or "" for key in OWNER]


def _one_order(status: dict[str, Any]) -> dict[str, Any]:
    """A failure with its causes, in whatever order they were found, sorted: in `details` and in the message."""
    details, message = status.get("details") or {}, status.get("message") or ""
    causes = details.get("causes")
    if not isinstance(causes, list):
        return status
    shown = dict.fromkeys(f"{cause.get('field')}: {cause.get('message')}" for cause in causes)
    if len(shown) > 1 and message.endswith("]") and all(line in message for line in shown):
        message = message.partition("[")[0] + f"[{', '.join(sorted(shown))}]"
    ordered = sorted(causes, key=lambda cause: (cause.get("field") or "", cause.get("message") or ""))
    return {**status, "message": message, "details": {**details, "causes": ordered}}


@lru_cache(maxsize=4096)
def _pattern(want: str) -> re.Pattern[str]:
    """What a recorded text matches."""
    parts, end = [], 0
    for mark in MARK.finditer(want):
        parts += [re.escape(want[end : mark.start()]), WILD[mark[0]]]
        end = mark.end()
    return re.compile("".join([*parts, re.escape(want[end:])]))
