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


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.wildcard_subdomain, ["*.a", "*.a.b"], ["*", "a.b", "*.*.a", "a*.b"]),
        (names.underscored_subdomain, ["a_b.c", "_a.b"], ["A", "", "a_"]),
        (names.port_name, ["a", "http-1"], ["", "1", "a--b", "-a", "A", "a" * 16]),
        (names.percent, ["0%", "150%"], ["", "%", "1", "-1%"]),
        (names.http_header, ["X-Y"], ["", "a b", "a_b"]),
        (names.environment_name, ["A", "a b", "1"], ["", "a=b", "ä"]),
        (names.config_key, ["a", "..a"[2:], ".a", "a_b-c.d"], ["", ".", "..", "..a", "a/b", "a" * 254]),
        (names.port_number, [1, 65535], [0, 65536, -1]),
    ],
)
def test_special_names_are_accepted_and_refused(check, good, bad):
    assert [value for value in good if check(value)] == []
    assert [value for value in bad if not check(value)] == []


def test_length_is_counted_in_characters_for_names_and_in_bytes_for_labels():
    assert names.dns1123_label("a" * 64) == ["must be no more than 63 characters"]
    assert names.label_value("a" * 64) == ["must be no more than 63 bytes"]
    assert "prefix part must be no more than 253 bytes" in names.qualified_name("a" * 254 + "/b")
