"""CustomResourceDefinitions and the values that fit their schemas."""

import pytest

from podo.server.customresources.schema.results import errors_of
from podo.server.customresources.schema.values import validate

from .build import built, complaints
from .cases import bad_paths, bad_update_paths, changed

SPEC_SCHEMA = {
    "type": "object",
    "properties": {
        "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
        "n": {"type": "integer"},
        "list": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k"],
            "items": {"type": "object", "required": ["k"], "properties": {"k": {"type": "string"}}},
        },
        "either": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "map": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "x-kubernetes-validations": [{"rule": "self.n < 9", "message": "m", "fieldPath": ".n"}],
}
VERSION = {
    "name": "v1",
    "served": True,
    "storage": True,
    "schema": {"openAPIV3Schema": {"type": "object", "properties": {"spec": SPEC_SCHEMA}}},
    "additionalPrinterColumns": [{"name": "N", "type": "integer", "jsonPath": ".spec.n"}],
    "subresources": {"scale": {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}},
    "selectableFields": [{"jsonPath": ".spec.color"}],
}
OTHER = {"name": "v2", "served": True, "storage": False, "schema": {"openAPIV3Schema": {"type": "object"}}}
DEFINITION = built(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    metadata={"name": "things.a.b"},
    spec={
        "group": "a.b",
        "scope": "Namespaced",
        "names": {"plural": "things", "kind": "Thing"},
        "versions": [VERSION, OTHER],
    },
    status={"storedVersions": ["v1"]},
)
DEFINITION["metadata"].pop("namespace")
V = "spec.versions.0"
VV = "spec.versions[0]"
ROOT = f"{V}.schema.openAPIV3Schema"
INNER = f"{ROOT}.properties.spec"
SHOWN = f"{VV}.schema.openAPIV3Schema.properties[spec]"


