"""What expressions of the language itself give, and what they are refused with."""

from collections.abc import Callable
from typing import Any

import pytest

from podo.cel.environment import Environment
from podo.cel.errors import CompileError, CostExceeded, EvalError
from tests.cel.conftest import VALUES


@pytest.mark.parametrize(
    "source",
    [
        "1 + 2 * 3 == 7",
        "-7 / 2 == -3 && -7 % 2 == -1",
        "0x10 == 16 && 3u + 4u == 7u && 1.5e1 == 15.0",
        "'a' + \"b\" == r'ab' && b'\\x41' == b'A'",
        "'''two\nlines'''.size() == 9 && '\\u00e9' == 'é'",
        "[1, 2] + [3] == [1, 2, 3]",
        "dyn(1) == 1.0 && dyn(1) == 1u && dyn('1') != 1",
        "dyn(true) != 1 && dyn([true]) != [1]",
        "{'a': {'b': [1]}} == {'a': {'b': [1]}}",
        "2 in [1, 2] && 'k' in m && !(3 in [1, 2])",
        "l[0] == 'p' && m['k'] == 1 && m.k == 1",
        "has(object.a) && !has(object.z) && has(object.a.b)",
        "x == 1 ? s == 'text' : false",
        "1 / 0 == 1 || true",
        "!(1 / 0 == 1 && false)",
        "[0, 1].exists(i, 1 / i == 1)",
        "![0, 1].all(i, 1 / i == 2)",
        "[1, 2, 3].all(i, i > 0) && [1, 2].exists(i, i == 2) && [1, 2].exists_one(i, i == 1)",
        "[1, 2, 3].filter(i, i > 1) == [2, 3] && [1, 2].map(i, i * 2) == [2, 4]",
        "[1, 2, 3].map(i, i > 1, i * 2) == [4, 6]",
        "m.all(k, k == 'k')",
        "[1, 2].all(i, v, v == i + 1) && m.exists(k, v, v == 1) && m.existsOne(k, v, v == 1)",
        "[1, 2].transformList(i, v, i + v) == [1, 3] && [1, 2].transformList(i, v, i == 1, v) == [2]",
        "m.transformMap(k, v, v + 1) == {'k': 2} && m.transformMapEntry(k, v, {v: k}) == {1: 'k'}",
        "[1, 2].map(i, [3, 4].map(j, i * j)) == [[3, 4], [6, 8]]",
        "type(1) == int && type('') == string && type([]) == list && type(null) == null_type",
        "int('3') == 3 && double('1.5') == 1.5 && string(1.0) == '1' && uint(3) == 3u && bool('true')",
        "string(b'x') == 'x' && bytes('x') == b'x' && int(2.9) == 2",
        "timestamp('2024-01-02T03:04:05Z') + duration('1h') == timestamp('2024-01-02T04:04:05Z')",
        "timestamp('2024-01-02T03:04:05Z').getFullYear() == 2024 && duration('90m').getHours() == 1",
        "timestamp('2024-01-02T03:04:05Z').getHours('-02:00') == 1",
        "timestamp('2024-01-02T00:00:00Z') - timestamp('2024-01-01T00:00:00Z') == duration('24h')",
        "string(duration('1h30m')) == '5400s'",
        "optional.of(1).orValue(2) == 1 && optional.none().orValue(2) == 2",
        "object.?a.?b.orValue('z') == 'x' && object.?q.?b.orValue('z') == 'z'",
        "l[?5].hasValue() == false && m[?'k'].value() == 1",
        "optional.of(2).optMap(v, v + 1) == optional.of(3)",
        "optional.of({'k': 1}).optFlatMap(v, v.?k) == optional.of(1)",
        "[?optional.none(), 1] == [1] && {?'a': optional.of(1)} == {'a': 1}",
        "optional.ofNonZeroValue('').or(optional.of('d')).value() == 'd'",
        "[1, 2].first().value() == 1 && [1, 2].last().value() == 2",
        "'abc'.matches('^a.c$') && 'abc'.contains('b') && 'abc'.startsWith('a') && 'abc'.endsWith('c')",
        "size('é') == 1 && size(bytes('é')) == 2",
        "true || 1 / 0 == 1 // a comment",
    ],
)
def test_it_is_true(source: str, value: Callable[[str], Any]) -> None:
    assert value(source) is True


@pytest.mark.parametrize(
    ("source", "fault"),
    [
        ("object.nope", "no such key: nope"),
        ("l[7]", "index out of bounds: 7"),
        ("1 / 0", "division by zero"),
        ("1 % 0", "modulus by zero"),
        ("9223372036854775807 + 1", "integer overflow"),
        ("0u - 1u", "unsigned integer overflow"),
        ("dyn('a') + 1", "no such overload"),
        ("int('a')", "type conversion error from 'string' to 'int'"),
        ("optional.none().value()", "optional.none() dereference"),
        ("dyn(1).startsWith('a')", "no such overload: startsWith(int, string)"),
        ("{'a': 1, 'a': 2}", "Failed with repeated key 'a'"),
        ("[0].all(i, 1 / i == 1)", "division by zero"),
        ("'a'.matches(s + '[')", "error parsing regexp: missing closing ]: `[`"),
    ],
)
def test_it_fails_when_run(source: str, fault: str, value: Callable[[str], Any]) -> None:
    with pytest.raises(EvalError) as caught:
        value(source)
    assert str(caught.value) == fault


