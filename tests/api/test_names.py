import pytest

from podo.api import names


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.dns1123_label, ["a", "a-b", "1a", "a" * 63], ["", "A", "-a", "a-", "a.b", "a" * 64]),
        (names.dns1123_subdomain, ["a", "a.b-c", "1.2"], ["", "a..b", ".a", "A", "a" * 254]),
        (names.dns1035_label, ["a", "a1"], ["1a", "", "a.b"]),
        (names.qualified_name, ["a", "A_b.c", "example.com/a"], ["", "/a", "a/b/c", "a/", "-a", "x" * 64]),
        (names.label_value, ["", "a", "A.b_c-d"], ["-", "a ", "x" * 64]),
        (names.c_identifier, ["a", "_A1"], ["1a", "", "a-b"]),
        (names.path_segment, ["a:b", "system:node"], [".", "..", "a/b", "a%"]),
    ],
)
def test_names_are_accepted_and_refused(check, good, bad):
    assert [value for value in good if check(value)] == []
    assert [value for value in bad if not check(value)] == []


def test_a_complaint_ends_with_examples_and_the_pattern():
    (message,) = names.dns1123_subdomain("A")
    assert message.startswith("a lowercase RFC 1123 subdomain must consist of")
    assert "(e.g. 'example.com', regex used for validation is '" in message