def test_a_plain_one_is_good():
    assert complaints(DEFINITION) == []
    assert bad_update_paths(DEFINITION, "metadata.labels", {"a": "b"}) == []


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("metadata.name", "other", ["metadata.name"]),
        ("spec.scope", "X", ["spec.scope"]),
        ("spec.preserveUnknownFields", True, ["spec.preserveUnknownFields"]),
        ("spec.scope", "", ["spec.scope"]),
        ("spec.group", "", ["metadata.name", "spec.group"]),
        ("spec.group", "b", ["metadata.name", "spec.group"]),
        ("spec.names.kind", "-", ["spec.names.kind"]),
        ("spec.names.listKind", "Thing", ["spec.names.listKind"]),
        ("spec.names.singular", "", ["spec.names.singular"]),
        ("spec.names.shortNames", ["A"], ["spec.names.shortNames[0]"]),
        ("spec.names.categories", ["A"], ["spec.names.categories[0]"]),
        ("spec.versions.1.name", "v1", ["spec.versions"]),
        ("spec.versions.1.storage", True, ["spec.versions", "status.storedVersions"]),
        ("spec.versions.1.name", "-", ["spec.versions[1].name"]),
        ("spec.versions.1.schema", None, ["spec.versions[1].schema.openAPIV3Schema"]),
        ("spec.versions.1.deprecationWarning", "w", ["spec.versions[1].deprecationWarning"]),
        ("status.storedVersions", [], ["status.storedVersions"]),
        ("status.storedVersions", ["v1", "v0"], ["status.storedVersions[1]"]),
        ("spec.conversion", {"strategy": ""}, ["spec.conversion.strategy"]),
        ("spec.conversion", {"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}}, None),
        ("spec.conversion", {"strategy": "Webhook"}, None),
        ("spec.conversion", {"strategy": "Webhook", "webhook": {"clientConfig": {}}}, None),
        (f"{V}.deprecated", True, []),
        (f"{V}.additionalPrinterColumns.0.name", "", [f"{VV}.additionalPrinterColumns[0].name"]),
        (f"{V}.additionalPrinterColumns.0.type", "x", [f"{VV}.additionalPrinterColumns[0].type"]),
        (f"{V}.additionalPrinterColumns.0.format", "x", [f"{VV}.additionalPrinterColumns[0].format"]),
        (f"{V}.additionalPrinterColumns.0.jsonPath", "x", [f"{VV}.additionalPrinterColumns[0].JSONPath"]),
        (f"{V}.subresources.scale.specReplicasPath", ".x", [f"{VV}.subresources.scale.specReplicasPath"]),
        (f"{V}.subresources.scale.statusReplicasPath", "", [f"{VV}.subresources.scale.statusReplicasPath"]),
        (f"{V}.subresources.scale.labelSelectorPath", ".x", [f"{VV}.subresources.scale.labelSelectorPath"]),
        (f"{V}.selectableFields.0.jsonPath", ".spec.none", [f"{VV}.selectableFields[0].jsonPath"]),
        (f"{V}.selectableFields.0.jsonPath", ".spec.map", [f"{VV}.selectableFields[0].jsonPath"]),
        (f"{V}.selectableFields.0.jsonPath", ".spec['n']", [f"{VV}.selectableFields[0].jsonPath"]),
        (f"{V}.selectableFields", [{"jsonPath": ".spec.n"}] * 2, [f"{VV}.selectableFields[1].jsonPath"]),
    ],
)
def test_bad_definitions(path, value, bad):
    found = bad_paths(changed(DEFINITION, path, value))
    assert found if bad is None else found == bad


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("type", "", "type"),
        ("properties.n", {}, "properties[n].type"),
        ("properties.n.type", "x", "properties[n].type"),
        ("properties.n.type", "null", "properties[n].type"),
        ("properties.n.uniqueItems", True, "properties[n].uniqueItems"),
        ("properties.n.$ref", "x", "properties[n].$ref"),
        ("properties.n.pattern", "(", "properties[n].pattern"),
        ("properties.n.default", "x", "properties[n].default"),
        ("properties.color.default", "green", "properties[color].default"),
        ("properties.map.default", {"a": 5}, "properties[map].default.a"),
        ("properties.list.items", None, "properties[list].items"),
        ("properties.list.items.type", "string", "properties[list].items.type"),
        ("properties.list.items.required", [], "properties[list].items.properties[k].default"),
        ("properties.list.items.nullable", True, "properties[list].items.nullable"),
        ("properties.list.x-kubernetes-list-map-keys", ["z"], "properties[list].x-kubernetes-list-map-keys"),
        ("properties.list.x-kubernetes-list-map-keys", [], "properties[list].x-kubernetes-list-map-keys"),
        ("properties.list.x-kubernetes-list-type", "x", "properties[list].x-kubernetes-list-type"),
        ("properties.list.x-kubernetes-list-type", None, "properties[list].x-kubernetes-list-type"),
        ("properties.n.x-kubernetes-list-type", "set", "properties[n].type"),
        ("properties.n.x-kubernetes-map-type", "x", "properties[n].x-kubernetes-map-type"),
        ("properties.n.x-kubernetes-embedded-resource", True, "properties[n].type"),
        ("properties.either.x-kubernetes-preserve-unknown-fields", True, "properties[either].x-kubernetes-preserve"),
        ("properties.n.x-kubernetes-preserve-unknown-fields", False, "properties[n].x-kubernetes-preserve-unknown"),
        ("properties.map.properties", {"a": {"type": "string"}}, "properties[map].additionalProperties"),
        ("anyOf", [{"type": "object"}], "anyOf[0].type"),
        ("allOf", [{"properties": {"metadata": {}}}], "allOf[0].properties[metadata]"),
        ("x-kubernetes-validations", [{"rule": ""}], "x-kubernetes-validations[0].rule"),
        ("x-kubernetes-validations", [{"rule": "nobody"}], "x-kubernetes-validations[0].rule"),
        ("x-kubernetes-validations", [{"rule": "a", "message": " "}], "x-kubernetes-validations[0].message"),
        ("x-kubernetes-validations", [{"rule": "a\nb"}], "x-kubernetes-validations[0].message"),
        ("x-kubernetes-validations", [{"rule": "a", "reason": "X"}], "x-kubernetes-validations[0].reason"),
        ("x-kubernetes-validations", [{"rule": "a", "fieldPath": ".z"}], "x-kubernetes-validations[0].fieldPath"),
    ],
)
def test_bad_schemas(path, value, bad):
    found = bad_paths(changed(DEFINITION, f"{INNER}.{path}", value))
    assert any(one.startswith(f"{SHOWN}.{bad}") for one in found)


