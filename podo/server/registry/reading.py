"""What a list or a watch asks of the cache: resource versions, pages, and the tokens that continue them."""

import base64
import posixpath
import string
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from podo.api.errors import BadRequest, Expired
from podo.server.validation.go_json import TYPES, parse_problem
from podo.server.watchcache.cache import WatchCache, too_large
from podo.server.watchcache.entry import Entry
from podo.server.watchcache.resource import ResourceCache
from podo.server.watchcache.selection import Selection

TOKEN_VERSION = "meta.k8s.io/v1"
_ALPHABET = frozenset(string.ascii_letters + string.digits + "-_")
NOT_VALID = "invalid continue token: continue key is not valid: "
EXPIRED_TOKEN = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


TOO_OLD = "The resourceVersion for the provided list is too old."
Past = Callable[[int], Awaitable[Sequence[Entry]]]
"""All objects of a kind as they were at a revision, in order of their keys. Raises Expired."""


@dataclass(frozen=True, slots=True)
class ListOptions:
    """How to list: `exact` wants the state at `resource_version`, otherwise not older than it (None: the newest)."""

    limit: int = 0
    continue_token: str = ""
    resource_version: int | None = None
    exact: bool = False


class ListResult(NamedTuple):
    """A page. `remaining` is None where it is not known or nothing is left."""

    entries: Sequence[Entry]
    revision: int
    continue_token: str = ""
    remaining: int | None = None


class Token(NamedTuple):
    """Where the next page starts: behind `key`, at `revision` (-1: whatever is there by then)."""

    revision: int
    key: str


def encode_token(revision: int, key: str) -> str:
    """The token that continues behind `key`."""
    raw = msgspec.json.encode({"v": TOKEN_VERSION, "rv": revision, "start": f"{key}\0"})
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode_token(text: str) -> Token:
    """Raises BadRequest for what is no token of ours, in the words of Kubernetes."""
    token = _token_fields(_decoded(text))
    version, revision, start = (token.get(name, blank) for name, blank in (("v", ""), ("rv", 0), ("start", "")))
    if version != TOKEN_VERSION:
        raise BadRequest(f"{NOT_VALID}server does not recognize this encoded version {version}")
    if revision == 0:
        raise BadRequest(f"{NOT_VALID}incorrect encoded start resourceVersion (version {TOKEN_VERSION})")
    if not start:
        raise BadRequest(f"{NOT_VALID}encoded start key empty (version {TOKEN_VERSION})")
    if posixpath.normpath(f"/{start.removeprefix('/')}") != f"/{start.removeprefix('/')}":
        raise BadRequest(f"{NOT_VALID}{start}")
    return Token(revision, start.removeprefix("/").removesuffix("\0"))


def _decoded(text: str) -> bytes:
    """The bytes of a text in base64 without padding."""
    bad = next((i for i, letter in enumerate(text) if letter not in _ALPHABET), -1)
    if bad < 0 and len(text) % 4 == 1:
        bad = len(text) - 1
    if bad >= 0:
        raise BadRequest(f"{NOT_VALID}illegal base64 data at input byte {bad}")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _token_fields(raw: bytes) -> dict[str, Any]:
    try:
        token = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        token = None
    if not isinstance(token, dict):
        raise BadRequest(f"{NOT_VALID}{parse_problem(raw, 'storage.continueToken')}")
    for name, (wanted, called) in {"v": (str, "string"), "rv": (int, "int64"), "start": (str, "string")}.items():
        value = token.get(name)
        if value is not None and (not isinstance(value, wanted) or isinstance(value, bool)):
            found = TYPES.get(type(value), "object")
            field = f"Go struct field continueToken.{name} of type {called}"
            raise BadRequest(f"{NOT_VALID}json: cannot unmarshal {found} into {field}")
    return {name: value for name, value in token.items() if value is not None}


