"""The short and the exact way give the same object, for every built-in kind."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from podo.api import schema
from podo.server.decoding import json_text
from podo.server.decoding.exact import Exact
from podo.server.decoding.go_types import LIST, MAP, STRUCT, blank, struct
from podo.server.decoding.structs import NotClean, normalised
from podo.server.decoding.unstructured import convert

KINDS = [
    f"{package}.{name}"
    for package in schema.packages()
    for name, row in schema.package(package).items()
    if row.kinds and not name.endswith("List")
]
SCALARS = {
    "string": st.sampled_from(["", "x"]),
    "bool": st.booleans(),
    "int32": st.sampled_from([0, 1, -(2**31)]),
    "int64": st.sampled_from([0, 1, 2**63 - 1]),
    "double": st.sampled_from([0, 1.5]),
    "bytes": st.sampled_from(["", "YQ=="]),
    "time": st.sampled_from(["2026-02-28T01:02:03Z"]),
    "microtime": st.sampled_from(["2026-12-31T01:02:03.000004Z"]),
    "quantity": st.sampled_from(["1", "1000m", "1Gi", "0", 5]),
    "intorstring": st.sampled_from([0, 1, "", "10%"]),
}


def exactly(table, value):
    exact = Exact()
    result = exact.decode(struct(table), json_text.parse(json.dumps(value).encode()))
    assert exact.findings == []
    return result


def values(go_type, depth):
    """Values that a type accepts, in any spelling that needs no thought."""
    if go_type.kind == STRUCT:
        if depth == 0:
            return st.just({})
        fields = list(go_type.fields.values())
        chosen = st.lists(st.sampled_from(fields), max_size=4, unique_by=lambda f: f.name) if fields else st.just([])
        return chosen.flatmap(lambda fs: st.fixed_dictionaries({f.name: values(f.type, depth - 1) for f in fs}))
    if go_type.kind == LIST:
        return st.lists(values(go_type.element, depth), max_size=2)
    if go_type.kind == MAP:
        return st.dictionaries(st.sampled_from("ab"), values(go_type.element, depth), max_size=2)
    return SCALARS.get(go_type.kind, st.just({}))


@pytest.mark.parametrize("table", KINDS)
@settings(max_examples=15, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_all_ways_agree(table, data):
    value = data.draw(values(struct(table), 4))
    want = exactly(table, value)
    assert convert(struct(table), value) == (want, [])
    try:
        assert normalised(table, value) == want
    except NotClean:
        assert "metadata" in value  # owners in free form, for one, are looked at more closely
    assert exactly(table, want) == want
    assert normalised(table, want) == want


@pytest.mark.parametrize("table", KINDS)
def test_an_empty_object_is_blank_either_way(table):
    assert normalised(table, {}) == blank(table) == exactly(table, {})


@pytest.mark.parametrize(
    "value",
    [
        {"metadata": {"name": 1}},
        {"metadata": {"name": None}},
        {"metadata": {"nope": 1}},
        {"metadata": {"creationTimestamp": "2026-02-29T00:00:00Z"}},
        {"metadata": {"creationTimestamp": "2026-01-01T00:00:00+01:00"}},
        {"metadata": {"generation": 2**63}},
        {"spec": {"overhead": {"cpu": "x"}}},
        {"spec": {"overhead": {"cpu": True}}},
        {"spec": {"containers": None}},
        {"spec": []},
        [],
    ],
    ids=str,
)
def test_what_needs_thought_is_not_clean(value):
    if value == {"spec": {"containers": None}}:
        assert normalised("core.v1.Pod", value)["spec"] == {"containers": None}
        return
    with pytest.raises(NotClean):
        normalised("core.v1.Pod", value)


def test_the_exact_way_gives_fields_in_the_order_of_the_go_struct_as_well():
    sent = {"spec": {"containers": [{"securityContext": {"runAsUser": 1, "privileged": True}, "name": "c"}]}}
    quick, slow = normalised("core.v1.Pod", sent), exactly("core.v1.Pod", sent)
    assert json.dumps(slow) == json.dumps(quick)
    assert list(slow["spec"]["containers"][0]["securityContext"]) == ["privileged", "runAsUser"]
