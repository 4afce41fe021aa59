"""How values compare, and how messages print them."""

import pytest

from podo.server.patch.values import copy, number, plain, same, source, type_name


@pytest.mark.parametrize(
    ("left", "right", "want"),
    [
        *[(1, 1, True), (1, 1.0, False), (1, True, False), ([1], [1], True), ([1], [True], False), ({}, None, False)],
        *[({"a": [1]}, {"a": [1]}, True), ({"a": 1}, {"b": 1}, False), ({"a": 1}, {"a": True}, False)],
    ],
)
def test_values_are_the_same_only_in_value_and_type(left, right, want):
    assert same(left, right) is want


def test_go_prints_maps_sorted_and_strings_bare():
    assert plain({"b": [1, "x", None], "a": True, "c": {"d": 1.5}}) == "map[a:true b:[1 x <nil>] c:map[d:1.5]]"


def test_go_source_names_the_types_of_containers():
    assert source({"a": [1, "x"]}) == 'map[string]interface {}{"a":[]interface {}{1, "x"}}'
    assert source(None) == "interface {}(nil)"


@pytest.mark.parametrize(
    ("value", "want"),
    [(1.5, "1.5"), (1e21, "1e+21"), (1e20, "100000000000000000000"), (2.0, "2"), (1e-7, "1e-07"), (0.0001, "0.0001")],
)
def test_floats_are_printed_as_go_does(value, want):
    assert number(value) == want


def test_types_are_named_as_in_go():
    values = [None, True, 1, 1.0, "x", {}, []]
    want = ["<nil>", "bool", "int64", "float64", "string", "map[string]interface {}", "[]interface {}"]
    assert [type_name(v) for v in values] == want


def test_a_copy_shares_nothing_that_can_change():
    value = {"a": [{"b": 1}]}
    other = copy(value)
    other["a"][0]["b"] = 2
    assert value == {"a": [{"b": 1}]}
