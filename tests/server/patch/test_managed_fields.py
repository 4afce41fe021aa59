"""Who owns what after creates, updates and patches."""

import pytest

from podo.server.patch import managed_fields
from podo.server.patch.managed_fields import (
    ManagedFieldsError,
    Manager,
    Owned,
    capped,
    decode,
    encode,
    keep_times,
    on_update,
)
from podo.server.patch.typed.schema import DEDUCED, ListNode, MapNode, Node
from podo.server.patch.versions import KindVersions, excluding, including, reset_filter

from .kinds import CONFIG_MAP, DEPLOYMENT, POD, T1, T2, T3, config_map, owners, times, versions


def update(live, new, manager="m", kind=CONFIG_MAP, time=T1, **more):
    more = {"subresource": "", "versions": versions(kind)} | more
    return on_update(live, new, manager=manager, api_version=kind.api_version, time=time, **more)


def test_a_create_owns_all_it_sets_but_not_its_identity():
    created = update(None, config_map({"a": "1"}, labels={"l": "x"}, namespace="ns", uid="u", generation=1))
    assert owners(created) == {"m/Update": {"data", "data/a", "metadata/labels", "metadata/labels/l"}}
    assert created["metadata"]["managedFields"][0] == {
        "manager": "m",
        "operation": "Update",
        "apiVersion": "v1",
        "time": T1,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:data": {".": {}, "f:a": {}}, "f:metadata": {"f:labels": {".": {}, "f:l": {}}}},
    }


def test_structs_that_every_object_has_are_not_owned_for_themselves():
    obj = {"kind": "Deployment", "apiVersion": "apps/v1", "metadata": {"name": "d"}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "strategy": {"rollingUpdate": {"maxSurge": 1}}}
    template = {
        "metadata": {},
        "spec": {"containers": [{"name": "c", "resources": {}, "ports": [{"containerPort": 1}]}]},
    }
    created = update(None, obj | {"spec": spec | {"template": template}, "status": {}}, kind=DEPLOYMENT)
    container = 'spec/template/spec/containers/k:{"name":"c"}'
    port = f'{container}/ports/k:{{"containerPort":1,"protocol":"TCP"}}'
    assert owners(created) == {
        "m/Update": {
            *("spec/replicas", "spec/selector", "spec/strategy/rollingUpdate", "spec/strategy/rollingUpdate/maxSurge"),
            *(container, f"{container}/name", f"{container}/resources", f"{container}/ports"),
            *(port, f"{port}/containerPort"),
        }
    }


def test_an_update_takes_what_it_changes_and_leaves_the_rest():
    live = update(None, config_map({"a": "1", "b": "1"}), "one")
    changed = update(live, config_map({"a": "2", "b": "1"}), "two", time=T2)
    assert owners(changed) == {"one/Update": {"data", "data/b"}, "two/Update": {"data/a"}}
    assert times(changed) == {"one": T1, "two": T2}


def test_what_is_removed_belongs_to_nobody():
    live = update(None, config_map({"a": "1", "b": "1"}), "one")
    assert owners(update(live, config_map({"a": "1"}), "two")) == {"one/Update": {"data", "data/a"}}
    assert "managedFields" not in update(live, config_map(), "two")["metadata"]


def test_a_write_that_changes_nothing_keeps_owners_and_times():
    live = update(None, config_map({"a": "1"}), "one")
    assert update(live, config_map({"a": "1"}), "two", time=T2) == live


def test_updates_of_one_manager_add_up_in_one_entry():
    live = update(None, config_map({"a": "1"}))
    changed = update(live, config_map({"a": "1", "b": "1"}), time=T2)
    assert owners(changed) == {"m/Update": {"data", "data/a", "data/b"}}
    assert times(changed) == {"m": T2}


