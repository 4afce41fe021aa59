"""Times, quantities, base64: canonical spellings, and Go's complaints."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.server.decoding.scalars import (
    ScalarError,
    canonical_bytes,
    canonical_microtime,
    canonical_quantity,
    canonical_time,
)

LAYOUT, MICRO = "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05.000000Z07:00"


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T03:04:05.999Z", "2026-01-02T03:04:05Z"),
        ("2026-01-02T00:30:00+01:00", "2026-01-01T23:30:00Z"),
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("0099-01-01T00:00:00Z", "0099-01-01T00:00:00Z"),
        ("2026-01-02T3:04:05Z", "2026-01-02T03:04:05Z"),
    ],
)
def test_times_are_utc_to_the_second(text, want):
    assert canonical_time(text) == want


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", f'parsing time "" as "{LAYOUT}": cannot parse "" as "2006"'),
        ("x", f'parsing time "x" as "{LAYOUT}": cannot parse "x" as "2006"'),
        ("2026", f'parsing time "2026" as "{LAYOUT}": cannot parse "" as "-"'),
        ("2026-1-02", f'parsing time "2026-1-02" as "{LAYOUT}": cannot parse "1-02" as "01"'),
        (
            "2026-01-02 03:04:05Z",
            f'parsing time "2026-01-02 03:04:05Z" as "{LAYOUT}": cannot parse " 03:04:05Z" as "T"',
        ),
        ("2026-01-02T03:04:05", f'parsing time "2026-01-02T03:04:05" as "{LAYOUT}": cannot parse "" as "Z07:00"'),
        ("2026-01-02T03:04:05Zx", 'parsing time "2026-01-02T03:04:05Zx": extra text: "x"'),
        ("2026-13-02T03:04:05Z", 'parsing time "2026-13-02T03:04:05Z": month out of range'),
        ("2026-02-30T03:04:05Z", 'parsing time "2026-02-30T03:04:05Z": day out of range'),
        ("2026-01-02T24:04:05Z", 'parsing time "2026-01-02T24:04:05Z": hour out of range'),
        ("2026-01-02T03:60:05Z", 'parsing time "2026-01-02T03:60:05Z": minute out of range'),
        ("2026-01-02T03:04:60Z", 'parsing time "2026-01-02T03:04:60Z": second out of range'),
        ("2026-01-02T03:04:05+25:00", 'parsing time "2026-01-02T03:04:05+25:00": time zone offset hour out of range'),
        ('"', f'parsing time "\\"" as "{LAYOUT}": cannot parse "\\"" as "2006"'),
    ],
)
def test_what_is_no_time_is_told_by_the_first_part_that_fails(text, message):
    with pytest.raises(ScalarError) as caught:
        canonical_time(text)
    assert str(caught.value) == message


def test_microtimes_want_six_decimals():
    assert canonical_microtime("2026-01-02T03:04:05.000006+00:00") == "2026-01-02T03:04:05.000006Z"
    for rest in ("Z", ".00Z", ".0000001Z"):
        with pytest.raises(ScalarError) as caught:
            canonical_microtime(f"2026-01-02T03:04:05{rest}")
        assert str(caught.value).endswith(f'as "{MICRO}": cannot parse "{rest}" as ".000000"')


@given(st.datetimes())
def test_every_moment_reads_as_itself(moment):
    text = canonical_microtime(f"{moment.isoformat(timespec='microseconds')}Z")
    assert canonical_microtime(text) == text


def test_quantities_are_canonical_and_spaces_around_them_go():
    assert canonical_quantity(" 1000m ") == "1"
    with pytest.raises(ScalarError, match="quantities must match"):
        canonical_quantity("x")


@given(st.binary(max_size=20))
def test_base64_reads_as_itself(data):
    text = base64.b64encode(data).decode()
    assert canonical_bytes(text) == text


@pytest.mark.parametrize(
    ("text", "at"),
    [("!!", 0), ("YQ!=", 2), ("YWJj!", 4), ("YQ", 0), ("YWJjYQ", 4), ("Y", 0), ("Y===", 1), ("YQ=a", 2), ("YQ==a", 4)],
)
def test_what_is_no_base64_is_told_by_its_position(text, at):
    with pytest.raises(ScalarError) as caught:
        canonical_bytes(text)
    assert str(caught.value) == f"illegal base64 data at input byte {at}"


def test_line_breaks_in_base64_are_skipped():
    assert canonical_bytes("YW\r\nJj") == "YWJj"
