"""Whether a rule allows an attempt, and whether rules cover others."""

from collections.abc import Iterable, Iterator
from itertools import product

from podo.api.types.rbac_v1 import PolicyRule
from podo.server.authorization.base import Attempt

ALL = "*"


def allows(rule: PolicyRule, attempt: Attempt) -> bool:
    """Whether the rule grants what is attempted."""
    if ALL not in rule.verbs and attempt.verb not in rule.verbs:
        return False
    if not attempt.resource:
        return any(_path_matches(pattern, attempt.path) for pattern in rule.non_resource_urls)
    return (
        (ALL in rule.api_groups or attempt.group in rule.api_groups)
        and _resource_matches(rule.resources, attempt.resource, attempt.subresource)
        and (not rule.resource_names or attempt.name in rule.resource_names)
    )


def _resource_matches(resources: tuple[str, ...], resource: str, subresource: str) -> bool:
    if ALL in resources:
        return True
    if not subresource:
        return resource in resources
    return f"{resource}/{subresource}" in resources or f"*/{subresource}" in resources


def _path_matches(pattern: str, path: str) -> bool:
    return pattern in (ALL, path) or (pattern.endswith(ALL) and path.startswith(pattern.rstrip(ALL)))


def uncovered(owned: Iterable[PolicyRule], wanted: Iterable[PolicyRule]) -> list[PolicyRule]:
    """What of `wanted` no single rule of `owned` grants, in pieces of one verb of one thing."""
    owned = tuple(owned)
    return [piece for rule in wanted for piece in pieces(rule) if not any(_covers(own, piece) for own in owned)]


def pieces(rule: PolicyRule) -> Iterator[PolicyRule]:
    """A rule as rules of one group, resource, verb and name, or of one path and verb."""
    for group, resource, verb in product(rule.api_groups, rule.resources, rule.verbs):
        for name in rule.resource_names or (None,):
            names = (name,) if name is not None else ()
            yield PolicyRule(api_groups=(group,), resources=(resource,), verbs=(verb,), resource_names=names)
    for path, verb in product(rule.non_resource_urls, rule.verbs):
        yield PolicyRule(non_resource_urls=(path,), verbs=(verb,))


def _covers(own: PolicyRule, piece: PolicyRule) -> bool:
    if ALL not in own.verbs and piece.verbs[0] not in own.verbs:
        return False
    if piece.non_resource_urls:
        path = piece.non_resource_urls[0]
        return any(_path_matches(pattern, path) for pattern in own.non_resource_urls)
    if ALL not in own.api_groups and piece.api_groups[0] not in own.api_groups:
        return False
    resource, _, subresource = piece.resources[0].partition("/")
    if not _resource_matches(own.resources, resource, subresource):
        return False
    return not own.resource_names or (bool(piece.resource_names) and piece.resource_names[0] in own.resource_names)


def compact(rules: Iterable[PolicyRule]) -> list[PolicyRule]:
    """Pieces joined where they differ in their verbs alone."""
    found: dict[tuple[object, ...], list[str]] = {}
    for rule in rules:
        key = (rule.api_groups, rule.resources, rule.resource_names, rule.non_resource_urls)
        verbs = found.setdefault(key, [])
        verbs += [verb for verb in rule.verbs if verb not in verbs]
    return [
        PolicyRule(
            api_groups=groups,  # type: ignore[arg-type]
            resources=resources,  # type: ignore[arg-type]
            resource_names=names,  # type: ignore[arg-type]
            non_resource_urls=paths,  # type: ignore[arg-type]
            verbs=tuple(verbs),
        )
        for (groups, resources, names, paths), verbs in found.items()
    ]


def shown(rule: PolicyRule) -> str:
    """A rule as messages say it: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get"]}`."""
    parts = [
        ("APIGroups", rule.api_groups),
        ("Resources", rule.resources),
        ("NonResourceURLs", rule.non_resource_urls),
        ("ResourceNames", rule.resource_names),
        ("Verbs", rule.verbs),
    ]
    return "{" + ", ".join(f"{name}:{quoted(values)}" for name, values in parts if values) + "}"


def quoted(values: Iterable[str]) -> str:
    """A list of strings as Go's %q prints it for rules: `["a" "b"]`."""
    return "[" + " ".join(f'"{value}"' for value in values) + "]"
