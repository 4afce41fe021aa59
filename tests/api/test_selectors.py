import pytest

from podo.api import selectors
from podo.api.selectors import NOTHING, SelectorError
from podo.api.types.meta_v1 import LabelSelector, LabelSelectorRequirement


@pytest.mark.parametrize(
    ("text", "labels", "selected"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a!=b", {}, True),
        ("a in (b, c)", {"a": "c"}, True),
        ("a notin (b,c)", {"a": "b"}, False),
        ("a", {"a": ""}, True),
        ("!a", {"a": ""}, False),
        ("a>5,b<3", {"a": "6", "b": "2"}, True),
        ("a>5", {"a": "x"}, False),
        ("a=,b", {"a": "", "b": "1"}, True),
        ("example.com/x in (a,)", {"example.com/x": ""}, True),
    ],
)
def test_a_label_selector_selects(text, labels, selected):
    assert selectors.parse_labels(text).matches(labels) is selected


@pytest.mark.parametrize("text", ["a in b", "a in (b", ",a", "a,", "a=b c", "a>b", "!", "a in (b c)", "=b", "a!"])
def test_what_is_no_label_selector_is_refused(text):
    with pytest.raises(SelectorError):
        selectors.parse_labels(text)


@pytest.mark.parametrize("text", ["a=b", "a!=b", "a in (b,c)", "a", "!a", "a>5"])
def test_the_text_form_means_the_same_when_read_again(text):
    parsed = selectors.parse_labels(text)
    assert selectors.parse_labels(selectors.format_labels(parsed)) == parsed


def test_an_absent_selector_selects_nothing_and_an_empty_one_everything():
    assert selectors.from_object(None) is NOTHING
    assert selectors.from_object(LabelSelector()).matches({"a": "b"})


def test_a_selector_object_needs_all_of_its_terms():
    requirement = LabelSelectorRequirement(key="tier", operator="In", values=("web",))
    selector = selectors.from_object(LabelSelector(match_labels={"app": "x"}, match_expressions=(requirement,)))
    assert selector.matches({"app": "x", "tier": "web"})
    assert not selector.matches({"app": "x"})


def test_a_service_without_selector_selects_nothing():
    assert not selectors.from_labels({}).matches({"a": "b"})


def test_a_field_selector_compares_and_negates():
    selector = selectors.parse_fields("metadata.name=a,status.phase!=Running")
    assert selector.matches({"metadata.name": "a", "status.phase": "Failed"})
    assert not selector.matches({"metadata.name": "a", "status.phase": "Running"})
    assert selector.exact("metadata.name") == "a"


def test_a_field_selector_without_operator_is_refused():
    with pytest.raises(SelectorError, match="invalid selector: 'abc'"):
        selectors.parse_fields("abc")
