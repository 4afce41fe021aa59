"""Types whose JSON is not an object of their members: times, quantities, raw JSON, and the like."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Writer = Callable[[Any, Any], None]
Reader = Callable[[Any], Any]


class WireError(ValueError):
    """Bytes that are no object of the kind."""


def _write_time(message: Any, value: str) -> None:
    moment = datetime.fromisoformat(value) - EPOCH
    message.f1 = moment.days * 86400 + moment.seconds
    message.f2 = moment.microseconds * 1000


def _moment(message: Any) -> datetime:
    try:
        return EPOCH + timedelta(seconds=message.f1, microseconds=message.f2 // 1000)
    except OverflowError:
        raise WireError(f"a time out of range: {message.f1} seconds") from None


def _read_time(message: Any) -> str | None:
    if not message.ListFields():
        return None  # the zero time
    return _moment(message).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20)


def _read_microtime(message: Any) -> str | None:
    if not message.ListFields():
        return None
    return _moment(message).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def _write_quantity(message: Any, value: str | int) -> None:
    message.f1 = str(value)


def _write_int_or_string(message: Any, value: str | int) -> None:
    text = isinstance(value, str)
    message.f1, message.f2, message.f3 = (1, 0, value) if text else (0, value, "")


def _write_raw(message: Any, value: Any) -> None:
    """As Go writes JSON, with <, > and & escaped (encoding/json's HTMLEscape): some clients compare the bytes."""
    text = msgspec.json.encode(value)
    for char in b"<>&":
        text = text.replace(bytes([char]), b"\\u%04x" % char)
    message.f1 = text


def _read_raw(message: Any) -> Any:
    if not message.f1:
        return None
    try:
        return msgspec.json.decode(message.f1)
    except (msgspec.DecodeError, RecursionError) as error:
        raise WireError(f"raw JSON in the message: {error}") from error


def _write_items(message: Any, value: list[str]) -> None:
    message.f1.extend(value)


SCALAR_WRITERS: dict[str, Callable[[Any], Any]] = {"bytes": base64.b64decode}
SCALAR_READERS: dict[str, Callable[[Any], Any]] = {"bytes": lambda value: base64.b64encode(value).decode()}
_RAW = ("meta.v1.FieldsV1", "runtime.RawExtension", "apiextensions.v1.JSON")
_ITEMS = ("meta.v1.Verbs", "authentication.v1.ExtraValue", "authorization.v1.ExtraValue", "certificates.v1.ExtraValue")

WRITERS: dict[str, Writer] = {
    "meta.v1.Time": _write_time,
    "meta.v1.MicroTime": _write_time,
    "resource.Quantity": _write_quantity,
    "intstr.IntOrString": _write_int_or_string,
    **dict.fromkeys(_RAW, _write_raw),
    **dict.fromkeys(_ITEMS, _write_items),
}
READERS: dict[str, Reader] = {
    "meta.v1.Time": _read_time,
    "meta.v1.MicroTime": _read_microtime,
    "resource.Quantity": lambda message: message.f1 or "0",
    "intstr.IntOrString": lambda message: message.f3 if message.f1 else message.f2,
    **dict.fromkeys(_RAW, _read_raw),
    **dict.fromkeys(_ITEMS, lambda message: list(message.f1)),
}
