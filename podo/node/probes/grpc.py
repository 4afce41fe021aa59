"""gRPC health checks (grpc.health.v1.Health/Check) over plain HTTP/2, without a gRPC library.

One call a connection: the client's preface, HEADERS with literal fields only, DATA; then the answer's first message is
read. Its headers are not decoded (that would need all of HPACK), so an answer without a message is told as one that
does not implement the protocol. Sources: RFC 9113, RFC 7541 section 6.2.2, the gRPC HTTP/2 protocol.
"""

import asyncio
import struct
from collections.abc import Iterable

from podo.node.probes.checks import Answer, CheckFailed
from podo.node.probes.tcp import joined

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, GOAWAY = 0x0, 0x1, 0x3, 0x4, 0x6, 0x7
END_STREAM, END_HEADERS, ACK, PADDED = 0x1, 0x4, 0x1, 0x8
STATUS = {0: "UNKNOWN", 1: "SERVING", 2: "NOT_SERVING", 3: "SERVICE_UNKNOWN"}
SERVING = 1
MISSING = "this server does not implement the grpc health protocol (grpc.health.v1.Health)"


async def health(host: str, port: int, service: str, timeout: float) -> Answer:
    """Ask host:port whether `service` ("": the whole server) serves. Raises CheckFailed."""
    address = joined(host, port)
    try:
        async with asyncio.timeout(timeout):
            message = await _call(host, port, address, service)
    except TimeoutError as error:
        raise CheckFailed(f'timeout: failed to connect service "{address}" within {timeout:g}s') from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise CheckFailed(f'error: failed to connect service at "{address}": {error}') from error
    if message is None:
        raise CheckFailed(f"error: {MISSING}")
    status = _status(message)
    if status != SERVING:
        raise CheckFailed(f'service unhealthy (responded with "{STATUS.get(status, status)}")')
    return Answer("service healthy")


async def _call(host: str, port: int, address: str, service: str) -> bytes | None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(_request(address, service))
        await writer.drain()
        return await _answer(reader, writer)
    finally:
        writer.close()


def _request(address: str, service: str) -> bytes:
    headers = (
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/grpc.health.v1.Health/Check"),
        (":authority", address),
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("user-agent", "kube-probe/1.36"),
    )
    name = service.encode()
    message = b"\x0a" + _varint(len(name)) + name if name else b""
    body = struct.pack(">BI", 0, len(message)) + message
    return (
        PREFACE
        + _frame(SETTINGS, 0, 0, b"")
        + _frame(HEADERS, END_HEADERS, 1, _fields(headers))
        + _frame(DATA, END_STREAM, 1, body)
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def _fields(headers: Iterable[tuple[str, str]]) -> bytes:
    """Literal fields without indexing, names and values as they are."""
    return b"".join(b"\x00" + _text(name) + _text(value) for name, value in headers)


def _text(value: str) -> bytes:
    raw = value.encode()
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    return b"\x7f" + _varint(len(raw) - 127) + raw


def _varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes | None:
    """The first message of stream 1; None if the stream ends without one."""
    body = b""
    while True:
        head = await reader.readexactly(9)
        size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
        payload = await reader.readexactly(size)
        if kind == SETTINGS and not flags & ACK:
            writer.write(_frame(SETTINGS, ACK, 0, b""))
        elif kind == PING and not flags & ACK:
            writer.write(_frame(PING, ACK, 0, payload))
        elif kind in (RESET, GOAWAY):
            return None
        elif kind == DATA:
            body += payload[1 : size - payload[0]] if flags & PADDED else payload
            if len(body) >= 5 and len(body) >= 5 + int.from_bytes(body[1:5], "big"):
                return body[5 : 5 + int.from_bytes(body[1:5], "big")]
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            return None


def _status(message: bytes) -> int:
    """Field 1 of a HealthCheckResponse."""
    if not message:
        return 0
    return message[1] if len(message) > 1 and message[0] == 0x08 else 0
