"""Whether a policy, or a binding of one, is for a request."""

from collections.abc import Sequence

from podo.api.resources import Resource
from podo.api.types.admissionregistration_v1 import MatchResources, NamedRuleWithOperations
from podo.server.admission.lookup import Lookup
from podo.server.admission_point import Attributes
from podo.server.webhooks.matching import Invocation, invocation, kind_of_request, rule_matches, selects_object
from podo.server.webhooks.namespace_selection import selects_namespace


async def matched(
    match: MatchResources, attributes: Attributes, equivalents: Sequence[Resource], lookup: Lookup
) -> Invocation | None:
    """As what the request matches, None when it does not. Raises NotFound where a selected namespace is not there."""
    if not selects_object(match.object_selector, attributes.obj, attributes.old):
        return None
    policy = match.match_policy or "Equivalent"
    if invocation(match.exclude_resource_rules, policy, attributes, equivalents, _matches) is not None:
        return None
    seen: Invocation | None = Invocation(
        attributes.resource, kind_of_request(attributes.resource, attributes.subresource)
    )
    if match.resource_rules:
        seen = invocation(match.resource_rules, policy, attributes, equivalents, _matches)
    if seen is None or not await selects_namespace(match.namespace_selector, attributes, lookup):
        return None
    return seen


def _matches(rule: NamedRuleWithOperations, attributes: Attributes, resource: Resource) -> bool:
    named = not rule.resource_names or attributes.name in rule.resource_names
    return named and rule_matches(rule, attributes, resource)
