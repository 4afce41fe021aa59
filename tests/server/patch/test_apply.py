"""Server-side apply: ownership, conflicts, force, removal, and the way over from client-side apply."""

import json

import pytest

from podo.api.errors import APIError, BadRequest, Conflict
from podo.server.patch.apply import LAST_APPLIED, apply
from podo.server.patch.managed_fields import on_update
from podo.server.patch.typed.schema import NUMERIC, STRING, ListNode, MapNode, Node
from podo.server.patch.versions import KindVersions

from .kinds import CONFIG_MAP, DEPLOYMENT, T1, T2, config_map, owners, times, versions


def applied(live, config, manager="m1", kind=CONFIG_MAP, *, force=False, time=T1, **more):
    more = {"versions": versions(kind)} | more
    return apply(
        live, config, manager=manager, force=force, kind=kind.kind, api_version=kind.api_version, time=time, **more
    )


def updated(live, new, manager="u", kind=CONFIG_MAP, time=T1):
    return on_update(
        live, new, manager=manager, subresource="", api_version=kind.api_version, time=time, versions=versions(kind)
    )


def test_what_is_applied_is_owned():
    obj = applied(None, config_map({"a": "1"}, labels={"l": "x"}))
    assert obj["data"] == {"a": "1"}
    assert owners(obj) == {"m1/Apply": {"data/a", "metadata/labels/l"}}
    assert times(obj) == {"m1": T1}


def test_what_is_no_longer_applied_is_removed_unless_somebody_else_owns_it():
    live = applied(None, config_map({"a": "1", "b": "1", "c": "1"}))
    live = applied(live, config_map({"b": "1"}), "m2")
    live = updated(live, live | {"data": live["data"] | {"d": "1"}})
    obj = applied(live, config_map({"a": "2"}), time=T2)
    assert obj["data"] == {"a": "2", "b": "1", "d": "1"}
    assert owners(obj) == {"m1/Apply": {"data/a"}, "m2/Apply": {"data/b"}, "u/Update": {"data/d"}}


def test_changing_what_others_own_is_a_conflict_that_names_each_field():
    live = applied(None, config_map({"a": "1", "b": "1"}, labels={"l": "1"}))
    with pytest.raises(Conflict) as caught:
        applied(live, config_map({"a": "2", "b": "2"}, labels={"l": "2"}), "m2")
    assert str(caught.value) == (
        'Apply failed with 3 conflicts: conflicts with "m1":\n- .data.a\n- .data.b\n- .metadata.labels.l'
    )
    assert caught.value.details["causes"][0] == {
        "reason": "FieldManagerConflict",
        "message": 'conflict with "m1"',
        "field": ".data.a",
    }


def test_conflicts_name_every_manager_with_what_it_did():
    live = applied(None, config_map({"a": "1"}), "zed")
    live = updated(live, live | {"data": {"a": "1", "b": "1"}}, "up")
    with pytest.raises(Conflict, match=r'2 conflicts: conflicts with "up" using v1:\n- .data.b\nconflicts with "zed":'):
        applied(live, config_map({"a": "2", "b": "2"}), "m2")
    with pytest.raises(Conflict, match=r'^Apply failed with 1 conflict: conflict with "up" using v1: .data.b$'):
        applied(live, config_map({"b": "2"}), "m2")


def test_force_takes_what_others_own():
    live = applied(None, config_map({"a": "1", "b": "1"}))
    obj = applied(live, config_map({"a": "2"}), "m2", force=True, time=T2)
    assert owners(obj) == {"m1/Apply": {"data/b"}, "m2/Apply": {"data/a"}}


def test_the_same_value_is_shared_and_then_changing_it_is_a_conflict():
    live = applied(None, config_map({"a": "1"}))
    live = applied(live, config_map({"a": "1"}), "m2", time=T2)
    assert owners(live) == {"m1/Apply": {"data/a"}, "m2/Apply": {"data/a"}}
    assert times(live) == {"m1": T1, "m2": None}  # an apply that changes nothing leaves no time
    with pytest.raises(Conflict):
        applied(live, config_map({"a": "2"}))
    assert owners(applied(live, config_map())) == {"m2/Apply": {"data/a"}}


def test_applying_the_same_again_changes_nothing():
    live = applied(None, config_map({"a": "1"}))
    assert applied(live, config_map({"a": "1"}), time=T2) == live


