"""Selectors, whatever their text: read, or refused; and written and read again they select the same."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from podo.api import selectors
from podo.api.selectors import EXISTS, GREATER, IN, LESS, NOT_EXISTS, NOT_IN, LabelSelector, Requirement, SelectorError

NAMES = st.sampled_from(["a", "b", "example.com/c", "in", "x-1.y_2"])
VALUES = st.sampled_from(["", "a", "b", "7", "x.y_z"])
LABELS = st.dictionaries(NAMES, VALUES, max_size=4)
TEXTS = st.text(alphabet="ab/=!<>(), \\\t-.é0in", max_size=20)
FIELDS = st.dictionaries(st.sampled_from(["metadata.name", "spec.x"]), st.text(alphabet="ab=,!\\ ", max_size=5))

one = st.builds(Requirement, NAMES, st.sampled_from([EXISTS, NOT_EXISTS]))
some = st.builds(
    Requirement,
    NAMES,
    st.sampled_from([IN, NOT_IN]),
    st.lists(VALUES, min_size=1, max_size=3).map(lambda found: tuple(sorted(set(found)))),
)
number = st.builds(Requirement, NAMES, st.sampled_from([GREATER, LESS]), st.integers(0, 99).map(lambda n: (str(n),)))


@given(TEXTS, LABELS)
def test_any_text_is_a_label_selector_or_refused(text, labels):
    with suppress(SelectorError):
        selectors.parse_labels(text).matches(labels)


@given(TEXTS, FIELDS)
def test_any_text_is_a_field_selector_or_refused(text, fields):
    with suppress(SelectorError):
        selectors.parse_fields(text).matches(fields)


@given(st.lists(one | some | number, max_size=4), LABELS)
def test_a_selector_that_is_written_and_read_selects_the_same(requirements, labels):
    selector = LabelSelector(tuple(requirements))
    again = selectors.parse_labels(selectors.format_labels(selector))
    assert sorted(again.requirements, key=repr) == sorted(requirements, key=repr)
    assert again.matches(labels) == selector.matches(labels)


@given(one | some, LABELS)
def test_an_operator_and_its_opposite_never_agree(requirement, labels):
    opposite = {EXISTS: NOT_EXISTS, NOT_EXISTS: EXISTS, IN: NOT_IN, NOT_IN: IN}[requirement.operator]
    assert requirement.matches(labels) != Requirement(requirement.key, opposite, requirement.values).matches(labels)


@given(FIELDS, FIELDS)
def test_a_field_selector_of_values_selects_what_has_them(wanted, fields):
    def escaped(text):
        return "".join(f"\\{letter}" if letter in "\\,=" else letter for letter in text)

    selector = selectors.parse_fields(",".join(f"{path}={escaped(value)}" for path, value in wanted.items()))
    assert selector.matches(fields) == all(fields.get(path, "") == value for path, value in wanted.items())
