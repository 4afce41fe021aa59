"""Which rule a request meets first. Pure.

The order is that of the specification: the more specific host; then of HTTPRoutes an exact path, a longer prefix, a
method, more headers, more parameters; of GRPCRoutes more characters of the service, of the method, more headers. What
is left is decided by age, by name, and by the place in the route.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from podo.network.gateway.routes import (
    EXACT,
    PREFIX,
    REGULAR,
    GRPCMatch,
    GRPCRule,
    HTTPMatch,
    HTTPRule,
    MethodMatch,
    PathMatch,
    ValueMatch,
)

Rank = tuple[int, ...]
_ANY_METHOD = "[^/]+"


class Match(NamedTuple):
    """Conditions that all have to be met, and what they weigh: a lower rank is asked first."""

    rank: Rank
    path: PathMatch | None = None
    method: str = ""
    headers: tuple[ValueMatch, ...] = ()
    query: tuple[ValueMatch, ...] = ()


class Unsupported(Exception):
    """A rule asks for what cannot be done; the text is for the user."""


def http_matches(rule: HTTPRule) -> Iterator[Match]:
    """The alternatives of a rule, one of which has to be met. Raises Unsupported."""
    for each in rule.matches or (HTTPMatch(),):
        kind, path = each.path.type, each.path
        check_text(path.value)
        if kind == PREFIX:
            path = PathMatch(type=PREFIX, value=path.value.rstrip("/") or "/")
        elif kind == REGULAR:
            check_pattern(path.value)
        elif kind != EXACT:
            raise Unsupported(f"path matches of type {kind} are not supported")
        headers, query = first_of_each(each.headers, fold=True), first_of_each(each.query_params)
        order = {EXACT: 0, REGULAR: 1, PREFIX: 2}[kind]
        rank = (order, -len(path.value), not each.method, -len(headers), -len(query))
        yield Match(rank, path, each.method, headers, query)


def grpc_matches(rule: GRPCRule) -> Iterator[Match]:
    """The same of a rule for gRPC, whose calls are POST requests to /SERVICE/METHOD."""
    for each in rule.matches or (GRPCMatch(),):
        headers, method = first_of_each(each.headers, fold=True), each.method
        rank = (-len(method.service), -len(method.method), -len(headers))
        yield Match(rank, _grpc_path(method), "", headers)


def _grpc_path(match: MethodMatch) -> PathMatch | None:
    if not match.service and not match.method:
        return None
    if match.type == REGULAR:
        for pattern in (match.service, match.method):
            check_pattern(pattern)
        return PathMatch(type=REGULAR, value=f"/{match.service or _ANY_METHOD}/{match.method or _ANY_METHOD}")
    if match.service and match.method:
        return PathMatch(type=EXACT, value=f"/{match.service}/{match.method}")
    if match.service:
        return PathMatch(type=PREFIX, value=f"/{match.service}")
    return PathMatch(type=REGULAR, value=f"/{_ANY_METHOD}/{re.escape(match.method)}")


def first_of_each(found: tuple[ValueMatch, ...], *, fold: bool = False) -> tuple[ValueMatch, ...]:
    """Of matches for the same name only the first counts. `fold`: names are the same in any case."""
    kept: dict[str, ValueMatch] = {}
    for each in found:
        kept.setdefault(each.name.lower() if fold else each.name, each)
        if each.type == REGULAR:
            check_pattern(each.value)
        check_text(each.value)
        if "'" in each.name:
            raise Unsupported(f"quotes are not supported in names: {each.name}")
    return tuple(kept.values())


def check_text(text: str) -> None:
    """Raises Unsupported for what cannot stand in a header or a configuration: control characters."""
    if any(ord(each) < 32 or ord(each) == 127 for each in text):
        raise Unsupported("control characters are not supported in values")


@lru_cache(maxsize=4096)
def check_pattern(pattern: str) -> None:
    """Raises Unsupported unless it is a regular expression of RE2, all of which haproxy's engine takes."""
    import re2

    check_text(pattern)
    try:
        re2.compile(pattern, _quiet())
    except re2.error as error:
        raise Unsupported(f"{pattern!r} is no regular expression: {error}") from error


def _quiet() -> object:
    import re2

    options = re2.Options()
    options.log_errors = False
    return options
