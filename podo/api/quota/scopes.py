"""Scopes: which objects a quota is about. Pure."""

from collections.abc import Iterable

from podo.api.types.core_v1 import ResourceQuotaSpec, ScopedResourceSelectorRequirement

Requirement = ScopedResourceSelectorRequirement
"""A scope, and for which of its values."""
EXISTS, DOES_NOT_EXIST, IN, NOT_IN = "Exists", "DoesNotExist", "In", "NotIn"


def requirements(spec: ResourceQuotaSpec) -> list[Requirement]:
    """All scopes of a quota, those that are only named too."""
    named = [Requirement(scope_name=name, operator=EXISTS) for name in spec.scopes]
    return named + list(spec.scope_selector.match_expressions if spec.scope_selector else ())


def selects(requirement: Requirement, values: Iterable[str]) -> bool:
    """Whether one of the values (names of classes) is selected; without any, as a label that is not there is."""
    held = [value for value in values if value]
    operator = requirement.operator
    if operator == EXISTS:
        return bool(held)
    if operator == DOES_NOT_EXIST:
        return not held
    if operator == IN:
        return any(value in requirement.values for value in held)
    return not held or any(value not in requirement.values for value in held)