async def list_entries(
    cache: WatchCache, resource: ResourceCache, selection: Selection, options: ListOptions, past: Past
) -> ListResult:
    """One page of the selected objects."""
    if options.continue_token:
        token = decode_token(options.continue_token)
        await cache.consistent()
        if token.revision < 0:
            return _page(resource, selection, options.limit, cache.revision, None, token.key)
        try:
            return await _page_of_then(cache, resource, selection, options.limit, token, past)
        except Expired as error:
            raise expired_token(token.key) from error
    if options.exact and options.resource_version is not None:
        await cache.consistent()
        if options.resource_version > cache.revision:
            raise too_large(options.resource_version, cache.revision, retry=False)
        wanted = Token(options.resource_version, "")
        try:
            return await _page_of_then(cache, resource, selection, options.limit, wanted, past)
        except Expired as error:
            raise Expired(TOO_OLD) from error
    if options.resource_version is None:
        await cache.consistent()
    elif options.resource_version > cache.revision:
        await cache.reach(options.resource_version)
    return _page(resource, selection, options.limit, cache.revision, None, "")


async def list_converted(
    cache: WatchCache,
    resource: ResourceCache,
    selection: Selection,
    options: ListOptions,
    past: Past,
    readable: Callable[[Sequence[Entry]], Awaitable[list[Entry]]],
) -> ListResult:
    """The same of a kind that `readable` converts: fields are looked at in the version that is asked for."""
    if selection.fields is None:
        found = await list_entries(cache, resource, selection, options, past)
        return found._replace(entries=await readable(found.entries))
    found = await list_entries(cache, resource, selection.of_any_version(), replace(options, limit=0), past)
    entries = await readable(found.entries)
    selected = (entry for entry in entries if selection.matches(entry, resource.fields_of))
    return _cut(selected, selection, options.limit, found.revision)


async def _page_of_then(
    cache: WatchCache, resource: ResourceCache, selection: Selection, limit: int, where: Token, past: Past
) -> ListResult:
    """A page as of a revision: from the cache or, before that begins, from the store. Raises Expired.

    A state that is forgotten has expired even where nothing has changed since: clients may rely on that.
    """
    revision, after = where
    if revision < cache.forgotten:
        raise Expired(TOO_OLD)
    try:
        return _page(resource, selection, limit, revision, revision, after)
    except Expired:
        then = [entry for entry in await past(revision) if entry.key > after]
    of_namespace = (e for e in then if not selection.namespace or e.namespace == selection.namespace)
    found = (entry for entry in of_namespace if selection.matches(entry, resource.fields_of))
    return _cut(found, selection, limit, revision)


def _page(
    resource: ResourceCache, selection: Selection, limit: int, revision: int, at: int | None, after: str
) -> ListResult:
    """`at` is the past revision to show, None for the present."""
    if at is not None and resource.unchanged_since(at):
        at = None
    if at is None:
        found = resource.select(selection, after)
        return _cut(found, selection, limit, revision, lambda last: resource.count(selection.namespace, last))
    then = resource.as_of(at, selection.namespace, after)
    found = (entry for entry in then if selection.matches(entry, resource.fields_of)) if selection.narrow else then
    return _cut(found, selection, limit, revision, lambda last: resource.count_as_of(at, selection.namespace, last))


def _cut(
    found: Iterator[Entry],
    selection: Selection,
    limit: int,
    revision: int,
    count_after: Callable[[str], int] | None = None,
) -> ListResult:
    """The first `limit` of what is found. `count_after` says how many follow a key, if that is known."""
    if not limit:
        return ListResult(list(found), revision)
    entries = list(islice(found, limit))
    following = next(found, None)
    if following is None:
        return ListResult(entries, revision)
    last = entries[-1].key
    if selection.narrow:
        return ListResult(entries, revision, encode_token(revision, last))
    left = count_after(last) if count_after is not None else 1 + sum(1 for _ in found)
    return ListResult(entries, revision, encode_token(revision, last), left)


def expired_token(key: str) -> Expired:
    """The 410 for a token whose state is no longer known, with one that goes on regardless."""
    error = Expired(EXPIRED_TOKEN)
    error.metadata = {"continue": encode_token(-1, key)}
    return error
