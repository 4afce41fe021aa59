"""What goes back to a client, free of HTTP libraries."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

JSON = "application/json"
NO_HEADERS: Mapping[str, str] = {}
GZIP = 16 + zlib.MAX_WBITS
QUICK, SMALL = 1, 6
"""Levels of compression: for what is sent once, and for what is kept and sent often."""
PIECE = 256 << 10
"""What is written at once of a large body, before the client must have taken some of it."""


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


class Compressed(Pieces):
    """A large body that is kept compressed (`zipped`), and goes so to clients that take it so."""

    __slots__ = ("zipped",)

    def __init__(self, body: bytes) -> None:
        self.zipped = gzipped((body,), SMALL)
        super().__init__(len(body), self._plain)

    def _plain(self) -> Iterator[bytes]:
        unzip, rest = zlib.decompressobj(GZIP), self.zipped
        while piece := unzip.decompress(rest, PIECE):
            yield piece
            rest = unzip.unconsumed_tail


def gzipped(pieces: Iterable[bytes], level: int = QUICK) -> bytes:
    """All of the pieces as one gzip stream."""
    compress = zlib.compressobj(level, zlib.DEFLATED, GZIP)
    return b"".join([*map(compress.compress, pieces), compress.flush()])


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
