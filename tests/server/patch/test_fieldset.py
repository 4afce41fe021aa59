"""Sets of fields: FieldsV1 in and out, and the algebra that ownership is made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.server.patch import fieldset
from podo.server.patch.fieldset import (
    FieldsError,
    decode,
    difference,
    has,
    include,
    intersection,
    key_element,
    of_paths,
    ordered,
    paths,
    recursive_difference,
    show_path,
    union,
    value_element,
)

ELEMENTS = st.sampled_from(["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'])
PATHS = st.lists(ELEMENTS, min_size=1, max_size=3).map(tuple)
SETS = st.lists(PATHS, max_size=6).map(lambda found: of_paths(*found))


def members(fields):
    return set(paths(fields))


def test_a_place_is_a_member_if_it_is_a_leaf_or_says_so():
    fields = {"f:a": {}, "f:b": {".": {}, "f:c": {}}, "f:d": {"f:e": {}}}
    assert members(fields) == {("f:a",), ("f:b",), ("f:b", "f:c"), ("f:d", "f:e")}
    assert has(fields, ("f:b",))
    assert not has(fields, ("f:d",))
    assert not has(fields, ("f:x", "f:y"))


@given(SETS, SETS)
def test_union_has_the_members_of_both(left, right):
    assert members(union(left, right)) == members(left) | members(right)


@given(SETS, SETS)
def test_intersection_has_the_members_that_both_have(left, right):
    assert members(intersection(left, right)) == members(left) & members(right)


@given(SETS, SETS)
def test_difference_takes_away_members_but_not_what_is_below_them(left, right):
    assert members(difference(left, right)) == members(left) - members(right)


@given(SETS, SETS)
def test_recursive_difference_takes_away_all_that_is_below_too(left, right):
    gone = members(right)
    want = {p for p in members(left) if not any(p[:n] in gone for n in range(1, len(p) + 1))}
    assert members(recursive_difference(left, right)) == want


@given(SETS, SETS)
def test_include_keeps_what_is_at_or_below_a_pattern(left, right):
    wanted = members(right)
    want = {p for p in members(left) if any(p[:n] in wanted for n in range(1, len(p) + 1))}
    assert members(include(left, right)) == want


@given(SETS, SETS)
def test_operations_leave_no_empty_nodes_and_change_no_input(left, right):
    before = repr((left, right))
    for operation in (union, intersection, difference, recursive_difference, include):
        assert decode(operation(left, right)) == operation(left, right)
    assert repr((left, right)) == before


@given(SETS)
def test_decoding_what_was_written_gives_the_same_set(fields):
    assert decode(ordered(fields)) == fields


def test_elements_are_ordered_by_kind_and_then_by_value():
    want = ["f:a", "f:b", 'k:{"n":9}', 'k:{"n":10}', 'k:{"n":"b"}', "v:9", "v:10", 'v:"a"', "v:true", "i:2", "i:10"]
    assert fieldset.sorted_elements({element: {} for element in reversed(want)}) == want


def test_an_element_has_one_text_however_a_client_spells_it():
    assert decode({'k:{"b": 1, "a":"x"}': {}}) == {'k:{"a":"x","b":1}': {}}
    assert decode({'v:"\\u0061"': {}, "v:1.0": {}}) == {'v:"a"': {}, "v:1": {}}
    assert decode({"i:007": {}}) == {"i:7": {}}


def test_elements_of_unknown_kinds_are_dropped():
    assert decode({"x:new": {"f:a": {}}, "f:a": {}}) == {"f:a": {}}


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"f": {}}, "key must be 2 characters long"),
        ({"field": {}}, "missing colon: field"),
        ({"k:[]": {}}, "not an object"),
        ({"k:{": {}}, "Expecting"),
        ({"v:nope": {}}, "Expecting"),
        ({"i:x": {}}, "invalid literal"),
        ({"f:a": []}, "not an object"),
        ({"f:a": "x"}, "not an object"),
        ([], "not an object"),
    ],
)
def test_what_is_no_fields_v1_is_refused(raw, message):
    with pytest.raises(FieldsError, match=message):
        decode(raw)


def test_texts_of_elements_escape_as_go_does():
    assert value_element("a<b>&\u2028") == 'v:"a\\u003cb\\u003e\\u0026\\u2028"'
    assert value_element(1.5) == "v:1.5"
    assert value_element(True) == "v:true"
    assert key_element({"b": "x", "a": 80}) == 'k:{"a":80,"b":"x"}'


def test_messages_show_paths_as_kubernetes_does():
    path = ("f:spec", 'k:{"name":"c","port":80}', 'v:"a\\u003cb"', "v:true", "i:3", "v:null", "v:1.5")
    assert show_path(path) == '.spec[name="c",port=80][="a<b"][=true][3][=null][=1.5]'
