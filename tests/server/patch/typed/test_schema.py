"""Built-in types as ownership sees them."""

from podo.server.patch.typed.schema import ATOMIC, DEDUCED, built_in


def at(name, *path):
    node = built_in(name)
    for step in path:
        node = node.list.element if step == "*" else node.map.child(step)
    return node


def test_lists_are_atomic_sets_or_maps_as_the_field_tables_say():
    assert at("core.v1.Container", "args").list.atomic
    finalizers = at("meta.v1.ObjectMeta", "finalizers").list
    assert (finalizers.atomic, finalizers.keys) == (False, ())
    assert at("core.v1.PodSpec", "containers").list.keys == ("name",)


def test_keys_that_an_element_may_leave_out_have_defaults():
    assert at("core.v1.Container", "ports").list.defaults == {"containerPort": 0, "protocol": "TCP"}
    assert at("core.v1.ServiceAccount", "secrets").list.defaults == {}
    assert at("core.v1.PodSpec", "imagePullSecrets").list.defaults == {"name": ""}


def test_structs_and_maps_may_be_atomic():
    assert at("apps.v1.DeploymentSpec", "selector").map.atomic
    assert at("core.v1.PodSpec", "nodeSelector").map.atomic
    assert not at("meta.v1.ObjectMeta", "labels").map.atomic
    assert not at("core.v1.PersistentVolumeSpec", "claimRef").map.atomic
    assert at("core.v1.ObjectReference").map.atomic


def test_free_form_fields_are_owned_whole():
    assert at("apps.v1.ControllerRevision", "data") is ATOMIC
    assert at("resource.v1.OpaqueDeviceConfiguration", "parameters") is ATOMIC
    assert DEDUCED.map.child("anything") is DEDUCED


def test_types_may_contain_themselves():
    props = at("apiextensions.v1.JSONSchemaProps", "properties").map.element
    assert props.map.child("properties").map.element is props


def test_maps_of_lists_have_lists_that_are_atomic():
    extra = at("authentication.v1.UserInfo", "extra").map
    assert extra.element.list.atomic
