"""CORS in haproxy's words: what scripts of other origins are told that they may ask for. Pure.

Questions before a request (preflights) are answered here; the answers to requests say whether the origin may see them.
"""

import re
from collections.abc import Iterator
from typing import Protocol

from podo.network.haproxy.words import word


class CrossOrigin(Protocol):
    """What scripts of other origins may ask for. Origins may have a "*" in them; "*" alone in a list is anything."""

    @property
    def allow_origins(self) -> tuple[str, ...]: ...

    @property
    def allow_credentials(self) -> bool: ...

    @property
    def allow_methods(self) -> tuple[str, ...]: ...

    @property
    def allow_headers(self) -> tuple[str, ...]: ...

    @property
    def expose_headers(self) -> tuple[str, ...]: ...

    @property
    def max_age(self) -> int:
        """Seconds."""
        ...


ORIGIN = "txn.origin"
ANY = "*"
ALLOWED = f"{{ var({ORIGIN}) -m found }}"
ASKED = "{ method OPTIONS } { req.hdr(origin) -m found } { req.hdr(access-control-request-method) -m found }"
USUAL_PORTS = {"http": "80", "https": "443"}


def cors_lines(found: CrossOrigin) -> Iterator[str]:
    """The lines of a backend."""
    met = "found" if ANY in found.allow_origins else f"reg {' '.join(word(each) for each in patterns(found))}"
    if found.allow_origins:
        yield f"  http-request set-var({ORIGIN}) req.hdr(origin) if {{ req.hdr(origin) -m {met} }}"
    answer = " ".join(f"hdr {name} {value}" for name, value in _preflight(found))
    headers = "req.hdr(access-control-request-headers)"
    echoed = f" hdr Access-Control-Allow-Headers %[req.fhdr(access-control-request-headers)] if {ASKED} {ALLOWED}"
    if ANY in found.allow_headers:
        yield f"  http-request return status 204 {answer}{echoed} {{ {headers} -m found }}"
    yield f"  http-request return status 204 {answer} if {ASKED} {ALLOWED}"
    yield f"  http-request return status 204 if {ASKED}"
    yield "  http-response del-header Access-Control-Allow-Origin"
    for name, value in _always(found):
        yield f"  http-response set-header {name} {value} if {ALLOWED}"
    yield "  http-response add-header Vary Origin"


def patterns(found: CrossOrigin) -> list[str]:
    """The origins as regular expressions. A port that is the scheme's own may be named or not."""
    return [_pattern(each) for each in found.allow_origins]


def _pattern(origin: str) -> str:
    scheme, _, place = origin.partition("://")
    host, colon, port = place.rpartition(":")
    if not colon or not port.isdigit():
        host, port = place, ""
    usual = USUAL_PORTS.get(scheme, "")
    ending = f":{port}" if port and port != usual else f"(:{usual})?" if usual else ""
    return f"^{re.escape(scheme)}://{re.escape(host).replace(re.escape(ANY), '[^/:]*')}{ending}$"


def _always(found: CrossOrigin) -> Iterator[tuple[str, str]]:
    yield "Access-Control-Allow-Origin", f"%[var({ORIGIN})]"
    if found.allow_credentials:
        yield "Access-Control-Allow-Credentials", "true"
    if found.expose_headers:
        yield "Access-Control-Expose-Headers", word(", ".join(found.expose_headers))


def _preflight(found: CrossOrigin) -> Iterator[tuple[str, str]]:
    yield from _always(found)
    if ANY in found.allow_methods:
        yield "Access-Control-Allow-Methods", "%[req.hdr(access-control-request-method)]"
    elif found.allow_methods:
        yield "Access-Control-Allow-Methods", word(", ".join(found.allow_methods))
    if found.allow_headers and ANY not in found.allow_headers:
        yield "Access-Control-Allow-Headers", word(", ".join(found.allow_headers))
    yield "Access-Control-Max-Age", str(found.max_age)
    yield "Vary", "Origin"
