"""Schemas of custom resources as OpenAPI documents show them: with what every object has."""

from collections.abc import Iterable
from typing import Any

from podo.server.descriptions.texts import Texts

from .describing import described
from .kind import CustomServed

Document = dict[str, Any]
_META = "io.k8s.apimachinery.pkg.apis.meta.v1."
_API_VERSION: Document = {"type": "string", "description": "APIVersion defines in which version the object is written."}
_KIND: Document = {"type": "string", "description": "Kind names the resource that the object is of."}
_COMPONENTS = "#/components/schemas/"
_METADATA = "Standard object's metadata"


def schemas_of(kinds: Iterable[CustomServed], reference: str) -> dict[str, Document]:
    """The schemas of kinds and their lists by name; `reference` stands before names in references."""
    found: dict[str, Document] = {}
    texts = Texts()
    for served in kinds:
        names, version = served.definition.status.accepted_names, served.resource.version
        own = type_name(served.resource.group, version, names.kind)
        found[own] = object_schema(served, reference, texts)
        many = type_name(served.resource.group, version, names.list_kind)
        found[many] = list_schema(served, own, many, reference, texts)
    return found


def type_name(group: str, version: str, kind: str) -> str:
    """`com.example.v1.Shirt`."""
    return ".".join([*reversed(group.split(".")), version, kind])


def object_schema(served: CustomServed, reference: str, texts: Texts) -> Document:
    """The schema of one kind."""
    schema = described(
        served.definition.schemas[served.version.name], served.resource.group, served.resource.kind, texts
    )
    shown: Document = embedded(schema, reference) if schema else {"type": "object"}
    if schema:
        shown["properties"] = {**(shown.get("properties") or {}), **of_object(reference)}
    return shown | {"x-kubernetes-group-version-kind": [mark(served, served.resource.kind)]}


def list_schema(served: CustomServed, own: str, many: str, reference: str, texts: Texts) -> Document:
    """The schema of lists, whose name is `many`, of one kind, whose name is `own`."""
    fields = {
        "apiVersion": _API_VERSION,
        "items": {"type": "array", "items": {"$ref": f"{reference}{own}"}} | _described(texts.of_field(many, "items")),
        "kind": _KIND,
        "metadata": _referred(f"{reference}{_META}ListMeta", texts.of_field(many, "metadata"), reference),
    }
    own_mark = [mark(served, served.definition.status.accepted_names.list_kind)]
    found = {"type": "object", "required": ["items"], "properties": fields, "x-kubernetes-group-version-kind": own_mark}
    return found | _described(texts.of_type(many))


def mark(served: CustomServed, kind: str) -> Document:
    """What tells clients the kind of a schema."""
    return {"group": served.resource.group, "kind": kind, "version": served.resource.version}


def of_object(reference: str) -> Document:
    """The fields that every object has."""
    metadata = _referred(f"{reference}{_META}ObjectMeta", _METADATA, reference)
    return {"apiVersion": _API_VERSION, "kind": _KIND, "metadata": metadata}


def _described(text: str) -> Document:
    return {"description": text} if text else {}


def _referred(name: str, text: str, reference: str) -> Document:
    """A reference with a text: beside it in version 2, around it in version 3."""
    referred: Document = {"$ref": name}
    if text and reference == _COMPONENTS:
        referred = {"allOf": [referred]}
    return referred | _described(text)


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
