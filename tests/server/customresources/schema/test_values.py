"""Validation against a schema: what is found, and in which words."""

from typing import Any

import pytest

from podo.server.customresources.schema.correlation import Correlated
from podo.server.customresources.schema.results import errors_of
from podo.server.customresources.schema.structural import Structural
from podo.server.customresources.schema.values import validate
from tests.server.customresources.build import shirt, spec_schema

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def said(field: Any, value: Any) -> list[str]:
    obj = shirt(f=value)
    return [str(error) for error in errors_of(validate(obj, spec_schema(f=field)).findings)]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param(STRING, "", id="a string"),
        pytest.param(STRING | {"nullable": True}, None, id="a null that may be"),
        pytest.param(INTEGER, 3.0, id="a float that is whole"),
        pytest.param({"type": "number"}, 3, id="an integer for a number"),
        pytest.param({"x-kubernetes-int-or-string": True}, 3, id="an integer or string: integer"),
        pytest.param({"x-kubernetes-int-or-string": True}, "3%", id="an integer or string: string"),
        pytest.param(STRING | {"enum": ["a", "b"]}, "b", id="one of an enum"),
        pytest.param(STRING | {"format": "unheard-of"}, "x", id="a format that is not known"),
        pytest.param(INTEGER | {"multipleOf": 3}, -9, id="a multiple"),
        pytest.param({"x-kubernetes-preserve-unknown-fields": True}, [1, {"a": None}], id="anything"),
        pytest.param(STRING | {"anyOf": [{"enum": ["x"]}, {"minLength": 2}]}, "ab", id="one of some alternatives"),
        pytest.param({"type": "object", "additionalProperties": INTEGER}, {"k": 1}, id="a map"),
        pytest.param(STRING | {"not": {"enum": ["bad"]}}, "good", id="not what it must not be"),
    ],
)
def test_good_values_pass(field: Any, value: Any) -> None:
    assert said(field, value) == []


WHERE = "spec.f: Invalid value: "


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        (STRING, 5, f'{WHERE}"integer": spec.f in body must be of type string: "integer"'),
        (STRING, None, f'{WHERE}"null": spec.f in body must be of type string: "null"'),
        (STRING | {"maxLength": 1}, "xx", "spec.f: Too long: may not be more than 1 byte"),
        (STRING | {"minLength": 2}, "x", f'{WHERE}"x": spec.f in body should be at least 2 chars long'),
        (STRING | {"pattern": "^x+$"}, "x\n", f"{WHERE}\"x\\n\": spec.f in body should match '^x+$'"),
        (STRING | {"enum": ["a"]}, "b", 'spec.f: Unsupported value: "b": supported values: "a"'),
        (STRING | {"format": "ipv4"}, "1", f'{WHERE}"1": spec.f in body must be of type ipv4: "1"'),
        (INTEGER | {"maximum": 3}, 4, f"{WHERE}4: spec.f in body should be less than or equal to 3"),
        (INTEGER | {"minimum": 3}, 2, f"{WHERE}2: spec.f in body should be greater than or equal to 3"),
        (
            INTEGER | {"minimum": 3, "exclusiveMinimum": True},
            3,
            f"{WHERE}3: spec.f in body should be greater than 3",
        ),
        (INTEGER | {"multipleOf": 3}, 4, f"{WHERE}4: spec.f in body should be a multiple of 3"),
        ({"type": "number", "maximum": 1.5}, 2.5, f"{WHERE}2.5: spec.f in body should be less than or equal to 1.5"),
        ({"type": "array", "minItems": 1}, [], f"{WHERE}0: spec.f in body should have at least 1 items"),
        ({"type": "array", "maxItems": 1}, [1, 2], "spec.f: Too many: 2: must have at most 1 item"),
        ({"type": "object", "minProperties": 1}, {}, f"{WHERE}0: spec.f in body should have at least 1 properties"),
        ({"type": "object", "required": ["a"]}, {}, "spec.f.a: Required value"),
        (
            {"type": "object", "additionalProperties": False},
            {"a": 1},
            f'{WHERE}"a": spec.f.a in body is a forbidden property',
        ),
        (
            INTEGER | {"format": "int32"},
            3_000_000_000,
            '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.f',
        ),
        (
            STRING | {"not": {"enum": ["bad"]}},
            "bad",
            '<nil>: Invalid value: "": "spec.f" must not validate the schema (not)',
        ),
    ],
)
def test_bad_values_are_told_in_the_words_of_the_reference(field: Any, value: Any, text: str) -> None:
    assert said(field, value) == [text]


def test_of_failed_alternatives_the_likeliest_is_told() -> None:
    field = {"type": "integer", "anyOf": [{"minimum": 5}, {"enum": [1]}]}
    found = said(field, 3)
    assert found[0] == '<nil>: Invalid value: "": "spec.f" must validate at least one schema (anyOf)'
    assert len(found) == 2


def test_two_of_alternatives_are_one_too_many() -> None:
    field = {"type": "object", "oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    text = '"spec.f" must validate one and only one schema (oneOf). Found 2 valid alternatives'
    assert said(field, {"a": 1, "b": 1}) == [f'<nil>: Invalid value: "": {text}']


def test_all_alternatives_of_all_of_are_told() -> None:
    field = {"type": "integer", "allOf": [{"minimum": 3}, {"maximum": 5}]}
    assert said(field, 9) == [
        "spec.f: Invalid value: 9: spec.f in body should be less than or equal to 5",
        '<nil>: Invalid value: "": "spec.f" must validate all the schemas (allOf)',
    ]


def test_a_hostile_pattern_takes_no_time() -> None:
    assert said(STRING | {"pattern": "^(a+)+$"}, "a" * 5_000 + "!") != []


def ratcheted(schema: Any, old: Any, new: Any) -> list[str]:
    correlated = Correlated(new, old, Structural(schema))
    return [str(error) for error in errors_of(validate(new, schema, correlated).findings)]


def test_what_was_wrong_before_may_stay_if_it_does_not_change() -> None:
    schema = spec_schema(i=INTEGER | {"maximum": 3}, s=STRING)
    old = shirt(i=5, s="a")
    assert ratcheted(schema, old, shirt(i=5, s="b")) == []
    assert ratcheted(schema, old, shirt(i=6, s="a")) == [
        "spec.i: Invalid value: 6: spec.i in body should be less than or equal to 3"
    ]


def test_elements_of_maps_are_told_by_their_keys_those_of_other_lists_are_not() -> None:
    item = {"type": "object", "properties": {"k": STRING, "n": INTEGER | {"maximum": 3}}}
    keyed = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
    old = shirt(l=[{"k": "a", "n": 9}])
    new = shirt(l=[{"k": "b", "n": 1}, {"k": "a", "n": 9}])
    assert ratcheted(spec_schema(l=keyed), old, new) == []
    assert len(ratcheted(spec_schema(l={"type": "array", "items": item}), old, new)) == 1
