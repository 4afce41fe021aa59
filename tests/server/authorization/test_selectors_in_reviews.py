"""Selectors in access reviews: what cannot be read of them is left out, and said."""

import pytest

from podo.server.authorization.reviews import ignored_selectors

GOOD = {"key": "a", "operator": "In", "values": ["b"]}
FIELD = "spec.resourceAttributes.fieldSelector"
LABEL = "spec.resourceAttributes.labelSelector"


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"fieldSelector": {"requirements": [GOOD]}, "labelSelector": {"requirements": [GOOD]}},
        {"fieldSelector": {"rawSelector": "a=b"}, "labelSelector": {"rawSelector": "a in (b)"}},
        {"labelSelector": {"requirements": [{"key": "a", "operator": "Exists"}]}},
    ],
)
def test_what_can_be_read_is_not_talked_about(asked):
    assert ignored_selectors(asked) == ""


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"fieldSelector": {"rawSelector": "a"}}, f"{FIELD} ignored due to parse error"),
        ({"labelSelector": {"rawSelector": "a in (b"}}, f"{LABEL} ignored due to parse error"),
        ({"fieldSelector": {"requirements": [GOOD | {"operator": "Exists"}]}}, f"{FIELD} ignored due to parse error"),
        (
            {"fieldSelector": {"requirements": [GOOD, GOOD | {"values": ["b", "c"]}]}},
            f"{FIELD} partially ignored due to parse error",
        ),
        (
            {"fieldSelector": {"rawSelector": "!"}, "labelSelector": {"requirements": [GOOD | {"key": "-"}]}},
            f"{FIELD} ignored due to parse error; {LABEL} ignored due to parse error",
        ),
        ({"labelSelector": {"requirements": [GOOD | {"operator": "Near"}]}}, f"{LABEL} ignored due to parse error"),
    ],
)
def test_what_cannot_be_read_is_told(asked, problem):
    assert ignored_selectors(asked) == problem
