"""Defaults are filled in at every level that is there."""

from typing import Any

import pytest

from podo.server.customresources.schema.defaults import fill
from podo.server.customresources.schema.structural import Structural

INNER = {"type": "object", "properties": {"p": {"type": "string", "default": "q"}}}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "s": {"type": "string", "default": "d"},
        "nullable": {"type": "string", "nullable": True, "default": "n"},
        "object": INNER | {"default": {}},
        "bare": INNER,
        "list": {"type": "array", "items": INNER},
        "map": {"type": "object", "additionalProperties": INNER},
        "words": {"type": "array", "items": {"type": "string", "default": "w"}},
    },
}
ALWAYS = {"s": "d", "nullable": "n", "object": {"p": "q"}}


@pytest.mark.parametrize(
    ("given", "filled"),
    [
        pytest.param({}, {}, id="nothing more"),
        pytest.param({"s": None}, {}, id="a null that may not be"),
        pytest.param({"nullable": None}, {"nullable": None}, id="a null that may be"),
        pytest.param({"s": "mine"}, {"s": "mine"}, id="a value"),
        pytest.param({"bare": {}}, {"bare": {"p": "q"}}, id="an object without a default of its own"),
        pytest.param({"list": [{}, {"p": "1"}]}, {"list": [{"p": "q"}, {"p": "1"}]}, id="elements"),
        pytest.param({"map": {"k": {}}}, {"map": {"k": {"p": "q"}}}, id="values of a map"),
        pytest.param({"words": [None, "x"]}, {"words": ["w", "x"]}, id="null elements"),
    ],
)
def test_defaults_fill_what_is_missing(given: dict[str, Any], filled: dict[str, Any]) -> None:
    fill(given, Structural(SCHEMA))
    assert given == ALWAYS | filled


def test_objects_do_not_share_their_defaults() -> None:
    node, first, second = Structural(SCHEMA), dict[str, Any](), dict[str, Any]()
    fill(first, node)
    fill(second, node)
    first["object"]["p"] = "changed"
    assert second["object"] == {"p": "q"}
