"""URLs, as Go's net/url reads a request URI."""

import ipaddress
import re
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, unquote_plus, unquote_to_bytes

from .. import types
from ..errors import EvalError
from ..functions import Overload
from ..types import BOOL, STRING, list_of, map_of
from ..values import Opaque
from . import costs
from .addresses import succeeds

URL_TYPE = types.struct("kubernetes.URL")
SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
ASCII_ESCAPE = re.compile(r"%(?!25)[0-7].")
"""What a host may not have: it may be escaped where it is not ASCII, and for zones."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
NOT_OF_HOSTS = re.compile(r"""[^A-Za-z0-9\-._~!$&'()*+,;=:\[\]<>"%\x80-\U0010ffff]""")
USER = re.compile(r"[A-Za-z0-9\-._:~!$&'()*+,;=%@]*")
PORT = re.compile(r"(?::[0-9]*)?")
ENCODED = re.compile(r"[A-Za-z0-9\-._~$&+,/:;=@!'()*\[\]%]*")
"""A path that is kept as it was written."""
SAFE = "-._~$&+,/:;=@"


class Parts(NamedTuple):
    """What a URL consists of; `path` as it was written."""

    scheme: str = ""
    host: str = ""
    path: str = ""
    query: str = ""


class BadURL(ValueError):
    """What is no URL; the message says why."""


class URL(Opaque):
    """A parsed URL."""

    __slots__ = ("parts", "text")
    cel_type = URL_TYPE

    def __init__(self, text: str) -> None:
        """Raises BadURL."""
        self.text = text
        self.parts = _parts(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse_url(text: str) -> URL:
    """An absolute URL or an absolute path. Raises EvalError."""
    try:
        return URL(text)
    except BadURL as error:
        raise EvalError(f'URL parse error during conversion from string: parse "{text}": {error}') from None


def _parts(text: str) -> Parts:
    """A fragment is none in a request: `#` is a character of the path, or of the host, which has none."""
    if CONTROL.search(text):
        raise BadURL("net/url: invalid control character in URL")
    if not text:
        raise BadURL("empty url")
    if text == "*":
        return Parts(path=text)
    if text.startswith(":"):
        raise BadURL("missing protocol scheme")
    found = SCHEME.match(text)
    scheme, rest = (found[1].lower(), text[found.end() :]) if found else ("", text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if not scheme:
            raise BadURL("invalid URI for request")
        return Parts(scheme, query=query)  # what follows is opaque
    if not scheme or not rest.startswith("//"):
        return Parts(scheme, "", _unescapable(rest), query)
    authority, slash, path = rest[2:].partition("/")
    return Parts(scheme, _host(authority), _unescapable(slash + path), query)


def _host(authority: str) -> str:
    user, at, host = authority.rpartition("@")
    found = _literal(host) if "[" in host else _name(host)
    if at and not USER.fullmatch(user):
        raise BadURL("net/url: invalid userinfo")
    _unescapable(user)
    return found


def _literal(host: str) -> str:
    """An IPv6 address in brackets, perhaps with a zone, and a port."""
    start, end = host.rfind("["), host.rfind("]")
    if end < 0:
        raise BadURL("missing ']' in host")
    _check_port(host[end + 1 :])
    address, percent, zone = host[start + 1 : end].partition("%25")
    try:
        ipaddress.IPv6Address(_of_host(address))
    except ValueError as error:
        raise BadURL("invalid host: ParseAddr: unable to parse IP") from error
    zone = unquote(_unescapable(zone))
    return f"[{address}{'%' if percent else ''}{zone}]{host[end + 1 :]}"


def _name(host: str) -> str:
    _check_port(host[host.index(":") :] if ":" in host else "")
    return _of_host(host)


def _of_host(text: str) -> str:
    """A host, or a part of one, unescaped. Raises BadURL."""
    _unescapable(text)
    if bad := ASCII_ESCAPE.search(text):
        raise BadURL(f'invalid URL escape "{bad[0]}"')
    if bad := NOT_OF_HOSTS.search(text):
        raise BadURL(f'invalid character "{bad[0]}" in host name')
    return unquote(text)


def _check_port(port: str) -> None:
    if not PORT.fullmatch(port):
        raise BadURL(f'invalid port "{port}" after host')


def _unescapable(text: str) -> str:
    """The text, whose escapes are good. Raises BadURL."""
    if bad := ESCAPE.search(text):
        raise BadURL(f'invalid URL escape "{text[bad.start() : bad.start() + 3]}"')
    return text


def host(url: URL) -> str:
    return url.parts.host


def _split(url: URL) -> tuple[str, str]:
    """(name without brackets, port)."""
    name, colon, port = url.parts.host.rpartition(":")
    if not colon or not PORT.fullmatch(f":{port}"):
        name, port = url.parts.host, ""
    return (name[1:-1] if name.startswith("[") and name.endswith("]") else name), port


def hostname(url: URL) -> str:
    return _split(url)[0]


def port(url: URL) -> str:
    return _split(url)[1]


def escaped_path(url: URL) -> str:
    path = url.parts.path
    return path if ENCODED.fullmatch(path) else quote(unquote_to_bytes(path), safe=SAFE)


def query(url: URL) -> dict[Any, Any]:
    """By key, all values. Pairs that are none are left out."""
    found: dict[Any, Any] = {}
    for pair in url.parts.query.split("&"):
        if pair and ";" not in pair and not ESCAPE.search(pair):
            key, _, value = pair.partition("=")
            found.setdefault(unquote_plus(key), []).append(unquote_plus(value))
    return found


def _get(id: str, result: Any, run: Any) -> list[Overload]:
    return [Overload(id, (URL_TYPE,), result, run, member=True, cost=costs.one)]


URL_LIBRARY: dict[str, list[Overload]] = {
    "url": [Overload("string_to_url", (STRING,), URL_TYPE, parse_url, cost=costs.by_first())],
    "isURL": [Overload("is_url_string", (STRING,), BOOL, succeeds(parse_url))],
    "getScheme": _get("url_get_scheme", STRING, lambda url: url.parts.scheme),
    "getHost": _get("url_get_host", STRING, host),
    "getHostname": _get("url_get_hostname", STRING, hostname),
    "getPort": _get("url_get_port", STRING, port),
    "getEscapedPath": _get("url_get_escaped_path", STRING, escaped_path),
    "getQuery": _get("url_get_query", map_of(STRING, list_of(STRING)), query),
}
