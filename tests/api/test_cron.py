"""Cron schedules."""

import pytest

from podo.api import cron


def test_fields_are_lists_of_ranges_with_steps():
    schedule = cron.parse("*/20 1-3 1,15 jan-mar mon")
    assert schedule.minutes == {0, 20, 40}
    assert schedule.hours == {1, 2, 3}
    assert schedule.days == {1, 15}
    assert schedule.months == {1, 2, 3}
    assert schedule.weekdays == {1}


def test_a_descriptor_stands_for_five_fields():
    assert cron.parse("@hourly") == cron.parse("0 * * * *")


def test_any_day_is_remembered_as_such():
    schedule = cron.parse("0 0 * * fri")
    assert schedule.days_any
    assert not schedule.weekdays_any


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
        ("@never", "unrecognized descriptor: @never"),
        ("@every x", 'failed to parse duration @every x: time: invalid duration "x"'),
    ],
)
def test_what_is_wrong_is_said_as_clients_know_it(text, message):
    with pytest.raises(cron.CronError) as caught:
        cron.parse(text)
    assert str(caught.value) == message
