import pytest

from podo.controllers.amounts import fenceposts, scaled


@pytest.mark.parametrize(
    ("amount", "total", "up", "down"),
    [
        (3, 10, 3, 3),
        ("25%", 10, 3, 2),
        ("100%", 7, 7, 7),
        ("0%", 7, 0, 0),
        (None, 7, 0, 0),
        ("x", 7, 0, 0),
        ("7", 7, 0, 0),
    ],
)
def test_an_amount_as_a_number(amount, total, up, down):
    assert scaled(amount, total, round_up=True) == up
    assert scaled(amount, total, round_up=False) == down


@pytest.mark.parametrize(
    ("surge", "unavailable", "desired", "expected"),
    [
        pytest.param("25%", "25%", 4, (1, 1), id="the default"),
        pytest.param("25%", "25%", 1, (1, 0), id="surge rounds up, unavailable down"),
        pytest.param(0, "1%", 2, (0, 1), id="both round to nothing: one may be unavailable"),
        pytest.param(0, "50%", 4, (0, 2), id="no surge"),
        pytest.param("1%", 0, 2, (1, 0), id="nothing unavailable"),
        pytest.param(0, 0, 0, (0, 1), id="nothing desired"),
    ],
)
def test_how_far_a_rolling_update_may_go(surge, unavailable, desired, expected):
    assert fenceposts(surge, unavailable, desired) == expected
