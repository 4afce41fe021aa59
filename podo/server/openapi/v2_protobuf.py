"""OpenAPI 2.0 as protobuf: the messages `openapi.v2` that gnostic defined (google/gnostic-models, OpenAPIv2.proto).

The part of them that our document needs, as a table of numbers; the protobuf library does the rest.
"""

import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

MESSAGES = {
    "AdditionalPropertiesItem": "schema 1 Schema, boolean 2 bool",
    "Any": "yaml 2 string",
    "ApiKeySecurity": "type 1 string, name 2 string, in 3 string, description 4 string",
    "BodyParameter": "description 1 string, name 2 string, in 3 string, required 4 bool, schema 5 Schema",
    "Definitions": "additional_properties 1 NamedSchema*",
    "Document": "swagger 1 string, info 2 Info, paths 8 Paths, definitions 9 Definitions, "
    "security 12 SecurityRequirement*, security_definitions 13 SecurityDefinitions",
    "Info": "title 1 string, version 2 string",
    "ItemsItem": "schema 1 Schema*",
    "NamedAny": "name 1 string, value 2 Any",
    "NamedPathItem": "name 1 string, value 2 PathItem",
    "NamedResponseValue": "name 1 string, value 2 ResponseValue",
    "NamedSchema": "name 1 string, value 2 Schema",
    "NamedSecurityDefinitionsItem": "name 1 string, value 2 SecurityDefinitionsItem",
    "NamedStringArray": "name 1 string, value 2 StringArray",
    "NonBodyParameter": "query_parameter_sub_schema 3 QueryParameter, path_parameter_sub_schema 4 PathParameter",
    "Operation": "tags 1 string*, description 3 string, operation_id 5 string, produces 6 string*, consumes 7 string*, "
    "parameters 8 ParametersItem*, responses 9 Responses, schemes 10 string*, vendor_extension 13 NamedAny*",
    "Parameter": "body_parameter 1 BodyParameter, non_body_parameter 2 NonBodyParameter",
    "ParametersItem": "parameter 1 Parameter",
    "PathItem": "get 2 Operation, put 3 Operation, post 4 Operation, delete 5 Operation, options 6 Operation, "
    "head 7 Operation, patch 8 Operation, parameters 9 ParametersItem*",
    "PathParameter": "required 1 bool, in 2 string, description 3 string, name 4 string, type 5 string, "
    "unique_items 18 bool",
    "Paths": "path 2 NamedPathItem*",
    "Properties": "additional_properties 1 NamedSchema*",
    "QueryParameter": "required 1 bool, in 2 string, description 3 string, name 4 string, type 6 string, "
    "unique_items 19 bool",
    "Response": "description 1 string, schema 2 SchemaItem",
    "ResponseValue": "response 1 Response",
    "Responses": "response_code 1 NamedResponseValue*",
    "Schema": "_ref 1 string, format 2 string, title 3 string, description 4 string, default 5 Any, "
    "multiple_of 6 double, maximum 7 double, exclusive_maximum 8 bool, minimum 9 double, exclusive_minimum 10 bool, "
    "max_length 11 int64, min_length 12 int64, pattern 13 string, max_items 14 int64, min_items 15 int64, "
    "unique_items 16 bool, max_properties 17 int64, min_properties 18 int64, required 19 string*, enum 20 Any*, "
    "additional_properties 21 AdditionalPropertiesItem, type 22 TypeItem, items 23 ItemsItem, "
    "properties 25 Properties, vendor_extension 31 NamedAny*",
    "SchemaItem": "schema 1 Schema",
    "SecurityDefinitions": "additional_properties 1 NamedSecurityDefinitionsItem*",
    "SecurityDefinitionsItem": "api_key_security 2 ApiKeySecurity",
    "SecurityRequirement": "additional_properties 1 NamedStringArray*",
    "StringArray": "value 1 string*",
    "TypeItem": "value 1 string*",
}
"""By message, its fields: name, number, type; a star for repeated ones."""
SCALARS = {
    "string": descriptor_pb2.FieldDescriptorProto.TYPE_STRING,
    "bool": descriptor_pb2.FieldDescriptorProto.TYPE_BOOL,
    "double": descriptor_pb2.FieldDescriptorProto.TYPE_DOUBLE,
    "int64": descriptor_pb2.FieldDescriptorProto.TYPE_INT64,
}
EXTENSION, FIELD = "x-", re.compile("[A-Z]")
PLAIN = ("format", "title", "description", "pattern")
NUMBERS = ("multipleOf", "maximum", "minimum")
COUNTS = ("maxLength", "minLength", "maxItems", "minItems", "maxProperties", "minProperties")
FLAGS = ("exclusiveMaximum", "exclusiveMinimum", "uniqueItems")
COPIED: dict[str, Callable[[Any], Any]] = {
    name: convert for names, convert in ((PLAIN, str), (NUMBERS, float), (COUNTS, int), (FLAGS, bool)) for name in names
}
"""The fields of schemas that are copied, with their types."""
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
PARAMETER = ("name", "type", "in", "required", "description")
PLACES = ("query", "path")


