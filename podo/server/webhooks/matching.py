"""Which webhooks a request concerns: rules, scope and selectors. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from podo.api.resources import Resource
from podo.api.selectors import from_object
from podo.api.types.meta_v1 import LabelSelector
from podo.server.admission_point import Attributes
from podo.server.decoding.objects import Kind
from podo.server.strategy import Object

EXEMPT = frozenset(
    f"{what}{part}"
    for what, parts in (
        ("ValidatingWebhook", ("Configuration",)),
        ("MutatingWebhook", ("Configuration",)),
        ("ValidatingAdmissionPolicy", ("", "Binding")),
        ("MutatingAdmissionPolicy", ("", "Binding")),
    )
    for part in parts
)
"""Kinds of admissionregistration.k8s.io that no webhook is asked about: else a bad one could never be taken away."""
GROUP = "admissionregistration.k8s.io"
ANY = "*"


class Rule(Protocol):
    """A RuleWithOperations, or a rule of a policy."""

    @property
    def api_groups(self) -> Sequence[str]: ...
    @property
    def api_versions(self) -> Sequence[str]: ...
    @property
    def operations(self) -> Sequence[str]: ...
    @property
    def resources(self) -> Sequence[str]: ...
    @property
    def scope(self) -> str: ...


R = TypeVar("R", bound=Rule)


class Invocation(NamedTuple):
    """As what a request is shown to a webhook: it may be another version than the request's."""

    resource: Resource
    kind: Kind


def kind_of_request(resource: Resource, subresource: str) -> Kind:
    """The kind of the objects of a resource, or of its subresource."""
    below = resource.subresources.get(subresource)
    if below is None:
        return Kind(resource.group, resource.version, resource.kind)
    if below.version:
        return Kind(below.group, below.version, below.kind)
    return Kind(resource.group, resource.version, below.kind)


def is_exempt(attributes: Attributes) -> bool:
    """Whether the request is about the configuration of admission itself."""
    resource = attributes.resource
    return resource.group == GROUP and resource.kind in EXEMPT


def namespace_of(attributes: Attributes) -> str:
    """The namespace of the request: a Namespace is in the one that it is."""
    if attributes.resource.plural == "namespaces" and not attributes.resource.group:
        return attributes.name or str(((attributes.obj or {}).get("metadata") or {}).get("name") or "")
    return attributes.namespace


def invocation(
    rules: Iterable[R],
    policy: str,
    attributes: Attributes,
    equivalents: Sequence[Resource],
    matches: Callable[[R, Attributes, Resource], bool] | None = None,
) -> Invocation | None:
    """As what the request matches the rules; under the policy `Equivalent` also as another version of the resource.

    `matches` is `rule_matches`, or what policies ask besides.
    """
    rules, matches = tuple(rules), matches or rule_matches
    below = attributes.subresource
    if any(matches(rule, attributes, attributes.resource) for rule in rules):
        return Invocation(attributes.resource, kind_of_request(attributes.resource, below))
    if policy != "Equivalent":
        return None
    for rule in rules:
        for resource in equivalents:
            if matches(rule, attributes, resource):
                return Invocation(resource, kind_of_request(resource, below))
    return None


def rule_matches(rule: Rule, attributes: Attributes, resource: Resource) -> bool:
    """Whether the rule is about the request, taken as one for `resource`."""
    return (
        _in(attributes.operation.value, rule.operations)
        and _in(resource.group, rule.api_groups)
        and _in(resource.version, rule.api_versions)
        and _scope_matches(rule.scope, attributes)
        and any(_resource_matches(pattern, resource.plural, attributes.subresource) for pattern in rule.resources)
    )


def _in(value: str, allowed: Sequence[str]) -> bool:
    return value in allowed or ANY in allowed


def _scope_matches(scope: str, attributes: Attributes) -> bool:
    if scope in ("", ANY):
        return True
    is_namespace = attributes.resource.plural == "namespaces" and not attributes.resource.group
    namespaced = bool(attributes.namespace) and not is_namespace
    return namespaced == (scope == "Namespaced")


def _resource_matches(pattern: str, plural: str, subresource: str) -> bool:
    wanted, _, below = pattern.partition("/")
    return wanted in (ANY, plural) and below in (ANY, subresource)


def is_empty(selector: LabelSelector | None) -> bool:
    """Whether a selector selects everything; no selector in a webhook is an empty one."""
    return selector is None or not (selector.match_labels or selector.match_expressions)


def selects_object(selector: LabelSelector | None, *objects: Object | None) -> bool:
    """Whether one of the objects (as it is, as it was) has the labels. Options of a connection have none."""
    if is_empty(selector):
        return True
    found = from_object(selector)
    return any(obj is not None and "metadata" in obj and found.matches(labels_of(obj)) for obj in objects)


def labels_of(obj: Object) -> Mapping[str, str]:
    """The labels of an object."""
    return (obj.get("metadata") or {}).get("labels") or {}
