"""Bodies, lists and watch frames in Kubernetes' protobuf format."""

import base64
import json

import pytest
from google.protobuf.internal.decoder import _DecodeVarint
from hypothesis import given
from hypothesis import strategies as st

from podo.api.errors import BadRequest
from podo.server.decoding.objects import Kind
from podo.server.protobuf import envelope
from podo.server.protobuf.messages import message_class
from podo.server.protobuf.special import WireError

CONFIG_MAP = Kind("", "v1", "ConfigMap")
OBJECT = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "c"}, "data": {"b": "2", "a": ""}}


def test_a_status_is_byte_for_byte_what_kubernetes_sends():
    message = "x" * 116
    status = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "code": 406,
    }
    assert envelope.encode(status | {"reason": "NotAcceptable"}) == (
        b"k8s\x00\n\x0c\n\x02v1\x12\x06Status\x12\x99\x01\n\x06\n\x00\x12\x00\x1a\x00\x12\x07Failure\x1at"
        + message.encode()
        + b'"\rNotAcceptable0\x96\x03\x1a\x00"\x00'
    )


def test_an_object_reads_as_it_was_written():
    assert envelope.decode_object(envelope.encode(OBJECT), CONFIG_MAP).object == OBJECT


def test_the_same_object_always_gives_the_same_bytes():
    other = OBJECT | {"data": {"a": "", "b": "2"}}
    assert envelope.encode(other) == envelope.encode(OBJECT)


def test_a_body_without_kind_is_taken_to_be_of_the_requests():
    body = envelope.wrapped("", "", envelope.message(OBJECT))
    assert envelope.decode_object(body, CONFIG_MAP).object == OBJECT


def test_a_list_is_its_metadata_and_the_messages_of_its_objects():
    items = [envelope.message(OBJECT | {"metadata": {"name": f"c{i}"}}) for i in range(300)]
    body = envelope.encode_list("v1", "ConfigMapList", {"resourceVersion": "5", "remainingItemCount": 2}, items)
    found = envelope.decode_any(body)
    assert (found["kind"], found["metadata"]) == ("ConfigMapList", {"resourceVersion": "5", "remainingItemCount": 2})
    assert [item["metadata"]["name"] for item in found["items"]] == [f"c{i}" for i in range(300)]


def test_a_watch_frame_is_led_by_its_length():
    body = envelope.encode(OBJECT)
    frame = envelope.watch_frame("ADDED", body)
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    event = message_class("meta.v1.WatchEvent").FromString(frame[4:])
    assert (event.f1, event.f2.f1) == ("ADDED", body)


def test_metadata_alone_has_a_message():
    partial = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "c"}}
    assert envelope.decode_any(envelope.encode(partial)) == partial


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "the object provided is unrecognized (must be of type ConfigMap): empty data (<empty>)"),
        (b"k8s\x00", "the object provided is unrecognized (must be of type ConfigMap): empty body (6b387300)"),
        (
            b"{}",
            "the object provided is unrecognized (must be of type ConfigMap): provided data does not appear to be "
            "a protobuf message, expected prefix [107 56 115 0] ({})",
        ),
        (
            envelope.encode({"kind": "Secret", "apiVersion": "v1", "metadata": {}}),
            'Secret in version "v1" cannot be handled as a ConfigMap: '
            "converting (v1.Secret) to (core.ConfigMap): unknown conversion",
        ),
        (
            envelope.wrapped("v2", "ConfigMap", b""),
            'ConfigMap in version "v2" cannot be handled as a ConfigMap: no kind "ConfigMap" is registered for version '
            '"v2" in scheme "pkg/api/legacyscheme/scheme.go:30"',
        ),
    ],
)
def test_what_is_no_such_object_is_refused(body, message):
    with pytest.raises(BadRequest) as caught:
        envelope.decode_object(body, CONFIG_MAP)
    assert str(caught.value) == message


def test_a_broken_message_is_refused():
    with pytest.raises(BadRequest, match='ConfigMap in version "v1" cannot be handled as a ConfigMap: proto: '):
        envelope.decode_object(envelope.wrapped("v1", "ConfigMap", b"\x0a\xff\xff"), CONFIG_MAP)
    with pytest.raises(WireError):
        envelope.opened(envelope.MARK + b"\xff")


def test_a_kind_without_a_message_has_no_body():
    with pytest.raises(KeyError):
        envelope.encode({"kind": "Widget", "apiVersion": "example.com/v1"})


@given(st.integers(0, 2**40))
def test_lengths_are_written_as_the_library_reads_them(value):
    assert _DecodeVarint(envelope._varint(value), 0)[0] == value


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data):
    for body in (data, envelope.MARK + data, envelope.wrapped("v1", "ConfigMap", data)):
        try:
            envelope.decode_object(body, CONFIG_MAP)
        except BadRequest:
            pass


def test_bytes_are_base64_in_json_and_bare_on_the_wire():
    secret = {
        "kind": "Secret",
        "apiVersion": "v1",
        "metadata": {},
        "data": {"a": base64.b64encode(b"\x00\xff").decode()},
    }
    body = envelope.encode(secret)
    assert b"\x00\xff" in body
    assert envelope.decode_any(body) == secret


def test_owners_go_as_raw_json():
    fields = {"f:data": {".": {}, "f:a": {}}}
    entry = {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}
    obj = OBJECT | {"metadata": {"managedFields": [entry]}}
    body = envelope.encode(obj)
    assert json.dumps(fields, separators=(",", ":")).encode() in body
    assert envelope.decode_any(body) == obj


def test_raw_json_is_escaped_as_go_does():
    revision = {"kind": "ControllerRevision", "apiVersion": "apps/v1", "metadata": {"name": "r"}, "revision": 1}
    revision["data"] = {"command": "a && b > c < d"}
    body = envelope.encode(revision)
    assert rb'{"command":"a \u0026\u0026 b \u003e c \u003c d"}' in body
    assert envelope.decode_any(body) == revision


@pytest.mark.parametrize("replaced", [b"v1", b"ConfigMap"])
def test_names_that_are_no_utf_8_name_nothing(replaced):
    body = envelope.encode(OBJECT).replace(replaced, replaced[:-1] + b"\xff", 1)
    with pytest.raises(BadRequest):
        envelope.decode_object(body, CONFIG_MAP)
    with pytest.raises(BadRequest):
        envelope.decode_options(body)
