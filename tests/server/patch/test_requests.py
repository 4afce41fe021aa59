"""PATCH bodies of each media type against a live object: results, warnings and failures as clients see them."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.api.errors import APIError, BadRequest, Conflict, Invalid, RequestEntityTooLarge
from podo.server.patch.requests import (
    APPLY_PATCH,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC_PATCH,
    PatchBody,
    applied,
    patched,
    typed,
)

from .kinds import CONFIG_MAP, DEPLOYMENT, T1, config_map, owners, versions

LIVE = config_map({"a": "1"})


def patch(media_type, content, live=LIVE, kind=CONFIG_MAP, field_validation="Warn"):
    text = content if isinstance(content, str) else json.dumps(content)
    return patched(live, PatchBody(media_type, text.encode(), field_validation), kind)


@pytest.mark.parametrize(
    ("media_type", "content"),
    [
        (JSON_PATCH, [{"op": "add", "path": "/data/b", "value": "2"}]),
        (MERGE_PATCH, {"data": {"b": "2"}}),
        (STRATEGIC_PATCH, {"data": {"b": "2"}}),
    ],
)
def test_every_format_patches(media_type, content):
    result = patch(media_type, content)
    assert result.object == config_map({"a": "1", "b": "2"})
    assert result.warnings == []


@pytest.mark.parametrize(
    ("media_type", "content", "finding"),
    [
        (JSON_PATCH, [{"op": "add", "path": "/x", "value": 1}], 'unknown field "x"'),
        (JSON_PATCH, [{"op": "test", "path": "/x", "nope": 1}], 'json patch unknown field "[0].nope"'),
        (JSON_PATCH, '[{"op":"test","path":"/x","value":null,"path":"/y"}]', 'json patch duplicate field "[0].path"'),
        (MERGE_PATCH, {"metadata": {"x": 1}}, 'unknown field "metadata.x"'),
        (MERGE_PATCH, '{"data":{"a":"1","a":"1"}}', 'duplicate field "data.a"'),
        (STRATEGIC_PATCH, {"metadata": {"x": 1}}, 'unknown field "metadata.x"'),
        (STRATEGIC_PATCH, '{"data":{"a":"1","a":"1"}}', 'duplicate field "data.a"'),
    ],
)
def test_findings_are_warned_of_refused_or_ignored(media_type, content, finding):
    assert patch(media_type, content).warnings == [finding]
    assert patch(media_type, content, field_validation="Ignore").warnings == []
    with pytest.raises(Invalid) as caught:
        patch(media_type, content, field_validation="Strict")
    cause = caught.value.details["causes"][0]
    assert (cause["field"], cause["reason"]) == ("patch", "FieldValueInvalid")
    assert cause["message"].endswith(f": strict decoding error: {finding}")
    assert str(caught.value).startswith(' "" is invalid: patch: Invalid value: ')


def mismatch(what, place):
    return f"json: cannot unmarshal {what} into Go {place}"


UNTYPED = "value of type map[string]interface {}"
UNREADABLE = "error decoding YAML: error converting YAML to JSON: "
NO_OBJECT = "error decoding YAML: error unmarshaling JSON: while decoding JSON: "


@pytest.mark.parametrize(
    ("media_type", "content", "message"),
    [
        (JSON_PATCH, {}, "error decoding patch: " + mismatch("object", "value of type []handlers.jsonPatchOp")),
        (
            JSON_PATCH,
            [{"op": 1}],
            "error decoding patch: " + mismatch("number", "struct field jsonPatchOp.op of type string"),
        ),
        (JSON_PATCH, "[", "error decoding patch: unexpected end of JSON input"),
        (MERGE_PATCH, [], "error decoding patch: " + mismatch("array", UNTYPED)),
        (MERGE_PATCH, "null", "Invalid JSON Patch"),
        (MERGE_PATCH, "{", "error decoding patch: unexpected end of JSON input"),
        (STRATEGIC_PATCH, [], mismatch("array", UNTYPED)),
        (STRATEGIC_PATCH, "{", "unexpected end of JSON input"),
        (STRATEGIC_PATCH, {"$retainKeys": 1}, "invalid patch format of retainKeys"),
    ],
)
def test_a_patch_that_cannot_be_read_is_a_bad_request(media_type, content, message):
    with pytest.raises(BadRequest) as caught:
        patch(media_type, content)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("media_type", "content"),
    [(JSON_PATCH, [{"op": "remove", "path": "/x"}]), (STRATEGIC_PATCH, {"metadata": {"finalizers": [["x"]]}})],
)
def test_a_patch_that_does_not_apply_is_a_422_that_does_not_say_why(media_type, content):
    with pytest.raises(Invalid) as caught:
        patch(media_type, content, config_map({"a": "1"}, finalizers=[]))
    assert str(caught.value) == "the server rejected our request due to an error in our request"
    assert caught.value.status()["details"] == {}


def test_a_strategic_patch_without_its_merge_key_is_a_500():
    with pytest.raises(APIError) as caught:
        patch(
            STRATEGIC_PATCH, {"metadata": {"ownerReferences": [{"x": 1}]}}, config_map(ownerReferences=[{"uid": "u"}])
        )
    assert caught.value.code == 500
    assert "reason" not in caught.value.status()
    assert str(caught.value) == "map: map[x:1] does not contain declared merge key: uid"


@pytest.mark.parametrize(
    ("media_type", "content", "message"),
    [
        (MERGE_PATCH, {"data": "x"}, mismatch("string", "struct field ConfigMap.data of type map[string]string")),
        (MERGE_PATCH, {"apiVersion": "v2"}, 'no kind "ConfigMap" is registered for version "v2" in scheme "pkg/'),
        (STRATEGIC_PATCH, {"data": "x"}, "cannot restore map from string"),
        (JSON_PATCH, [{"op": "replace", "path": "", "value": []}], mismatch("array", "value of type struct")),
    ],
)
def test_an_object_that_is_broken_by_a_patch_is_invalid(media_type, content, message):
    with pytest.raises(Invalid) as caught:
        patch(media_type, content)
    assert message in str(caught.value)
    assert caught.value.details["causes"][0]["field"] == "patch"


def test_strategic_patches_are_shown_as_go_prints_maps():
    live = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "d"}}
    with pytest.raises(Invalid) as caught:
        patch(STRATEGIC_PATCH, {"spec": {"replicas": "five"}}, live, DEPLOYMENT)
    assert str(caught.value) == (
        ' "" is invalid: patch: Invalid value: "map[spec:map[replicas:five]]": unrecognized type: int32'
    )


def test_more_than_ten_thousand_operations_are_too_many():
    ops = [{"op": "test", "path": "/x"}] * 10_001
    with pytest.raises(RequestEntityTooLarge, match="maximum operations in a JSON patch is 10000, got 10001"):
        patch(JSON_PATCH, ops)
    assert patch(JSON_PATCH, ops[1:]).object == LIVE


def apply(live, content, field_validation="Warn", **more):
    text = content if isinstance(content, str) else json.dumps(content)
    more = {"manager": "m", "force": False, "time": T1, "versions": versions(CONFIG_MAP)} | more
    return applied(live, PatchBody(APPLY_PATCH, text.encode(), field_validation), CONFIG_MAP, **more)


def test_configurations_are_yaml():
    result = apply(None, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: '1'}\n")
    assert owners(result.object) == {"m/Apply": {"data/a"}}
    with pytest.raises(Conflict):
        apply(result.object, config_map({"a": "2"}), manager="other")
    assert apply(result.object, config_map({"a": "2"}), manager="other", force=True).object["data"] == {"a": "2"}


def test_repeated_members_of_a_configuration_are_found():
    text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata:\n  a: "1"\n  a: "2"\n'
    assert apply(None, text).warnings == ['line 6: key "a" already set in map']
    assert apply(None, text, "Ignore").warnings == []
    with pytest.raises(BadRequest) as caught:
        apply(None, text, "Strict")
    assert str(caught.value) == (
        "error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n"
        '  line 6: key "a" already set in map'
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", f"{UNREADABLE}yaml: line 1: did not find expected node content"),
        ("- 1", NO_OBJECT + mismatch("array", UNTYPED)),
        ("x", NO_OBJECT + mismatch("string", UNTYPED)),
        ("", "invalid object type: /, Kind="),
    ],
)
def test_a_configuration_that_cannot_be_read_is_a_bad_request(text, message):
    with pytest.raises(BadRequest) as caught:
        apply(None, text)
    assert message in str(caught.value)


def test_an_applied_object_is_typed_as_a_last_step():
    assert typed(LIVE | {"data": {}}, CONFIG_MAP, "it") == config_map()
    pod = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "d", "namespace": "n"}}
    broken = pod | {"spec": {"template": {"spec": {"overhead": {"cpu": "x"}}}}}
    with pytest.raises(APIError) as caught:
        typed(broken, DEPLOYMENT, "it")
    assert str(caught.value).startswith(
        "failed to convert new object (it) to proper version: "
        "unable to convert unstructured object to apps/v1, Kind=Deployment: quantities must match"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["a", "", "$patch", "replace"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["data", "metadata", "labels", "finalizers", "$patch", "a"]), inner, max_size=3
        )
    ),
    max_leaves=8,
)
OPS = st.lists(
    st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"])},
        optional={
            "path": st.sampled_from(["", "/", "/data", "/data/a", "/metadata/x", "/data/0", "/metadata/finalizers/-"]),
            "from": st.sampled_from(["", "/data", "/metadata", "/data/a"]),
            "value": JSON,
        },
    ),
    max_size=4,
)


@pytest.mark.parametrize("change", [{"$patch": "replace", "data": {"b": "2"}}, {"kind": "Secret", "apiVersion": "v2"}])
def test_strategic_patches_leave_the_kind_alone(change):
    result = patch(STRATEGIC_PATCH, change, config_map({"a": "1"})).object
    assert (result["kind"], result["apiVersion"]) == ("ConfigMap", "v1")


@given(st.sampled_from([JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH]), OPS, JSON)
def test_any_patch_gives_an_object_or_is_refused(media_type, ops, value):
    live = config_map({"a": "1"}, finalizers=["x"])
    try:
        result = patch(media_type, ops if media_type == JSON_PATCH else value, live).object
    except APIError:
        return
    assert result["kind"] == "ConfigMap"


@given(JSON)
def test_any_configuration_is_applied_or_refused(value):
    config = config_map() | value if isinstance(value, dict) else value
    try:
        apply(LIVE, config)
    except APIError:
        pass


def test_null_in_an_applied_object_is_nothing():
    obj = config_map({"a": None}) | {"immutable": None}
    obj["metadata"] |= {"labels": None, "finalizers": None}
    found = typed(obj, CONFIG_MAP, "it")
    assert found["data"] == {"a": ""}
    assert not {"labels", "finalizers"} & set(found["metadata"])
    assert "immutable" not in found
