"""Custom resources that podo brings along: their definitions written, and served before anyone uses them."""

from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec

from podo.api.errors import APIError
from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.client.base import APPLY_PATCH, Client, Key, Kind, Patch, find
from podo.clock import Clock

MANAGER = "podo"
_ATTEMPTS, _PAUSE = 50, 0.02


def short_definitions(package: str) -> Iterator[dict[str, Any]]:
    """The definitions of a package's `definitions.json`, each as the body of a CustomResourceDefinition.

    The file has each part once; where it stands elsewhere too there is {"$": its number}. So parts may be shared: do
    not change them. `tools/short_definitions.py` makes such files.
    """
    found = msgspec.json.decode((resources.files(package) / "definitions.json").read_bytes())
    parts = found["parts"]
    for each in found["definitions"]:
        whole = _expand(each, parts)
        names, group = whole["spec"]["names"], whole["spec"]["group"]
        yield {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{names['plural']}.{group}", "annotations": whole["annotations"]},
            "spec": whole["spec"],
        }


def _expand(node: Any, parts: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_expand(each, parts) for each in node]
    if not isinstance(node, dict):
        return node
    if (number := node.get("$")) is not None:
        return _expand(parts[number], parts)
    return {key: _expand(value, parts) for key, value in node.items()}


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
