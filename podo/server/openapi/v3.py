"""OpenAPI 3.0: one document a group and version (KEP-2896)."""

from collections.abc import Iterable, Mapping
from typing import Any

from podo.server.openapi.operations import Operation, Path
from podo.server.openapi.parameters import Parameter
from podo.server.openapi.schemas import V3_FIXED, Schemas
from podo.server.openapi.wording import Wording

Document = dict[str, Any]
SCHEMAS = Schemas("#/components/schemas/", V3_FIXED, wraps=True)
SECURITY = {"BearerToken": {"type": "apiKey", "name": "authorization", "in": "header"}}


def document(
    paths: Mapping[str, Path], group: str | None, version: str, server_version: str, given: Mapping[str, Any] = {}
) -> Document:
    """The document of some paths with the schemas that they need; `given` are those of custom resources.

    `group` None: kinds that exist in every group name them all, as they do beside custom resources.
    """
    wording = Wording()
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": server_version},
        "paths": {path: _path(path, item, wording) for path, item in paths.items()},
        "components": {
            "schemas": SCHEMAS.closure(types_of(paths.values()), group, version, given),
            "securitySchemes": SECURITY,
        },
    }


def types_of(paths: Iterable[Path]) -> set[str]:
    """The types that bodies and answers have."""
    operations = [operation for path in paths for operation in path.operations]
    return {name for operation in operations for name in (operation.body, operation.answer) if name}


def _path(name: str, path: Path, wording: Wording) -> Document:
    found: Document = {
        operation.method: wording.operation(name, operation) | _operation(operation, wording)
        for operation in path.operations
    }
    if path.parameters:
        found["parameters"] = [_parameter(parameter, wording) for parameter in path.parameters]
    return found


def _parameter(parameter: Parameter, wording: Wording) -> Document:
    found: Document = {"name": parameter.name, "in": parameter.place} | wording.parameter(parameter)
    if parameter.place == "path":
        found["required"] = True
    return found | {"schema": {"type": parameter.type, "uniqueItems": True}}


def _operation(operation: Operation, wording: Wording) -> Document:
    found: Document = {"tags": [operation.tag], "operationId": operation.id}
    if operation.parameters:
        found["parameters"] = [_parameter(parameter, wording) for parameter in operation.parameters]
    if operation.body:
        content = {"schema": SCHEMAS.reference(operation.body)}
        found["requestBody"] = wording.body(operation) | {"content": dict.fromkeys(operation.takes, content)}
        if operation.method != "delete":
            found["requestBody"]["required"] = True
    shown = {"schema": SCHEMAS.reference(operation.answer) if operation.answer else {"type": "string"}}
    content_of = dict.fromkeys(operation.gives, shown)
    names = {200: "OK", 201: "Created", 202: "Accepted"}
    found["responses"] = {str(code): {"description": names[code], "content": content_of} for code in operation.codes}
    found["responses"]["401"] = {"description": "Unauthorized"}
    return found | extensions(operation)


def extensions(operation: Operation) -> Document:
    """What Kubernetes adds: which action on which kind."""
    found: Document = {}
    if operation.action:
        found["x-kubernetes-action"] = operation.action
    if operation.kind is not None:
        group, version, kind, _ = operation.kind
        found["x-kubernetes-group-version-kind"] = {"group": group, "version": version, "kind": kind}
    return found
