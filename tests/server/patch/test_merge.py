"""JSON merge patch: the examples of RFC 7386, and what kube-apiserver's library makes of nulls in arrays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.server.patch.merge import merge_patch, pruned

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=2), JSON, max_size=4)


@pytest.mark.parametrize(
    ("doc", "patch", "want"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
        ({"a": "b"}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": 1}, {"a": [None, {"x": None}]}, {"a": [None, {}]}),
        ({"a": {}}, {"a": [{"x": None}]}, {"a": [{"x": None}]}),
        ({"a": "foo"}, ["c"], ["c"]),
    ],
)
def test_merging_gives(doc, patch, want):
    assert merge_patch(doc, patch) == want


@given(OBJECTS, OBJECTS)
def test_merging_twice_is_merging_once(doc, patch):
    once = merge_patch(doc, patch)
    assert pruned(merge_patch(once, patch)) == pruned(once)


@given(OBJECTS)
def test_merging_into_nothing_drops_the_nulls(patch):
    assert merge_patch({}, patch) == pruned(patch)


@given(OBJECTS, OBJECTS)
def test_inputs_stay_as_they_are(doc, patch):
    before = repr((doc, patch))
    merge_patch(doc, patch)
    assert repr((doc, patch)) == before
