"""Which FlowSchema a request matches."""

from collections.abc import Sequence

from podo.api.types.flowcontrol_v1 import (
    FlowSchema,
    NonResourcePolicyRule,
    PolicyRulesWithSubjects,
    ResourcePolicyRule,
    Subject,
)
from podo.server.context import User
from podo.server.http.request_info import RequestInfo

ALL, ACCOUNT_PREFIX = "*", "system:serviceaccount:"


def matches(schema: FlowSchema, user: User, info: RequestInfo) -> bool:
    """Whether one of the schema's rules is about the request."""
    return any(_rule_matches(rule, user, info) for rule in schema.spec.rules)


def _rule_matches(rule: PolicyRulesWithSubjects, user: User, info: RequestInfo) -> bool:
    if not any(_is_subject(subject, user) for subject in rule.subjects):
        return False
    if info.resource:
        return any(_resource_matches(each, info) for each in rule.resource_rules)
    return any(_path_matches(each, info) for each in rule.non_resource_rules)


def _is_subject(subject: Subject, user: User) -> bool:
    if subject.kind == "User" and subject.user is not None:
        return subject.user.name in (ALL, user.name)
    if subject.kind == "Group" and subject.group is not None:
        return subject.group.name == ALL or subject.group.name in user.groups
    if subject.kind == "ServiceAccount" and (account := subject.service_account) is not None:
        place = f"{ACCOUNT_PREFIX}{account.namespace}:"
        return user.name.startswith(place) if account.name == ALL else user.name == place + account.name
    return False


def _resource_matches(rule: ResourcePolicyRule, info: RequestInfo) -> bool:
    what = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    if not (_has(rule.verbs, info.verb) and _has(rule.resources, what) and _has(rule.api_groups, info.group)):
        return False
    return _has(rule.namespaces, info.namespace) if info.namespace else bool(rule.cluster_scope)


def _path_matches(rule: NonResourcePolicyRule, info: RequestInfo) -> bool:
    return _has(rule.verbs, info.verb) and any(_below(info.path, path) for path in rule.non_resource_urls)


def _below(path: str, given: str) -> bool:
    prefix = given.removesuffix("*")
    prefix = prefix if prefix.endswith("/") else f"{prefix}/"
    return given in (ALL, path) or path.startswith(prefix)


def _has(given: Sequence[str], value: str) -> bool:
    return value in given or (len(given) == 1 and given[0] == ALL)
