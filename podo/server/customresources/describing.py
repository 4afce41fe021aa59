"""Descriptions for definitions that have none of their own, of the groups that podo serves by itself."""

from typing import Any

from podo.server.descriptions.texts import Texts

BELOW = ("items", "additionalProperties")


def described(schema: Any, group: str, kind: str, texts: Texts) -> Any:
    """A copy of the schema of a kind, with texts where it has none; the schema itself if its group has no texts."""
    return _described(schema, group, kind, (), texts) if texts.knows(group) else schema


def _described(schema: Any, group: str, kind: str, path: tuple[str, ...], texts: Texts) -> Any:
    if not isinstance(schema, dict):
        return schema
    shown = dict(schema)
    if text := schema.get("description") or texts.of_path(group, kind, path):
        shown["description"] = text
    if "properties" in schema:
        shown["properties"] = {
            name: _described(child, group, kind, (*path, name), texts) for name, child in schema["properties"].items()
        }
    return shown | {name: _items(schema[name], group, kind, path, texts) for name in BELOW if name in schema}


def _items(schema: Any, group: str, kind: str, path: tuple[str, ...], texts: Texts) -> Any:
    """Items are described by what holds them."""
    if not isinstance(schema, dict):
        return schema
    shown = _described(schema, group, kind, path, texts)
    return shown if "description" in schema else {name: found for name, found in shown.items() if name != "description"}
