"""How field errors print what is wrong."""

import pytest

from podo.api import field_errors as fe


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", '"a"'),
        ('a"b\\', '"a\\"b\\\\"'),
        ("a\nb\x00", '"a\\nb\\x00"'),
        ("포도", '"포도"'),
        ("\u200b", '"\\u200b"'),
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ({"a": ["<b>", 1]}, '{"a":["\\u003cb\\u003e",1]}'),
    ],
)
def test_values_print_as_go_prints_them(value, text):
    assert fe.shown(value) == text


def test_kinds_print_their_own_way():
    assert str(fe.required("a.b")) == "a.b: Required value"
    assert str(fe.not_supported("a", "x", ["y", "z"])) == 'a: Unsupported value: "x": supported values: "y", "z"'
    assert str(fe.too_many("a", 2, 1)) == "a: Too many: 2: must have at most 1 item"


def test_the_message_of_an_object_names_each_error_once():
    errors = [fe.required("a"), fe.required("a"), fe.forbidden("b", "no")]
    status = fe.invalid_object("apps", "Deployment", "d", errors).status()
    assert status["message"] == 'Deployment.apps "d" is invalid: [a: Required value, b: Forbidden: no]'
    assert len(status["details"]["causes"]) == 3
