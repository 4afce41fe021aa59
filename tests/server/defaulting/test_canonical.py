"""The canonical form: what a typed codec would write after reading what the client sent."""

from copy import deepcopy

import pytest

from podo.server.defaulting import default

from .build import container, filled, pod


def test_zero_values_of_fields_that_are_no_pointers_vanish():
    spec = pod(hostNetwork=False, nodeName="", nodeSelector={}, tolerations=[])["spec"]
    assert not {"hostNetwork", "nodeName", "nodeSelector", "tolerations"} & set(spec)


def test_zero_values_of_pointers_stay():
    spec = pod(terminationGracePeriodSeconds=0, automountServiceAccountToken=False, affinity={})["spec"]
    assert (spec["terminationGracePeriodSeconds"], spec["automountServiceAccountToken"]) == (0, False)
    assert spec["affinity"] == {}


def test_nulls_and_unknown_fields_vanish():
    spec = pod(affinity=None, priority=None, nonsense=1)["spec"]
    assert not {"affinity", "priority", "nonsense"} & set(spec)


def test_fields_that_are_always_written_are_written():
    obj = filled("v1", "Pod", spec={})
    assert obj["status"] == {}
    assert obj["spec"]["containers"] is None
    assert container()["resources"] == {}


def test_an_empty_list_that_is_always_written_reads_back_as_null():
    assert filled("rbac.authorization.k8s.io/v1", "Role", rules=[])["rules"] is None


def test_zero_values_do_not_share_state():
    first, second = filled("apps/v1", "Deployment"), filled("apps/v1", "Deployment")
    first["spec"]["template"]["metadata"]["labels"] = {"a": "b"}
    assert second["spec"]["template"]["metadata"] == {}


@pytest.mark.parametrize(
    ("given", "stored"),
    [("1000m", "1"), ("0.5", "500m"), (2, "2"), ("1024Ki", "1Mi"), ("0.0001", "1m"), ("1e3", "1e3")],
)
def test_quantities_get_their_canonical_spelling_of_at_most_thousandths(given, stored):
    assert container(resources={"requests": {"cpu": given}})["resources"]["requests"]["cpu"] == stored


def test_times_are_utc_to_the_second():
    meta = pod(metadata={"name": "x", "deletionTimestamp": "2020-01-01T01:00:00.5+01:00"})["metadata"]
    assert meta["deletionTimestamp"] == "2020-01-01T00:00:00Z"


def test_null_in_a_map_of_strings_is_the_empty_string():
    assert pod(metadata={"name": "x", "labels": {"a": None}})["metadata"]["labels"] == {"a": ""}


def test_null_in_a_list_of_structs_is_an_empty_struct():
    assert pod(containers=[None])["spec"]["containers"][0]["name"] == ""


def test_objects_of_unknown_kinds_are_left_alone():
    assert filled("example.com/v1", "Thing", spec={"a": None})["spec"] == {"a": None}


def test_what_is_as_in_the_stored_object_is_left_as_it_is_and_what_is_not_is_brought_into_form():
    stored = pod(activeDeadlineSeconds=5, containers=[container(resources={"limits": {"cpu": "1"}})])
    changed = deepcopy(stored) | {"status": {"startTime": "2026-01-01T01:00:00+01:00", "hostIPs": []}}
    default("v1", "Pod", changed, stored)
    assert changed["spec"] == stored["spec"]
    assert changed["status"]["startTime"] == "2026-01-01T00:00:00Z"
    assert "hostIPs" not in changed["status"]
    changed["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "1000m"
    default("v1", "Pod", changed, stored)
    assert changed["spec"] == stored["spec"]


def test_free_form_json_may_be_empty():
    assert filled("apps/v1", "ControllerRevision", data={}, revision=1)["data"] == {}


def test_null_bytes_are_no_bytes():
    assert filled("v1", "Secret", data={"a": None})["data"] == {"a": ""}
