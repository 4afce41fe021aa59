"""The texts of kinds that podo serves by definitions."""

import pytest

from podo.api.resources import Column
from podo.client.definitions import short_definitions
from podo.controllers.vertical.definitions import definitions as vertical
from podo.network.gateway.definitions import definitions as gateway
from podo.server.customresources.describing import described
from podo.server.descriptions.texts import STAR, Texts, of_columns, read
from podo.server.table.tables import column_definitions
from podo.storage.snapshots import definitions as snapshots

DEFINITIONS = [*gateway(), *vertical(), *snapshots(), *short_definitions("podo.network.policy")]
GROUPS = sorted({definition["spec"]["group"] for definition in DEFINITIONS})
GATEWAYS = "gateway.networking.k8s.io"


def schemas(group):
    """(kind, schema) of every version."""
    for definition in DEFINITIONS:
        if definition["spec"]["group"] == group:
            for version in definition["spec"]["versions"]:
                yield definition["spec"]["names"]["kind"], version["schema"]["openAPIV3Schema"]


def fields(schema, path=()):
    """(path, schema) of every field."""
    for name, child in schema.get("properties", {}).items():
        yield (*path, name), child
        yield from fields(child, (*path, name))
    for below in ("items", "additionalProperties"):
        if isinstance(schema.get(below), dict):
            yield from fields(schema[below], path)


@pytest.mark.parametrize("group", GROUPS)
def test_every_kind_and_field_is_described(group):
    texts = Texts()
    for kind, schema in schemas(group):
        shown = described(schema, group, kind, texts)
        assert shown["description"], kind
        assert [".".join(path) for path, field in fields(shown) if not field.get("description")] == [], kind


@pytest.mark.parametrize("group", GROUPS)
def test_no_field_is_described_that_is_not_there(group):
    ends = {STAR: set()}
    for kind, schema in schemas(group):
        own = {".".join(path[start:]) for path, _ in fields(schema) for start in range(len(path))}
        ends[kind] = ends.get(kind, set()) | own
        ends[STAR] |= own
    for kind, section in read(group).items():
        assert section.parts.keys() - ends[kind] == set(), kind


def test_every_column_is_described():
    for definition in DEFINITIONS:
        spec = definition["spec"]
        texts = of_columns(f"{spec['names']['kind']}.{spec['group']}")
        names = {c["name"] for version in spec["versions"] for c in version.get("additionalPrinterColumns", ())}
        assert names - texts.keys() == set(), spec["names"]["kind"]


def test_the_longest_end_of_a_path_goes_first_and_a_kind_before_its_group():
    texts = Texts()
    match = texts.of_path(GATEWAYS, "HTTPRoute", ("spec", "rules", "matches", "path", "type"))
    assert match.startswith("How it is compared")
    change = texts.of_path(GATEWAYS, "HTTPRoute", ("spec", "rules", "filters", "urlRewrite", "path", "type"))
    assert change.startswith("Which one is set")
    assert texts.of_path(GATEWAYS, "HTTPRoute", ("spec", "rules", "matches", "method")).startswith("Method")
    assert texts.of_path(GATEWAYS, "GRPCRoute", ("spec", "rules", "matches", "method")).startswith("Service and method")


def test_what_a_definition_says_itself_stays():
    schema = {"description": "mine", "properties": {"spec": {"type": "object", "description": "my spec"}}}
    assert described(schema, GATEWAYS, "Gateway", Texts()) == schema


def test_items_of_lists_are_not_described_twice():
    schema = {"properties": {"spec": {"properties": {"listeners": {"type": "array", "items": {"type": "object"}}}}}}
    shown = described(schema, GATEWAYS, "Gateway", Texts())["properties"]["spec"]["properties"]["listeners"]
    assert shown["description"].startswith("Ports it listens at")
    assert shown["items"] == {"type": "object"}


def test_groups_of_others_are_left_as_they_are():
    schema = {"type": "object", "properties": {"status": {"type": "object"}}}
    assert described(schema, "example.com", "Gateway", Texts()) is schema
    assert described(None, GATEWAYS, "Gateway", Texts()) is None


def test_schemas_are_not_changed():
    schema = {"properties": {"spec": {"type": "object"}}}
    described(schema, GATEWAYS, "Gateway", Texts())
    assert schema == {"properties": {"spec": {"type": "object"}}}


def test_a_kind_of_the_same_name_in_another_group_has_columns_of_its_own():
    column = Column(name="Class")
    assert column_definitions([column], f"Gateway.{GATEWAYS}")[0]["description"]
    assert column_definitions([column], "Gateway.networking.example.com")[0]["description"] == ""
