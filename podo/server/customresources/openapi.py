"""Schemas of custom resources as OpenAPI documents show them: with what every object has."""

from collections.abc import Iterable
from typing import Any

from .kind import CustomServed

Document = dict[str, Any]
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_TEXT: Document = {"type": "string"}
_API_VERSION: Document = {"type": "string", "description": "APIVersion defines in which version the object is written."}
_KIND: Document = {"type": "string", "description": "Kind names the resource that the object is of."}
_COMPONENTS = "#/components/schemas/"
_METADATA = "Standard object's metadata"


def schemas_of(kinds: Iterable[CustomServed], reference: str) -> dict[str, Document]:
    """The schemas of kinds and their lists by name; `reference` stands before names in references."""
    found: dict[str, Document] = {}
    for served in kinds:
        names, version = served.definition.status.accepted_names, served.resource.version
        own = type_name(served.resource.group, version, names.kind)
        found[own] = object_schema(served, reference)
        found[type_name(served.resource.group, version, names.list_kind)] = list_schema(served, own, reference)
    return found


def type_name(group: str, version: str, kind: str) -> str:
    """`com.example.v1.Shirt`."""
    return ".".join([*reversed(group.split(".")), version, kind])


def object_schema(served: CustomServed, reference: str) -> Document:
    """The schema of one kind."""
    schema = served.definition.schemas[served.version.name]
    shown: Document = embedded(schema, reference) if schema else {"type": "object"}
    if schema:
        shown["properties"] = {**(shown.get("properties") or {}), **of_object(reference)}
    return shown | {"x-kubernetes-group-version-kind": [mark(served, served.resource.kind)]}


def list_schema(served: CustomServed, own: str, reference: str) -> Document:
    """The schema of lists of one kind, whose name is `own`."""
    fields = {
        "apiVersion": _TEXT,
        "items": {"type": "array", "items": {"$ref": f"{reference}{own}"}},
        "kind": _TEXT,
        "metadata": {"$ref": f"{reference}{_META}ListMeta"},
    }
    own_mark = [mark(served, served.definition.status.accepted_names.list_kind)]
    return {"type": "object", "required": ["items"], "properties": fields, "x-kubernetes-group-version-kind": own_mark}


def mark(served: CustomServed, kind: str) -> Document:
    """What tells clients the kind of a schema."""
    return {"group": served.resource.group, "kind": kind, "version": served.resource.version}


def of_object(reference: str) -> Document:
    """The fields that every object has."""
    metadata: Document = {"$ref": f"{reference}{_META}ObjectMeta"}
    if reference == _COMPONENTS:  # version 2 has nothing beside a reference
        metadata = {"allOf": [metadata], "description": _METADATA}
    return {"apiVersion": _API_VERSION, "kind": _KIND, "metadata": metadata}


def embedded(schema: Any, reference: str) -> Any:
    """A copy, in which embedded objects have what every object has."""
    if not isinstance(schema, dict):
        return schema
    shown = dict(schema)
    if "properties" in schema:
        shown["properties"] = {name: embedded(child, reference) for name, child in schema["properties"].items()}
    for name in ("items", "additionalProperties"):
        if name in schema:
            shown[name] = embedded(schema[name], reference)
    if schema.get("x-kubernetes-embedded-resource"):
        shown["properties"] = {**(shown.get("properties") or {}), **of_object(reference)}
        shown["required"] = [*(schema.get("required") or ())] + [
            name for name in ("kind", "apiVersion") if name not in (schema.get("required") or ())
        ]
    return shown
