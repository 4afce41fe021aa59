"""Filters of routes in haproxy's words: what is done to requests and answers in a backend. Pure."""

from collections.abc import Iterator

from podo.network.gateway.mirrors import mirror_lines
from podo.network.gateway.plan import HTTPS, Destination
from podo.network.gateway.routes import Filter, HeaderFilter, PathModifier, Redirect, Rewrite
from podo.network.haproxy.cors import cors_lines
from podo.network.haproxy.words import word

HOST, REST, PORT, SCHEME = "txn.host", "txn.rest", "txn.port", "txn.scheme"
"""Variables that frontends set: the host that is asked for; its port and scheme as the client sees them."""


def text(literal: str) -> str:
    """`literal` as a word in which haproxy looks for %[…]."""
    return word(literal.replace("%", "%%"))


def action_lines(destination: Destination) -> Iterator[str]:
    """The lines that do what the filters say, in their order."""
    if destination.prefix:
        length = len(destination.prefix.rstrip("/"))
        yield f"  http-request set-var({REST}) path,bytes({length})"
    for each in destination.filters:
        if each.cors:
            yield from cors_lines(each.cors)
    for each in destination.filters:
        if each.request_header_modifier:
            yield from _headers("http-request", each.request_header_modifier)
        if each.response_header_modifier:
            yield from _headers("http-response", each.response_header_modifier)
        if each.url_rewrite:
            yield from _rewrite(each.url_rewrite)
    if destination.mirrors:
        yield from mirror_lines(destination.mirrors)
    yield from (line for each in destination.filters for line in _redirect_of(each))


def _headers(rules: str, found: HeaderFilter) -> Iterator[str]:
    for header in found.set:
        yield f"  {rules} set-header {word(header.name)} {text(header.value)}"
    for header in found.add:
        yield f"  {rules} add-header {word(header.name)} {text(header.value)}"
    for name in found.remove:
        yield f"  {rules} del-header {word(name)}"


def _rewrite(found: Rewrite) -> Iterator[str]:
    if found.hostname:
        yield f"  http-request set-header Host {text(found.hostname)}"
    if found.path:
        yield from _path("http-request set-path", found.path)


def _path(rule: str, found: PathModifier) -> Iterator[str]:
    """A rule that takes the new path."""
    if found.type == "ReplaceFullPath":
        yield f"  {rule} {text(found.replace_full_path or '/')}"
        return
    prefix = found.replace_prefix_match.rstrip("/")
    new = text(prefix) if prefix else ""
    rest = f"%[var({REST})]"
    if new:
        yield f"  {rule} {new}{rest}"
    else:
        yield f"  {rule} {rest} if {{ var({REST}) -m beg / }}"
        yield f"  {rule} /{rest} if !{{ var({REST}) -m beg / }}"


def _redirect_of(found: Filter) -> Iterator[str]:
    if not (redirect := found.request_redirect):
        return
    if redirect.path:
        yield from _path("http-request set-path", redirect.path)
    query = "?%[query]"
    code = redirect.status_code
    where = f"{_scheme(redirect)}://{_authority(redirect)}%[path]"
    for port, condition in _ports(redirect):
        for tail, asked in ((query, "{ query -m found }"), ("", "")):
            conditions = " ".join(each for each in (condition, asked) if each)
            yield (
                f"  http-request redirect location {where.replace('@PORT@', port)}{tail} code {code}"
                + (f" if {conditions}" if conditions else "")
            )


def _scheme(redirect: Redirect) -> str:
    return redirect.scheme or f"%[var({SCHEME})]"


def _authority(redirect: Redirect) -> str:
    return (text(redirect.hostname) if redirect.hostname else f"%[var({HOST})]") + "@PORT@"


def _ports(redirect: Redirect) -> list[tuple[str, str]]:
    """(what follows the host, under which condition): a scheme's own port is not named."""
    usual = {"http": 80, "https": 443}
    if redirect.scheme:
        port = redirect.port or usual[redirect.scheme]
        return [("" if port == usual[redirect.scheme] else f":{port}", "")]
    if redirect.port:
        own = next((scheme for scheme, port in usual.items() if port == redirect.port), None)
        named = f":{redirect.port}"
        if own is None:
            return [(named, "")]
        return [("", f"{{ var({SCHEME}) -m str {own} }}"), (named, "")]
    return [(f"%[var({PORT})]", "")]


def settings(protocol: str, port: int) -> list[str]:
    """The lines of a frontend that set the variables for redirects."""
    scheme = "https" if protocol == HTTPS else "http"
    named = "" if port == {"http": 80, "https": 443}[scheme] else f":{port}"
    lines = [f"  http-request set-var({SCHEME}) str({scheme})"]
    return [*lines, f"  http-request set-var({PORT}) str({named})"] if named else lines
