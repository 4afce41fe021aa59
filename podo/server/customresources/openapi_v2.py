"""Schemas of custom resources in OpenAPI 2.0, which can say less: what kubectl would misread is left out."""

from collections.abc import Iterable
from typing import Any

from podo.server.descriptions.texts import Texts

from .describing import described
from .kind import CustomServed
from .openapi import embedded, list_schema, mark, of_object, type_name

Document = dict[str, Any]
JUNCTORS = ("allOf", "oneOf", "anyOf", "not")
PRESERVE, EMBEDDED = "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource"


def definitions_of(kinds: Iterable[CustomServed], reference: str) -> dict[str, Document]:
    """The definitions of kinds and their lists by name; `reference` stands before names in references."""
    found: dict[str, Document] = {}
    texts = Texts()
    for served in kinds:
        names, version = served.definition.status.accepted_names, served.resource.version
        own = type_name(served.resource.group, version, names.kind)
        found[own] = _definition(served, reference, texts)
        many = type_name(served.resource.group, version, names.list_kind)
        found[many] = list_schema(served, own, many, reference, texts)
    return found


def _definition(served: CustomServed, reference: str, texts: Texts) -> Document:
    schema = described(
        served.definition.schemas[served.version.name], served.resource.group, served.resource.kind, texts
    )
    gvk = {"x-kubernetes-group-version-kind": [mark(served, served.resource.kind)]}
    if not schema or schema.get(PRESERVE) or served.definition.spec.preserve_unknown_fields:
        return {"type": "object"} | gvk
    shown: Document = embedded(reduced(schema), reference)
    shown["properties"] = {**(shown.get("properties") or {}), **of_object(reference)}
    return shown | gvk


def reduced(schema: Any) -> Any:
    """A schema without what OpenAPI 2.0 has no words for."""
    if not isinstance(schema, dict):
        return schema
    found = {name: value for name, value in schema.items() if name not in JUNCTORS}
    if found.pop("nullable", False):
        for name in ("type", "items", "properties"):
            found.pop(name, None)
    if found.get(PRESERVE):
        found.pop("items", None)
        found.pop("properties", None)
    if found.get("type") == "array" and "items" not in found:
        del found["type"]  # kubectl cannot read an array of unknown items
    if found.get("type") == "object" and found.get(PRESERVE):
        del found["type"]
    _drop_required(found)
    if "properties" in found:
        found["properties"] = {name: reduced(child) for name, child in found["properties"].items()}
    for name in ("items", "additionalProperties"):
        if name in found:
            found[name] = reduced(found[name])
    return found


def _drop_required(found: Document) -> None:
    """What may be null need not be there."""
    properties, more = found.get("properties") or {}, found.get("additionalProperties")
    required = [name for name in found.get("required") or () if not (properties.get(name) or {}).get("nullable")]
    if isinstance(more, dict) and more.get("nullable"):
        required = []
    found.pop("required", None)
    if required:
        found["required"] = required
