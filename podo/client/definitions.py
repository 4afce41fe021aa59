"""Custom resources that podo brings along: their definitions written, and served before anyone uses them."""

from collections.abc import Iterable, Mapping
from typing import Any

from podo.api.errors import APIError
from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.client.base import APPLY_PATCH, Client, Key, Kind, Patch, find
from podo.clock import Clock

MANAGER = "podo"
_ATTEMPTS, _PAUSE = 50, 0.02


async def ensure_served(
    client: Client, clock: Clock, definitions: Iterable[Mapping[str, Any]], kinds: Iterable[Kind[Any]]
) -> list[Kind[Any]]:
    """Write the definitions that are not there; which of `kinds` are served then.

    A definition that is there already stays as it is, whoever wrote it.
    """
    for definition in definitions:
        await ensure(client, CustomResourceDefinition, definition)
    served = []
    for kind in kinds:
        for attempt in range(_ATTEMPTS):  # a definition is served a moment after it was written
            try:
                await client.list(kind)
            except APIError:
                await clock.sleep(_PAUSE * (attempt + 1))
            else:
                served.append(kind)
                break
    return served


async def ensure(client: Client, kind: Any, body: Mapping[str, Any]) -> None:
    """Write a cluster-scoped object unless one of its name is there."""
    key = Key("", body["metadata"]["name"])
    if await find(client, kind, key) is None:
        await client.patch(kind, key, Patch(media_type=APPLY_PATCH, body=body, field_manager=MANAGER))
