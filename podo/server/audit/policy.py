"""Which requests are recorded, and how much of each (audit.k8s.io/v1 Policy). The first rule that matches counts."""

from collections.abc import Iterable
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import msgspec
import yaml

from podo.server.context import User
from podo.server.http.request_info import RequestInfo
from podo.server.options import OptionError

API_VERSION, KIND = "audit.k8s.io/v1", "Policy"
RECEIVED, STARTED, COMPLETE, PANIC = "RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"
STAGES = (RECEIVED, STARTED, COMPLETE, PANIC)


class Level(IntEnum):
    """How much of a request is recorded: nothing, who and what, also what was sent, also what was answered."""

    NONE = 0
    METADATA = 1
    REQUEST = 2
    REQUEST_RESPONSE = 3


LEVELS = {
    "None": Level.NONE,
    "Metadata": Level.METADATA,
    "Request": Level.REQUEST,
    "RequestResponse": Level.REQUEST_RESPONSE,
}
NAMES = {level: name for name, level in LEVELS.items()}


class PolicyError(OptionError):
    """The file is no policy; the message says where."""


class GroupResources(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Resources of one group; none named: all."""

    group: str = ""
    resources: tuple[str, ...] = ()
    resource_names: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What matches all that is said; a part that is left out matches everything."""

    level: str
    users: tuple[str, ...] = ()
    user_groups: tuple[str, ...] = ()
    verbs: tuple[str, ...] = ()
    resources: tuple[GroupResources, ...] = ()
    namespaces: tuple[str, ...] = ()
    non_resource_urls: tuple[str, ...] = msgspec.field(default=(), name="nonResourceURLs")
    omit_stages: tuple[str, ...] = ()
    omit_managed_fields: bool | None = None


class Decision(NamedTuple):
    """What is to be recorded of a request."""

    level: Level
    omitted: frozenset[str] = frozenset()
    omit_managed_fields: bool = False


NOTHING = Decision(Level.NONE)


class Policy(msgspec.Struct, frozen=True, rename="camel"):
    """Rules in order. A request that none matches is not recorded."""

    rules: tuple[Rule, ...]
    omit_stages: tuple[str, ...] = ()
    omit_managed_fields: bool = False

    def decide(self, user: User | None, info: RequestInfo) -> Decision:
        """What to record. `user` is None where nobody could be told."""
        for rule in self.rules:
            if matches(rule, user, info):
                own = rule.omit_managed_fields
                return Decision(
                    LEVELS[rule.level],
                    frozenset((*self.omit_stages, *rule.omit_stages)),
                    self.omit_managed_fields if own is None else own,
                )
        return NOTHING


def matches(rule: Rule, user: User | None, info: RequestInfo) -> bool:
    """Whether the rule is about the request."""
    name, groups = (user.name, user.groups) if user is not None else ("", ())
    if rule.users and name not in rule.users:
        return False
    if rule.user_groups and not set(rule.user_groups) & set(groups):
        return False
    if rule.verbs and info.verb not in rule.verbs:
        return False
    if rule.namespaces or rule.resources:
        return bool(info.resource) and _resource_matches(rule, info)
    if rule.non_resource_urls:
        return not info.resource and any(_path_matches(info.path, each) for each in rule.non_resource_urls)
    return True


def _resource_matches(rule: Rule, info: RequestInfo) -> bool:
    if rule.namespaces and info.namespace not in rule.namespaces:
        return False
    if not rule.resources:
        return True
    for given in rule.resources:
        if given.group != info.group:
            continue
        if not given.resources:
            return True
        named = not given.resource_names or info.name in given.resource_names
        if named and any(_one_resource(each, info) for each in given.resources):
            return True
    return False


def _one_resource(given: str, info: RequestInfo) -> bool:
    whole = f"{info.resource}/{info.subresource}" if info.subresource else info.resource
    if given in (whole, "*"):
        return True
    if info.subresource and given == f"*/{info.subresource}":
        return True
    return given == f"{info.resource}/*"


def _path_matches(path: str, given: str) -> bool:
    return given in ("*", path) or (given.endswith("*") and path.startswith(given[:-1]))


def load_policy(path: Path) -> Policy:
    """The policy in a file. Raises PolicyError, OSError."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path}: {error}") from error
    if not isinstance(given, dict) or given.get("kind") != KIND or given.get("apiVersion") != API_VERSION:
        raise PolicyError(f"{path}: it must be of kind {KIND} and apiVersion {API_VERSION}")
    try:
        policy = msgspec.convert(given, Policy)
    except msgspec.ValidationError as error:
        raise PolicyError(f"{path}: {error}") from error
    if not policy.rules:
        raise PolicyError(f"{path}: loaded illegal policy with 0 rules")
    if problems := list(_problems(policy)):
        raise PolicyError(f"{path}: {'; '.join(problems)}")
    return policy


def _problems(policy: Policy) -> Iterable[str]:
    yield from (f"omitStages: unsupported stage {stage!r}" for stage in policy.omit_stages if stage not in STAGES)
    for index, rule in enumerate(policy.rules):
        where = f"rules[{index}]"
        if rule.level not in LEVELS:
            yield f"{where}.level: unsupported value {rule.level!r}: supported are {', '.join(LEVELS)}"
        yield from (f"{where}.omitStages: unsupported stage {s!r}" for s in rule.omit_stages if s not in STAGES)
        if rule.non_resource_urls and (rule.resources or rule.namespaces):
            yield f"{where}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs"
        for url in rule.non_resource_urls:
            if url != "*" and (not url.startswith("/") or "*" in url[:-1]):
                yield f"{where}.nonResourceURLs: {url!r}: a path, with a wildcard at its end only"
        for given in rule.resources:
            if given.resource_names and not given.resources:
                yield f"{where}.resources.resourceNames: using resourceNames requires at least one resource"
