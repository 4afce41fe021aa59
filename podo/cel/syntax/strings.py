"""What a string or bytes literal means: quotes, raw strings, escapes."""

import re

SIMPLE = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
    '"': '"', "'": "'", "\\": "\\", "?": "?", "`": "`",
}  # fmt: skip
ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}|.)", re.DOTALL)


class BadLiteral(ValueError):
    """A literal with an escape that means nothing."""


def unquote(text: str) -> str:
    """The value of a string literal with its quotes."""
    body, raw = strip(text)
    if raw or "\\" not in body:
        return body
    return ESCAPE.sub(_char, body)


def unquote_bytes(text: str) -> bytes:
    """The value of a bytes literal with its `b` and quotes; `\\x` and octal escapes give single bytes."""
    body, raw = strip(text[1:])
    if raw:
        return body.encode()
    parts: list[bytes] = []
    at = 0
    for match in ESCAPE.finditer(body):
        parts.append(body[at : match.start()].encode())
        code = match.group(1)
        octet = code[0] in "xX0123" and len(code) == 3
        parts.append(bytes([ord(_char(match))]) if octet else _char(match).encode())
        at = match.end()
    parts.append(body[at:].encode())
    return b"".join(parts)


def strip(text: str) -> tuple[str, bool]:
    """The text between the quotes, with one kind of line end, and whether it is raw."""
    raw = text[0] in "rR"
    if raw:
        text = text[1:]
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    width = 3 if len(text) >= 6 and text[:3] in ('"""', "'''") else 1
    return text[width:-width], raw


def _char(match: re.Match[str]) -> str:
    code = match.group(1)
    if code in SIMPLE:
        return SIMPLE[code]
    try:
        if code[0] in "uUxX" and len(code) > 1:
            number = int(code[1:], 16)
            if 0xD800 <= number < 0xE000:
                raise BadLiteral("unable to unescape string")
            return chr(number)
        if len(code) == 3:
            return chr(int(code, 8))
    except (ValueError, OverflowError):
        pass
    raise BadLiteral("unable to unescape string")
