"""Unknown fields go, and their paths are told."""

from podo.server.customresources.schema.pruning import drop_nulls, prune
from podo.server.customresources.schema.structural import Structural
from tests.server.customresources.build import shirt, spec_schema


def test_unknown_fields_are_dropped_and_named_in_order() -> None:
    obj = shirt(z=1, color="red", a={"b": 1})
    assert prune(obj, Structural(spec_schema(color={"type": "string"}))) == ["spec.a", "spec.z"]
    assert obj["spec"] == {"color": "red"}


def test_metadata_kind_and_version_stay_though_no_schema_names_them() -> None:
    obj = shirt()
    assert prune(obj, Structural({"type": "object"})) == ["spec"]
    assert obj == {"apiVersion": "example.com/v1", "kind": "Shirt", "metadata": {"name": "s"}}


def test_what_is_preserved_stays_but_is_pruned_below_known_fields() -> None:
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    known = {"type": "object", "properties": {"a": {"type": "string"}}}
    obj = shirt(free={"x": {"y": 1}, "known": {"a": "1", "b": "2"}})
    assert prune(obj, Structural(spec_schema(free=free | {"properties": {"known": known}}))) == ["spec.free.known.b"]
    assert obj["spec"]["free"] == {"x": {"y": 1}, "known": {"a": "1"}}


def test_elements_of_lists_and_values_of_maps_are_pruned() -> None:
    item = {"type": "object", "properties": {"a": {"type": "string"}}}
    schema = spec_schema(list={"type": "array", "items": item}, map={"type": "object", "additionalProperties": item})
    obj = shirt(list=[{"a": "1"}, {"b": "2"}], map={"k": {"a": "1", "c": "3"}})
    assert prune(obj, Structural(schema)) == ["spec.list[1].b", "spec.map.k.c"]


def test_an_embedded_object_keeps_its_kind_and_metadata() -> None:
    template = {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}}
    obj = shirt(template={"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "data": 1})
    assert prune(obj, Structural(spec_schema(template=template))) == ["spec.template.data"]
    assert obj["spec"]["template"] == {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}


def test_nulls_go_unless_they_may_be_or_a_default_will_take_their_place() -> None:
    fields = {"a": {"type": "string"}, "b": {"type": "string", "nullable": True}}
    fields["c"] = {"type": "string", "default": "x"}
    obj = shirt(a=None, b=None, c=None)
    drop_nulls(obj, Structural(spec_schema(**fields)))
    assert obj["spec"] == {"b": None, "c": None}
