"""The channel protocols of Kubernetes' WebSockets: the first byte of a message names its channel.

Versions: `channel.k8s.io` and `v4` (a Status on the error channel), `v5` (a client can close one channel, so that stdin
has an end), each also in base64 text. Source: KEP-4006.
"""

import base64
import json
from collections.abc import Sequence

STDIN, STDOUT, STDERR, ERROR, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255
PROTOCOLS = (
    "v5.channel.k8s.io",
    "v4.channel.k8s.io",
    "v4.base64.channel.k8s.io",
    "channel.k8s.io",
    "base64.channel.k8s.io",
)


def choose(offered: Sequence[str], known: Sequence[str] = PROTOCOLS) -> str | None:
    """The first of the client's protocols that we speak; the oldest if it names none; None if we speak none."""
    if not offered:
        return "channel.k8s.io" if "channel.k8s.io" in known else None
    return next((protocol for protocol in offered if protocol in known), None)


def decode(protocol: str, message: bytes | str) -> tuple[int, bytes]:
    """(channel, data) of a message. Raises ValueError."""
    if "base64" in protocol:
        text = message.encode() if isinstance(message, str) else message
        if not text[:1].isdigit():
            raise ValueError("a message without a channel")
        return text[0] - ord("0"), base64.b64decode(text[1:], validate=True)
    raw = message.encode() if isinstance(message, str) else message
    if not raw:
        raise ValueError("a message without a channel")
    return raw[0], raw[1:]


def encode(protocol: str, channel: int, data: bytes) -> bytes:
    """The message; of a base64 protocol it is to be sent as text."""
    if "base64" in protocol:
        return b"%d" % channel + base64.b64encode(data)
    return bytes([channel]) + data


def is_text(protocol: str) -> bool:
    """Whether messages are text."""
    return "base64" in protocol


def has_status(protocol: str) -> bool:
    """Whether the error channel ends with a Status; without a version it has the text of an error, or nothing."""
    return protocol.startswith(("v4.", "v5."))


def parse_size(data: bytes) -> tuple[int, int] | None:
    """(columns, rows) of a resize message; None if it makes no sense."""
    try:
        size = json.loads(data)
        return int(size["Width"]), int(size["Height"])
    except (ValueError, KeyError, TypeError):
        return None
