"""What goes back to a client, free of HTTP libraries."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

JSON = "application/json"
NO_HEADERS: Mapping[str, str] = {}


class Answer(NamedTuple):
    """A whole answer. `media_type` is what stands in Content-Type."""

    status: int
    body: bytes
    media_type: str = JSON
    headers: Mapping[str, str] = NO_HEADERS


def json_answer(value: object, status: int = 200) -> Answer:
    """An answer of JSON."""
    return Answer(status, msgspec.json.encode(value))


def text_answer(text: str, status: int = 200) -> Answer:
    """An answer of plain text."""
    return Answer(status, text.encode(), "text/plain; charset=utf-8", {"X-Content-Type-Options": "nosniff"})
