"""What a query of a node's logs asks for (KEP-2258), and which lines of the agent's own log answer it. Pure."""

import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from podo.api import timestamps
from podo.api.errors import BadRequest
from podo.node.api.query import Parameters, first, flag, number

OWN = frozenset({"kubelet", "podo"})
"""The services that the agent stands for."""
MOST_SERVICES, MOST_LENGTH, MOST_LINES = 4, 256, 100_000
UNSAFE = re.compile(r"[^a-zA-Z\-_.:0-9@]")
STAMP = re.compile(r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}),(\d{3}) ")
NO_ENTRIES = "-- No entries --\n"


@dataclass(frozen=True, kw_only=True)
class LogQuery:
    """Of services, or of one file below the node's folder of logs. `boot` 0 is the current one, -1 the one before."""

    services: tuple[str, ...] = ()
    file: str = ""
    since: datetime | None = None
    until: datetime | None = None
    tail: int | None = None
    boot: int | None = None
    pattern: str = ""
    case_sensitive: bool = False


def parse_query(query: Parameters) -> LogQuery:
    """Raises BadRequest for what makes no sense, or is not safe to hand on."""
    asked = [name for name in query.get("query", ()) if name.strip()]
    files = [name for name in asked if "/" in name or "\\" in name]
    services = [name for name in asked if name not in files]
    if not asked:
        raise BadRequest("query: Invalid value: query cannot be empty")
    if files and services:
        raise BadRequest("query: Invalid value: cannot specify a file and service")
    if len(files) > 1:
        raise BadRequest("query: Invalid value: cannot specify more than one file")
    if len(services) > MOST_SERVICES:
        raise BadRequest(f"query: Too many: {len(services)}: must have at most {MOST_SERVICES} items")
    for name in services:
        if len(name) > MOST_LENGTH or UNSAFE.search(name):
            raise BadRequest(f'query: Invalid value: "{name[:MOST_LENGTH]}": input contains unsupported characters')
    found = LogQuery(
        services=tuple(services),
        file=files[0] if files else "",
        since=_time(query, "sinceTime"),
        until=_time(query, "untilTime"),
        tail=number(query, "tailLines"),
        boot=number(query, "boot"),
        pattern=first(query, "pattern"),
        case_sensitive=flag(query, "case-sensitive"),
    )
    _check(found)
    return found


def _time(query: Parameters, name: str) -> datetime | None:
    text = first(query, name)
    try:
        return timestamps.parse(text) if text else None
    except ValueError:
        raise BadRequest(f'{name}: Invalid value: "{text}": invalid time format') from None


def _check(query: LogQuery) -> None:
    if query.file and query != LogQuery(file=query.file):
        raise BadRequest("query: Invalid value: cannot specify file with options")
    if query.since and query.until and query.since > query.until:
        raise BadRequest("untilTime: Invalid value: must be after `sinceTime`")
    if query.boot is not None and query.boot > 0:
        raise BadRequest(f"boot: Invalid value: {query.boot}: must be less than 1")
    if query.tail is not None and not 0 <= query.tail <= MOST_LINES:
        raise BadRequest(f"tailLines: Invalid value: {query.tail}: must be between 0 and {MOST_LINES}, inclusive")
    try:
        re.compile(query.pattern)
    except re.error as error:
        raise BadRequest(f'pattern: Invalid value: "{query.pattern}": {error}') from None


def journal_arguments(query: LogQuery) -> list[str]:
    """journalctl's, for services that are units."""
    made = ["--utc", "--no-pager", "--output=short-precise", *(f"--unit={name}" for name in query.services)]
    layout = "%Y-%m-%d %H:%M:%S"
    if query.since:
        made.append(f"--since={query.since.astimezone(UTC):{layout}}")
    if query.until:
        made.append(f"--until={query.until.astimezone(UTC):{layout}}")
    if query.tail is not None:
        made.append(f"--lines={query.tail}")
    if query.pattern:
        made += [f"--grep={query.pattern}", f"--case-sensitive={str(query.case_sensitive).lower()}"]
    if query.boot is not None:
        made.append(f"--boot={query.boot}")
    return made


def own_lines(lines: Iterable[str], query: LogQuery, head: str, booted: datetime) -> list[str]:
    """The agent's lines as a journal shows them; `head` names node and process. A line without a time has that of the
    line before it."""
    pattern = re.compile(query.pattern, 0 if query.case_sensitive else re.IGNORECASE)
    kept: Iterator[str] = (
        f"{at:%b %d %H:%M:%S.%f} {head}: {text}\n"
        for at, text in _timed(lines, booted)
        if _in_time(at, query, booted) and pattern.search(text)
    )
    return [*kept] if query.tail is None else [*deque(kept, query.tail)]


def _timed(lines: Iterable[str], start: datetime) -> Iterator[tuple[datetime, str]]:
    at = start
    for line in lines:
        text = line.rstrip("\n")
        if stamp := STAMP.match(text):
            at = datetime.fromisoformat(stamp[1]).replace(microsecond=int(stamp[2]) * 1000).astimezone(UTC)
            text = text[stamp.end() :]
        yield at, text


def _in_time(at: datetime, query: LogQuery, booted: datetime) -> bool:
    if (query.since and at < query.since) or (query.until and at > query.until):
        return False
    if query.boot is None:
        return True
    return at >= booted if query.boot == 0 else at < booted
