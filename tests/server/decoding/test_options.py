"""DeleteOptions in the bodies of DELETE requests."""

import pytest

from podo.api.errors import BadRequest
from podo.server.decoding.objects import JSON, YAML
from podo.server.decoding.options import decode_delete_options


@pytest.mark.parametrize("head", ["", '"apiVersion":"v1","kind":"DeleteOptions",', '"apiVersion":"meta.k8s.io/v1",'])
def test_options_of_any_group_are_read(head):
    body = f'{{{head}"gracePeriodSeconds":0,"propagationPolicy":"Orphan","preconditions":{{"uid":"u"}}}}'.encode()
    want = {"gracePeriodSeconds": 0, "propagationPolicy": "Orphan", "preconditions": {"uid": "u"}}
    assert decode_delete_options(body, JSON) == want
    assert decode_delete_options(body, YAML) == want


def test_no_body_means_no_options():
    assert decode_delete_options(b"", JSON) == {}
    assert decode_delete_options(b"null", JSON) == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "couldn't get version/kind; json parse error: unexpected end of JSON input"),
        (
            b"[]",
            "couldn't get version/kind; json parse error: json: cannot unmarshal array into Go value",
        ),
        (b'{"kind":"Pod"}', 'no kind "Pod" is registered for version "meta.k8s.io/v1" in scheme'),
        (b'{"kind":"Pod","apiVersion":"v1"}', 'no kind "Pod" is registered for version "v1" in scheme'),
        (b'{"kind":"Status","apiVersion":"v1"}', "converting (v1.Status) to (v1.DeleteOptions): unknown conversion"),
        (b'{"apiVersion":"a/b/c"}', "unexpected GroupVersion string: a/b/c"),
        (b'{"gracePeriodSeconds":"x"}', "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriod"),
    ],
)
def test_what_is_no_options_is_refused(body, message):
    with pytest.raises(BadRequest) as caught:
        decode_delete_options(body, JSON)
    assert message in str(caught.value)
