"""Names of properties in expressions."""

import pytest

from podo.cel.property_names import escaped


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("plain", "plain"),
        ("namespace", "__namespace__"),
        ("a-b", "a__dash__b"),
        ("a.b/c", "a__dot__b__slash__c"),
        ("a__b", "a__underscores__b"),
        ("_x", "_x"),
        ("1a", None),
        ("a b", None),
        ("", None),
        ("é", None),
    ],
)
def test_a_name_is_escaped(name, known_as):
    assert escaped(name) == known_as
