"""URLs, as Go's net/url reads a request URI."""

import re
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .. import types
from ..errors import EvalError
from ..functions import Overload
from ..types import BOOL, STRING, list_of, map_of
from ..values import Opaque
from . import costs
from .addresses import succeeds

URL_TYPE = types.struct("kubernetes.URL")
SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class URL(Opaque):
    """A parsed URL."""

    __slots__ = ("parts", "text")
    cel_type = URL_TYPE

    def __init__(self, text: str) -> None:
        self.text = text
        self.parts = urlsplit(text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


def parse_url(text: str) -> URL:
    """An absolute URL or an absolute path. Raises EvalError."""
    fault = _fault(text)
    if fault:
        raise EvalError(f'URL parse error during conversion from string: parse "{text}": {fault}')
    try:
        return URL(text)
    except ValueError:
        raise EvalError(f'URL parse error during conversion from string: parse "{text}": invalid URL') from None


def _fault(text: str) -> str:
    if not text:
        return "empty url"
    if CONTROL.search(text):
        return "net/url: invalid control character in URL"
    if text.startswith("/"):
        return _bad_escape(text.partition("?")[0])
    scheme = SCHEME.match(text)
    if scheme is None:
        return "missing protocol scheme" if text.startswith(":") else "invalid URI for request"
    rest = text[scheme.end() :]
    if not rest.startswith("/"):
        return "invalid URI for request" if not rest else ""
    if rest.startswith("//"):
        host, slash, path = rest[2:].partition("/")
        host = host.partition("?")[0].rpartition("@")[2]
        return _bad_host(host) or _bad_escape(slash + path.partition("?")[0])
    return _bad_escape(rest.partition("?")[0])


def _bad_host(host: str) -> str:
    if " " in host:
        return 'invalid character " " in host name'
    if host.startswith("["):
        end = host.find("]")
        return "missing ']' in host" if end < 0 else _bad_port(host[end + 1 :])
    name, colon, port = host.partition(":")
    if "%" in name:
        return f'invalid URL escape "{name[name.index("%") :][:3]}"'
    return _bad_port(colon + port)


def _bad_port(port: str) -> str:
    if port and not re.fullmatch(r":[0-9]*", port):
        return f'invalid port "{port}" after host'
    return ""


def _bad_escape(path: str) -> str:
    bad = ESCAPE.search(path)
    return f'invalid URL escape "{path[bad.start() : bad.start() + 3]}"' if bad else ""


def host(url: URL) -> str:
    return url.parts.netloc.rpartition("@")[2]


def hostname(url: URL) -> str:
    name = host(url)
    if name.startswith("["):
        return name[1 : name.index("]")]
    return name.partition(":")[0]


def port(url: URL) -> str:
    return host(url).removeprefix(f"[{hostname(url)}]").removeprefix(hostname(url)).removeprefix(":")


def escaped_path(url: URL) -> str:
    path = url.parts.path
    return path if quote(unquote(path), safe="/!$&'()*+,;=:@~-._") == path or "%" in path else quote(path)


def query(url: URL) -> dict[Any, Any]:
    return {**parse_qs(url.parts.query, keep_blank_values=True)}


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
