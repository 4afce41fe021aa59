"""Large answers cut down to what is compared of them."""

from collections.abc import Callable
from typing import Any

import msgspec

from .cases import at

METHODS = ("get", "put", "post", "delete", "patch", "options", "head")
MARK = "x-kubernetes-"
KINDS = f"{MARK}group-version-kind"


def names(body: Any) -> Any:
    """The names of a list's items."""
    return {"kind": body.get("kind"), "names": sorted(at(item, "metadata.name") for item in body.get("items") or [])}


def without_owners(body: Any) -> Any:
    """Without managedFields, anywhere."""
    if isinstance(body, dict):
        return {key: without_owners(value) for key, value in body.items() if key != "managedFields"}
    return [without_owners(item) for item in body] if isinstance(body, list) else body


def sorted_resources(body: Any) -> Any:
    """The resources of discovery by name."""
    return {**body, "resources": sorted(body["resources"], key=lambda r: r["name"])} if "resources" in body else body


def sorted_rules(body: Any) -> Any:
    """The rules of a role in one order."""
    if not body.get("rules"):
        return body
    rules = [{key: sorted(values) for key, values in rule.items()} for rule in body["rules"]]
    # the order of the keys in the text counts as little as that of the rules
    return {**body, "rules": sorted(rules, key=lambda rule: msgspec.json.encode(rule, order="sorted"))}


def _schemas(body: Any) -> dict[str, Any]:
    found: dict[str, Any] = at(body, "components.schemas") or {}
    return found


def schema_fields(body: Any) -> Any:
    """Of each schema, the names of its fields, and its kinds."""
    found: dict[str, Any] = {}
    for name, schema in _schemas(body).items():
        found[name] = {"props": sorted(schema.get("properties") or ())}
        if kinds := schema.get(KINDS):
            found[name]["gvk"] = sorted(f"{k.get('group', '')}/{k.get('version')}/{k.get('kind')}" for k in kinds)
        if schema.get("required"):
            found[name]["required"] = sorted(schema["required"])
    return {"schemas": found}


def merge_rules(body: Any) -> Any:
    """How each schema and field is merged."""
    found: dict[str, Any] = {}
    for name, schema in _schemas(body).items():
        fields = {f"{name}.{field}": value for field, value in (schema.get("properties") or {}).items()}
        for path, value in {**fields, name: {k: v for k, v in schema.items() if k != KINDS}}.items():
            if marks := {key: value[key] for key in value if key.startswith(MARK)}:
                found[path] = marks
    return {"lists": found}


def paths(body: Any) -> Any:
    """The methods of each path."""
    return {"paths": {path: sorted(set(METHODS) & set(item)) for path, item in (body.get("paths") or {}).items()}}


CONDENSE: dict[str, Callable[[Any], Any]] = {
    "names": names,
    "without owners": without_owners,
    "sorted resources": sorted_resources,
    "sorted rules": sorted_rules,
    "schema fields": schema_fields,
    "merge rules": merge_rules,
    "paths": paths,
}