def test_what_was_there_before_the_first_apply_belongs_to_one_manager():
    with pytest.raises(Conflict, match=r'conflict with "before-first-apply" using v1: .data.a'):
        applied(config_map({"a": "1"}), config_map({"a": "2"}))
    obj = applied(config_map({"a": "1"}), config_map({"b": "2"}), time=T2)
    assert owners(obj)["before-first-apply/Update"] == {"data", "data/a"}


def test_empty_maps_are_owned_whole():
    live = applied(None, config_map({}))
    assert owners(live) == {"m1/Apply": {"data"}}


def test_lists_by_key_are_owned_element_by_element_with_defaulted_keys():
    def config(*ports):
        container = {"name": "c", "ports": list(ports)}
        spec = {"template": {"spec": {"containers": [container]}}}
        return {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "d"}, "spec": spec}

    live = applied(None, config({"containerPort": 80}), kind=DEPLOYMENT)
    udp = {"containerPort": 80, "protocol": "UDP"}
    obj = applied(live, config({"containerPort": 80, "protocol": "TCP"}, udp), "m2", DEPLOYMENT)
    ports = obj["spec"]["template"]["spec"]["containers"][0]["ports"]
    assert ports == [{"containerPort": 80, "protocol": "TCP"}, udp]
    gone = applied(obj, config(), "m2", DEPLOYMENT)
    assert gone["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80}]


def test_status_and_spec_are_owned_apart():
    live = applied(None, config_map({"a": "1"}))
    obj = applied(live, config_map({"b": "1"}), subresource="status")
    assert owners(obj) == {"m1/Apply": {"data/a"}, "m1/Apply/status": {"data/b"}}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"kind": "ConfigMap", "apiVersion": "v2"}, "invalid object type: /v2, Kind=ConfigMap"),
        ({"kind": "Secret", "apiVersion": "v1"}, "invalid object type: /v1, Kind=Secret"),
        ({"apiVersion": "apps/v1"}, "invalid object type: apps/v1, Kind="),
        ({}, "invalid object type: /, Kind="),
        (config_map(managedFields=[]), "metadata.managedFields must be nil"),
    ],
)
def test_a_configuration_of_another_kind_is_refused(config, message):
    with pytest.raises(BadRequest) as caught:
        applied(None, config)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (config_map() | {"nope": 1}, ".nope: field not declared in schema"),
        (config_map({"a": 1}), ".data.a: expected string, got &value.valueUnstructured{Value:1}"),
        (config_map(finalizers=["a", "a"]), '.metadata.finalizers: duplicate entries for key [="a"]'),
    ],
)
def test_a_configuration_that_does_not_conform_is_a_500(config, message):
    with pytest.raises(APIError) as caught:
        applied(None, config)
    assert (caught.value.code, caught.value.reason) == (500, "")
    assert str(caught.value) == f"failed to create typed patch object (/c; /v1, Kind=ConfigMap): {message}"


def test_live_owners_that_cannot_be_read_are_a_500():
    with pytest.raises(APIError, match="failed to decode managed fields: apiVersion must not be empty"):
        applied(config_map(managedFields=[{"operation": "Apply"}]), config_map({"a": "1"}))


def last_applied(data):
    return {LAST_APPLIED: json.dumps(config_map(data))}


def test_kubectl_takes_over_what_its_client_side_apply_set():
    live = updated(
        None, config_map({"a": "1", "b": "1"}, annotations=last_applied({"a": "1"})), "kubectl-client-side-apply"
    )
    obj = applied(live, config_map({"a": "2"}), "kubectl", time=T2)
    assert obj["data"] == {"a": "2", "b": "1"}
    assert owners(obj)["kubectl/Apply"] == {"data/a"}
    assert json.loads(obj["metadata"]["annotations"][LAST_APPLIED]) == config_map({"a": "2"})
    assert obj["metadata"]["annotations"][LAST_APPLIED].endswith("}\n")


def test_kubectl_does_not_take_over_what_changed_since_and_others_take_over_nothing():
    live = updated(None, config_map({"a": "1", "b": "1"}, annotations=last_applied({"a": "0", "b": "1"})))
    with pytest.raises(Conflict, match=r"1 conflict: .*: .data.a$"):
        applied(live, config_map({"a": "2", "b": "2"}), "kubectl")
    with pytest.raises(Conflict, match="2 conflicts"):
        applied(live, config_map({"a": "2", "b": "2"}), "helm")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"apiVersion":"v2"}', '{"apiVersion":"v1","nope":1}', "[" * 5000])
