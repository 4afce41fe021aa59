"""SPDY/3.1 frames to bytes and back, without I/O (the SPDY/3.1 draft, section 2).

Only what Kubernetes' streams use is told apart; SETTINGS, WINDOW_UPDATE and frames that nobody knows are skipped, as
its other implementations do: they have no flow control.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from podo.streaming.spdy_dictionary import DICTIONARY

VERSION = 3
SYN_STREAM, SYN_REPLY, RST_STREAM, PING, GOAWAY, HEADERS = 1, 2, 3, 6, 7, 8
FIN = 0x01
PROTOCOL_ERROR, REFUSED_STREAM, CANCEL = 1, 3, 5
MAX_FRAME = 1 << 24
MAX_HEADERS = 64 * 1024  # bytes of a header block, uncompressed
Headers = Mapping[str, str]


class SpdyError(Exception):
    """The other side broke the protocol; the connection must end."""


@dataclass(frozen=True)
class Data:
    """Bytes of a stream; `fin` when they are its last."""

    stream: int
    data: bytes
    fin: bool = False


@dataclass(frozen=True)
class Open:
    """SYN_STREAM: the other side opens a stream."""

    stream: int
    headers: Headers = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True)
class Reply:
    """SYN_REPLY: the stream is accepted."""

    stream: int
    headers: Headers = field(default_factory=dict)
    fin: bool = False


@dataclass(frozen=True)
class Reset:
    """RST_STREAM: the stream ends at once."""

    stream: int
    status: int = CANCEL


@dataclass(frozen=True)
class Ping:
    """To be sent back as it is."""

    number: int


@dataclass(frozen=True)
class GoAway:
    """No more streams."""

    last: int
    status: int = 0


Frame = Data | Open | Reply | Reset | Ping | GoAway


class FrameCodec:
    """One end of a connection: header compression has a state for each direction."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._deflate = zlib.compressobj(zdict=DICTIONARY)
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes. Raises SpdyError."""
        self._buffer += data
        while len(self._buffer) >= 8:
            word, rest = struct.unpack_from("!II", self._buffer)
            length = rest & 0xFFFFFF
            if len(self._buffer) < 8 + length:
                return
            payload = bytes(self._buffer[8 : 8 + length])
            del self._buffer[: 8 + length]
            if frame := self._decode(word, rest >> 24, payload):
                yield frame

    def encode(self, frame: Frame) -> bytes:
        """The bytes of a frame."""
        match frame:
            case Data(stream, data, fin):
                return struct.pack("!II", stream, _flags(fin) << 24 | len(data)) + data
            case Open(stream, headers, fin):
                body = struct.pack("!IIH", stream, 0, 0) + self._pack(headers)
                return _control(SYN_STREAM, _flags(fin), body)
            case Reply(stream, headers, fin):
                return _control(SYN_REPLY, _flags(fin), struct.pack("!I", stream) + self._pack(headers))
            case Reset(stream, status):
                return _control(RST_STREAM, 0, struct.pack("!II", stream, status))
            case Ping(number):
                return _control(PING, 0, struct.pack("!I", number))
            case GoAway(last, status):
                return _control(GOAWAY, 0, struct.pack("!II", last, status))

    def _decode(self, word: int, flags: int, payload: bytes) -> Frame | None:
        fin = bool(flags & FIN)
        if not word >> 31:
            return Data(word, payload, fin)
        if (word >> 16) & 0x7FFF != VERSION:
            raise SpdyError(f"SPDY version {(word >> 16) & 0x7FFF}, only {VERSION} is spoken")
        try:
            return self._decode_control(word & 0xFFFF, fin, payload)
        except (struct.error, zlib.error, UnicodeDecodeError) as error:
            raise SpdyError(f"a malformed frame of type {word & 0xFFFF}: {error}") from error

    def _decode_control(self, kind: int, fin: bool, payload: bytes) -> Frame | None:
        if kind == SYN_STREAM:
            (stream,) = struct.unpack_from("!I", payload)
            return Open(stream & 0x7FFFFFFF, self._unpack(payload[10:]), fin)
        if kind == SYN_REPLY:
            (stream,) = struct.unpack_from("!I", payload)
            return Reply(stream & 0x7FFFFFFF, self._unpack(payload[4:]), fin)
        if kind == HEADERS:
            self._unpack(payload[4:])  # nobody uses them, but the compression's state must follow
            return None
        if kind == RST_STREAM:
            stream, status = struct.unpack("!II", payload)
            return Reset(stream & 0x7FFFFFFF, status)
        if kind == PING:
            return Ping(*struct.unpack("!I", payload))
        if kind == GOAWAY:
            last, status = struct.unpack("!II", payload)
            return GoAway(last & 0x7FFFFFFF, status)
        return None

    def _pack(self, headers: Headers) -> bytes:
        plain = struct.pack("!I", len(headers))
        for name, value in headers.items():
            for text in (name.lower().encode(), value.encode()):
                plain += struct.pack("!I", len(text)) + text
        return self._deflate.compress(plain) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def _unpack(self, block: bytes) -> dict[str, str]:
        plain = self._inflate.decompress(block, MAX_HEADERS)
        if self._inflate.unconsumed_tail:
            raise SpdyError("a header block is too large")
        (count,), at = struct.unpack_from("!I", plain), 4
        texts: list[str] = []
        for _ in range(2 * count):
            (length,) = struct.unpack_from("!I", plain, at)
            if at + 4 + length > len(plain):
                raise SpdyError("a header block ends too early")
            texts.append(plain[at + 4 : at + 4 + length].decode())
            at += 4 + length
        return dict(zip(texts[::2], texts[1::2], strict=True))


def _flags(fin: bool) -> int:
    return FIN if fin else 0


def _control(kind: int, flags: int, body: bytes) -> bytes:
    return struct.pack("!HHI", 0x8000 | VERSION, kind, flags << 24 | len(body)) + body
