"""Strategic merge patch on built-in types: merge keys, directives, order, and its complaints."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from podo.server.patch.strategic import TableSchema, strategic_merge
from podo.server.patch.strategic_order import FormatError, ListOfListsError, StrategicError, deduplicated

POD, DEPLOYMENT = TableSchema.of("core.v1.PodSpec"), TableSchema.of("apps.v1.DeploymentSpec")
META, SERVICE = TableSchema.of("meta.v1.ObjectMeta"), TableSchema.of("core.v1.ServiceSpec")


def named(*names, **more):
    return [{"name": n} | more for n in names]


@pytest.mark.parametrize(
    ("schema", "doc", "patch", "want"),
    [
        pytest.param(META, {"labels": {"a": "1"}}, {"labels": {"b": "2"}}, {"labels": {"a": "1", "b": "2"}}, id="maps"),
        pytest.param(
            META, {"labels": {"a": "1", "b": "2"}}, {"labels": {"a": None}}, {"labels": {"b": "2"}}, id="null"
        ),
        pytest.param(
            META,
            {"name": "x"},
            {"labels": {"a": None, "b": "1"}},
            {"name": "x", "labels": {"b": "1"}},
            id="nulls in what is new",
        ),
        pytest.param(
            META,
            {"labels": {"a": "1"}},
            {"labels": {"$patch": "replace", "b": "2"}},
            {"labels": {"b": "2"}},
            id="$patch: replace",
        ),
        pytest.param(
            META, {"labels": {"a": "1"}}, {"labels": {"$patch": "delete"}}, {"labels": {}}, id="$patch: delete"
        ),
        pytest.param(META, {}, {"labels": {"$patch": "delete"}}, {}, id="$patch: delete of what is not there"),
        pytest.param(
            POD,
            {"containers": named("a", "b")},
            {"containers": [{"name": "b", "image": "x"}]},
            {"containers": [{"name": "a"}, {"name": "b", "image": "x"}]},
            id="merge by key",
        ),
        pytest.param(
            POD,
            {"containers": named("a")},
            {"containers": named("b")},
            {"containers": named("b", "a")},
            id="new elements come first",
        ),
        pytest.param(
            POD,
            {"containers": named("a", "b")},
            {"containers": [{"name": "a", "$patch": "delete"}]},
            {"containers": named("b")},
            id="delete an element",
        ),
        pytest.param(
            POD,
            {"containers": named("a", "b")},
            {"containers": [{"$patch": "replace"}, {"name": "c"}]},
            {"containers": named("c")},
            id="replace a list",
        ),
        pytest.param(
            POD,
            {"containers": [{"name": "a", "args": ["1", "2"]}]},
            {"containers": [{"name": "a", "args": ["3"]}]},
            {"containers": [{"name": "a", "args": ["3"]}]},
            id="atomic lists are replaced",
        ),
        pytest.param(
            META,
            {"finalizers": ["a", "b"]},
            {"finalizers": ["c", "a"]},
            {"finalizers": ["c", "a", "b"]},
            id="scalars merge",
        ),
        pytest.param(
            META,
            {"finalizers": ["a", "b"]},
            {"$deleteFromPrimitiveList/finalizers": ["a", "x"]},
            {"finalizers": ["b"]},
            id="$deleteFromPrimitiveList",
        ),
        pytest.param(META, {}, {"$deleteFromPrimitiveList/finalizers": ["a"]}, {}, id="delete from what is not there"),
        pytest.param(
            META,
            {"finalizers": ["a", "b", "c"]},
            {"$setElementOrder/finalizers": ["c", "b", "a"]},
            {"finalizers": ["c", "b", "a"]},
            id="$setElementOrder alone",
        ),
        pytest.param(
            POD,
            {"containers": named("a", "live", "b")},
            {"$setElementOrder/containers": named("b", "a", "c"), "containers": named("c")},
            {"containers": named("live", "b", "a", "c")},
            id="$setElementOrder weaves in what only the live list has",
        ),
        pytest.param(
            POD,
            {},
            {"$setElementOrder/containers": named("b", "a"), "containers": named("a", "b")},
            None,
            id="wrong order",
        ),
        pytest.param(
            DEPLOYMENT,
            {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}},
            {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}},
            {"strategy": {"type": "Recreate"}},
            id="$retainKeys",
        ),
        pytest.param(
            POD,
            {"volumes": [{"name": "v", "emptyDir": {}}]},
            {"volumes": [{"name": "v", "$retainKeys": ["name", "configMap"], "configMap": {"name": "c"}}]},
            {"volumes": [{"name": "v", "configMap": {"name": "c"}}]},
            id="$retainKeys in a list",
        ),
        pytest.param(
            SERVICE,
            {"ports": [{"port": 80, "protocol": "TCP"}, {"port": 80, "protocol": "UDP"}]},
            {"ports": [{"port": 80, "nodePort": 1}]},
            {"ports": [{"port": 80, "protocol": "TCP", "nodePort": 1}, {"port": 80, "protocol": "UDP"}]},
            id="one merge key of two: the first match",
        ),
        pytest.param(META, {"labels": {"a": "1"}}, {"labels": "x"}, {"labels": "x"}, id="another type replaces"),
        pytest.param(
            META,
            {"name": "x"},
            {"nonsense": {"a": [1]}},
            {"name": "x", "nonsense": {"a": [1]}},
            id="unknown fields are kept for the decoder to find",
        ),
    ],
)
def test_merging_gives(schema, doc, patch, want):
    if want is None:
        with pytest.raises(StrategicError, match="doesn't match"):
            strategic_merge(doc, patch, schema)
    else:
        assert strategic_merge(doc, patch, schema) == want


@pytest.mark.parametrize(
    ("patch", "error", "message"),
    [
        (
            {"containers": [{"image": "x"}]},
            StrategicError,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            {"containers": [{"name": "a", "$patch": "frob"}]},
            StrategicError,
            "unknown patch type: frob in map: map[$patch:frob name:a]",
        ),
        (
            {"containers": [{"name": "a", "$patch": "merge"}]},
            StrategicError,
            "merging lists cannot yet be specified in the patch",
        ),
        ({"containers": [["a"]]}, StrategicError, "list element types are not identical: [[map[name:a]] [[a]]]"),
        ({"$patch": "frob"}, StrategicError, "unknown patch type: frob in map: map[$patch:frob]"),
        ({"$setElementOrder/containers": "x"}, StrategicError, "expected a []interface {}, but received a string"),
        ({"$setElementOrder/containers": None}, StrategicError, "expected a []interface {}, but received a %!s(<nil>)"),
        (
            {"$setElementOrder/containers": [{"x": 1}], "containers": [{"name": "a"}]},
            StrategicError,
            "map: map[x:1] does not contain declared merge key: name",
        ),
        ({"$setElementOrder": []}, FormatError, "invalid patch format of setElementOrder list"),
        ({"$deleteFromPrimitiveListX/a": []}, FormatError, "invalid patch format of primitive list"),
        ({"$retainKeys": "x"}, FormatError, "invalid patch format of retainKeys"),
        ({"$retainKeys": ["a"], "b": 1}, FormatError, "invalid patch format of retainKeys"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused(patch, error, message):
    with pytest.raises(error) as caught:
        strategic_merge({"containers": named("a")}, patch, POD)
    assert str(caught.value) == message


def test_lists_of_lists_cannot_be_merged():
    with pytest.raises(ListOfListsError):
        strategic_merge({"finalizers": [["a"]]}, {"finalizers": [["b"]]}, META)


def test_a_field_is_found_whatever_its_case_and_named_if_not():
    assert POD.field("Containers").merge_key == "name"
    with pytest.raises(StrategicError, match='unable to find api field in struct PodSpec for the json field "x"'):
        POD.field("x")
    with pytest.raises(StrategicError, match="data type is not struct, instead is: map"):
        META.field("labels").schema.field("x")


def test_go_deduplicates_by_filling_the_gap_with_the_last():
    assert deduplicated(["a", "b", "a", "c", "d"]) == ["a", "b", "d", "c"]


NAMES = st.sampled_from("abcde")
CONTAINERS = st.lists(NAMES, unique=True, max_size=5).map(lambda names: [{"name": n, "image": n} for n in names])


@given(CONTAINERS, CONTAINERS)
def test_a_merged_list_has_every_name_once_and_the_patchs_order(live, patch):
    merged = strategic_merge({"containers": live}, {"containers": patch}, POD).get("containers", [])
    names = [c["name"] for c in merged]
    assert sorted(names) == sorted({c["name"] for c in live + patch})
    wanted = [c["name"] for c in patch]
    assert [n for n in names if n in wanted] == wanted


@given(CONTAINERS, CONTAINERS)
def test_inputs_stay_as_they_are(live, patch):
    assume(live or patch)  # two empty lists have no type to order by
    before = repr((live, patch))
    strategic_merge({"containers": live}, {"containers": patch, "$setElementOrder/containers": patch}, POD)
    assert repr((live, patch)) == before