def test_an_entry_that_only_gets_a_new_time_is_written_as_before():
    live = update(None, config_map({"b": "1", "a": "1"}), "one")
    live = update(live, config_map({"b": "2", "a": "1"}), "two", time=T2)
    (first, second), changed = live["metadata"]["managedFields"], config_map({"b": "3", "a": "1"})
    after = update(live, changed, "two", time=T3)["metadata"]["managedFields"]
    assert after == [first, second | {"time": T3}]
    assert [list(entry) for entry in after] == [list(first), list(second)], "in the same order"


def test_subresources_have_entries_of_their_own():
    live = update(None, config_map({"a": "1"}))
    changed = update(live, config_map({"a": "2"}), subresource="status", time=T2)
    assert owners(changed) == {"m/Update": {"data"}, "m/Update/status": {"data/a"}}
    assert changed["metadata"]["managedFields"][1]["subresource"] == "status"


def test_a_manager_without_a_name_is_unknown():
    assert owners(update(None, config_map({"a": "1"}), "")) == {"unknown/Update": {"data", "data/a"}}


def test_where_ownership_was_never_kept_an_update_does_not_begin_to():
    assert update(config_map({"a": "1"}), config_map({"a": "2"})) == config_map({"a": "2"})


@pytest.mark.parametrize("reset", [[], [{}]])
def test_clients_can_have_all_owners_forgotten(reset):
    live = update(None, config_map({"a": "1"}))
    assert "managedFields" not in update(live, config_map({"a": "2"}, managedFields=reset))["metadata"]


def test_clients_that_leave_owners_out_or_garble_them_do_not_change_them():
    live = update(None, config_map({"a": "1"}), "one")
    for given in (None, [{"manager": "x", "operation": "Frob"}], [{"fieldsType": "FieldsV1"}]):
        changed = update(live, config_map({"a": "1"}, managedFields=given))
        assert owners(changed) == {"one/Update": {"data", "data/a"}}


def test_clients_can_write_owners_themselves_but_not_through_a_subresource():
    live = update(None, config_map({"a": "1"}), "one")
    entry = {"manager": "x", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1"}
    given = config_map({"a": "1"}, managedFields=[entry | {"fieldsV1": {"f:data": {"f:a": {}}}}])
    assert owners(update(live, given)) == {"x/Apply": {"data/a"}}
    assert owners(update(live, given, subresource="status")) == {"one/Update": {"data", "data/a"}}


def test_what_a_request_cannot_set_it_does_not_own():
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {}, "spec": {"nodeName": "n"}, "status": {"phase": "Running"}}
    created = update(None, pod, kind=POD, reset=reset_filter("Pod", "", True))
    assert owners(created) == {"m/Update": {"spec/nodeName"}}
    other = pod | {"spec": {"nodeName": "x"}, "status": {"phase": "Failed"}}
    changed = update(created, other, "kubelet", POD, subresource="status", reset=reset_filter("Pod", "status", True))
    assert owners(changed)["kubelet/Update/status"] == {"status/phase"}
    assert owners(changed)["m/Update"] == {"spec/nodeName"}


def test_entries_of_versions_that_are_gone_are_dropped():
    live = update(None, config_map({"a": "1"}))
    old = {"manager": "old", "operation": "Update", "apiVersion": "v0", "fieldsType": "FieldsV1"}
    live["metadata"]["managedFields"].append(old | {"fieldsV1": {"f:data": {"f:a": {}}}})
    assert "old/Update" not in owners(update(live, config_map({"a": "2"})))


def test_an_object_whose_elements_cannot_be_told_apart_loses_its_owners():
    item = Node(map=MapNode({"n": Node("string")}))
    node = Node(map=MapNode({"map": Node(list=ListNode(item, atomic=False, keys=("n",)))}, element=DEDUCED))
    kinds = KindVersions("W", {"v1": node})
    live = update(None, config_map({"a": "1"}), versions=kinds)
    assert "managedFields" in live["metadata"]
    assert "managedFields" not in update(live, config_map() | {"map": [{}]}, versions=kinds)["metadata"]


