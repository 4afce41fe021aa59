"""Custom resources that podo brings along: their definitions written, and served before anyone uses them."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec

from podo.api.errors import APIError
from podo.api.types.apiextensions_v1 import CustomResourceDefinition
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import APPLY_PATCH, Client, Key, Kind, Patch, find, kind_of, metadata_kind
from podo.clock import Clock

MANAGER = "podo"
WRITTEN = "podo/written"
"""The annotation with the digest of what podo wrote: another podo may have more to say."""
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
    """Write the definitions that are not there, or that an older podo wrote; which of `kinds` are served then."""
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
    """Write a cluster-scoped object, unless it is there as this podo writes it, or its spec is somebody else's."""
    metadata = body["metadata"]
    key, digest = Key("", metadata["name"]), hashlib.sha256(msgspec.json.encode(body, order="sorted")).hexdigest()
    found = await find(client, metadata_kind(kind_of(kind).resource), key)
    if found is not None and (found.metadata.annotations.get(WRITTEN) == digest or is_others(found.metadata)):
        return
    marked = {**body, "metadata": {**metadata, "annotations": {**metadata.get("annotations", {}), WRITTEN: digest}}}
    await client.patch(kind, key, Patch(media_type=APPLY_PATCH, body=marked, field_manager=MANAGER, force=True))


def is_others(metadata: ObjectMeta) -> bool:
    """Whether anybody but podo has written any of the spec: a newer definition, say, or one that came with a chart."""
    return any(
        entry.manager != MANAGER and not entry.subresource and "f:spec" in (entry.fields_v1 or {})
        for entry in metadata.managed_fields
    )
