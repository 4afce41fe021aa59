"""Schemas of types, from the field tables."""

from collections.abc import Iterable, Mapping
from typing import Any

from podo.api import schema
from podo.api.schema import Field, TypeSchema
from podo.server.descriptions.texts import Texts
from podo.server.openapi.known_versions import known_versions

Schema = dict[str, Any]
META = "io.k8s.apimachinery.pkg.apis.meta.v1."
EXTENSIONS = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1."
PREFIXES = {
    "meta": "io.k8s.apimachinery.pkg.apis.",
    "apiextensions": "io.k8s.apiextensions-apiserver.pkg.apis.",
    "apiregistration": "io.k8s.kube-aggregator.pkg.apis.",
}
PLAIN: dict[str, Schema] = {
    "string": {"type": "string"},
    "int32": {"type": "integer", "format": "int32"},
    "int64": {"type": "integer", "format": "int64"},
    "double": {"type": "number", "format": "double"},
    "bool": {"type": "boolean"},
    "bytes": {"type": "string", "format": "byte"},
}
NAMED = {
    "time": f"{META}Time",
    "microtime": f"{META}MicroTime",
    "fieldsv1": f"{META}FieldsV1",
    "quantity": "io.k8s.apimachinery.pkg.api.resource.Quantity",
    "intorstring": "io.k8s.apimachinery.pkg.util.intstr.IntOrString",
    "rawextension": "io.k8s.apimachinery.pkg.runtime.RawExtension",
    "json": f"{EXTENSIONS}JSON",
    "jsonschemapropsorarray": f"{EXTENSIONS}JSONSchemaPropsOrArray",
    "jsonschemapropsorbool": f"{EXTENSIONS}JSONSchemaPropsOrBool",
    "jsonschemapropsorstringarray": f"{EXTENSIONS}JSONSchemaPropsOrStringArray",
}
"""Types that stand in the tables as scalars, but are schemas with a name in OpenAPI."""
PATCH, VERSION_INFO = f"{META}Patch", "io.k8s.apimachinery.pkg.version.Info"
VERSION_FIELDS = ("major", "minor", "gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler")
VERSION_REQUIRED = sorted((*VERSION_FIELDS, "platform"))
VERSION_MORE = ("platform", "emulationMajor", "emulationMinor", "minCompatibilityMajor", "minCompatibilityMinor")
FIXED: dict[str, Schema] = {
    NAMED["time"]: {"type": "string", "format": "date-time"},
    NAMED["microtime"]: {"type": "string", "format": "date-time"},
    NAMED["fieldsv1"]: {"type": "object"},
    NAMED["rawextension"]: {"type": "object"},
    PATCH: {"type": "object"},
    NAMED["json"]: {},
    NAMED["jsonschemapropsorarray"]: {},
    NAMED["jsonschemapropsorbool"]: {},
    NAMED["jsonschemapropsorstringarray"]: {},
    VERSION_INFO: {
        "type": "object",
        "properties": {name: {"type": "string"} for name in (*VERSION_FIELDS, *VERSION_MORE)},
        "required": VERSION_REQUIRED,
    },
}
V2_FIXED = {
    NAMED["quantity"]: {"type": "string"},
    NAMED["intorstring"]: {"type": "string", "format": "int-or-string"},
}
V3_FIXED: dict[str, Schema] = {
    NAMED["quantity"]: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    NAMED["intorstring"]: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}
GRANULAR_MARK: Schema = {"x-kubernetes-map-type": "granular"}
GRANULAR = {
    "core.v1.PersistentVolumeClaimStatus": "allocatedResourceStatuses",
    "core.v1.PersistentVolumeSpec": "claimRef",
}
"""The fields, by their types, that are marked as what all unmarked ones are: their keys have owners of their own."""
FOR_EVERY_GROUP = frozenset({f"{META}DeleteOptions", f"{META}WatchEvent"})
"""Kinds that exist in every group and version."""
NO_GROUP_OF_THEIR_OWN = frozenset(
    {f"{META}{kind}" for kind in ("APIGroup", "APIGroupList", "APIResourceList", "APIVersions", "Status")}
)


def type_name(name: str) -> str:
    """What OpenAPI calls the type `core.v1.Pod`, or a named scalar."""
    if name in NAMED:
        return NAMED[name]
    return f"{PREFIXES.get(name.partition('.')[0], 'io.k8s.api.')}{name}"


def _table_name(name: str) -> str:
    """The name in the field tables of what OpenAPI calls so."""
    return ".".join(name.split(".")[-3:])


