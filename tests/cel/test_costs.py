"""What expressions cost when run, and what they are estimated to cost before."""

import pytest

from podo.cel import types
from podo.cel.check.costs import estimate
from podo.cel.environment import Environment
from tests.cel.conftest import VALUES

LARGEST = 2**64 - 1


@pytest.mark.parametrize(
    ("source", "cost"),
    [
        ("1", 0),
        ("x", 1),
        ("object.a.b", 3),
        ("has(object.a.b)", 2),
        ("x == 1", 2),
        ("type(x) == int", 3),
        ("s.startsWith('te')", 2),
        ("s.matches('^[^0-9]*$')", 4),
        ("s == 'text' && l.size() == 2", 5),
        ("[1, 2, 3].all(i, i > 0)", 16),
        ("[x, 2]", 11),
        ("{'a': x}", 31),
        ("s + s", 3),
        ("s.replace('t', 'x')", 2),
        ("x == 1 ? 1 : 2", 2),
    ],
)
def test_a_run_costs(source: str, cost: int, environment: Environment) -> None:
    assert environment.compile(source).run(VALUES).cost == cost


@pytest.mark.parametrize(
    ("source", "low", "high"),
    [
        ("x == 1", 2, 2),
        ("s.contains('a')", 1, 1 + 1 * 10),
        ("s.matches('abcd')", 2, 1 + 11),
        ("l.all(e, e == 'a')", 2, 2 + 5 * 5),
        ("l.all(e, l.all(f, e == f))", 2, 2 + 5 * (3 + 2 + 5 * 6)),
        ("s.replace('a', 'bb').size() == 3", 3, 1 + 20 + 1 + 1),
        ("has(m.k)", 1, 1),
        ("true || s.contains('a')", 0, 11),
        ("[1, 2].map(i, i * 2)", 49, 49),
        ("dyn(s)", 2, 2),
        ("lists.range(3)", 14, 14),
        ("sets.contains(l, ['a', 'b'])", 12, 1 + 10 + 1 + 10),
    ],
)
def test_an_estimate_spans(source: str, low: int, high: int, environment: Environment) -> None:
    sizes = {("s",): 100, ("l",): 5, ("l", "@items"): 10, ("m",): 3}
    got = estimate(environment.compile(source).tree, sizes.get)
    assert (got.low, got.high) == (low, high)


def test_what_nothing_bounds_costs_the_largest_number() -> None:
    environment = Environment({"l": types.list_of(types.list_of(types.STRING))})
    tree = environment.compile("l.all(a, a.all(b, l.all(c, b == 'x')))").tree
    assert estimate(tree, lambda path: None).high == LARGEST


@pytest.mark.parametrize(
    ("source", "cost"),
    [
        ("l.all(e, e != '')", 10),
        ("l.exists(e, e == 'p')", 11),
        ("l.exists_one(e, e == 'p')", 9),
        ("l.filter(e, e == 'p').size() == 1", 21),
        ("l.map(e, e).size() == 2", 30),
        ("s in ['text', 'x']", 1),
        ("optional.of(x).optMap(v, v == 1).hasValue()", 10),
        ("object.?none.?b == optional.none()", 4),
    ],
)
def test_a_fold_costs(source: str, cost: int, environment: Environment) -> None:
    assert environment.compile(source).run(VALUES).cost == cost
