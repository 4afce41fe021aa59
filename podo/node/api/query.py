"""A request's parameters, read as Kubernetes reads them."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from podo.api import timestamps
from podo.api.errors import BadRequest
from podo.node.api.log_format import LogOptions

Parameters = Mapping[str, Sequence[str]]


def flag(query: Parameters, *names: str) -> bool:
    """Whether one of the parameters is there and not false."""
    return any(query[name][0].lower() not in ("false", "0", "") for name in names if query.get(name))


def number(query: Parameters, name: str) -> int | None:
    """A whole number. Raises BadRequest."""
    text = first(query, name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise BadRequest(f"{name} must be a whole number, not {text!r}") from None


def first(query: Parameters, name: str) -> str:
    """The parameter's value, or ""."""
    return query[name][0] if query.get(name) else ""


def log_options(query: Parameters, now: datetime) -> LogOptions:
    """PodLogOptions. Raises BadRequest."""
    since = None
    if (seconds := number(query, "sinceSeconds")) is not None:
        since = now - timedelta(seconds=seconds)
    elif text := first(query, "sinceTime"):
        try:
            since = timestamps.parse(text)
        except ValueError:
            raise BadRequest(f"sinceTime must be a time such as 2026-01-02T03:04:05Z, not {text!r}") from None
    stream = first(query, "stream")
    return LogOptions(
        follow=flag(query, "follow"),
        timestamps=flag(query, "timestamps"),
        tail_lines=number(query, "tailLines"),
        limit_bytes=number(query, "limitBytes"),
        since=since,
        stream="" if stream == "All" else stream,
    )
