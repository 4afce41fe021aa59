"""What makes a schema structural: types everywhere, and logic that only restricts what types allow."""

from typing import Any

from podo.api.field_errors import forbidden, invalid, required
from podo.server.customresources.schema.patterns import PatternError, compiled
from podo.server.validation.fields import Errors, Object

ROOT, ITEM, FIELD = "at the root", "for specified array items", "for specified object fields"
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
UNKNOWN, EMBEDDED, EITHER = (
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
)
NOT_NESTED = {
    "type": "must be empty to be structural",
    "additionalProperties": "must be undefined to be structural",
    "default": "must be undefined to be structural",
    "title": "must be empty to be structural",
    "description": "must be empty to be structural",
    "nullable": "must be false to be structural",
    UNKNOWN: "must be false to be structural",
    EMBEDDED: "must be false to be structural",
    EITHER: "must be false to be structural",
    "x-kubernetes-list-map-keys": "must be empty to be structural",
    "x-kubernetes-list-type": "must be undefined to be structural",
    "x-kubernetes-map-type": "must be undefined to be structural",
    "x-kubernetes-validations": "must be empty to be structural",
}
NO_PROPERTIES = (
    "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
)
IMPLICIT = "must not specify anything other than name and generateName, but metadata is implicitly specified"


def structural(errs: Errors, schema: Object, path: str) -> None:
    """What is not structural in the schema of a custom resource."""
    _invariants(errs, schema, ROOT, path)


def _invariants(errs: Errors, schema: Object, level: str, path: str) -> None:
    kind, items, properties = schema.get("type", ""), schema.get("items"), schema.get("properties", {})
    if kind == "array" and items is None:
        errs.append(required(f"{path}.items", "must be specified"))
    if isinstance(items, dict):
        _invariants(errs, items, ITEM, f"{path}.items")
    for name, child in properties.items():
        _invariants(errs, child, FIELD, f"{path}.properties[{name}]")
    extra = schema.get("additionalProperties")
    if extra is not None and level is ROOT:
        errs.append(forbidden(f"{path}.additionalProperties", "must not be used at the root"))
    if isinstance(extra, dict):
        _invariants(errs, extra, FIELD, f"{path}.additionalProperties")
    _extensions(errs, schema, path)
    _value_validation(errs, schema, level, path)
    if level is ROOT:  # logic further down may speak of anything
        _completeness(errs, schema, schema, path, path)
    _own_type(errs, schema, level, path)
    checks_meta = level is ROOT or bool(schema.get(EMBEDDED))
    for name in ("kind", "apiVersion"):
        if checks_meta and name in properties and properties[name].get("type", "") != "string":
            where = f"{path}.properties[{name}].type"
            errs.append(invalid(where, properties[name].get("type", ""), "must be string"))
    if "metadata" in properties:
        _metadata(errs, properties["metadata"], level, f"{path}.properties[metadata]", checks=checks_meta)
    if schema.get(EMBEDDED) and not schema.get(UNKNOWN) and not properties:
        errs.append(required(f"{path}.properties", NO_PROPERTIES))


def _own_type(errs: Errors, schema: Object, level: str, path: str) -> None:
    kind, where = schema.get("type", ""), f"{path}.type"
    if schema.get(EMBEDDED) and kind != "object":
        message = f"must be object if {EMBEDDED} is true"
        errs.append(invalid(where, kind, message) if kind else required(where, message))
    elif not kind and not schema.get(EITHER) and not schema.get(UNKNOWN):
        errs.append(required(where, f"must not be empty {level}"))
    if schema.get(EMBEDDED) and schema.get("additionalProperties") is not None:
        errs.append(forbidden(f"{path}.additionalProperties", f"must not be used if {EMBEDDED} is set"))
    if level is ROOT and kind and kind != "object":
        errs.append(invalid(where, kind, "must be object at the root"))


def _metadata(errs: Errors, schema: Object, level: str, path: str, *, checks: bool) -> None:
    if checks and schema.get("type", "") != "object":
        errs.append(invalid(f"{path}.type", schema.get("type", ""), "must be object"))
    if level is ROOT:
        named = set(schema.get("properties", {})) <= {"name", "generateName"}
        rest = schema.keys() - {"type", "default"} - ({"properties"} if named else set())
        if rest:
            errs.append(forbidden(path, IMPLICIT))


def _extensions(errs: Errors, schema: Object, path: str) -> None:
    for key in (UNKNOWN, EMBEDDED):
        if schema.get(EITHER) and schema.get(key):
            errs.append(invalid(f"{path}.{key}", True, f"must be false if {EITHER} is true"))


def _value_validation(errs: Errors, schema: Object, level: str, path: str, *, skips_first: bool = True) -> None:
    any_of, all_of = schema.get("anyOf", []), schema.get("allOf", [])
    if any_of != INT_OR_STRING:
        for index, one in enumerate(any_of):
            _nested(errs, one, level, f"{path}.anyOf[{index}]")
    for index, one in enumerate(all_of):
        skip = skips_first and index == 0 and one.get("anyOf") == INT_OR_STRING
        _nested(errs, one, level, f"{path}.allOf[{index}]", skips_any_of=skip, may_have_rules=True)
    for index, one in enumerate(schema.get("oneOf", [])):
        _nested(errs, one, level, f"{path}.oneOf[{index}]")
    if "not" in schema:
        _nested(errs, schema["not"], level, f"{path}.not")
    if pattern := schema.get("pattern"):
        try:
            compiled(pattern)
        except PatternError as error:
            message = f"must be a valid regular expression, but isn't: error parsing regexp: {error}"
            errs.append(invalid(f"{path}.pattern", pattern, message))


def _nested(
    errs: Errors, schema: Object, level: str, path: str, *, skips_any_of: bool = False, may_have_rules: bool = False
) -> None:
    inner = {key: value for key, value in schema.items() if key != "anyOf"} if skips_any_of else schema
    _value_validation(errs, inner, level, path, skips_first=False)
    if isinstance(schema.get("items"), dict):
        _nested(errs, schema["items"], level, f"{path}.items")
    for name, child in schema.get("properties", {}).items():
        _nested(errs, child, FIELD, f"{path}.properties[{name}]")
    for key, message in NOT_NESTED.items():
        if schema.get(key) not in (None, "", False, []):
            errs.append(forbidden(f"{path}.{key}", message))
    if "metadata" in schema.get("properties", {}):
        errs.append(forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context"))


def _completeness(errs: Errors, logic: Object, schema: Object | None, at: str, path: str) -> None:
    """What logic speaks of must be declared outside of it."""
    nested: list[tuple[Any, str]] = [(logic["not"], f"{path}.not")] if "not" in logic else []
    for key in ("allOf", "anyOf", "oneOf"):
        nested += [(one, f"{path}.{key}[{index}]") for index, one in enumerate(logic.get(key, []))]
    for one, where in nested:
        _declared(errs, one, schema, at, where)


def _declared(errs: Errors, logic: Object, schema: Object | None, at: str, path: str) -> None:
    if schema is None:
        errs.append(required(at, f"because it is defined in {path}"))
        return
    _completeness(errs, logic, schema, at, path)
    if isinstance(logic.get("items"), dict):
        _declared(errs, logic["items"], schema.get("items"), f"{at}.items", f"{path}.items")
    for name, child in logic.get("properties", {}).items():
        place = f"{at}.properties[{name}]"
        _declared(errs, child, schema.get("properties", {}).get(name), place, f"{path}.properties[{name}]")
