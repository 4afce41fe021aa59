"""Every built-in kind to a message and back, and the types whose JSON is not an object of their members."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podo.api import schema
from podo.server.decoding.go_types import blank, struct
from podo.server.decoding.structs import NotClean, normalised
from podo.server.protobuf.codec import decode, encode
from podo.server.protobuf.messages import table
from podo.server.protobuf.special import WireError
from tests.server.decoding.test_ways import KINDS, values

TYPES = [f"{p}.{n}" for p in schema.packages() for n in schema.package(p)]
HEAD = ("kind", "apiVersion")


@pytest.mark.parametrize("table_name", TYPES)
def test_every_field_of_every_type_is_in_its_message(table_name):
    def names(message):
        for name, member in table()[message].items():
            yield from names(member.type) if member.how == "i" else (name,)

    assert set(schema.type_of(table_name).fields) <= {*names(table_name), *HEAD}


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=10, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_every_kind_reads_as_it_was_written(name, data):
    value = data.draw(values(struct(name), 4))
    try:
        value = normalised(name, value)
    except NotClean:
        return
    value = without_embedded_kinds(name, value)
    found = normalised(name, decode(name, encode(name, value)))
    assert without_nulls(found) == without_nulls(value)


def without_embedded_kinds(name, value):
    """What objects and objects in them say of their own kind is not in their messages."""
    embedded = [*value.get("spec", {}).get("volumeClaimTemplates", ())] if name == "apps.v1.StatefulSet" else []
    embedded += [value["deleteOptions"]] if "deleteOptions" in value else []
    for inner in embedded:
        for key in HEAD:
            inner.pop(key, None)
    return {k: v for k, v in value.items() if k not in HEAD}


def without_nulls(value):
    """The value as the format can tell it: it has no empty lists and maps, and what is free form may not be null."""
    if isinstance(value, dict):
        return {k: w for k, v in value.items() if (w := without_nulls(v)) not in (None, [], {}, "")}
    return [without_nulls(v) for v in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", KINDS)
def test_an_empty_object_is_blank_when_read(name):
    want = without_nulls(blank(name))
    assert without_nulls(normalised(name, decode(name, encode(name, {})))) == want


SCHEMAS = [
    {"type": "object", "additionalProperties": True},
    {"type": "object", "additionalProperties": False},
    {"additionalProperties": {"type": "string"}},
    {"items": {"type": "string"}},
    {"items": [{"type": "string"}, {"type": "integer"}]},
    {"dependencies": {"a": ["b"], "c": {"type": "string"}}},
    {"default": {"a": [1, None]}, "enum": ["x", 1], "maximum": 1.5},
    {"x-kubernetes-preserve-unknown-fields": True, "x-kubernetes-list-map-keys": ["a"], "$ref": "#/x"},
    {"properties": {"p": {"properties": {"q": {"not": {"anyOf": [{"type": "string"}]}}}}}},
]


@pytest.mark.parametrize("value", SCHEMAS, ids=str)
def test_schemas_of_custom_resources_keep_their_odd_fields(value):
    name = "apiextensions.v1.JSONSchemaProps"
    assert normalised(name, decode(name, encode(name, value))) == value


@pytest.mark.parametrize(
    "times",
    [("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000006Z"), ("1969-12-31T23:59:59Z", "1969-12-31T23:59:59.999999Z")],
)
def test_times_keep_their_moment(times):
    event = {"firstTimestamp": times[0], "eventTime": times[1]}
    found = decode("core.v1.Event", encode("core.v1.Event", event))
    assert (found["firstTimestamp"], found["eventTime"], found["lastTimestamp"]) == (*times, None)


def test_what_is_zero_but_set_is_told_from_what_is_not_set():
    spec = {"replicas": 0, "paused": False}
    found = decode("apps.v1.DeploymentSpec", encode("apps.v1.DeploymentSpec", spec))
    assert found["replicas"] == 0
    assert "progressDeadlineSeconds" not in found


def test_int_or_string_is_one_or_the_other():
    for value in (0, 5, -1, "", "10%"):
        found = decode("core.v1.TCPSocketAction", encode("core.v1.TCPSocketAction", {"port": value}))
        assert found["port"] == value
        assert type(found["port"]) is type(value)


def test_members_that_stand_in_the_object_itself_are_messages_of_their_own():
    volume = {"name": "v", "emptyDir": {"medium": "Memory"}}
    assert decode("core.v1.Volume", encode("core.v1.Volume", volume)) == volume
    probe = {"httpGet": {"port": "http"}, "periodSeconds": 5}
    found = decode("core.v1.Probe", encode("core.v1.Probe", probe))
    assert normalised("core.v1.Probe", found) == probe


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("core.v1.ConfigMap", b"\x0a\xff\xff\xff"),
        ("meta.v1.ManagedFieldsEntry", b"\x3a\x03\x0a\x01{"),
        ("core.v1.ContainerStateRunning", b"\x0a\x0a\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f"),
    ],
)
def test_bytes_that_are_no_message_are_refused(name, data):
    with pytest.raises(WireError):
        decode(name, data)