def test_an_annotation_that_says_nothing_excuses_nothing(text):
    live = updated(None, config_map({"a": "1"}, annotations={LAST_APPLIED: text}))
    with pytest.raises(Conflict):
        applied(live, config_map({"a": "2"}), "kubectl")


def test_an_annotation_that_would_not_fit_is_dropped():
    live = applied(None, config_map({"a": "1"}, annotations={LAST_APPLIED: "x"}), "other")
    obj = applied(live, config_map({"b": "x" * 300_000}), "kubectl")
    assert LAST_APPLIED not in obj["metadata"]["annotations"]


def test_inputs_stay_as_they_are():
    live = applied(None, config_map({"a": "1"}))
    config = config_map({"b": "1"})
    before = repr((live, config))
    applied(live, config)
    assert repr((live, config)) == before


TEXT = Node(STRING)
ITEM = Node(map=MapNode({"n": TEXT, "p": Node(NUMERIC), "v": TEXT}))
SPEC = {"set": Node(list=ListNode(TEXT, atomic=False)), "s": TEXT}
SPEC["map"] = Node(list=ListNode(ITEM, atomic=False, keys=("n", "p"), defaults={"p": 7}))
META = Node(map=MapNode(element=TEXT))
ROOT = {"kind": TEXT, "apiVersion": TEXT, "metadata": META, "spec": Node(map=MapNode(SPEC))}


def widget(version="x.io/v1", **spec):
    return {"kind": "W", "apiVersion": version, "metadata": {"name": "w"}, "spec": spec}


def widgets():
    """Version v2 calls `s` `t`."""
    other = {"t": TEXT} | {k: v for k, v in SPEC.items() if k != "s"}
    nodes = {
        "x.io/v1": Node(map=MapNode(ROOT)),
        "x.io/v2": Node(map=MapNode(ROOT | {"spec": Node(map=MapNode(other))})),
    }

    def convert(obj, api_version):
        old, new = ("s", "t") if api_version == "x.io/v2" else ("t", "s")
        spec = {new if k == old else k: v for k, v in obj.get("spec", {}).items()}
        return obj | {"apiVersion": api_version, "spec": spec}

    return KindVersions("W", nodes, {"metadata": {}}, convert)


def apply_widget(live, config, manager="m1", **more):
    more = {"force": False, "time": T1, "kind": "W", "api_version": config["apiVersion"]} | more
    return apply(live, config, manager=manager, versions=widgets(), **more)


def test_sets_and_keyed_lists_of_custom_resources_merge():
    live = apply_widget(None, widget(set=["a"], map=[{"n": "x", "v": "1"}]))
    obj = apply_widget(live, widget(set=["b"], map=[{"n": "y"}, {"n": "x", "p": 8}]), "m2")
    assert obj["spec"]["set"] == ["a", "b"]
    assert obj["spec"]["map"] == [{"n": "x", "v": "1"}, {"n": "y"}, {"n": "x", "p": 8}]
    assert apply_widget(obj, widget(), "m1")["spec"] == {"set": ["b"], "map": [{"n": "y"}, {"n": "x", "p": 8}]}


def test_ownership_in_one_version_holds_in_another():
    live = apply_widget(None, widget(s="1"))
    with pytest.raises(Conflict, match=r"conflict with \"m1\": .spec.s$"):
        apply_widget(apply_v2(live), widget("x.io/v2", t="2"), "m2")


def test_what_was_applied_in_another_version_is_removed():
    live = apply_widget(None, widget(s="1", set=["a"]))
    obj = apply_widget(apply_v2(live), widget("x.io/v2", set=["a"]))
    assert obj["spec"] == {"set": ["a"]}
    assert [e["apiVersion"] for e in obj["metadata"]["managedFields"]] == ["x.io/v2"]


def apply_v2(obj):
    return widgets().convert(obj, "x.io/v2")


def test_metadata_that_is_null_says_nothing():
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": None, "data": {"b": "1"}}
    live = config_map({"a": "0"})
    done = applied(live, config)
    assert done["metadata"]["name"] == live["metadata"]["name"]
