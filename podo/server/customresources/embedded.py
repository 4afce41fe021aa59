"""Objects within objects (`x-kubernetes-embedded-resource`): their metadata is read as that of any object."""

from collections.abc import Iterator
from typing import Any

from podo.api import names
from podo.api.field_errors import FieldError, invalid, required
from podo.server.decoding.exact import Exact, TypeMismatch
from podo.server.decoding.go_types import struct
from podo.server.metadata import create_errors
from podo.server.patch.values import same

from .schema.structural import Structural

METADATA = "meta.v1.ObjectMeta"


class EmbeddedError(ValueError):
    """An embedded object cannot be read; the message is Kubernetes'."""


def coerce_metadata(value: Any) -> tuple[Any, list[str]]:
    """(metadata as Kubernetes would write it, findings on unknown fields). Raises TypeMismatch."""
    exact = Exact()
    found = exact.decode(struct(METADATA), value)
    if isinstance(found, dict) and found.get("creationTimestamp") is None:
        found.pop("creationTimestamp", None)
    return found, exact.findings


def coerce_embedded(value: Any, node: Structural | None, path: str = "") -> list[str]:
    """Read the metadata of embedded objects, in place; the findings. Raises EmbeddedError."""
    found: list[str] = []
    if node is None:
        return found
    if isinstance(value, dict):
        if node.embedded:
            found += _coerce_one(value, path)
        for name, member in value.items():
            if isinstance(member, dict | list):
                found += coerce_embedded(member, node.member(name), f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                found += coerce_embedded(item, node.items, f"{path}[{index}]")
    return found


def _coerce_one(value: dict[str, Any], path: str) -> list[str]:
    for name in ("apiVersion", "kind"):
        if name in value and not isinstance(value[name], str):
            raise EmbeddedError(f"{path}.{name}: Invalid value: {value[name]}: must be a string")
    if "metadata" not in value:
        return []
    try:
        metadata, findings = coerce_metadata(value["metadata"])
    except TypeMismatch as error:
        raise EmbeddedError(f"{path}.metadata: Invalid value: {value['metadata']}: {error}") from error
    if not same(metadata, value["metadata"]):
        value["metadata"] = metadata
    return [finding.replace('field "', f'field "{path}.metadata.', 1) for finding in findings]


def embedded_errors(value: Any, node: Structural | None, path: str = "") -> Iterator[FieldError]:
    """What is wrong with embedded objects' kind and metadata."""
    if node is None:
        return
    if isinstance(value, dict):
        if node.embedded and path:
            yield from _errors_of_one(value, path)
        for name, member in value.items():
            if isinstance(member, dict | list):
                yield from embedded_errors(member, node.member(name), f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from embedded_errors(item, node.items, f"{path}[{index}]")


def _errors_of_one(value: dict[str, Any], path: str) -> Iterator[FieldError]:
    for name in ("apiVersion", "kind"):
        if name not in value:
            yield required(f"{path}.{name}")
        elif not value[name]:
            yield invalid(f"{path}.{name}", "", "must not be empty")
    version, kind = value.get("apiVersion"), value.get("kind")
    if isinstance(version, str) and version.count("/") > 1:
        yield invalid(f"{path}.apiVersion", version, f"unexpected GroupVersion string: {version}")
    if isinstance(kind, str) and kind and (texts := names.dns1035_label(kind.lower())):
        yield invalid(f"{path}.kind", kind, f"may have mixed case, but should otherwise match: {','.join(texts)}")
    metadata = value.get("metadata")
    if isinstance(metadata, dict):
        named = metadata if metadata.get("name") else metadata | {"name": "fakename"}
        for error in create_errors(named, bool(metadata.get("namespace")), names.path_segment):
            yield FieldError(error.kind, f"{path}.{error.field}", error.value, error.detail, error.cause)
