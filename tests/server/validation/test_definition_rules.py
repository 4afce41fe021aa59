"""What may not stand in a definition, and how it is told."""

from typing import Any

import pytest

from podo.server.validation.crd.definition import create, update
from tests.server.customresources.build import definition, spec_schema, version

STRING: dict[str, Any] = {"type": "string"}
AT = "spec.validation.openAPIV3Schema.properties[spec].properties[f]"


def said(obj: dict[str, Any]) -> list[str]:
    return [str(error) for error in create(obj)]


def of_field(schema: dict[str, Any]) -> list[str]:
    return said(definition(version(schema=spec_schema(f=schema))))


def test_a_good_definition_passes() -> None:
    assert said(definition()) == []


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"x-kubernetes-int-or-string": True, "pattern": "x"}, id="int or string"),
        pytest.param(
            {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            id="int or string by types",
        ),
        pytest.param({"type": "object", "additionalProperties": False}, id="no additional properties"),
        pytest.param(STRING | {"enum": []}, id="an empty enum"),
        pytest.param({"type": "integer", "minimum": 5, "maximum": 1}, id="limits that nothing keeps"),
        pytest.param(STRING | {"enum": ["a"], "default": "a"}, id="a valid default"),
    ],
)
def test_good_schemas_pass(schema: dict[str, Any]) -> None:
    assert of_field(schema) == []


@pytest.mark.parametrize(
    ("schema", "texts"),
    [
        ({"description": "x"}, [f"{AT}.type: Required value: must not be empty for specified object fields"]),
        ({"type": "array"}, [f"{AT}.items: Required value: must be specified"]),
        (STRING | {"$ref": "#/x"}, [f"{AT}.$ref: Forbidden: $ref is not supported"]),
        (
            STRING | {"uniqueItems": True},
            [
                f"{AT}.uniqueItems: Forbidden: uniqueItems cannot be set to true "
                "since the runtime complexity becomes quadratic"
            ],
        ),
        (
            {"type": "array", "items": [STRING]},
            [f"{AT}.items: Forbidden: items must be a schema object and not an array"],
        ),
        (
            {"type": "array", "x-kubernetes-list-type": "zz", "items": STRING},
            [f'{AT}.x-kubernetes-list-type: Unsupported value: "zz": supported values: "atomic", "set", "map"'],
        ),
        (
            {"type": "object", "x-kubernetes-map-type": "zz"},
            [f'{AT}.x-kubernetes-map-type: Unsupported value: "zz": supported values: "atomic", "granular"'],
        ),
        (
            STRING | {"anyOf": [{"type": "string"}]},
            [f"{AT}.anyOf[0].type: Forbidden: must be empty to be structural"],
        ),
        (
            STRING | {"enum": ["a"], "default": "b"},
            [f'{AT}.default: Unsupported value: "b": supported values: "a"'],
        ),
        (
            {"type": "object", "default": {"a": 1}, "properties": {"b": STRING}},
            [f'{AT}.default: Invalid value: {{"a":1}}: must not have unknown fields'],
        ),
        (
            STRING | {"x-kubernetes-validations": [{"rule": " "}]},
            [f"{AT}.x-kubernetes-validations[0].rule: Required value: rule is not specified"],
        ),
        (
            STRING | {"x-kubernetes-validations": [{"rule": "true", "fieldPath": ".z"}]},
            [f'{AT}.x-kubernetes-validations[0].fieldPath: Invalid value: ".z": must be a valid path'],
        ),
    ],
)
def test_bad_schemas_are_told_in_the_words_of_the_reference(schema: dict[str, Any], texts: list[str]) -> None:
    assert of_field(schema) == texts


def test_alternatives_at_the_root_speak_of_declared_fields_only() -> None:
    schema = {"type": "object", "anyOf": [{"properties": {"z": {"minimum": 1}}}]}
    at = "spec.validation.openAPIV3Schema"
    text = f"{at}.properties[z]: Required value: because it is defined in {at}.anyOf[0].properties[z]"
    assert said(definition(version(schema=schema))) == [text]


def test_what_versions_differ_in_is_told_where_it_is() -> None:
    bad = spec_schema(f={"description": "x"})
    obj = definition(version(), version("v2", bad, storage=False))
    assert [text.partition(":")[0] for text in said(obj)] == [
        "spec.versions[1].schema.openAPIV3Schema.properties[spec].properties[f].type"
    ]


def test_just_one_version_is_stored() -> None:
    first, second = said(definition(version(), version("v2")))
    assert first.endswith("must have exactly one version marked as storage version")
    assert '"Schema":null' in first
    assert second == 'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2'


def test_a_definition_is_named_after_its_plural_and_group() -> None:
    obj = definition()
    obj["metadata"]["name"] = "tees.example.com"
    text = 'metadata.name: Invalid value: "tees.example.com": must be spec.names.plural+"."+spec.group'
    assert said(obj) == [text]


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ([".spec.color", ".spec.color"], 'spec.selectableFields[1].jsonPath: Duplicate value: ".spec.color"'),
        (
            [".metadata.name"],
            'spec.selectableFields[0].jsonPath: Invalid value: ".metadata.name": '
            "is an invalid path: does not refer to a valid field",
        ),
        (
            [".spec"],
            'spec.selectableFields[0].jsonPath: Invalid value: ".spec": must point to a field of type string, '
            "boolean or integer. Enum string fields and strings with formats are allowed.",
        ),
    ],
)
def test_selectable_fields_are_scalars_each_once(fields: list[str], text: str) -> None:
    assert said(definition(version(selectableFields=[{"jsonPath": path} for path in fields]))) == [text]


def test_groups_of_the_community_need_its_approval() -> None:
    obj = definition()
    obj["spec"]["group"], obj["metadata"]["name"] = "x.k8s.io", "shirts.x.k8s.io"
    assert "metadata.annotations[api-approved.kubernetes.io]: Required value" in said(obj)[0]
    obj["metadata"]["annotations"] = {"api-approved.kubernetes.io": "https://github.com/kubernetes/x/pull/1"}
    assert said(obj) == []


def test_what_storage_depends_on_does_not_change() -> None:
    old, new = definition(), definition(scope="Cluster")
    old["metadata"]["resourceVersion"] = new["metadata"]["resourceVersion"] = "1"
    assert [str(error) for error in update(new, old)] == []
    old["status"]["conditions"] = [{"type": "Established", "status": "True"}]
    assert [str(error) for error in update(new, old)] == ['spec.scope: Invalid value: "Cluster": field is immutable']


def test_a_webhook_has_one_address() -> None:
    obj = definition()
    obj["spec"]["conversion"] = {
        "strategy": "Webhook",
        "webhook": {"clientConfig": {}, "conversionReviewVersions": ["v9"]},
    }
    assert said(obj) == [
        "spec.conversion.webhookClientConfig: Required value: exactly one of url or service is required",
        'spec.conversion.conversionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
    ]
