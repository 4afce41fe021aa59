"""How long a request may take: as long as its client asks for (`timeout=2s`), at most what the server allows."""

from collections.abc import Mapping
from typing import Final

from podo.api.errors import BadRequest
from podo.server.answer import NO_HEADERS, Answer
from podo.server.metrics import Info, is_long

TIMEOUT: Final = 60.0
"""In seconds, where `--request-timeout` says nothing else."""
NANOSECONDS: Final = 1_000_000_000
LATE: Final = (
    '{"metadata":{},"status":"Failure","message":"Timeout: request did not complete within the allotted timeout",'
    '"reason":"Timeout","details":{},"code":504}\n'
)
"""A Status without its kind, and always as JSON: what kube-apiserver's outermost filter writes."""


def time_limit(info: Info, query: Mapping[str, str], most: float) -> float | None:
    """The seconds that a request may take; None: as long as its client likes. Raises BadRequest."""
    if is_long(info):
        return None
    text = query.get("timeout", "")
    if not text:
        return most
    asked = _seconds(text)
    return asked if 0 < asked < most else most


def _seconds(text: str) -> float:
    from podo.cel.errors import EvalError
    from podo.cel.times import parse_duration  # needed by the few requests that say how long they may take

    try:
        return parse_duration(text) / NANOSECONDS
    except EvalError as error:
        raise BadRequest(f"invalid timeout specified in the request URL - {error}") from error


def late() -> Answer:
    """The answer to a request whose time is over."""
    return Answer(504, LATE.encode(), "text/plain; charset=utf-8", NO_HEADERS)
