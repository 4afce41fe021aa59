"""What is wrong with an object: pure functions over dicts that have been defaulted (podo.server.defaulting).

Knows no store, no request and no other object. Each group or large topic has a module; `TABLE` says which functions
check a kind: at create, at update, and at the update of each subresource. Errors come in Kubernetes' order.
"""

from functools import cache
from typing import Any

from podo.api import names, resources
from podo.api.field_errors import FieldError
from podo.server.validation import (
    admission_rules,
    apps_rules,
    autoscaling_rules,
    batch_rules,
    certificates,
    core_rules,
    flow_control,
    networking_rules,
    rbac,
    resource_rules,
    storage_rules,
)
from podo.server.validation.crd import definition
from podo.server.validation.metadata import object_meta, object_meta_update
from podo.server.validation.rules import Rules

Object = dict[str, Any]

TABLE: dict[tuple[str, str], Rules] = {
    **core_rules.TABLE,
    **definition.TABLE,
    **admission_rules.TABLE,
    **apps_rules.TABLE,
    **autoscaling_rules.TABLE,
    **batch_rules.TABLE,
    **certificates.TABLE,
    **flow_control.TABLE,
    **networking_rules.TABLE,
    **rbac.TABLE,
    **resource_rules.TABLE,
    **storage_rules.TABLE,
}


def validate_create(api_version: str, kind: str, obj: Object) -> list[FieldError]:
    """What is wrong with a new object, its metadata included."""
    rules = TABLE.get((api_version, kind))
    errs = rules.create(obj) if rules else []
    if not errs:
        object_meta(errs, obj["metadata"], _is_namespaced(api_version, kind), names.path_segment)
    return errs


def covers_update(api_version: str, kind: str, subresource: str = "") -> bool:
    """Whether `validate_update` has rules for this change; if not, it finds nothing, not even in the metadata."""
    rules = TABLE.get((api_version, kind))
    return rules is not None and bool(rules.subresources.get(subresource) if subresource else rules.update)


def validate_update(api_version: str, kind: str, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
    """What is wrong with a change of the object, or of one of its subresources; its metadata included.

    Metadata is looked at here for every kind, and again by most kinds' own rules: clients see both.
    """
    errs: list[FieldError] = []
    object_meta(errs, new["metadata"], _is_namespaced(api_version, kind), names.path_segment)
    object_meta_update(errs, new["metadata"], old["metadata"])
    rules = TABLE.get((api_version, kind))
    if rules is not None:
        check = rules.subresources.get(subresource) if subresource else rules.update
        errs += check(new, old) if check else []
    return errs


@cache
def _is_namespaced(api_version: str, kind: str) -> bool:
    group, _, version = api_version.rpartition("/")
    resource = resources.by_kind(group, version, kind)
    return resource is not None and resource.namespaced
