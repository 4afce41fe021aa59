"""Defaults in schemas must fit them, and must not hold what would be pruned."""

from typing import Any

from podo.api.field_errors import invalid
from podo.server.customresources.embedded import embedded_errors
from podo.server.customresources.schema.pruning import prune_value
from podo.server.customresources.schema.results import errors_of
from podo.server.customresources.schema.structural import Structural, has_anywhere
from podo.server.customresources.schema.values import validate
from podo.server.patch.values import copy
from podo.server.validation.fields import Errors, Object


def _broken_rules(default: Any, node: Structural, path: str) -> Errors:
    """What the rules of the schema find in its default, which is taken as unchanged."""
    if not has_anywhere(node, rules=True):
        return []
    from podo.server.customresources.rules.checking import checks_of

    checks = checks_of(node, root=node.embedded)
    if checks is None:
        return []
    found = checks.run(default, default, None, path).errors
    return [error for error in found if not error.detail.startswith("rule compile error")]


def defaults(errs: Errors, schema: Object, path: str) -> None:
    """What is wrong with the defaults in a structural schema."""
    default = schema.get("default")
    if default is not None:
        where = f"{path}.default"
        node, pruned = Structural(schema), copy(default)
        if prune_value(pruned, node):
            errs.append(invalid(where, default, "must not have unknown fields"))
        found = [*embedded_errors(default, node, where)] or errors_of(validate(default, schema).findings, where)
        errs += found or _broken_rules(default, node, where)
    if isinstance(schema.get("items"), dict):
        defaults(errs, schema["items"], f"{path}.items")
    for name, child in schema.get("properties", {}).items():
        defaults(errs, child, f"{path}.properties[{name}]")
