"""Whether a policy, or a binding of one, is for a request."""

from collections.abc import Sequence

from podo.api.errors import NotFound
from podo.api.resources import Resource
from podo.api.selectors import from_object
from podo.api.types.admissionregistration_v1 import MatchResources, NamedRuleWithOperations
from podo.api.types.core_v1 import Namespace
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes, Operation
from podo.server.webhooks.matching import (
    Invocation,
    is_empty,
    kind_of_request,
    labels_of,
    namespace_of,
    rule_matches,
    selects_object,
)


async def matched(
    match: MatchResources, attributes: Attributes, equivalents: Sequence[Resource], lookup: Lookup
) -> Invocation | None:
    """As what the request matches, None when it does not. Raises NotFound where a selected namespace is not there."""
    if not selects_object(match.object_selector, attributes.obj, attributes.old):
        return None
    policy = match.match_policy
    if named_invocation(match.exclude_resource_rules, policy, attributes, equivalents) is not None:
        return None
    seen: Invocation | None = Invocation(
        attributes.resource, kind_of_request(attributes.resource, attributes.subresource)
    )
    if match.resource_rules:
        seen = named_invocation(match.resource_rules, policy, attributes, equivalents)
    if seen is None or not await _selects_namespace(match, attributes, lookup):
        return None
    return seen


def named_invocation(
    rules: Sequence[NamedRuleWithOperations], policy: str, attributes: Attributes, equivalents: Sequence[Resource]
) -> Invocation | None:
    """As what the request matches one of the rules; by another version too, unless the policy is Exact."""
    below = attributes.subresource
    if any(_matches(rule, attributes, attributes.resource) for rule in rules):
        return Invocation(attributes.resource, kind_of_request(attributes.resource, below))
    if policy == "Exact":
        return None
    for rule in rules:
        for resource in equivalents:
            if _matches(rule, attributes, resource):
                return Invocation(resource, kind_of_request(resource, below))
    return None


def _matches(rule: NamedRuleWithOperations, attributes: Attributes, resource: Resource) -> bool:
    named = not rule.resource_names or attributes.name in rule.resource_names
    return named and rule_matches(rule, attributes, resource)


async def _selects_namespace(match: MatchResources, attributes: Attributes, lookup: Lookup) -> bool:
    namespace, is_namespace = namespace_of(attributes), attributes.resource.plural == "namespaces"
    if (not namespace and not is_namespace) or is_empty(match.namespace_selector):
        return True
    wanted = from_object(match.namespace_selector)
    written = attributes.operation in (Operation.CREATE, Operation.UPDATE) and not attributes.subresource
    if is_namespace and written:
        return wanted.matches(labels_of(attributes.obj or {}))
    found = await lookup.find(Namespace, namespace)
    if found is None:
        raise NotFound(f'namespaces "{namespace}" not found', name=namespace, kind="namespaces")
    return wanted.matches(found.metadata.labels or {})