class Schemas:
    """Writes schemas in one version of OpenAPI."""

    def __init__(self, reference: str, fixed: dict[str, Schema], *, wraps: bool) -> None:
        """`reference` stands before names in references; `wraps`: a reference stands alone, others go beside it."""
        self._reference, self._fixed, self._wraps = reference, FIXED | fixed, wraps

    def reference(self, name: str) -> Schema:
        """A reference to the schema of that name."""
        return {"$ref": f"{self._reference}{name}"}

    def closure(
        self, names: Iterable[str], group: str | None, version: str, given: Mapping[str, Schema] = {}
    ) -> dict[str, Schema]:
        """The schemas of these names and of all that they refer to; kinds of every group are those of `group`.

        With a `group` of None they are those of all groups. `given` are schemas that are not in the tables.
        """
        found: dict[str, Schema] = {}
        texts = Texts()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            found[name], more = (
                (given[name], references(given[name])) if name in given else self._schema(name, group, version, texts)
            )
            waiting += more
        return dict(sorted(found.items()))

    def _schema(self, name: str, group: str | None, version: str, texts: Texts) -> tuple[Schema, list[str]]:
        """A schema, and the names that it refers to."""
        if name in self._fixed:
            return _described(self._fixed[name], name, texts), []
        try:
            table = schema.type_of(_table_name(name))
        except (KeyError, FileNotFoundError):
            return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}, []
        made = self._struct(table, texts)
        if name in FOR_EVERY_GROUP:
            made["x-kubernetes-group-version-kind"] = _everywhere(table, group, version)
        elif name in NO_GROUP_OF_THEIR_OWN:
            made["x-kubernetes-group-version-kind"] = [kind_mark("", "v1", name.rpartition(".")[2])]
        elif table.kinds:
            made["x-kubernetes-group-version-kind"] = [kind_mark(*kind) for kind in table.kinds]
        return made, [type_name(field.type) for field in table.fields.values() if field.type not in PLAIN]

    def _struct(self, table: TypeSchema, texts: Texts) -> Schema:
        made: Schema = _text(texts.of_type(table.name)) | {"type": "object"}
        granular = GRANULAR.get(table.name, "")
        if table.fields:
            made["properties"] = {
                name: self._field(
                    field, (GRANULAR_MARK if name == granular else {}) | _text(texts.of_field(table.name, name))
                )
                for name, field in sorted(table.fields.items())
            }
        if required := sorted(name for name, field in table.fields.items() if field.required):
            made["required"] = required
        if table.atomic:
            made["x-kubernetes-map-type"] = "atomic"
        if table.unions:
            made["x-kubernetes-unions"] = table.unions
        return made

    def _field(self, field: Field, extra: Schema) -> Schema:
        item = self._item(field)
        extra = marks(field) | extra
        if field.shape == "list":
            return {"type": "array", "items": item} | extra
        if field.shape == "map":
            return {"type": "object", "additionalProperties": item} | extra
        if field.shape == "map of lists":
            return {"type": "object", "additionalProperties": {"type": "array", "items": item}} | extra
        if "$ref" in item and self._wraps and extra:
            return {"allOf": [item]} | extra
        return item | extra

    def _item(self, field: Field) -> Schema:
        if field.type not in PLAIN:
            return self.reference(type_name(field.type))
        return PLAIN[field.type] | ({"enum": list(field.enum)} if field.enum else {})


def _text(text: str) -> Schema:
    return {"description": text} if text else {}


def _described(fixed: Schema, name: str, texts: Texts) -> Schema:
    """A schema that is not in the tables, with its texts."""
    section = texts.section("named", name.rpartition(".")[2])
    made = _text(section.text) | fixed
    if "properties" in fixed:
        properties = {part: _text(section.parts.get(part, "")) | own for part, own in fixed["properties"].items()}
        made = made | {"properties": properties}
    return made


def references(schema: Any) -> list[str]:
    """The names that a schema refers to, anywhere."""
    if isinstance(schema, list):
        return [name for one in schema for name in references(one)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].rpartition("/")[2]] if isinstance(schema.get("$ref"), str) else []
    return own + [name for one in schema.values() for name in references(one)]


def _everywhere(table: TypeSchema, group: str | None, version: str) -> list[Schema]:
    kind = table.name.rpartition(".")[2]
    if group is None:
        return [kind_mark(*pair, kind) for pair in known_versions()]
    own = [] if (group, version) in (("", "v1"), ("", "")) else [kind_mark(group, version, kind)]
    return [kind_mark("", "v1", kind), *own]


def kind_mark(group: str, version: str, kind: str) -> Schema:
    """A group, version and kind, as extensions of OpenAPI say them."""
    return {"group": group, "kind": kind, "version": version}


def marks(field: Field) -> Schema:
    """How lists and maps are merged, for apply and for strategic patches."""
    found: Schema = {}
    if field.list_type:
        found["x-kubernetes-list-type"] = field.list_type
    if field.keys:
        found["x-kubernetes-list-map-keys"] = list(field.keys)
    if field.atomic:
        found["x-kubernetes-map-type"] = "atomic"
    if field.merge_key:
        found["x-kubernetes-patch-merge-key"] = field.merge_key
    if field.strategy:
        found["x-kubernetes-patch-strategy"] = ",".join(field.strategy)
    return found
