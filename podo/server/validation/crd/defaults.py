"""Defaults in schemas must fit them, and must not hold what would be pruned."""

from podo.api.field_errors import invalid
from podo.server.customresources.embedded import embedded_errors
from podo.server.customresources.schema.pruning import prune_value
from podo.server.customresources.schema.results import errors_of
from podo.server.customresources.schema.structural import Structural
from podo.server.customresources.schema.values import validate
from podo.server.patch.values import copy
from podo.server.validation.fields import Errors, Object


def defaults(errs: Errors, schema: Object, path: str) -> None:
    """What is wrong with the defaults in a structural schema."""
    default = schema.get("default")
    if default is not None:
        where = f"{path}.default"
        node, pruned = Structural(schema), copy(default)
        if prune_value(pruned, node):
            errs.append(invalid(where, default, "must not have unknown fields"))
        errs += [*embedded_errors(default, node, where)] or errors_of(validate(default, schema).findings, where)
    if isinstance(schema.get("items"), dict):
        defaults(errs, schema["items"], f"{path}.items")
    for name, child in schema.get("properties", {}).items():
        defaults(errs, child, f"{path}.properties[{name}]")
