"""Turn a folder of API facts (definitions, protobuf numbers, discovery, columns) into podo/api/schema/*.json.

Run when the API version that podo serves changes: `python tools/import_facts.py FOLDER`, then tools/generate_api.py.
"""

import json
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent.parent / "podo" / "api" / "schema"
PREFIXES = {
    "io.k8s.api.": "k8s.io.api.",
    "io.k8s.apimachinery.pkg.apis.": "k8s.io.apimachinery.pkg.apis.",
    "io.k8s.apiextensions-apiserver.pkg.apis.": "k8s.io.apiextensions_apiserver.pkg.apis.",
    "io.k8s.kube-aggregator.pkg.apis.": "k8s.io.kube_aggregator.pkg.apis.",
    "io.k8s.apimachinery.pkg.": "k8s.io.apimachinery.pkg.",
}
SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intorstring",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "rawextension",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "fieldsv1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch": "rawextension",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "json",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "jsonschemapropsorarray",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "jsonschemapropsorbool",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": (
        "jsonschemapropsorstringarray"
    ),
}
JSON_TYPES = {("string", None): "string", ("boolean", None): "bool", ("integer", "int32"): "int32"}
JSON_TYPES |= {("integer", "int64"): "int64", ("string", "byte"): "bytes", ("number", "double"): "double"}


def short(name: str) -> str:
    """The type name of the field tables: `core.v1.Pod` for io.k8s.api.core.v1.Pod."""
    if name in SCALARS:
        return SCALARS[name]
    prefix = next(p for p in PREFIXES if name.startswith(p))
    return name.removeprefix(prefix)


def protobuf_name(name: str) -> str:
    """The full name of a definition's protobuf message."""
    prefix = next(p for p in PREFIXES if name.startswith(p))
    return PREFIXES[prefix] + name.removeprefix(prefix)


def field_row(spec: dict[str, Any], number: int, required: bool) -> dict[str, Any]:
    """One field, in the shape that podo/api/schema/__init__.py reads."""
    row: dict[str, Any] = {}
    shape, inner = "", spec
    if spec.get("type") == "array":
        shape, inner = "list", spec["items"]
    elif "additionalProperties" in spec:
        shape, inner = "map", spec["additionalProperties"]
        if inner.get("type") == "array":
            shape, inner = "map of lists", inner["items"]
    reference = inner.get("$ref", "").removeprefix("#/definitions/")
    row["type"] = short(reference) if reference else JSON_TYPES[inner["type"], inner.get("format")]
    optional = {
        "shape": shape,
        "required": required,
        "number": number,
        "list_type": spec.get("x-kubernetes-list-type", ""),
        "keys": spec.get("x-kubernetes-list-map-keys", []),
        "merge_key": spec.get("x-kubernetes-patch-merge-key", ""),
        "strategy": [s for s in spec.get("x-kubernetes-patch-strategy", "").split(",") if s],
        "atomic": spec.get("x-kubernetes-map-type") == "atomic",
        "enum": inner.get("enum", []),
    }
    return row | {k: v for k, v in optional.items() if v}


def type_row(name: str, definition: dict[str, Any], protobuf: dict[str, Any]) -> dict[str, Any]:
    """One type: its fields by JSON name, the kinds that it is, its unions."""
    numbers = protobuf.get(protobuf_name(name), {})
    if not numbers and definition.get("properties"):
        print(f"no protobuf message for {name}", file=sys.stderr)
    required = set(definition.get("required", ()))
    fields = {
        field: field_row(spec, numbers.get(field, [0])[0], field in required)
        for field, spec in definition.get("properties", {}).items()
    }
    row: dict[str, Any] = {"fields": fields}
    kinds = [[g["group"], g["version"], g["kind"]] for g in definition.get("x-kubernetes-group-version-kind", ())]
    if kinds and len(kinds) < 5:  # DeleteOptions and WatchEvent belong to every group
        row["kinds"] = kinds
    if definition.get("x-kubernetes-map-type") == "atomic":
        row["atomic"] = True
    if unions := definition.get("x-kubernetes-unions"):
        row["unions"] = unions
    return row


def import_types(facts: Path) -> None:
    """One file a package: core.v1.json holds the types core.v1.*."""
    definitions = json.loads((facts / "definitions.json").read_text())
    protobuf = json.loads((facts / "protobuf.json").read_text())
    packages: dict[str, dict[str, Any]] = {}
    for name, definition in definitions.items():
        if name not in SCALARS and not name.startswith("io.k8s.apimachinery.pkg.version."):
            package, _, type_name = short(name).rpartition(".")
            packages.setdefault(package, {})[type_name] = type_row(name, definition, protobuf)
    for package, types in packages.items():
        (OUT / f"{package}.json").write_text(json.dumps(types, indent=0, sort_keys=True) + "\n")


def import_resources(facts: Path) -> None:
    """resources.json: every resource with its verbs, names, subresources and columns."""
    discovery = json.loads((facts / "discovery.json").read_text())
    tables = json.loads((facts / "tables.json").read_text())
    order = [g["versions"] for g in discovery["/apis"]["groups"]]
    paths = ["/api/v1"] + [f"/apis/{v['groupVersion']}" for versions in order for v in versions]
    rows: list[dict[str, Any]] = []
    for path in paths:
        group, _, version = path.removeprefix("/api/").removeprefix("/apis/").rpartition("/")
        for resource in discovery[path]["resources"]:
            name, _, subresource = resource["name"].partition("/")
            row = {k: v for k, v in resource.items() if k not in ("name", "storageVersionHash")}
            if subresource:
                parent = next(r for r in rows if (r["group"], r["version"], r["name"]) == (group, version, name))
                parent.setdefault("subresources", {})[subresource] = row
                continue
            row |= {"group": group, "version": version, "name": name}
            row["storageVersionHash"] = resource.get("storageVersionHash", "")
            row["columns"] = tables.get(f"{path}/{name}", [])
            rows.append(row)
    (OUT / "resources.json").write_text(json.dumps(rows, indent=0, sort_keys=True) + "\n")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    import_types(Path(sys.argv[1]))
    import_resources(Path(sys.argv[1]))
