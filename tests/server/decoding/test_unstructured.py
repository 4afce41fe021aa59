"""Patched values into types: the words are other than those of the JSON decoder."""

import pytest

from podo.server.decoding.go_types import struct
from podo.server.decoding.unstructured import ConvertError, convert

DEPLOYMENT, SECRET = struct("apps.v1.Deployment"), struct("core.v1.Secret")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("x", "cannot restore struct from: string"),
        ([], "cannot restore struct from: slice"),
        ({"replicas": "x"}, "unrecognized type: int32"),
        ({"replicas": True}, "unrecognized type: int32"),
        ({"replicas": 1.5}, "cannot convert float64 to int32"),
        ({"paused": 1}, "unrecognized type: bool"),
        ({"strategy": {"type": 1}}, "cannot convert int64 to v1.DeploymentStrategyType"),
        ({"strategy": {"type": {}}}, "unrecognized type: string"),
        (
            {"strategy": {"rollingUpdate": {"maxSurge": {}}}},
            "json: cannot unmarshal object into Go value of type int32",
        ),
        ({"template": {"spec": {"containers": {}}}}, "cannot restore slice from map"),
        ({"template": {"spec": {"nodeSelector": []}}}, "cannot restore map from slice"),
        ({"template": {"spec": {"overhead": {"cpu": True}}}}, "quantities must match the regular expression"),
        (
            {"template": {"metadata": {"creationTimestamp": 1}}},
            "json: cannot unmarshal number into Go value of type string",
        ),
    ],
)
def test_what_does_not_fit_is_told_in_its_own_words(spec, message):
    with pytest.raises(ConvertError) as caught:
        convert(DEPLOYMENT, {"spec": spec})
    assert message in str(caught.value)


def test_base64_is_read_by_way_of_json():
    with pytest.raises(ConvertError, match="error decoding from json: illegal base64 data at input byte 0"):
        convert(SECRET, {"data": {"a": "!"}})
    with pytest.raises(ConvertError, match="cannot restore slice from int64"):
        convert(SECRET, {"data": {"a": 1}})


def test_integers_that_do_not_fit_lose_their_upper_half():
    spec = {"replicas": 2**32 + 3, "minReadySeconds": 2.0}
    found = convert(DEPLOYMENT, {"spec": spec})[0]["spec"]
    assert (found["replicas"], found["minReadySeconds"]) == (3, 2)


def test_unknown_fields_are_found_and_sorted():
    value = {"zzz": 1, "spec": {"template": {"spec": {"containers": [{"name": "c", "x": 1}]}}, "foo": 1}}
    assert convert(DEPLOYMENT, value)[1] == [
        'unknown field "spec.foo"',
        'unknown field "spec.template.spec.containers[0].x"',
        'unknown field "zzz"',
    ]


def definition(**schema):
    versions = [{"name": "v1", "schema": {"openAPIV3Schema": schema}}]
    return convert(struct("apiextensions.v1.CustomResourceDefinition"), {"spec": {"versions": versions}})[0]


def test_schemas_within_schemas_are_read_by_way_of_json():
    kept = {"items": {"type": "string"}, "additionalProperties": False}
    assert definition(**kept)["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == kept


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (
            {"items": {"properties": {"a": "x"}}},
            "cannot unmarshal string into Go struct field JSONSchemaProps.prop",
        ),
        ({"items": [1]}, "json: cannot unmarshal number into Go value of type v1.JSONSchemaProps"),
        ({"additionalProperties": "x"}, "boolean or JSON schema expected"),
    ],
)
def test_a_schema_that_is_none_is_refused(schema, message):
    with pytest.raises(ConvertError, match=message):
        definition(**schema)