@pytest.mark.parametrize(
    ("schema", "bad"),
    [
        ({"type": "string"}, "type"),
        ({"type": "object", "nullable": True}, "nullable"),
        ({"type": "object", "not": {"properties": {"zzz": {"minimum": 1}}}}, "properties[zzz]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "additionalProperties"),
        ({"type": "object", "properties": {"kind": {"type": "integer"}}}, "properties[kind].type"),
        ({"type": "object", "properties": {"metadata": {"type": "string"}}}, "properties[metadata].type"),
        (
            {"type": "object", "properties": {"metadata": {"type": "object", "properties": {"a": {"type": "string"}}}}},
            "properties[metadata]",
        ),
        ({"type": "object", "properties": {"metadata": {"type": "object", "default": {}}}}, "properties[metadata].def"),
    ],
)
def test_the_root_of_a_schema_is_special(schema, bad):
    found = bad_paths(changed(changed(DEFINITION, ROOT, schema), f"{V}.selectableFields", None))
    assert any(one.startswith(f"{VV}.schema.openAPIV3Schema.{bad}") for one in found)


def test_what_all_versions_have_alike_is_reported_once():
    only = changed(changed(DEFINITION, "spec.versions", [VERSION]), "spec.versions.0.subresources.scale", {})
    assert bad_paths(only) == ["spec.subresources.scale.specReplicasPath", "spec.subresources.scale.statusReplicasPath"]


def test_what_cannot_be_structural_is_not_asked_to_be():
    found = bad_paths(changed(DEFINITION, f"{INNER}.properties.n", {"$ref": "x"}))
    assert found == [f"{SHOWN}.properties[n].$ref"]


def test_names_stay_once_they_are_established():
    assert bad_update_paths(DEFINITION, "spec.scope", "Cluster") == []
    established = changed(DEFINITION, "status.conditions", [{"type": "Established", "status": "True"}])
    assert bad_update_paths(established, "spec.scope", "Cluster") == ["spec.scope"]
    assert bad_update_paths(DEFINITION, "status.acceptedNames", {"plural": "-"}, "status") == [
        "status.acceptedNames.plural"
    ]


@pytest.mark.parametrize(
    ("annotations", "bad"),
    [
        ({}, ["metadata.annotations[api-approved.kubernetes.io]"]),
        ({"api-approved.kubernetes.io": "x"}, ["metadata.annotations[api-approved.kubernetes.io]"]),
        ({"api-approved.kubernetes.io": "unapproved, for a test"}, []),
        ({"api-approved.kubernetes.io": "https://a.b/c"}, []),
    ],
)
def test_groups_of_kubernetes_need_approval(annotations, bad):
    obj = changed(changed(DEFINITION, "spec.group", "x.k8s.io"), "metadata.name", "things.x.k8s.io")
    assert bad_paths(changed(obj, "metadata.annotations", annotations)) == bad


@pytest.mark.parametrize(
    ("schema", "value", "text"),
    [
        ({"type": "string"}, 5, 'v: Invalid value: "integer":  in body must be of type string: "integer"'),
        ({"type": "integer"}, 5.0, ""),
        ({"type": "integer"}, 5.5, 'v: Invalid value: "number":  in body must be of type integer: "number"'),
        ({"type": "number"}, 5, ""),
        ({"type": "string"}, None, 'v: Invalid value: "null":  in body must be of type string: "null"'),
        ({"type": "string", "nullable": True}, None, ""),
        ({"x-kubernetes-int-or-string": True}, 5, ""),
        ({"enum": ["a", 5]}, "b", 'v: Unsupported value: "b": supported values: "a", "5"'),
        ({"type": "string", "maxLength": 1}, "ab", "v: Too long: may not be more than 1 byte"),
        ({"type": "string", "minLength": 3}, "ab", 'v: Invalid value: "ab":  in body should be at least 3 chars long'),
        ({"type": "string", "pattern": "^x"}, "ab", "v: Invalid value: \"ab\":  in body should match '^x'"),
        ({"type": "string", "format": "date"}, "ab", 'v: Invalid value: "ab":  in body must be of type date: "ab"'),
        ({"type": "integer", "maximum": 3}, 5, "v: Invalid value: 5:  in body should be less than or equal to 3"),
        (
            {"type": "integer", "minimum": 5, "exclusiveMinimum": True},
            5,
            "v: Invalid value: 5:  in body should be grea",
        ),
        ({"type": "integer", "multipleOf": 3}, 5, "v: Invalid value: 5:  in body should be a multiple of 3"),
        ({"type": "array", "maxItems": 1}, [1, 2], "v: Too many: 2: must have at most 1 item"),
        ({"type": "array", "minItems": 1}, [], "v: Invalid value: 0:  in body should have at least 1 items"),
        (
            {"type": "array", "uniqueItems": True},
            [1, 1],
            'v: Invalid value: "":  in body shouldn\'t contain duplicates',
        ),
        (
            {"type": "array", "items": {"type": "string"}},
            [1],
            'v.[0]: Invalid value: "integer": [0] in body must be of',
        ),
        ({"type": "object", "required": ["a"]}, {}, "v.a: Required value"),
        ({"type": "object", "maxProperties": 0}, {"a": 1}, "v: Too many: 1: must have at most 0 items"),
        ({"type": "object", "minProperties": 1}, {}, "v: Invalid value: 0:  in body should have at least 1 properties"),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}},
            {"a": 1},
            'v.a: Invalid value: "integer": a in bo',
        ),
        ({"anyOf": [{"type": "string"}]}, 5, 'v: Invalid value: "": "" must validate at least one schema (anyOf)'),
        ({"oneOf": [{}, {}]}, 5, 'v: Invalid value: "": "" must validate one and only one schema (oneOf). Found 2 val'),
        ({"allOf": [{"type": "string"}]}, 5, 'v: Invalid value: "integer":  in body must be of type string'),
        ({"not": {}}, 5, 'v: Invalid value: "": "" must not validate the schema (not)'),
    ],
)
def test_values_and_schemas(schema, value, text):
    found = [str(error) for error in errors_of(validate(value, schema).findings, "v")]
    assert found[0].startswith(text) if text else found == []


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        ("date-time", "2026-01-01T00:00:00Z", "2026-01-01"),
        ("ipv4", "1.2.3.4", "::1"),
        ("ipv6", "::1", "1.2.3.4"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("uuid", "01234567-89ab-cdef-0123-456789abcdef", "x"),
        ("uuid4", "01234567-89ab-4def-8123-456789abcdef", "01234567-89ab-cdef-0123-456789abcdef"),
        ("byte", "YQ==", "%"),
        ("email", "a@b", "a"),
        ("hostname", "a.bc", "-"),
        ("mac", "00:11:22:33:44:55", "x"),
        ("duration", "5m", "x"),
        ("uri", "http://a", "x"),
        ("hexcolor", "#fff", "red"),
        ("unknown", "anything", None),
    ],
)
def test_formats(form, good, bad):
    schema = {"type": "string", "format": form}
    assert errors_of(validate(good, schema).findings, "v") == []
    assert bad is None or errors_of(validate(bad, schema).findings, "v")
