import pytest

from podo.api.taints import matching, tolerates
from podo.api.types.core_v1 import Taint, Toleration

TAINT = Taint(key="k", value="v", effect="NoExecute")


@pytest.mark.parametrize(
    ("toleration", "expected"),
    [
        (Toleration(key="k", value="v", effect="NoExecute"), True),
        (Toleration(key="k", operator="Equal", value="other", effect="NoExecute"), False),
        (Toleration(key="k", operator="Exists"), True),
        (Toleration(key="other", operator="Exists"), False),
        (Toleration(operator="Exists"), True),
        (Toleration(operator="Exists", effect="NoSchedule"), False),
        (Toleration(key="", operator="Equal", value="v"), False),
        (Toleration(key="k", operator="Gt", value="1"), False),
    ],
)
def test_who_tolerates_a_taint(toleration, expected):
    assert tolerates(toleration, TAINT) is expected


@pytest.mark.parametrize(("operator", "limit", "expected"), [("Gt", "5", True), ("Gt", "9", False), ("Lt", "10", True)])
def test_taints_with_numbers(operator, limit, expected):
    taint = Taint(key="level", value="9", effect="NoExecute")
    assert tolerates(Toleration(key="level", operator=operator, value=limit), taint) is expected


def test_all_taints_must_be_tolerated():
    other = Taint(key="o", effect="NoExecute")
    one, all_ = Toleration(key="k", operator="Exists"), Toleration(operator="Exists")
    assert matching([one], [TAINT, other]) is None
    assert matching([one, all_], [TAINT, other]) == [one, all_]
    assert matching([], []) == []
