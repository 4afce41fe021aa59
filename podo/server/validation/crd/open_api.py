"""The schemas of custom resources: keywords that are not supported, and Kubernetes' extensions."""

from dataclasses import dataclass, replace
from typing import Any

from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.server.validation.crd.defaults import defaults
from podo.server.validation.crd.rules import compile_rules, rules
from podo.server.validation.crd.structural import EMBEDDED, UNKNOWN, structural
from podo.server.validation.fields import Errors, Object

TYPES = ("array", "boolean", "integer", "number", "object", "string")
META = ("metadata", "kind", "apiVersion")
LIST_TYPE, MAP_TYPE, MAP_KEYS = "x-kubernetes-list-type", "x-kubernetes-map-type", "x-kubernetes-list-map-keys"
REFUSED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
QUADRATIC = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
OF_A_SET = "must be atomic as item of a list with x-kubernetes-list-type=set"
OF_A_MAP = "must be map if x-kubernetes-list-map-keys is non-empty"
IN_KEYS = "this property is in x-kubernetes-list-map-keys, so it "


@dataclass(frozen=True)
class Place:
    """Where in the schema something stands."""

    no_defaults: str = ""
    """Why there may be no default, "" if there may."""
    in_metadata: bool = False
    is_root: bool = False


def validation(errs: Errors, value: Object, path: str, *, has_status: bool, limits_rules: bool = True) -> None:
    """The schema of a version, or of all. Without `limits_rules` a single rule may be costly: it is there already."""
    schema = value.get("openAPIV3Schema")
    if schema is None:
        return
    where, before = f"{path}.openAPIV3Schema", len(errs)
    if has_status and schema.get("type", "object") != "object":
        message = 'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
        errs.append(invalid(f"{where}.type", schema["type"], message))
    if schema.get("nullable"):
        errs.append(forbidden(f"{where}.nullable", "nullable cannot be true at the root"))
    found: Errors = []
    if not _is_beyond(schema):
        structural(found, schema, where)
        if not found:
            defaults(found, schema, where)
    errs += found
    _schema(errs, schema, where, Place(is_root=True))
    if len(errs) == before:
        compile_rules(errs, schema, where, limits_rules=limits_rules)


def _is_beyond(schema: Any) -> bool:
    """Whether a schema has keywords with which there is no saying whether it is structural."""
    if isinstance(schema, list):
        return any(_is_beyond(one) for one in schema)
    if not isinstance(schema, dict):
        return False
    if any(schema.get(key) for key in REFUSED) or isinstance(schema.get("items"), list):
        return True
    below = (schema.get(key) for key in ("items", "additionalProperties", "not", "allOf", "anyOf", "oneOf"))
    return any(_is_beyond(one) for one in (*schema.get("properties", {}).values(), *below))


def _schema(errs: Errors, schema: Any, path: str, place: Place) -> None:
    if not isinstance(schema, dict):
        return
    _keywords(errs, schema, path, place)
    if schema.get("uniqueItems"):
        errs.append(forbidden(f"{path}.uniqueItems", QUADRATIC))
    below, extra = replace(place, is_root=False), schema.get("additionalProperties")
    if extra is not None and extra is not True and schema.get("properties"):
        message = "additionalProperties and properties are mutual exclusive"
        errs.append(forbidden(f"{path}.additionalProperties", message))
    if place.in_metadata:
        why = "inside additionalProperties applying to object metadata"
        _schema(errs, extra, f"{path}.additionalProperties", replace(below, no_defaults=why))
    else:
        _schema(errs, extra, f"{path}.additionalProperties", below)
    for name, child in schema.get("properties", {}).items():
        inner = below
        if name in META and (place.is_root or schema.get(EMBEDDED)):
            inner = replace(inner, in_metadata=True)
            if place.is_root:
                inner = replace(inner, no_defaults=f"in top-level {name}")
        _schema(errs, child, f"{path}.properties[{name}]", inner)
    _schema(errs, schema.get("not"), f"{path}.not", below)
    for key in ("allOf", "oneOf", "anyOf"):
        for index, one in enumerate(schema.get(key) or ()):
            _schema(errs, one, f"{path}.{key}[{index}]", below)
    _schema(errs, schema.get("items"), f"{path}.items", below)
    _extensions(errs, schema, path)
    rules(errs, schema, path)


