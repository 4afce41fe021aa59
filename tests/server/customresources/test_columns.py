"""Cells by JSON paths."""

from datetime import UTC, datetime
from typing import Any

import pytest

from podo.server.customresources.columns import cells, path
from podo.server.customresources.definition import PrinterColumn

OBJ: dict[str, Any] = {
    "metadata": {"name": "s", "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"a.b/c": "v"}},
    "spec": {"n": 3, "f": 1.5, "b": True, "t": "x", "list": [{"k": "a", "v": 1}, {"k": "b", "v": 2}], "o": {"p": 1}},
}
NOW = datetime(2026, 1, 1, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (".spec.n", [3]),
        (".spec.missing.more", []),
        (".spec.list[0].k", ["a"]),
        (".spec.list[-1].k", ["b"]),
        (".spec.list[*].v", [1, 2]),
        ('.spec.list[?(@.k=="b")].v', [2]),
        ('.spec.list[?(@.k!="b")].v', [1]),
        (".metadata.labels['a.b/c']", ["v"]),
        (r".metadata.labels.a\.b/c", ["v"]),
        ("..p", [1]),
        (".spec[", []),
    ],
)
def test_paths_find(text: str, found: list[Any]) -> None:
    assert path(text)(OBJ) == found


@pytest.mark.parametrize(
    ("type", "where", "cell"),
    [
        ("integer", ".spec.n", 3),
        ("integer", ".spec.f", 1),
        ("integer", ".spec.t", None),
        ("number", ".spec.n", 3.0),
        ("boolean", ".spec.b", True),
        ("boolean", ".spec.n", None),
        ("string", ".spec.n", "3"),
        ("string", ".spec.o", '{"p":1}'),
        ("string", ".spec.missing", None),
        ("date", ".metadata.creationTimestamp", "5m"),
        ("date", ".spec.t", "<invalid>"),
    ],
)
def test_cells_are_of_the_type_of_their_column(type: str, where: str, cell: Any) -> None:
    assert cells(OBJ, [PrinterColumn(name="C", type=type, json_path=where)], NOW) == ["s", cell]


def test_without_columns_the_age_is_shown() -> None:
    assert cells(OBJ, [], NOW) == ["s", "5m"]
