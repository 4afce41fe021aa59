"""JSON patch: the RFC's operations, and the latitude that kube-apiserver grants."""

import pytest

from podo.server.patch.json import PatchError, json_patch

DOC = {"a": "1", "list": [1, 2, 3], "deep": {"x": {"y": None}}, "sl/ash": {"ti~lde": 0}}


def op(kind, path, **more):
    return {"op": kind, "path": path} | more


@pytest.mark.parametrize(
    ("ops", "want"),
    [
        pytest.param([op("add", "/b", value=2)], DOC | {"b": 2}, id="add a member"),
        pytest.param([op("add", "/a", value=2)], DOC | {"a": 2}, id="add over a member"),
        pytest.param([op("add", "/b")], DOC | {"b": None}, id="add without a value adds null"),
        pytest.param([op("add", "/list/1", value=9)], DOC | {"list": [1, 9, 2, 3]}, id="insert into an array"),
        pytest.param([op("add", "/list/-", value=9)], DOC | {"list": [1, 2, 3, 9]}, id="append to an array"),
        pytest.param([op("add", "/list/3", value=9)], DOC | {"list": [1, 2, 3, 9]}, id="insert at the end"),
        pytest.param([op("remove", "/list/-1")], DOC | {"list": [1, 2]}, id="negative indices count from the end"),
        pytest.param([op("remove", "/a")], {k: v for k, v in DOC.items() if k != "a"}, id="remove"),
        pytest.param([op("replace", "/list/0", value=9)], DOC | {"list": [9, 2, 3]}, id="replace an element"),
        pytest.param([op("replace", "/new", value=9)], DOC | {"new": 9}, id="replace adds a missing member"),
        pytest.param([op("replace", "", value={"z": 1})], {"z": 1}, id="replace the whole document"),
        pytest.param([op("move", "/b", **{"from": "/list/0"})], DOC | {"b": 1, "list": [2, 3]}, id="move"),
        pytest.param([op("copy", "/b", **{"from": "/list"})], DOC | {"b": [1, 2, 3]}, id="copy"),
        pytest.param([op("copy", "/b", **{"from": "/none"})], DOC | {"b": None}, id="copy of what is missing is null"),
        pytest.param([op("test", "/list", value=[1, 2, 3])], DOC, id="test an array"),
        pytest.param([op("test", "/none", value=None)], DOC, id="what is missing tests as null"),
        pytest.param([op("test", "", value=DOC)], DOC, id="test the whole document"),
        pytest.param(
            [op("add", "data/b", value=2)], DOC | {"b": 2}, id="what stands before the first slash is dropped"
        ),
        pytest.param(
            [op("replace", "/sl~1ash/ti~0lde", value=1)], DOC | {"sl/ash": {"ti~lde": 1}}, id="escapes in paths"
        ),
        pytest.param([], DOC, id="no operation"),
    ],
)
def test_operations_give(ops, want):
    assert json_patch(DOC, ops) == want


@pytest.mark.parametrize(
    "wrong",
    [
        op("add", "/none/b", value=1),
        op("add", "/deep/x/y/z", value=1),
        op("add", "/a/b", value=1),
        op("add", "", value={}),
        op("add", "/list/4", value=1),
        op("add", "/list/x", value=1),
        op("add", "/list/1_0", value=1),
        op("remove", "/none"),
        op("remove", "/list/3"),
        op("replace", "/list/3", value=1),
        op("replace", "/list/x/y", value=1),
        op("replace", "", value=1),
        op("move", "/b", **{"from": "/none"}),
        op("copy", "/none/b", **{"from": "/a"}),
        op("test", "/a", value="2"),
        op("test", "/list/0", value=1.0),
        op("test", "/list/0", value=True),
        op("test", "/none/x", value=None),
        op("frobnicate", "/a"),
        {"path": "/a"},
        {"op": "remove"},
        {"op": 5, "path": "/a"},
        {"op": "move", "path": "/a"},
    ],
    ids=str,
)
def test_an_operation_that_does_not_apply_is_refused(wrong):
    with pytest.raises(PatchError):
        json_patch(DOC, [wrong])


def test_the_document_and_the_patch_stay_as_they_are():
    doc, value = {"a": {"b": [1]}}, {"c": [2]}
    result = json_patch(doc, [op("add", "/a/v", value=value), op("add", "/a/v/c/-", value=3), op("remove", "/a/b/0")])
    assert result == {"a": {"b": [], "v": {"c": [2, 3]}}}
    assert doc == {"a": {"b": [1]}}
    assert value == {"c": [2]}


def test_copies_that_double_the_document_again_and_again_are_stopped():
    doubling = [op("copy", f"/list/{'-'}", **{"from": "/list"})] * 100
    with pytest.raises(PatchError, match="limit"):
        json_patch({"list": ["x" * 1000]}, doubling)