def test_the_oldest_of_more_than_ten_updaters_are_merged():
    managed = {
        Manager(f"m{i:02}", "Update", "v1"): Owned({f"f:{i}": {}}, "v1", f"2026-01-01T00:00:{i:02}Z") for i in range(12)
    }
    managed[Manager("a", "Apply")] = Owned({"f:x": {}}, "v1", T1)
    result = capped(managed)
    assert len(result) == 11
    ancient = result[Manager(managed_fields.ANCIENT, "Update", "v1")]
    assert ancient == Owned({"f:0": {}, "f:1": {}, "f:2": {}}, "v1", "2026-01-01T00:00:02Z")
    assert Manager("a", "Apply") in result


def test_updaters_of_different_versions_are_not_merged():
    managed = {Manager(f"m{i:02}", "Update", f"v{i}"): Owned({"f:a": {}}, f"v{i}", T1) for i in range(12)}
    assert capped(managed) == managed


def test_ten_updaters_are_left_alone():
    managed = {Manager(f"m{i}", "Update", "v1"): Owned({"f:a": {}}, "v1", T1) for i in range(10)}
    assert capped(managed) is managed


def test_entries_are_sorted_by_operation_time_and_name():
    managed = {
        Manager("b", "Update", "v1"): Owned({"f:a": {}}, "v1", T1),
        Manager("a", "Update", "v1"): Owned({"f:a": {}}, "v1", T2),
        Manager("c", "Update", "v1"): Owned({"f:a": {}}, "v1", T1),
        Manager("z", "Apply"): Owned({"f:a": {}}, "v1", T3),
        Manager("y", "Apply"): Owned({"f:a": {}}, "v1"),
    }
    assert [e["manager"] for e in encode(managed)] == ["y", "z", "b", "c", "a"]
    assert decode(encode(managed)) == managed


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"operation": "Frob"}, "operation must be `Apply` or `Update`"),
        ({"apiVersion": ""}, "apiVersion must not be empty"),
        ({"fieldsType": ""}, "missing fieldsType in managed fields entry 0"),
        ({"fieldsType": "V2"}, 'invalid fieldsType "V2" in managed fields entry 0'),
        ({"fieldsV1": {"x": {}}}, "error decoding set: key must be 2 characters long:"),
    ],
)
def test_entries_that_cannot_be_read_are_told(entry, message):
    good = {"manager": "m", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": {}}
    assert decode([good])
    with pytest.raises(ManagedFieldsError) as caught:
        decode([good | entry])
    assert str(caught.value) == message


def test_a_write_that_only_moves_times_keeps_the_old_ones():
    live = update(None, config_map({"a": "1"}))
    entry = live["metadata"]["managedFields"][0]
    new = live | {"metadata": live["metadata"] | {"managedFields": [entry | {"time": T2}]}}
    assert keep_times(new, live) == live
    changed = new | {"data": {"a": "2"}}
    assert keep_times(changed, live) is changed
    assert keep_times(live, live) is live


def test_objects_without_a_schema_are_owned_piece_by_piece_with_lists_whole():
    kinds = KindVersions("W", {"x.io/v1": DEDUCED})
    obj = {"kind": "W", "apiVersion": "x.io/v1", "metadata": {"name": "w"}, "spec": {"a": {"b": [1, {"c": 1}]}}}
    created = on_update(
        None, obj, manager="m", subresource="", api_version="x.io/v1", time=T1, versions=kinds, reset=None
    )
    assert owners(created) == {"m/Update": {"spec", "spec/a", "spec/a/b"}}


def test_filters_know_places_and_any_element():
    fields = {"f:spec": {"f:c": {'k:{"n":"x"}': {".": {}, "f:r": {}, "f:i": {}}}, "f:z": {}}, "f:status": {".": {}}}
    assert including("spec.c.*.r")(fields) == {"f:spec": {"f:c": {'k:{"n":"x"}': {"f:r": {}}}}}
    assert excluding("spec.c", "status")(fields) == {"f:spec": {"f:z": {}}}
    assert reset_filter("ConfigMap", "", False) is None
