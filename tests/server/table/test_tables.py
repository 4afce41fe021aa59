"""Tables as a whole: columns, rows, what stands beside the cells."""

from datetime import timedelta

import msgspec
import pytest

from podo.api.errors import BadRequest
from podo.server.table.tables import PrinterTables
from podo.server.watchcache.entry import Entry, stored_value


@pytest.fixture
def tables(clock):
    return PrinterTables(clock)


def entry(kind, *, namespace="default", name="o", revision=7, api_version="v1", **fields):
    metadata = {"name": name, "namespace": namespace, "creationTimestamp": "2026-01-01T00:00:00Z"}
    value = stored_value({"kind": kind, "apiVersion": api_version, "metadata": metadata} | fields)
    return Entry(f"{namespace}/{name}", revision, value)


def table(tables, served, entries, *, include="Metadata", version="v1", columns=True):
    found = tables.table(served, entries, {"resourceVersion": "9"}, include=include, version=version, columns=columns)
    return msgspec.json.decode(msgspec.json.encode(found))


def test_a_table_has_the_columns_of_the_resource_and_a_row_an_object(core, clock, tables):
    clock.advance(timedelta(seconds=5))
    maps = core.catalog.by_path("", "v1", "configmaps")
    found = table(tables, maps, [entry("ConfigMap", data={"a": "b"})])
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert found["metadata"] == {"resourceVersion": "9"}
    assert found["rows"][0]["cells"] == ["o", 1, "5s"]
    assert found["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert found["rows"][0]["object"]["metadata"]["resourceVersion"] == "7"


def test_columns_say_what_they_show(core, tables):
    found = table(tables, core.catalog.by_path("apps", "v1", "deployments"), [])
    texts = {column["name"]: column["description"] for column in found["columnDefinitions"]}
    assert texts["Ready"] == "Pods that are ready, of those wanted."
    assert texts["Age"] == "Time since the object was made."
    assert all(texts.values())


@pytest.mark.parametrize(("include", "kind"), [("Metadata", "PartialObjectMetadata"), ("", "PartialObjectMetadata")])
def test_rows_carry_metadata_by_default(core, tables, include, kind):
    maps = core.catalog.by_path("", "v1", "configmaps")
    found = table(tables, maps, [entry("ConfigMap")], include=include, version="v1beta1")
    assert found["rows"][0]["object"]["kind"] == kind
    assert found["rows"][0]["object"]["apiVersion"] == found["apiVersion"] == "meta.k8s.io/v1beta1"


def test_rows_carry_the_object_or_nothing_where_that_is_wanted(core, tables):
    maps = core.catalog.by_path("", "v1", "configmaps")
    whole = table(tables, maps, [entry("ConfigMap", data={"a": "b"})], include="Object")
    assert whole["rows"][0]["object"]["data"] == {"a": "b"}
    assert whole["rows"][0]["object"]["kind"] == "ConfigMap"
    assert table(tables, maps, [entry("ConfigMap")], include="None")["rows"][0]["object"] is None


def test_another_include_is_refused(core, tables):
    maps = core.catalog.by_path("", "v1", "configmaps")
    with pytest.raises(BadRequest, match="includeObject: Invalid value"):
        table(tables, maps, [], include="All")


def test_later_events_of_a_watch_have_no_columns(core, tables):
    maps = core.catalog.by_path("", "v1", "configmaps")
    assert table(tables, maps, [entry("ConfigMap")], columns=False)["columnDefinitions"] is None


def test_a_kind_without_a_printer_shows_name_and_creation(core, tables):
    roles = core.catalog.by_path("rbac.authorization.k8s.io", "v1", "roles")
    found = table(tables, roles, [entry("Role", api_version="rbac.authorization.k8s.io/v1")])
    assert found["rows"][0]["cells"] == ["o", "2026-01-01T00:00:00Z"]


def test_a_pod_that_has_ended_has_a_condition_in_its_row(core, tables):
    pods = core.catalog.by_path("", "v1", "pods")
    done, running = entry("Pod", status={"phase": "Succeeded"}), entry("Pod", status={"phase": "Running"})
    rows = table(tables, pods, [done, running])["rows"]
    assert rows[0]["conditions"][0]["type"] == "Completed"
    assert "conditions" not in rows[1]


def test_a_scale_has_columns_of_its_own(tables):
    metadata = {"name": "x", "resourceVersion": "4", "creationTimestamp": "2026-01-01T00:00:00Z"}
    scale = {"kind": "Scale", "metadata": metadata, "spec": {"replicas": 2}, "status": {"replicas": 1}}
    found = tables.below(scale, include="Metadata", version="v1")
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Desired", "Available", "Age"]
    assert found["rows"][0]["cells"] == ["x", 2, 1, "0s"]
    assert found["metadata"] == {"resourceVersion": "4"}