EXPECTED = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


NO_RANGE = "cannot be range of a comprehension (must be list, map, or dynamic)"


@pytest.mark.parametrize(
    ("source", "place", "fault"),
    [
        ("nope", "1:1", "undeclared reference to 'nope' (in container '')"),
        ("nope.field == 1", "1:1", "undeclared reference to 'nope' (in container '')"),
        ("1 +\n nope(1)", "2:6", "undeclared reference to 'nope' (in container '')"),
        ("s.nope()", "1:7", "undeclared reference to 'nope' (in container '')"),
        ("1 + 'a'", "1:3", "found no matching overload for '_+_' applied to '(int, string)'"),
        ("s.contains(1)", "1:11", "found no matching overload for 'contains' applied to 'string.(int)'"),
        ("x.y", "1:2", "type 'int' does not support field selection"),
        ("l.exists(y, y.foo)", "1:14", "type 'string' does not support field selection"),
        ("l.all(y, 1)", "1:10", "expected type 'bool' but found 'int'"),
        (
            "x.all(y, true)",
            "1:1",
            f"expression of type 'int' {NO_RANGE}",
        ),
        ("l.all(y.z, true)", "1:8", "argument must be a simple name"),
        ("has(x)", "1:5", "invalid argument to has() macro"),
        ("[1, 'a']", "1:5", "expected type 'int' but found 'string'"),
        ("'a'.matches('[')", "1:13", "invalid matches argument"),
        ("duration('1x')", "1:10", "invalid duration argument"),
        ("timestamp('x')", "1:11", "invalid timestamp argument"),
        ("x!", "1:2", "Syntax error: extraneous input '!' expecting <EOF>"),
        ("x y z", "1:3", "Syntax error: mismatched input 'y' expecting <EOF>"),
        ("x ==", "1:5", f"Syntax error: mismatched input '<EOF>' expecting {EXPECTED}"),
        ("(x", "1:3", "Syntax error: missing ')' at '<EOF>'"),
        ("package", "1:1", "reserved identifier: package"),
        ("9223372036854775808", "1:1", "invalid int literal"),
        ("#", "1:1", "Syntax error: token recognition error at: '#'"),
    ],
)
def test_it_is_refused_when_compiled(source: str, place: str, fault: str, environment: Environment) -> None:
    with pytest.raises(CompileError) as caught:
        environment.compile(source)
    line = source.split("\n")[int(place.split(":")[0]) - 1]
    column = int(place.split(":")[1]) - 1
    assert str(caught.value).startswith(f"ERROR: <input>:{place}: {fault}\n | {line}\n | {'.' * column}^")


def test_all_faults_of_types_are_told_in_order(environment: Environment) -> None:
    with pytest.raises(CompileError) as caught:
        environment.compile("one == two")
    assert [issue.offset for issue in caught.value.issues] == [0, 7]


def test_wide_characters_get_wide_marks(environment: Environment) -> None:
    with pytest.raises(CompileError) as caught:
        environment.compile("'é' + 1")
    assert str(caught.value).endswith("\n | 'é' + 1\n | .．..^")


@pytest.mark.parametrize("source", ["(" * 5000 + "1" + ")" * 5000, "-" + "(-" * 5000 + "1" + ")" * 5000])
def test_too_deep_an_expression_is_refused(source: str, environment: Environment) -> None:
    with pytest.raises(CompileError, match="recursion limit exceeded"):
        environment.compile(source)


def test_a_long_chain_of_conditions_compiles(environment: Environment) -> None:
    source = " && ".join(["x == 1"] * 2000)
    assert environment.compile(source).run(VALUES).value is True


def test_a_huge_expression_is_refused(environment: Environment) -> None:
    with pytest.raises(CompileError, match="code point size exceeds limit: size: 100001, limit 100000"):
        environment.compile("'" + "a" * 99_999 + "'")


@pytest.mark.parametrize(
    "source",
    [
        "lists.range(1000).all(a, lists.range(1000).all(b, lists.range(1000).all(c, true)))",
        "lists.range(100000).map(a, s.matches('(a+)+$'))",
        "[s + s].map(a, lists.range(10000).map(b, a + a + a))",
        "lists.range(5000).sort().distinct()",
        "lists.range(100000000)",
    ],
)
def test_a_hostile_expression_is_stopped_by_its_cost(source: str, environment: Environment) -> None:
    program = environment.compile(source)
    with pytest.raises((CostExceeded, EvalError), match="actual cost limit exceeded"):
        program.run({**VALUES, "s": "a" * 10_000})


def test_a_pattern_that_is_none_is_no_program(environment: Environment) -> None:
    with pytest.raises(CompileError) as caught:
        environment.compile("s.find(')') == ''")
    assert caught.value.detail == "program instantiation failed: error parsing regexp: unexpected ): `)`"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("string(timestamp('2011-08-18T19:03:37.01+01:00'))", "2011-08-18T19:03:37.01+01:00"),
        ("string(timestamp('2011-08-18T19:03:37Z'))", "2011-08-18T19:03:37Z"),
        ("string(duration('1h2m3s4ms'))", "3723.004s"),
        ("string(type(ip('10.0.0.1')) == net.IP)", "true"),
        ("b'\\u0041' == b'A' ? 'same' : 'other'", "same"),
    ],
)
def test_how_values_are_written(source: str, text: str, value: Callable[[str], Any]) -> None:
    assert value(source) == text
