"""What is wrong with an object: pure functions over dicts that have been defaulted (podo.server.defaulting).

Knows no store, no request and no other object. Each group or large topic has a module; `TABLE` says which functions
check a kind: at create, at update, and at the update of each subresource. Errors come in Kubernetes' order.
"""

from typing import Any

from podo.api.field_errors import FieldError
from podo.server.validation import apps_rules, batch_rules, core_rules
from podo.server.validation.rules import Rules

Object = dict[str, Any]

TABLE: dict[tuple[str, str], Rules] = {**core_rules.TABLE, **apps_rules.TABLE, **batch_rules.TABLE}


def validate_create(api_version: str, kind: str, obj: Object) -> list[FieldError]:
    """What is wrong with a new object, its metadata included."""
    rules = TABLE.get((api_version, kind))
    return rules.create(obj) if rules else []


def validate_update(api_version: str, kind: str, new: Object, old: Object, subresource: str = "") -> list[FieldError]:
    """What is wrong with a change of the object, or of one of its subresources; its metadata included."""
    rules = TABLE.get((api_version, kind))
    if rules is None:
        return []
    check = rules.subresources.get(subresource) if subresource else rules.update
    return check(new, old) if check else []
