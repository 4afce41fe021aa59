"""How cells say things."""

from datetime import UTC, datetime

import pytest

from podo.server.table.texts import addresses, cut, duration, labels, selector, selector_dump, since

NOW = datetime(2026, 1, 2, tzinfo=UTC)
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-2, "<invalid>"),
        (-1.5, "0s"),
        (0, "0s"),
        (119.9, "119s"),
        (120, "2m"),
        (9 * MINUTE + 59, "9m59s"),
        (10 * MINUTE + 59, "10m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (7 * HOUR + 59 * MINUTE, "7h59m"),
        (8 * HOUR + 59 * MINUTE, "8h"),
        (47 * HOUR, "47h"),
        (48 * HOUR, "2d"),
        (7 * DAY + 23 * HOUR, "7d23h"),
        (8 * DAY + 23 * HOUR, "8d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + 3 * DAY, "2y3d"),
        (8 * YEAR + 3 * DAY, "8y"),
    ],
)
def test_durations_have_at_most_two_units(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        ("2026-01-01T23:59:55Z", "5s"),
        ("2026-01-01T23:59:55.250000Z", "4s"),
        ("2026-01-02T00:00:09Z", "<invalid>"),
        ("", "<unknown>"),
        (None, "<unknown>"),
    ],
)
def test_what_has_no_time_has_an_unknown_age(moment, text):
    assert since(moment, NOW) == text


def test_lists_are_cut_and_say_how_much_is_missing():
    assert cut([]) == "<unset>"
    assert cut(["a", "b", "c"]) == "a,b,c"
    assert cut(["a", "b", "c", "d", "e"]) == "a,b,c + 2 more..."


def test_labels_and_selectors_stand_in_order():
    assert labels(None) == "<none>"
    assert labels({"b": "2", "a": ""}) == "a=,b=2"
    given = {"matchLabels": {"z": "1"}, "matchExpressions": [{"key": "a", "operator": "In", "values": ["x", "y"]}]}
    assert selector(given) == "a in (x,y),z=1"
    assert selector({}) == "<none>"
    assert selector(None, "") == ""
    assert selector({"matchExpressions": [{"key": "a", "operator": "Near", "values": []}]}) == "<error>"


def test_addresses_of_a_load_balancer_are_sorted_and_single():
    given = {"ingress": [{"ip": "10.0.0.2"}, {"hostname": "a.example"}, {"ip": "10.0.0.2"}, {}]}
    assert addresses(given) == "10.0.0.2,a.example"
    assert addresses(None) == ""


def test_a_selector_that_names_parameters_is_shown_as_go_prints_it():
    given = {
        "matchLabels": {"b": "2", "a": "1"},
        "matchExpressions": [{"key": "c", "operator": "In", "values": ["x", "y"]}],
    }
    rule = "LabelSelectorRequirement{Key:c,Operator:In,Values:[x y],},"
    start = "&LabelSelector{MatchLabels:map[string]string{"
    assert selector_dump(given) == f"{start}a: 1,b: 2,}},MatchExpressions:[]LabelSelectorRequirement{{{rule}}},}}"
    assert selector_dump({}) == f"{start}}},MatchExpressions:[]LabelSelectorRequirement{{}},}}"
