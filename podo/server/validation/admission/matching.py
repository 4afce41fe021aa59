"""Which requests a webhook or policy is for."""

from collections import Counter

from podo.api import names
from podo.api.field_errors import duplicate, invalid, not_supported, required
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.selectors import label_selector

OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
MUTABLE = ("*", "CONNECT", "CREATE", "UPDATE")
SCOPES = ("*", "Cluster", "Namespaced")
MATCH_POLICIES = ("Equivalent", "Exact")


def rule(errs: Errors, obj: Object, path: str) -> None:
    """Operations, and the resources that they are on."""
    operations = obj.get("operations") or []
    if not operations:
        errs.append(required(f"{path}.operations"))
    _alone(errs, operations, f"{path}.operations", "operations")
    for index, operation in enumerate(operations):
        if operation not in OPERATIONS:
            errs.append(not_supported(f"{path}.operations[{index}]", operation, OPERATIONS))
    for key, what in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        if not obj.get(key):
            errs.append(required(f"{path}.{key}"))
        _alone(errs, obj.get(key) or [], f"{path}.{key}", what)
    for index, version in enumerate(obj.get("apiVersions") or ()):
        if not version:
            errs.append(required(f"{path}.apiVersions[{index}]"))
    _resources(errs, obj.get("resources") or [], f"{path}.resources")
    scope = obj.get("scope")
    if scope is not None and scope not in SCOPES:
        errs.append(not_supported(f"{path}.scope", scope, SCOPES))


def _alone(errs: Errors, values: list[str], path: str, what: str) -> None:
    if len(values) > 1 and "*" in values:
        errs.append(invalid(path, values, f"if '*' is present, must not specify other {what}"))


def _resources(errs: Errors, resources: list[str], path: str) -> None:
    if not resources:
        errs.append(required(path))
    whole: set[str] = set()  # resources with all their subresources
    below: set[str] = set()  # subresources of all resources
    plain = False
    for index, text in enumerate(resources):
        where = f"{path}[{index}]"
        if not text:
            errs.append(required(where))
            continue
        resource, slash, sub = text.partition("/")
        if not slash:
            plain = text != "*"
            continue
        if resource in whole:
            errs.append(invalid(where, text, f"if '{resource}/*' is present, must not specify {text}"))
        if sub in below:
            errs.append(invalid(where, text, f"if '*/{sub}' is present, must not specify {text}"))
        if sub == "*":
            whole.add(resource)
        if resource == "*":
            below.add(sub)
    if len(resources) > 1 and "*/*" in resources:
        errs.append(invalid(path, resources, "if '*/*' is present, must not specify other resources"))
    if "*" in resources and plain:
        message = "if '*' is present, must not specify other resources without subresources"
        errs.append(invalid(path, resources, message))


def match_resources(errs: Errors, match: Object, path: str) -> None:
    """What a policy or binding matches."""
    policy = match.get("matchPolicy")
    if policy is None:
        errs.append(required(f"{path}.matchPolicy"))
    elif policy not in MATCH_POLICIES:
        errs.append(not_supported(f"{path}.matchPolicy", policy, MATCH_POLICIES))
    for key in ("namespaceSelector", "objectSelector"):
        if key not in match:
            errs.append(required(f"{path}.{key}"))
        label_selector(errs, match.get(key), f"{path}.{key}")
    for key in ("resourceRules", "excludeResourceRules"):
        for index, one in enumerate(match.get(key, ())):
            _named_rule(errs, one, f"{path}.{key}[{index}]")


def _named_rule(errs: Errors, obj: Object, path: str) -> None:
    seen: Counter[str] = Counter()
    for index, name in enumerate(obj.get("resourceNames", ())):
        where = f"{path}.resourceNames[{index}]"
        named(errs, where, name, names.path_segment)
        if seen[name]:
            errs.append(duplicate(where, name))
        seen[name] += 1
    rule(errs, obj, path)


def only_mutable(errs: Errors, match: Object, path: str) -> None:
    """Nothing can be mutated in what is deleted."""
    for one in match.get("resourceRules", ()):
        for operation in one.get("operations") or ():
            if operation not in MUTABLE:
                errs.append(not_supported(f"{path}.resourceRules.operations", operation, MUTABLE))
