"""Selectors in text form: whatever is written can be read, and means the same."""

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from podo.api.selectors import (
    EXISTS,
    IN,
    NOT_EXISTS,
    NOT_IN,
    LabelSelector,
    Requirement,
    SelectorError,
    format_labels,
    parse_fields,
    parse_labels,
)

KEYS = st.from_regex(r"[a-z]([-a-z0-9]{0,5}[a-z0-9])?(/[a-z]{1,3})?", fullmatch=True)
VALUES = st.from_regex(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,4}[A-Za-z0-9])?)?", fullmatch=True)
MANY = st.lists(VALUES, min_size=1, max_size=3, unique=True).map(lambda values: tuple(sorted(values)))
REQUIREMENTS = st.one_of(
    st.builds(Requirement, KEYS, st.sampled_from([IN, NOT_IN]), MANY),
    st.builds(Requirement, KEYS, st.sampled_from([EXISTS, NOT_EXISTS])),
)
SELECTORS = st.lists(REQUIREMENTS, max_size=4).map(
    lambda found: LabelSelector(tuple(sorted(found, key=lambda r: r.key)))
)


@given(SELECTORS, st.dictionaries(KEYS, VALUES, max_size=4))
def test_a_selector_that_is_written_and_read_selects_the_same(selector, labels):
    assert parse_labels(format_labels(selector)).matches(labels) == selector.matches(labels)


@given(st.text(max_size=30))
def test_any_text_is_a_selector_or_is_refused(text):
    for parse in (parse_labels, parse_fields):
        with suppress(SelectorError):
            parse(text)


@given(st.text(alphabet="ab=!,() in\\<>", max_size=20))
def test_texts_that_look_like_selectors_are_read_or_refused(text):
    for parse in (parse_labels, parse_fields):
        with suppress(SelectorError):
            parse(text)
