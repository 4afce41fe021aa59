"""What an object of a built-in kind holds before anything is set."""

from functools import cache

import msgspec

from podo.api import schema
from podo.api.resources import split_api_version
from podo.server.defaulting.canonical import Object, canonical, plan_of


def blank(api_version: str, kind: str) -> Object:
    """`{"spec": {…}, "status": {}}` and the like; a dict of the caller's own, {} for a kind that is not built in."""
    return msgspec.json.decode(_blank(api_version, kind))  # type: ignore[no-any-return]


@cache
def _blank(api_version: str, kind: str) -> bytes:
    group, version = split_api_version(api_version)
    try:
        name = schema.type_for(group, version, kind).name
    except KeyError:
        return b"{}"
    return msgspec.json.encode(canonical({}, plan_of(name)))
