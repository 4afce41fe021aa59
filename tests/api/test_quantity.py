from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.api import quantity
from podo.api.quantity import QuantityError


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("1", "1"),
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("1024", "1024"),
        ("1024Ki", "1Mi"),
        ("0.5Gi", "512Mi"),
        ("1.5Ki", "1536"),
        ("1000k", "1M"),
        ("1e3", "1e3"),
        ("1E6", "1e6"),
        ("100e-3", "100e-3"),
        ("0", "0"),
        ("0Ki", "0"),
        ("1.0001n", "2n"),
        ("-0.5", "-500m"),
        ("+3", "3"),
        ("12Pi", "12Pi"),
        (".5Mi", "512Ki"),
    ],
)
def test_a_quantity_is_stored_in_one_spelling(text, stored):
    assert quantity.canonical(text) == stored


@pytest.mark.parametrize("text", ["", "abc", "1.2.3", "1 Gi", "Ki", "1kk", "--1", "0x10", "1iK", "NaN"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(QuantityError):
        quantity.canonical(text)


def test_values_are_rounded_up_to_whole_units():
    assert quantity.to_int("1.5") == 2
    assert quantity.to_milli("100u") == 1
    assert quantity.to_int("1Gi") == 2**30


@given(st.integers(-(10**15), 10**15), st.sampled_from(["", "m", "k", "M", "Ki", "Mi", "u", "n"]))
def test_the_stored_spelling_keeps_the_value_and_is_stable(number, suffix):
    text = f"{number}{suffix}"
    stored = quantity.canonical(text)
    limit = Decimal(2**63 - 1)
    assert quantity.parse(stored) == max(-limit, min(limit, quantity.parse(text)))
    assert quantity.canonical(stored) == stored