@cache
def _classes() -> dict[str, type[Message]]:
    file = descriptor_pb2.FileDescriptorProto(name="openapi_v2.proto", package="openapi.v2", syntax="proto3")
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for text in fields.split(", "):
            label, number, type = text.split(" ")
            field = message.field.add(name=label, number=int(number))
            repeated = type.endswith("*")
            field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            type = type.rstrip("*")
            if type in SCALARS:
                field.type = SCALARS[type]
            else:
                field.type, field.type_name = field.TYPE_MESSAGE, f".openapi.v2.{type}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {n: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"openapi.v2.{n}")) for n in MESSAGES}


def message(type: str, /, **fields: Any) -> Any:
    """A message of that type."""
    return _classes()[type](**fields)


def encode(document: dict[str, Any]) -> bytes:
    """The bytes of a document, as `v2.document` makes it."""
    security = document["securityDefinitions"]["BearerToken"]
    secured = message("SecurityDefinitionsItem", api_key_security=message("ApiKeySecurity", **security))
    definition = message("NamedSecurityDefinitionsItem", name="BearerToken", value=secured)
    needed = message("NamedStringArray", name="BearerToken", value=message("StringArray"))
    made = message(
        "Document",
        swagger=document["swagger"],
        info=message("Info", **document["info"]),
        paths=message("Paths", path=_named("NamedPathItem", document["paths"], _path)),
        definitions=message("Definitions", additional_properties=_named_schemas(document["definitions"])),
        security=[message("SecurityRequirement", additional_properties=[needed])],
        security_definitions=message("SecurityDefinitions", additional_properties=[definition]),
    )
    return made.SerializeToString(deterministic=True)  # type: ignore[no-any-return]


def _named(type: str, values: dict[str, Any], convert: Callable[[Any], Any]) -> list[Any]:
    return [message(type, name=name, value=convert(value)) for name, value in values.items()]


def _named_schemas(values: dict[str, Any]) -> list[Any]:
    return _named("NamedSchema", values, _schema)


def _extensions(value: dict[str, Any]) -> list[Any]:
    given = {name: found for name, found in value.items() if name.startswith(EXTENSION)}
    return _named("NamedAny", given, _any)


def _any(value: Any) -> Any:
    return message("Any", yaml=f"{json.dumps(value)}\n")


def _path(item: dict[str, Any]) -> Any:
    operations = {method: _operation(found) for method, found in item.items() if method in METHODS}
    return message("PathItem", **operations, parameters=_parameters(item.get("parameters", ())))


def _operation(found: dict[str, Any]) -> Any:
    responses = _named("NamedResponseValue", found.get("responses", {}), _response)
    return message(
        "Operation",
        tags=found.get("tags", ()),
        description=found.get("description", ""),
        operation_id=found.get("operationId", ""),
        produces=found.get("produces", ()),
        consumes=found.get("consumes", ()),
        schemes=found.get("schemes", ()),
        parameters=_parameters(found.get("parameters", ())),
        responses=message("Responses", response_code=responses),
        vendor_extension=_extensions(found),
    )


def _response(found: dict[str, Any]) -> Any:
    made = message("Response", description=found.get("description", ""))
    if "schema" in found:
        made.schema.CopyFrom(message("SchemaItem", schema=_schema(found["schema"])))
    return message("ResponseValue", response=made)


def _parameters(found: Iterable[dict[str, Any]]) -> list[Any]:
    known = [parameter for parameter in found if parameter.get("in") in (*PLACES, "body")]
    return [message("ParametersItem", parameter=_parameter(parameter)) for parameter in known]


def _parameter(found: dict[str, Any]) -> Any:
    if found["in"] == "body":
        body = {name: found[name] for name in ("description", "name", "in", "required") if name in found}
        schema = _schema(found.get("schema", {}))
        return message("Parameter", body_parameter=message("BodyParameter", **body, schema=schema))
    plain = {name: found[name] for name in PARAMETER if name in found} | {"unique_items": True}
    place = found["in"]
    inner = message(f"{place.capitalize()}Parameter", **plain)
    outer = message("NonBodyParameter", **{f"{place}_parameter_sub_schema": inner})
    return message("Parameter", non_body_parameter=outer)


def _schema(found: dict[str, Any]) -> Any:
    made = message("Schema", vendor_extension=_extensions(found), required=found.get("required", ()))
    if "$ref" in found:
        setattr(made, "_ref", found["$ref"])  # noqa: B010 - the field's name begins so
    if "type" in found:
        made.type.value.append(found["type"])
    for name, convert in COPIED.items():
        if found.get(name) is not None:
            setattr(made, FIELD.sub(lambda upper: f"_{upper[0].lower()}", name), convert(found[name]))
    if "default" in found:
        made.default.CopyFrom(_any(found["default"]))
    made.enum.extend(_any(value) for value in found.get("enum", ()))
    if "items" in found:
        made.items.schema.append(_schema(found["items"]))
    more = found.get("additionalProperties")
    if isinstance(more, bool):
        made.additional_properties.boolean = more
    elif more is not None:
        made.additional_properties.schema.CopyFrom(_schema(more))
    if found.get("properties"):
        made.properties.additional_properties.extend(_named_schemas(found["properties"]))
    return made
