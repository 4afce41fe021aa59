"""The schemas of metrics.k8s.io, as OpenAPI documents show them."""

from collections.abc import Iterator
from typing import Any

from podo.server.customresources.describing import described
from podo.server.customresources.openapi import type_name
from podo.server.descriptions.texts import Texts
from podo.server.metricsapi.objects import GROUP, RESOURCES, VERSION
from podo.server.openapi.handler import V3_REFERENCE, Computed
from podo.server.openapi.schemas import META, NAMED, kind_mark

Document = dict[str, Any]
TEXT: Document = {"type": "string"}


def schemas_of(reference: str) -> dict[str, Document]:
    """By name, those of the kinds, their lists and their containers; `reference` stands before names in references."""
    texts = Texts()
    found = dict(_kinds(reference))
    return {type_name(GROUP, VERSION, kind): described(made, GROUP, kind, texts) for kind, made in found.items()}


def _kinds(reference: str) -> Iterator[tuple[str, Document]]:
    def referred(name: str) -> Document:
        return (
            {"allOf": [{"$ref": f"{reference}{name}"}]} if reference == V3_REFERENCE else {"$ref": f"{reference}{name}"}
        )

    usage = {"type": "object", "additionalProperties": {"$ref": f"{reference}{NAMED['quantity']}"}}
    parts = {"type": "array", "items": {"$ref": f"{reference}{type_name(GROUP, VERSION, 'ContainerMetrics')}"}}
    yield "ContainerMetrics", _object({"name": TEXT, "usage": usage}, "name", "usage")
    said = {"NodeMetrics": {"usage": usage}, "PodMetrics": {"containers": parts}}
    head = {"apiVersion": TEXT, "kind": TEXT}
    for kind in (resource.kind for resource in RESOURCES):
        own = head | {"metadata": referred(f"{META}ObjectMeta"), "timestamp": referred(NAMED["time"]), "window": TEXT}
        yield kind, _kind(kind, _object(own | said[kind], "timestamp", "window", *said[kind]))
        items = {"type": "array", "items": {"$ref": f"{reference}{type_name(GROUP, VERSION, kind)}"}}
        many = head | {"items": items, "metadata": referred(f"{META}ListMeta")}
        yield f"{kind}List", _kind(f"{kind}List", _object(many, "items"))


def _object(properties: Document, *required: str) -> Document:
    return {"type": "object", "required": list(required), "properties": properties}


def _kind(kind: str, made: Document) -> Document:
    return made | {"x-kubernetes-group-version-kind": [kind_mark(GROUP, VERSION, kind)]}


METRICS = Computed(GROUP, VERSION, RESOURCES, schemas_of)