def _keywords(errs: Errors, schema: Object, path: str, place: Place) -> None:
    kind = schema.get("type", "")
    if kind and kind not in TYPES:
        errs.append(not_supported(f"{path}.type", kind, TYPES))
    if schema.get("default") is not None and place.no_defaults:
        errs.append(forbidden(f"{path}.default", f"must not be set {place.no_defaults}"))
    for key in REFUSED:
        if schema.get(key):
            errs.append(forbidden(f"{path}.{key}", f"{key} is not supported"))
    if kind == "null":
        errs.append(forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative"))
    if isinstance(schema.get("items"), list):
        errs.append(forbidden(f"{path}.items", "items must be a schema object and not an array"))
    if place.in_metadata and schema.get(EMBEDDED):
        errs.append(forbidden(f"{path}.{EMBEDDED}", "must not be used inside of resource meta"))


def _extensions(errs: Errors, schema: Object, path: str) -> None:
    kind = schema.get("type", "")
    if schema.get(UNKNOWN) is False:
        errs.append(invalid(f"{path}.{UNKNOWN}", False, "must be true or undefined"))
    for key, wanted, words in (
        (MAP_TYPE, "object", ("atomic", "granular")),
        (LIST_TYPE, "array", ("atomic", "set", "map")),
    ):
        value = schema.get(key)
        if value is None:
            continue
        if kind != wanted:
            message = f"must be {wanted} if {key} is specified"
            errs.append(invalid(f"{path}.type", kind, message) if kind else required(f"{path}.type", message))
        elif value == "set":
            _set_items(errs, schema.get("items"), path)
        if value not in words:
            errs.append(not_supported(f"{path}.{key}", value, words))
    keys, listing = schema.get(MAP_KEYS) or [], schema.get(LIST_TYPE)
    if keys and listing is None:
        errs.append(required(f"{path}.{LIST_TYPE}", OF_A_MAP))
    elif keys and listing != "map":
        errs.append(invalid(f"{path}.{LIST_TYPE}", listing, OF_A_MAP))
    if listing == "map":
        _map_items(errs, schema, keys, path)
    if listing in ("map", "set") and isinstance(schema.get("items"), dict):
        _item_keys(errs, schema["items"], keys, listing, path)


def _set_items(errs: Errors, items: Any, path: str) -> None:
    if not isinstance(items, dict):
        return
    if items.get("type") == "array" and items.get(LIST_TYPE) not in (None, "atomic"):
        errs.append(invalid(f"{path}.items.{LIST_TYPE}", items[LIST_TYPE], OF_A_SET))
    elif items.get("type") == "object" and items.get(MAP_TYPE) != "atomic":
        errs.append(invalid(f"{path}.items.{MAP_TYPE}", items.get(LIST_TYPE), OF_A_SET))


def _map_items(errs: Errors, schema: Object, keys: list[str], path: str) -> None:
    if not keys:
        errs.append(required(f"{path}.{MAP_KEYS}", "must not be empty if x-kubernetes-list-type is map"))
    items = schema.get("items")
    if items is None:
        errs.append(required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map"))
    if not isinstance(items, dict):
        return
    if items.get("type", "") != "object":
        message = "must be object if parent array's x-kubernetes-list-type is map"
        errs.append(invalid(f"{path}.items.type", items.get("type", ""), message))
        return
    seen: set[str] = set()
    for key in keys:
        child = items.get("properties", {}).get(key)
        if child is None:
            errs.append(invalid(f"{path}.{MAP_KEYS}", keys, "entries must all be names of item properties"))
        elif child.get("type") in ("array", "object"):
            message = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            errs.append(invalid(f"{path}.items.properties[{key}].type", items["type"], message))
        if key in seen:
            errs.append(invalid(f"{path}.{MAP_KEYS}", keys, "must not contain duplicate entries"))
        seen.add(key)


def _item_keys(errs: Errors, items: Object, keys: list[str], listing: str, path: str) -> None:
    if items.get("nullable"):
        message = f"cannot be nullable when x-kubernetes-list-type is {listing}"
        errs.append(forbidden(f"{path}.items.nullable", message))
    for key in keys if listing == "map" else ():
        child, where = items.get("properties", {}).get(key), f"{path}.items.properties[{key}]"
        if child is None:
            continue
        if key not in (items.get("required") or ()) and child.get("default") is None:
            errs.append(required(f"{where}.default", f"{IN_KEYS}must have a default or be a required property"))
        if child.get("nullable"):
            errs.append(forbidden(f"{where}.nullable", f"{IN_KEYS}cannot be nullable"))
