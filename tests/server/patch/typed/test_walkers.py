"""Compare, merge, remove, validate, reconcile: one small type with every kind of list and map."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.server.patch.fieldset import difference, of_paths, paths
from podo.server.patch.typed.compare import compare
from podo.server.patch.typed.elements import ABSENT, equal
from podo.server.patch.typed.fields import field_set, with_named_fields
from podo.server.patch.typed.merge import merge
from podo.server.patch.typed.reconcile import reconcile
from podo.server.patch.typed.remove import remove
from podo.server.patch.typed.schema import (
    ATOMIC,
    DEDUCED,
    NUMERIC,
    STRING,
    UNTYPED,
    ListNode,
    MapNode,
    Node,
)
from podo.server.patch.typed.validate import SchemaError, validate

TEXT, NUMBER = Node(STRING), Node(NUMERIC)
ITEM = Node(map=MapNode({"n": TEXT, "p": NUMBER, "v": TEXT}))
TYPE = Node(
    map=MapNode(
        {
            "s": TEXT,
            "i": NUMBER,
            "b": Node("boolean"),
            "any": Node(UNTYPED),
            "labels": Node(map=MapNode(element=TEXT)),
            "whole": Node(map=MapNode({"x": TEXT}, atomic=True)),
            "sub": Node(map=MapNode({"x": TEXT, "y": TEXT})),
            "list": Node(list=ListNode(TEXT, atomic=True)),
            "set": Node(list=ListNode(TEXT, atomic=False)),
            "map": Node(list=ListNode(ITEM, atomic=False, keys=("n", "p"), defaults={"p": 7})),
            "free": DEDUCED,
            "raw": ATOMIC,
        }
    )
)

A, B = {"n": "a", "v": "1"}, {"n": "b"}
KEY_A, KEY_B = 'k:{"n":"a","p":7}', 'k:{"n":"b","p":7}'


def members(fields):
    return {"/".join(path) for path in paths(fields)}


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ({"s": "x", "i": 1}, {"f:s", "f:i"}),
        ({"labels": {"a": "1"}}, {"f:labels/f:a"}),
        ({"labels": {}}, {"f:labels"}),
        ({"labels": None}, {"f:labels"}),
        ({"whole": {"x": "1"}}, {"f:whole"}),
        ({"sub": {"x": "1"}}, {"f:sub/f:x"}),
        ({"list": ["a"]}, {"f:list"}),
        ({"list": []}, {"f:list"}),
        ({"set": ["a", "b"]}, {'f:set/v:"a"', 'f:set/v:"b"'}),
        ({"set": []}, set()),
        ({"set": ["a", "a"]}, {'f:set/v:"a"'}),
        ({"map": [A]}, {f"f:map/{KEY_A}", f"f:map/{KEY_A}/f:n", f"f:map/{KEY_A}/f:v"}),
        ({"map": [A, A]}, {f"f:map/{KEY_A}"}),
        ({"free": {"a": {"b": [1]}}}, {"f:free/f:a", "f:free/f:a/f:b"}),
        ({"raw": {"a": 1}}, {"f:raw"}),
    ],
)
def test_the_fields_of_a_value(value, want):
    assert members(field_set(TYPE, value)) == want


@pytest.mark.parametrize(
    ("left", "right", "removed", "modified", "added"),
    [
        ({"s": "x"}, {"s": "x"}, set(), set(), set()),
        ({"s": "x"}, {"s": "y"}, set(), {"f:s"}, set()),
        ({}, {"s": "y"}, set(), set(), {"f:s"}),
        ({"s": "y"}, {}, {"f:s"}, set(), set()),
        ({}, {"sub": {"x": "1"}}, set(), set(), {"f:sub", "f:sub/f:x"}),
        ({"sub": {}}, {"sub": {"x": "1"}}, set(), set(), {"f:sub/f:x"}),
        ({"sub": None}, {"sub": {"x": "1"}}, set(), set(), {"f:sub/f:x"}),
        ({"sub": None}, {"sub": {}}, set(), {"f:sub"}, set()),
        ({"sub": {"x": "1"}}, {"sub": {"y": "1"}}, {"f:sub/f:x"}, set(), {"f:sub/f:y"}),
        ({"whole": {"x": "1"}}, {"whole": {"x": "2"}}, set(), {"f:whole"}, set()),
        ({"list": ["a"]}, {"list": ["a", "b"]}, set(), {"f:list"}, set()),
        ({"set": ["a"]}, {"set": ["b", "a"]}, set(), set(), {'f:set/v:"b"'}),
        ({"map": [A]}, {"map": [A | {"v": "2"}]}, set(), {f"f:map/{KEY_A}/f:v"}, set()),
        ({"map": [A]}, {"map": [A, B]}, set(), set(), {f"f:map/{KEY_B}", f"f:map/{KEY_B}/f:n"}),
        ({"map": [A]}, {"map": [A | {"p": 7}]}, set(), set(), {f"f:map/{KEY_A}/f:p"}),
        ({"map": [B, B]}, {"map": [B]}, {f"f:map/{KEY_B}"}, set(), {f"f:map/{KEY_B}", f"f:map/{KEY_B}/f:n"}),
        ({"map": [B]}, {"map": [B, B]}, {f"f:map/{KEY_B}", f"f:map/{KEY_B}/f:n"}, set(), {f"f:map/{KEY_B}"}),
        ({"map": [A, A]}, {"map": [A, A | {"v": "2"}]}, set(), {f"f:map/{KEY_A}"}, set()),
        ({"any": 1}, {"any": True}, set(), {"f:any"}, set()),
        ({"any": 1}, {"any": 1.0}, set(), set(), set()),
        ({"free": "x"}, {"free": {"a": 1}}, set(), {"f:free"}, {"f:free/f:a"}),
        ({"raw": {"a": 1}}, {"raw": {"a": True}}, set(), {"f:raw"}, set()),
    ],
)
def test_comparing_finds(left, right, removed, modified, added):
    assert tuple(map(members, compare(TYPE, left, right))) == (removed, modified, added)


def test_elements_without_any_key_cannot_be_compared():
    keyed = Node(list=ListNode(ITEM, atomic=False, keys=("n",)))
    with pytest.raises(SchemaError, match=r'omits all key fields \["n"\]'):
        compare(keyed, [], [{"v": "1"}])


@pytest.mark.parametrize(
    ("live", "config", "want"),
    [
        ({"s": "x", "i": 1}, {"s": "y"}, {"s": "y", "i": 1}),
        ({"labels": {"a": "1"}}, {"labels": {"b": "2"}}, {"labels": {"a": "1", "b": "2"}}),
        ({"labels": {"a": "1"}}, {"labels": {}}, {"labels": {"a": "1"}}),
        ({"labels": {"a": "1"}}, {"labels": None}, {"labels": {"a": "1"}}),
        ({}, {"labels": {}}, {"labels": {}}),
        ({"whole": {"x": "1"}}, {"whole": {}}, {"whole": {}}),
        ({"list": ["a"]}, {"list": ["b"]}, {"list": ["b"]}),
        ({"set": ["a", "b", "c"]}, {"set": ["c", "a", "d"]}, {"set": ["b", "c", "a", "d"]}),
        ({"set": ["x", "a", "y"]}, {"set": ["b", "a"]}, {"set": ["x", "b", "a", "y"]}),
        ({"map": [B, A]}, {"map": [{"n": "a", "v": "2"}]}, {"map": [B, {"n": "a", "v": "2"}]}),
        ({"map": [A]}, {"map": [{"n": "a", "p": 7}]}, {"map": [A | {"p": 7}]}),
        ({"free": {"a": 1, "l": [1]}}, {"free": {"b": 2, "l": [2]}}, {"free": {"a": 1, "l": [2], "b": 2}}),
        ({"free": "x"}, {"free": {"a": 1}}, {"free": {"a": 1}}),
        ({"raw": {"a": 1}}, {"raw": {"b": 1}}, {"raw": {"b": 1}}),
    ],
    ids=str,
)
def test_merging_gives(live, config, want):
    assert merge(TYPE, live, config) == want


@pytest.mark.parametrize(
    ("value", "gone", "want"),
    [
        ({"s": "x", "i": 1}, [("f:s",)], {"i": 1}),
        ({"s": "x"}, [("f:s",)], None),
        ({"labels": {"a": "1"}}, [("f:labels", "f:a")], {"labels": {}}),
        ({"set": ["a", "b"]}, [("f:set", 'v:"a"')], {"set": ["b"]}),
        ({"set": ["a"]}, [("f:set", 'v:"a"')], {"set": []}),
        ({"map": [A, B]}, [("f:map", KEY_A)], {"map": [B]}),
        ({"map": [A]}, [("f:map", KEY_A, "f:v")], {"map": [{"n": "a"}]}),
        ({"map": [B]}, [("f:map", KEY_B, "f:n")], {"map": [{}]}),
        ({"whole": {"x": "1"}, "s": "x"}, [("f:whole", "f:x")], {"whole": {}, "s": "x"}),
    ],
    ids=str,
)
def test_removing_leaves(value, gone, want):
    assert remove(TYPE, value, of_paths(*gone)) == want


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"s": 1}, ".s: expected string, got &value.valueUnstructured{Value:1}"),
        ({"s": ["x"]}, '.s: expected string, got &value.valueUnstructured{Value:[]interface {}{"x"}}'),
        ({"i": "x"}, ".i: expected numeric (int or float), got string"),
        ({"i": True}, ".i: expected numeric (int or float), got bool"),
        ({"b": 1}, ".b: expected boolean, got &{1}"),
        ({"any": {}}, ".any: expected any scalar, got &{map[]}"),
        ({"labels": []}, ".labels: expected map, got &{[]}"),
        ({"set": {"a": 1}}, ".set: expected list, got &{map[a:1]}"),
        ({"nope": 1, "s": 1}, ".nope: field not declared in schema"),
        ({"set": ["a", "a"]}, '.set: duplicate entries for key [="a"]'),
        ({"map": [A, A]}, '.map: duplicate entries for key [n="a",p=7]'),
        ({"map": [A | {"v": 1}]}, '.map[n="a",p=7].v: expected string, got &value.valueUnstructured{Value:1}'),
        ({"map": [None]}, ".map: element 0: associative list with keys may not have a null element"),
        ({"map": ["x"]}, ".map: element 0: associative list with keys may not have non-map elements"),
        ({"set": [{}]}, ".set: element 0: associative list without keys has an element that's a map type"),
        ({"set": [[]]}, ".set: element 0: not supported: associative list with lists as elements"),
        ({"set": [None]}, ".set: element 0: associative list without keys has an element that's an explicit null"),
        ({"s": 1, "i": "x"}, "errors:\n  .s: expected string, got &value.valueUnstructured{Value:1}\n"
                             "  .i: expected numeric (int or float), got string"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_conform_is_told_with_its_place(value, message):
    with pytest.raises(SchemaError) as caught:
        validate(TYPE, value)
    assert str(caught.value) == message


def test_duplicates_can_be_allowed():
    validate(TYPE, {"set": ["a", "a"], "map": [A, A]}, duplicates=True)


def test_who_owned_a_part_of_what_is_atomic_owns_the_whole():
    old = of_paths(("f:whole", "f:x"), ("f:list", "i:0"), ("f:sub", "f:x"), ("f:gone", "f:x"))
    assert members(reconcile(old, TYPE)) == {"f:whole", "f:list", "f:sub/f:x", "f:gone/f:x"}


def test_sets_of_todays_schema_stay_the_same_object():
    fields = field_set(TYPE, {"whole": {"x": "1"}, "map": [A], "free": {"a": {"b": 1}}, "raw": {}})
    assert reconcile(fields, TYPE) is fields


def test_named_fields_become_members_and_keys_of_maps_do_not():
    fields = of_paths(("f:sub", "f:x"), ("f:labels", "f:a", "f:odd"), ("f:map", KEY_A, "f:v"))
    want = {"f:sub", "f:sub/f:x", "f:labels", "f:labels/f:a/f:odd", "f:map", f"f:map/{KEY_A}/f:v"}
    assert members(with_named_fields(fields, TYPE)) == want


VALUES = st.fixed_dictionaries(
    {},
    optional={
        "s": st.sampled_from("xy"),
        "labels": st.none() | st.dictionaries(st.sampled_from("ab"), st.sampled_from("12"), max_size=2),
        "whole": st.dictionaries(st.just("x"), st.sampled_from("12"), max_size=1),
        "set": st.lists(st.sampled_from("abc"), unique=True, max_size=3),
        "map": st.lists(st.sampled_from("abc"), unique=True, max_size=3).map(lambda ns: [{"n": n, "v": n} for n in ns]),
        "free": st.recursive(st.integers(0, 2), lambda v: st.dictionaries(st.sampled_from("ab"), v, max_size=2)),
    },
)


@given(VALUES)
def test_a_value_does_not_differ_from_itself(value):
    assert compare(TYPE, value, dict(value)) == ({}, {}, {})


@given(VALUES, VALUES)
def test_what_one_way_removes_the_other_way_adds(left, right):
    there, back = compare(TYPE, left, right), compare(TYPE, right, left)
    assert members(there.removed) == members(back.added)
    assert members(there.modified) == members(back.modified)


@given(VALUES, VALUES)
def test_merging_a_configuration_a_second_time_changes_nothing(live, config):
    once = merge(TYPE, live, config)
    assert equal(merge(TYPE, once, config), once)
    assert set(compare(TYPE, live, once).removed) <= {"f:free"}  # where a scalar takes the place of a map


@given(VALUES, VALUES)
def test_all_that_differs_from_nothing_belongs_to_the_configuration(live, config):
    merged = merge(TYPE, live, config)
    assert not difference(field_set(TYPE, config), field_set(TYPE, merged)) or config != merged


@given(VALUES, VALUES)
def test_walkers_change_no_input(left, right):
    before = repr((left, right))
    compare(TYPE, left, right)
    merge(TYPE, left, right)
    remove(TYPE, left, field_set(TYPE, right))
    assert repr((left, right)) == before


def test_absence_is_not_null():
    assert merge(TEXT, ABSENT, None) is None
    assert merge(TEXT, "x", ABSENT) == "x"
