import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.store.keys import key_after, prefix_end


@pytest.mark.parametrize(
    ("prefix", "end"),
    [("", ""), ("/pods/", "/pods0"), ("a", "b"), ("a\U0010ffff", "b"), ("\U0010ffff", ""), ("a\ud7ff", "a\ue000")],
)
def test_the_end_of_a_prefix_is_the_smallest_key_after_it(prefix, end):
    assert prefix_end(prefix) == end


@given(st.text(max_size=4), st.text(max_size=6))
def test_between_a_prefix_and_its_end_lies_what_begins_with_it(prefix, key):
    end = prefix_end(prefix)
    assert (prefix <= key and (not end or key < end)) == key.startswith(prefix)


@given(st.text(max_size=6), st.text(max_size=6))
def test_no_key_lies_between_a_key_and_the_one_after(key, other):
    assert not key < other < key_after(key)


@given(st.lists(st.text(max_size=5)))
def test_the_order_of_keys_is_that_of_their_bytes(keys):
    assert [key.encode() for key in sorted(keys)] == sorted(key.encode() for key in keys)
