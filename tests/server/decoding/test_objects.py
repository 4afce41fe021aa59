"""Whole bodies: what is accepted, what is refused, and the words for it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.api.errors import BadRequest
from podo.server.decoding.objects import IGNORE, JSON, STRICT, WARN, YAML, Kind, decode_object, retyped

CONFIG_MAP, POD, DEPLOYMENT = Kind("", "v1", "ConfigMap"), Kind("", "v1", "Pod"), Kind("apps", "v1", "Deployment")
HEAD = '"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}'
CLEAN = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c"}}


def decoded(text, kind=CONFIG_MAP, field_validation=WARN, media_type=JSON):
    return decode_object(text.encode() if isinstance(text, str) else text, media_type, kind, field_validation)


def refused(text, kind=CONFIG_MAP, field_validation=WARN, media_type=JSON):
    with pytest.raises(BadRequest) as caught:
        decoded(text, kind, field_validation, media_type)
    return str(caught.value)


def test_a_clean_object_is_what_go_would_write():
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "creationTimestamp": None, "labels": {}}}
    container = {"name": "c", "command": [], "tty": False, "resources": {"limits": {"cpu": "1000m", "memory": 1024}}}
    pod["spec"] = {"containers": [container], "hostNetwork": False, "terminationGracePeriodSeconds": 0}
    assert decoded(json.dumps(pod), POD).object == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {
            "containers": [{"name": "c", "resources": {"limits": {"cpu": "1", "memory": "1024"}}}],
            "terminationGracePeriodSeconds": 0,
        },
        "status": {},
    }


def test_kind_and_version_may_be_left_out():
    assert decoded('{"metadata":{"name":"c"}}').object == CLEAN
    assert decoded('{"kind":"ConfigMap","metadata":{"name":"c"}}').object == CLEAN
    assert decoded("null").object == {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {}}


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        ('{%s,"foo":1}', 'unknown field "foo"'),
        ('{%s,"Data":{"a":"1"}}', 'unknown field "Data"'),
        ('{%s,"data":{"a":"1","a":"2"}}', 'duplicate field "data.a"'),
        ('{%s,"data":{"a":"1"},"data":{"b":"2"}}', 'duplicate field "data"'),
        ('{%s,"foo":{"x":1,"x":2}}', 'unknown field "foo"'),
    ],
)
def test_findings_are_warned_of_refused_or_ignored(body, finding):
    body = body.replace("%s", HEAD)
    assert decoded(body).warnings == [finding]
    assert decoded(body, field_validation=IGNORE).warnings == []
    message = refused(body, field_validation=STRICT)
    assert message == f'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: {finding}'


def test_the_last_of_repeated_scalars_counts_and_repeated_objects_merge():
    assert decoded(f'{{{HEAD},"data":{{"a":"1","a":"2"}}}}').object == CLEAN | {"data": {"a": "2"}}
    assert decoded(f'{{{HEAD},"data":{{"a":"1"}},"data":{{"b":"2"}}}}').object == CLEAN | {"data": {"a": "1", "b": "2"}}


def test_findings_come_in_the_order_of_the_text_once_each_and_not_without_end():
    assert decoded(f'{{"b":1,{HEAD},"a":1,"b":2,"metadata":{{"x":1}}}}').warnings == [
        *('unknown field "b"', 'unknown field "a"', 'duplicate field "metadata"', 'unknown field "metadata.x"')
    ]
    assert len(decoded("{" + HEAD + "".join(f',"x{i}":1' for i in range(200)) + "}").warnings) == 100


def mismatch(what, field, go_type):
    return f"json: cannot unmarshal {what} into Go struct field {field} of type {go_type}"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ('{%s,"data":"x"}', mismatch("string", "ConfigMap.data", "map[string]string")),
        ('{%s,"data":{"a":1}}', mismatch("number", "ConfigMap.data", "string")),
        ('{%s,"data":{"a":true}}', mismatch("bool", "ConfigMap.data", "string")),
        ('{%s,"immutable":"x"}', mismatch("string", "ConfigMap.immutable", "bool")),
        ('{%s,"binaryData":{"a":"!"}}', "illegal base64 data at input byte 0"),
        ('{%s,"binaryData":{"a":5}}', mismatch("number", "ConfigMap.binaryData", "[]uint8")),
        ('{%s,"data":1,"immutable":1}', mismatch("number", "ConfigMap.data", "map[string]string")),
    ],
)
def test_a_wrong_type_is_told_as_go_tells_it(body, message):
    want = f'ConfigMap in version "v1" cannot be handled as a ConfigMap: {message}'
    assert refused(body.replace("%s", HEAD)) == want


POD_SPEC = "PodSpec.spec.template.spec"
REPLICAS = "DeploymentSpec.spec.replicas"
MAX_SURGE = "RollingUpdateDeployment.spec.strategy.rollingUpdate.maxSurge"
CREATED = "ObjectMeta.spec.template.metadata.creationTimestamp"
BAD_TIME = 'parsing time "x" as "2006-01-02T15:04:05Z07:00": cannot parse "x" as "2006"'
BAD_QUANTITY = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"replicas": "3"}, mismatch("string", REPLICAS, "int32")),
        ({"replicas": 1.5}, mismatch("number 1.5", REPLICAS, "int32")),
        ({"replicas": 1.0}, mismatch("number 1.0", REPLICAS, "int32")),
        ({"replicas": 2**31}, mismatch("number 2147483648", REPLICAS, "int32")),
        ({"template": {"spec": {"containers": {}}}}, mismatch("object", f"{POD_SPEC}.containers", "[]v1.Container")),
        ({"template": {"spec": {"containers": ["x"]}}}, mismatch("string", f"{POD_SPEC}.containers", "v1.Container")),
        (
            {"template": {"spec": {"restartPolicy": 1}}},
            mismatch("number", f"{POD_SPEC}.restartPolicy", "v1.RestartPolicy"),
        ),
        ({"strategy": {"rollingUpdate": {"maxSurge": True}}}, mismatch("bool", MAX_SURGE, "int32")),
        ({"template": {"metadata": {"creationTimestamp": "x"}}}, BAD_TIME),
        ({"template": {"metadata": {"creationTimestamp": 5}}}, mismatch("number", CREATED, "string")),
        ({"template": {"spec": {"overhead": {"cpu": "x"}}}}, BAD_QUANTITY),
        ({"replicas": "x", "template": {"spec": {"overhead": {"cpu": "x"}}}}, BAD_QUANTITY),
    ],
)
def test_type_errors_name_the_struct_the_path_and_the_go_type(spec, message):
    """What cannot read itself, a quantity for one, goes before type errors that stand earlier in the text."""
    body = json.dumps({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec})
    assert refused(body, DEPLOYMENT) == f'Deployment in version "v1" cannot be handled as a Deployment: {message}'


@pytest.mark.parametrize(
    ("kind", "api_version", "message"),
    [
        ("Secret", "v1", "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
        ("Status", "v1", "converting (v1.Status) to (core.ConfigMap): unknown conversion"),
        ("Deployment", "apps/v1", "converting (v1.Deployment) to (core.ConfigMap): unknown conversion"),
        ("X", "v1", 'no kind "X" is registered for version "v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
        ("X", "a/v2", 'no kind "X" is registered for version "a/v2" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
    ],
)
def test_an_object_of_another_kind_is_refused(kind, api_version, message):
    body = json.dumps({"kind": kind, "apiVersion": api_version})
    version = api_version.rpartition("/")[2]
    assert refused(body) == f'{kind} in version "{version}" cannot be handled as a ConfigMap: {message}'


PARSE_ERROR = "couldn't get version/kind; json parse error: "


@pytest.mark.parametrize(
    ("body", "message", "summary"),
    [
        ('{"apiVersion":"a/b/c"}', "unexpected GroupVersion string: a/b/c", '{"apiVersion":"a/b/c"}'),
        ('{"kind":5}', PARSE_ERROR + mismatch("number", ".kind", "string"), '{"kind":5}'),
        ("{", f"{PARSE_ERROR}unexpected end of JSON input", "{"),
        ("", f"{PARSE_ERROR}unexpected end of JSON input", "<empty>"),
        ("{} x", f"{PARSE_ERROR}invalid character 'x' after top-level value", "{} x"),
        ("x" * 40, f"{PARSE_ERROR}invalid character 'x' looking for beginning of value", "78" * 30 + " ..."),
        ("{" + " " * 40, f"{PARSE_ERROR}unexpected end of JSON input", "{" + " " * 29 + " ..."),
    ],
)
def test_what_says_no_kind_is_shown_in_part(body, message, summary):
    assert refused(body) == f"the object provided is unrecognized (must be of type ConfigMap): {message} ({summary})"


def test_an_array_is_no_object():
    assert "json: cannot unmarshal array into Go value of type struct { APIVersion string" in refused("[1]")


def test_another_version_of_the_same_kind_is_told_from_an_unknown_one():
    v1, v2 = Kind("autoscaling", "v1", "HorizontalPodAutoscaler"), Kind("autoscaling", "v2", "HorizontalPodAutoscaler")
    body = '{"kind":"HorizontalPodAutoscaler","apiVersion":"autoscaling/v2"}'
    want = "the API version in the data (autoscaling/v2) does not match the expected API version (autoscaling/v1)"
    assert refused(body, v1) == want
    assert decoded(body, v2).object["apiVersion"] == "autoscaling/v2"


def test_bytes_that_are_no_utf_8_and_half_surrogates_become_replacement_characters():
    body = f'{{{HEAD},"data":{{"a":"x\\ud800y","b":"'.encode() + b'\xff\xfe"}}'
    assert decoded(body).object["data"] == {"a": "x\ufffdy", "b": "\ufffd\ufffd"}


def test_deep_nesting_is_refused_and_wide_bodies_are_not():
    deep = '{"apiVersion":"v1","kind":"ConfigMap","x":' + "[" * 100_000 + "]" * 100_000 + "}"
    assert "exceeded max depth" in refused(deep)
    assert decoded(f'{{{HEAD},"x":[' + ",".join(["[]"] * 10_000) + "]}").warnings == ['unknown field "x"']


def test_huge_numbers_are_refused_where_a_number_is_read_and_nowhere_else():
    assert decoded(f'{{{HEAD},"x":{"9" * 10_000}}}').warnings == ['unknown field "x"']
    body = '{"apiVersion":"apps/v1","kind":"Deployment","spec":{"replicas":%s}}'
    assert "json: cannot unmarshal number 999" in refused(body.replace("%s", "9" * 10_000), DEPLOYMENT)
    revision = Kind("apps", "v1", "ControllerRevision")
    body = '{"apiVersion":"apps/v1","kind":"ControllerRevision","data":{"a":1e999}}'
    assert "json: cannot unmarshal number 1e999" in refused(body, revision)


def test_clients_may_ask_to_forget_owners_in_two_ways():
    for given_text in ("[]", "[{}]"):
        body = f'{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"c","managedFields":{given_text}}}}}'
        assert decoded(body).object["metadata"]["managedFields"] == [{}]


def test_yaml_is_read_as_go_yaml_reads_it():
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: 'yes'\n  b: \"1\"\n---\nother: document\n"
    assert decoded(text, media_type=YAML).object == CLEAN | {"data": {"a": "yes", "b": "1"}}
    assert "cannot unmarshal bool" in refused("apiVersion: v1\nkind: ConfigMap\ndata: {a: yes}\n", media_type=YAML)


def test_repeated_members_in_yaml_are_told_with_their_line():
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: '1'\n  a: '2'\nfoo: bar\n"
    finding = 'line 6: key "a" already set in map'
    assert decoded(text, media_type=YAML).warnings == [finding, 'unknown field "foo"']
    message = refused(text, field_validation=STRICT, media_type=YAML)
    assert message.endswith(f'strict decoding error: yaml: unmarshal errors:\n  {finding}, unknown field "foo"')


def test_a_value_that_is_json_already_is_typed_the_same_way():
    assert retyped(CLEAN | {"data": {"a": "1"}, "x": 1}, CONFIG_MAP) == (
        CLEAN | {"data": {"a": "1"}},
        ['unknown field "x"'],
    )


TEXT = st.text(max_size=4)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
META = st.dictionaries(st.sampled_from(["name", "labels", "creationTimestamp", "finalizers", "x"]), ANY, max_size=3)
ODD = st.fixed_dictionaries(
    {"apiVersion": st.just("v1"), "kind": st.just("Pod")},
    optional={
        "metadata": META | ANY,
        "spec": st.dictionaries(st.sampled_from(["containers", "volumes", "nodeName", "overhead"]), ANY) | ANY,
    },
)


@given(ODD, st.sampled_from([STRICT, WARN, IGNORE]))
def test_any_object_is_read_or_refused_and_what_is_read_reads_as_itself(value, field_validation):
    try:
        found = decoded(json.dumps(value), POD, field_validation).object
    except BadRequest:
        return
    again = decoded(json.dumps(found), POD, STRICT)
    assert again.object == found
    assert again.warnings == []


@given(st.binary(max_size=40), st.sampled_from([JSON, YAML]))
def test_any_bytes_are_read_or_refused(body, media_type):
    try:
        decoded(body, media_type=media_type)
    except BadRequest:
        pass


def test_a_wrong_type_within_a_schema_names_the_place_of_the_schema():
    schema = {"type": "object", "properties": {"a": {"items": [1]}}}
    spec = {"versions": [{"schema": {"openAPIV3Schema": schema}}]}
    text = refused(json.dumps({"spec": spec}), Kind("apiextensions.k8s.io", "v1", "CustomResourceDefinition"))
    place = "JSONSchemaProps.spec.versions.schema.openAPIV3Schema.properties.items"
    assert f"cannot unmarshal number into Go struct field {place} of type v1.JSONSchemaProps" in text
