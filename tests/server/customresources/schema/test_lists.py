"""Sets and maps hold nothing twice."""

from typing import Any

from podo.server.customresources.schema.lists import list_errors
from podo.server.customresources.schema.structural import Structural
from tests.server.customresources.build import shirt, spec_schema


def said(field: dict[str, Any], value: Any) -> list[str]:
    return [str(error) for error in list_errors(shirt(l=value), Structural(spec_schema(l=field)))]


SET = {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}}
MAP = {
    "type": "array",
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["k"],
    "items": {"type": "object"},
}


def test_the_second_of_a_set_is_told_once() -> None:
    assert said(SET, ["a", "b", "a", "a"]) == ['spec.l[2]: Duplicate value: "a"']


def test_a_map_is_told_by_its_keys() -> None:
    assert said(MAP, [{"k": "a", "v": 1}, {"k": "a"}]) == ['spec.l[1]: Duplicate value: {"k":"a"}']
    assert said(MAP, [{"k": "a"}, {"k": "b"}]) == []


def test_an_element_of_a_map_is_an_object() -> None:
    text = "spec.l[0]: Invalid value: 1: must be an object for an array of list-type map"
    assert said(MAP, [1]) == [text]


def test_one_and_true_are_two_values() -> None:
    assert said(SET, [1, True]) == []
