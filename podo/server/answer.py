"""What goes back to a client, free of HTTP libraries."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import msgspec

JSON = "application/json"
NO_HEADERS: Mapping[str, str] = {}


class Pieces:
    """A large body that is never whole in memory: its length, and a function that gives it piece by piece."""

    __slots__ = ("_length", "_make")

    def __init__(self, length: int, make: Callable[[], Iterator[bytes]]) -> None:
        self._length, self._make = length, make

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[bytes]:
        return self._make()

    def __bytes__(self) -> bytes:
        return b"".join(self)


class Answer(NamedTuple):
    """A whole answer. `media_type` is what stands in Content-Type."""

    status: int
    body: bytes | Pieces
    media_type: str = JSON
    headers: Mapping[str, str] = NO_HEADERS


def json_answer(value: object, status: int = 200) -> Answer:
    """An answer of JSON."""
    return Answer(status, msgspec.json.encode(value))


def text_answer(text: str, status: int = 200, headers: Mapping[str, str] = NO_HEADERS) -> Answer:
    """An answer of plain text."""
    given = {"X-Content-Type-Options": "nosniff", **headers}
    return Answer(status, text.encode(), "text/plain; charset=utf-8", given)
