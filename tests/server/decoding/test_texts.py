"""JSON and YAML texts: what is read, and what Go's parsers say of the rest."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.server.decoding import json_text, syntax, yaml_text
from podo.server.decoding.json_text import JSONError, Number, Pairs
from podo.server.decoding.yaml_text import YAMLError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        (" \n", "unexpected end of JSON input"),
        ("{", "unexpected end of JSON input"),
        ('{"a', "unexpected end of JSON input"),
        ('{"a":1', "unexpected end of JSON input"),
        ("[1,", "unexpected end of JSON input"),
        ("x", "invalid character 'x' looking for beginning of value"),
        ("'", "invalid character '\\'' looking for beginning of value"),
        ("\ufeff{}", "invalid character 'ï' looking for beginning of value"),
        ("{a:1}", "invalid character 'a' looking for beginning of object key string"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 2}', "invalid character '2' after object key:value pair"),
        ('{"a":1]', "invalid character ']' after object key:value pair"),
        ("[1 2]", "invalid character '2' after array element"),
        ("[1,]", "invalid character ']' looking for beginning of value"),
        ("{} {}", "invalid character '{' after top-level value"),
        ("01", "invalid character '1' after top-level value"),
        ("-", "unexpected end of JSON input"),
        ("-x", "invalid character 'x' in numeric literal"),
        ("1.", "unexpected end of JSON input"),
        ("1.x", "invalid character 'x' after decimal point in numeric literal"),
        ("1ex", "invalid character 'x' in exponent of numeric literal"),
        ("1e+x", "invalid character 'x' in exponent of numeric literal"),
        ("nul", "unexpected end of JSON input"),
        ("nulx", "invalid character 'x' in literal null (expecting 'l')"),
        ("NaN", "invalid character 'N' looking for beginning of value"),
        ("Infinity", "invalid character 'I' looking for beginning of value"),
        ('"a\nb"', "invalid character '\\n' in string literal"),
        ('"\x00"', "invalid character '\\x00' in string literal"),
        ('"\\x"', "invalid character 'x' in string escape code"),
        ('"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape"),
    ],
)
def test_what_is_not_json_is_told_as_go_tells_it(text, message):
    with pytest.raises(JSONError) as caught:
        json_text.parse(text.encode())
    assert str(caught.value) == message


@given(st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\u \n', max_size=12))
def test_the_scanner_finds_fault_exactly_where_json_does(text):
    try:
        json.loads(text, parse_constant=lambda name: 1 / 0)
    except (ValueError, ZeroDivisionError):
        assert syntax.explain(text)
    else:
        assert syntax.explain(text) == ""


def test_members_keep_their_order_and_repetitions_and_numbers_their_spelling():
    value = json_text.parse(b'{"b":1.50,"a":[1e3],"b":-0}')
    assert list(value.items()) == [("b", "1.50"), ("a", ["1e3"]), ("b", "-0")]
    assert json_text.plain(value) == {"b": 0, "a": [1000.0]}


@pytest.mark.parametrize(
    ("spelling", "value"),
    [("1", 1), ("-9223372036854775808", -(2**63)), ("9223372036854775808", 2.0**63), ("1.0", 1.0), ("1e2", 100.0)],
)
def test_numbers_become_what_an_untyped_go_field_holds(spelling, value):
    found = Number(spelling).value()
    assert found == value
    assert type(found) is type(value)


def test_numbers_beyond_all_bounds_are_refused():
    with pytest.raises(OverflowError):
        Number("1e999").value()


def json_of(texts):
    return st.recursive(
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
        max_leaves=10,
    )


@given(json_of(st.text()))
def test_what_is_written_reads_the_same_both_ways(value):
    body = json.dumps(value).encode()
    assert json_text.plain(json_text.parse(body)) == value
    assert json_text.quick(body) == value


@pytest.mark.parametrize("body", [b'{"a":1,"a":1}', b'{"a":1.5}', b'{"a":[{"b":1,"b":2}]}', b"{", b'{"a":1e2}'])
def test_what_is_not_plain_is_left_to_the_exact_parser(body):
    assert json_text.quick(body) is None


def test_escapes_and_spaces_alone_are_plain():
    assert json_text.quick(b'{ "a" : "\\u003c\\/" }') == {"a": "</"}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("a: 1", {"a": "1"}),
        ("a: yes\nb: y\nc: Off", {"a": True, "b": True, "c": False}),
        ("a: 'yes'\nb: \"1\"", {"a": "yes", "b": "1"}),
        ("a: 017\nb: 0o17\nc: 0x1F", {"a": "15", "b": "15", "c": "31"}),
        ("d: 0b11\ne: 1_000\nf: +5", {"d": "3", "e": "1000", "f": "5"}),
        ("a: 1.5\nb: 1e3\nc: .5\nd: 1.0", {"a": "1.5", "b": "1000", "c": "0.5", "d": "1"}),
        ("a: 2026-01-01\nb: 1:30\nc: 1.2.3\nd: 08", {"a": "2026-01-01", "b": "1:30", "c": "1.2.3", "d": "8"}),
        ("a:\nb: ~\nc: null", {"a": None, "b": None, "c": None}),
        ("1: a\ntrue: b\n1.5: c", {"1": "a", "1.5": "c", "true": "b"}),
        ("a: &x {k: v}\nb: *x", {"a": {"k": "v"}, "b": {"k": "v"}}),
        ("a: &x {k: v, l: w}\nb:\n  <<: *x\n  l: z", {"a": {"k": "v", "l": "w"}, "b": {"k": "v", "l": "z"}}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: !!str 5", {"a": "5"}),
        ("", None),
        ("---\na: b\n---\nc: d", {"a": "b"}),
    ],
)
def test_yaml_is_resolved_as_go_yaml_does(text, want):
    value, repeated = yaml_text.parse(text.encode())
    assert as_written(value) == want
    assert repeated == []


def as_written(value):
    if isinstance(value, Pairs):
        return {k: as_written(v) for k, v in value}
    return str(value) if isinstance(value, Number) else value


def test_members_are_sorted_as_in_the_json_that_go_makes_of_yaml():
    value, _ = yaml_text.parse(b"b: 1\na: 2\nc: 3")
    assert [k for k, _ in value] == ["a", "b", "c"]


def test_repeated_members_are_told_with_their_lines():
    _, repeated = yaml_text.parse(b"a: 1\nb:\n  c: 1\n  c: 2\na: 3\n")
    assert repeated == ['line 4: key "c" already set in map', 'line 5: key "a" already set in map']


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: b: c", "yaml: mapping values are not allowed in this context"),
        ("a: 1\nb: c: d", "yaml: line 2: mapping values are not allowed in this context"),
        ("a: [1", "yaml: line 1: did not find expected ',' or ']'"),
        ("a: *nope", "yaml: "),
        ("? [a]\n: b", "yaml: invalid map key: sequence"),
        ("a: .inf", "json: unsupported value: .inf"),
        ("a: &a [*a]", "contains itself"),
        ("<<: 5", "yaml: map merge requires map or sequence of maps as the value"),
        ("a: \x00", "yaml: "),
        ("\tx: 1", "yaml: "),
    ],
)
def test_what_is_not_yaml_or_cannot_be_json_is_refused(text, message):
    with pytest.raises(YAMLError) as caught:
        yaml_text.parse(text.encode())
    assert message in str(caught.value)


def test_a_bomb_of_aliases_is_refused_before_it_goes_off():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    with pytest.raises(YAMLError, match="document contains excessive aliasing"):
        yaml_text.parse("\n".join(lines).encode())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 1_000_000, id="lists that never end"),
        pytest.param("[" * 1_000_000 + "]" * 1_000_000, id="lists"),
        pytest.param("a: " + "{a: " * 200_000 + "}" * 200_000, id="maps"),
        pytest.param("- " * 1_000_000 + "a", id="blocks on one line"),
        pytest.param("? " * 500_000 + "a", id="keys on one line"),
        pytest.param("- ? " * 500_000 + "a", id="both on one line"),
        pytest.param("\n".join(" " * i + "a:" for i in range(1_500)), id="blocks line by line"),
        pytest.param("\r".join(" " * i + "a:" for i in range(1_500)), id="lines that end in an older way"),
        pytest.param("".join(" " * i + "a:\n" + " " * i + "-\n" for i in range(1_000)), id="lists below their keys"),
        pytest.param('"' + "[" * 1_000 + '": ' + "[" * 100_000, id="after brackets in a string"),
        pytest.param("&a [" * 200_000, id="with anchors"),
        pytest.param("!!seq [" * 200_000, id="with tags"),
    ],
)
def test_deeply_nested_yaml_is_refused(text):
    """The library's recursion would take the process down."""
    with pytest.raises(YAMLError):
        yaml_text.parse(text.encode())


@pytest.mark.parametrize("text", ["[" * 300 + "]" * 300, "- " * 300 + "a", '{k: "' + "[" * 1_000 + '"}'])
def test_what_only_looks_deep_or_is_not_too_deep_is_read(text):
    yaml_text.parse(text.encode())


@given(json_of(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126))))
def test_json_read_as_yaml_is_the_same_value(value):
    text = json.dumps(value).encode()
    assert json_text.plain(yaml_text.parse(text)[0]) == value
