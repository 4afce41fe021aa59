"""OpenAPI 2.0 (Swagger): all in one document."""

from collections.abc import Mapping
from typing import Any

from podo.server.openapi.operations import Operation, Path
from podo.server.openapi.parameters import Parameter
from podo.server.openapi.schemas import V2_FIXED, Schemas
from podo.server.openapi.v3 import extensions, types_of
from podo.server.openapi.wording import Wording

Document = dict[str, Any]
SCHEMAS = Schemas("#/definitions/", V2_FIXED, wraps=False)
SECURITY = {"BearerToken": {"description": "Bearer Token authentication", "type": "apiKey", "name": "authorization"}}
NAMES = {200: "OK", 201: "Created", 202: "Accepted"}


def document(paths: Mapping[str, Path], server_version: str) -> Document:
    """The document of all paths with all schemas."""
    wording = Wording()
    return {
        "swagger": "2.0",
        "info": {"title": "Kubernetes", "version": server_version},
        "paths": {path: _path(path, item, wording) for path, item in sorted(paths.items())},
        "definitions": SCHEMAS.closure(types_of(paths.values()), None, ""),
        "securityDefinitions": {"BearerToken": SECURITY["BearerToken"] | {"in": "header"}},
        "security": [{"BearerToken": []}],
    }


def _path(name: str, path: Path, wording: Wording) -> Document:
    found: Document = {
        operation.method: wording.operation(name, operation) | _operation(operation, wording)
        for operation in path.operations
    }
    if path.parameters:
        found["parameters"] = [_parameter(parameter, wording) for parameter in path.parameters]
    return found


def _parameter(parameter: Parameter, wording: Wording) -> Document:
    found: Document = {"uniqueItems": True, "type": parameter.type, "name": parameter.name, "in": parameter.place}
    found |= wording.parameter(parameter)
    return found | ({"required": True} if parameter.place == "path" else {})


def _operation(operation: Operation, wording: Wording) -> Document:
    found: Document = {"schemes": ["https"], "tags": [operation.tag], "operationId": operation.id}
    found |= {"consumes": list(operation.takes), "produces": list(operation.gives)}
    listed = [_parameter(parameter, wording) for parameter in operation.parameters]
    if operation.body:
        body: Document = {"name": "body", "in": "body", "schema": SCHEMAS.reference(operation.body)}
        body |= wording.body(operation)
        listed.insert(0, body | ({"required": True} if operation.method != "delete" else {}))
    if listed:
        found["parameters"] = listed
    shown = SCHEMAS.reference(operation.answer) if operation.answer else {"type": "string"}
    found["responses"] = {str(code): {"description": NAMES[code], "schema": shown} for code in operation.codes}
    found["responses"]["401"] = {"description": "Unauthorized"}
    return found | extensions(operation)
