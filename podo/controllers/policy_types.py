"""Check the expressions of ValidatingAdmissionPolicies against the types of what they are for; warn in their status."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from podo.api import resources
from podo.api.types.admissionregistration_v1 import (
    ExpressionWarning,
    TypeChecking,
    ValidatingAdmissionPolicy,
    ValidatingAdmissionPolicySpec,
)
from podo.client.base import Key
from podo.client.informers import CachedClient
from podo.controllers.base import DONE, Outcome, Watch, itself
from podo.controllers.definition_outlines import DEFINITIONS, DefinitionOutline

if TYPE_CHECKING:
    from podo.cel.type_checking import Expression, Typed

MOST_KINDS = 10
"""Kinds of a rule that are looked at."""


class PolicyTypes:
    """Reads policies and definitions; writes the status of policies. A policy is checked once a generation."""

    name = "validatingadmissionpolicy-status-controller"

    def __init__(self, client: CachedClient) -> None:
        self._client = client
        self._policies = client.informer(ValidatingAdmissionPolicy)
        self._definitions = client.informer(DEFINITIONS)
        self.watches = (Watch(ValidatingAdmissionPolicy, to=itself),)

    async def reconcile(self, key: Key) -> Outcome:
        policy = self._policies.get(key)
        if policy is None or (policy.metadata.generation or 0) <= (policy.status.observed_generation or 0):
            return DONE
        status = msgspec.structs.replace(
            policy.status,
            observed_generation=policy.metadata.generation,
            type_checking=TypeChecking(expression_warnings=tuple(self._warnings(policy.spec))),
        )
        await self._client.update(msgspec.structs.replace(policy, status=status), subresource="status")
        return DONE

    def _warnings(self, spec: ValidatingAdmissionPolicySpec) -> list[ExpressionWarning]:
        from podo.cel.type_checking import warnings  # only clusters with policies need the compiler

        kind = spec.param_kind
        params = self._schema(*resources.split_api_version(kind.api_version), kind.kind) if kind is not None else None
        found = warnings(
            list(expressions_of(spec)),
            [(variable.name, variable.expression) for variable in spec.variables],
            self._kinds(spec),
            params,
            has_params=kind is not None,
        )
        return [ExpressionWarning(field_ref=field, warning=text) for field, text in found]

    def _kinds(self, spec: ValidatingAdmissionPolicySpec) -> "Sequence[Typed]":
        """What the policy is for, as far as it names groups, versions and resources; in order."""
        from podo.cel.type_checking import Typed

        found: dict[tuple[str, str, str], Typed] = {}
        for place in sorted(places_of(spec)):
            kind = self._kind(*place)
            schema = self._schema(place[0], place[1], kind) if kind else None
            if kind and schema is not None:
                found.setdefault((place[0], place[1], kind), Typed(place[0], place[1], kind, schema))
        return [found[key] for key in sorted(found)][:MOST_KINDS]

    def _kind(self, group: str, version: str, plural: str) -> str:
        known = resources.by_path(group, version, plural)
        if known is not None:
            return known.kind
        for definition in self._definitions:
            names = definition.spec.names
            if definition.spec.group == group and names is not None and names.plural == plural:
                return names.kind
        return ""

    def _schema(self, group: str, version: str, kind: str) -> Mapping[str, Any] | None:
        from podo.cel.built_in import schema_of

        known = schema_of(group, version, kind)
        return known if known is not None else custom_schema(self._definitions, group, version, kind)


def custom_schema(
    definitions: Iterable[DefinitionOutline], group: str, version: str, kind: str
) -> Mapping[str, Any] | None:
    """The schema of a kind that a definition adds."""
    for definition in definitions:
        names = definition.spec.names
        if definition.spec.group != group or names is None or names.kind != kind:
            continue
        for one in definition.spec.versions:
            if one.name == version and one.schema:
                found: Mapping[str, Any] | None = msgspec.json.decode(one.schema).get("openAPIV3Schema")
                return found
    return None


def expressions_of(spec: ValidatingAdmissionPolicySpec) -> "Iterator[Expression]":
    """The expressions that are checked."""
    from podo.cel.type_checking import Expression

    for index, validation in enumerate(spec.validations):
        yield Expression(f"spec.validations[{index}].expression", validation.expression)
        if validation.message_expression:
            yield Expression(f"spec.validations[{index}].messageExpression", validation.message_expression)


def places_of(spec: ValidatingAdmissionPolicySpec) -> set[tuple[str, str, str]]:
    """(group, version, resource) of the rules that name all three."""
    found: set[tuple[str, str, str]] = set()
    for rule in spec.match_constraints.resource_rules if spec.match_constraints is not None else ():
        if any("*" in name for name in (*rule.api_groups, *rule.api_versions)):
            continue
        plurals = [plural for plural in rule.resources if "*" not in plural and "/" not in plural]
        found |= {
            (group, version, plural) for group in rule.api_groups for version in rule.api_versions for plural in plurals
        }
    return found
