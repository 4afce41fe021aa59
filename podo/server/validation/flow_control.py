"""FlowSchemas and PriorityLevelConfigurations."""

import math

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from podo.server.validation.fields import Errors, Object, named
from podo.server.validation.internal_form import internal_form
from podo.server.validation.metadata import new_meta
from podo.server.validation.rules import Rules

PRECEDENCE_MAX = 10_000
QUEUES_MAX = 10_000_000
HASH_BITS = 60
EXEMPT, CATCH_ALL = "exempt", "catch-all"
METHODS = ("ByNamespace", "ByUser")
VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch")
SUBJECTS = {"Group": "group", "ServiceAccount": "serviceAccount", "User": "user"}
NAMESPACE = "each member of this list must be '*' or a DNS-1123 label; "
PRESERVE_ZERO = "flowcontrol.k8s.io/preserve-zero-concurrency-shares"


def _subject(kind: str) -> Object:
    return {"kind": "Group", "group": {"name": kind}}


def _everything(*subjects: str) -> list[Object]:
    resources = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "clusterScope": True, "namespaces": ["*"]}
    return [
        {
            "subjects": [_subject(subject) for subject in subjects],
            "resourceRules": [resources],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        }
    ]


MANDATORY_SCHEMAS: dict[str, Object] = {
    EXEMPT: {
        "priorityLevelConfiguration": {"name": EXEMPT},
        "matchingPrecedence": 1,
        "rules": _everything("system:masters"),
    },
    CATCH_ALL: {
        "priorityLevelConfiguration": {"name": CATCH_ALL},
        "matchingPrecedence": PRECEDENCE_MAX,
        "distinguisherMethod": {"type": "ByUser"},
        "rules": _everything("system:unauthenticated", "system:authenticated"),
    },
}
MANDATORY_LEVELS: dict[str, Object] = {
    EXEMPT: {"type": "Exempt"},
    CATCH_ALL: {
        "type": "Limited",
        "limited": {"nominalConcurrencyShares": 5, "lendablePercent": 0, "limitResponse": {"type": "Reject"}},
    },
}


def schema(obj: Object) -> Errors:
    """What is wrong with a FlowSchema."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    name, spec = obj["metadata"].get("name", ""), obj["spec"]
    _precedence(errs, spec.get("matchingPrecedence", 0), name)
    method = spec.get("distinguisherMethod")
    if method is not None and method.get("type", "") not in METHODS:
        shown = internal_form("FlowDistinguisherMethod", method)
        errs.append(not_supported("spec.distinguisherMethod.type", shown, METHODS))
    level, path = spec.get("priorityLevelConfiguration", {}).get("name"), "spec.priorityLevelConfiguration.name"
    if level:
        named(errs, path, level, names.dns1123_subdomain)
    else:
        errs.append(required(path, "must reference a priority level"))
    for index, rule in enumerate(spec.get("rules", ())):
        _rule(errs, rule, f"spec.rules[{index}]")
    if name in MANDATORY_SCHEMAS and spec != MANDATORY_SCHEMAS[name]:
        errs.append(
            invalid("spec", internal_form("FlowSchemaSpec", spec), f"spec of '{name}' must equal the fixed value")
        )
    _conditions(errs, obj["status"])
    return errs


def _precedence(errs: Errors, value: int, name: str) -> None:
    path = "spec.matchingPrecedence"
    if value <= 0:
        errs.append(invalid(path, value, "must be a positive value"))
    if value > PRECEDENCE_MAX:
        errs.append(invalid(path, value, f"must not be greater than {PRECEDENCE_MAX}"))
    if value == 1 and name != EXEMPT:
        errs.append(invalid(path, value, "only the schema named 'exempt' may have matchingPrecedence 1"))


def _rule(errs: Errors, rule: Object, path: str) -> None:
    if not rule.get("subjects"):
        errs.append(required(f"{path}.subjects", "subjects must contain at least one value"))
    for index, subject in enumerate(rule.get("subjects") or ()):
        _check_subject(errs, subject, f"{path}.subjects[{index}]")
    resources, others = rule.get("resourceRules", []), rule.get("nonResourceRules", [])
    if not resources and not others:
        errs.append(required(path, "at least one of resourceRules and nonResourceRules has to be non-empty"))
    for index, one in enumerate(resources):
        _resource_rule(errs, one, f"{path}.resourceRules[{index}]")
    for index, one in enumerate(others):
        where = f"{path}.nonResourceRules[{index}]"
        _verbs(errs, one.get("verbs") or [], where)
        _urls(errs, one.get("nonResourceURLs") or [], f"{where}.nonResourceURLs")


def _check_subject(errs: Errors, subject: Object, path: str) -> None:
    kind = subject.get("kind", "")
    if kind not in SUBJECTS:
        errs.append(not_supported(f"{path}.kind", kind, SUBJECTS))
        return
    key = SUBJECTS[kind]
    one, where = subject.get(key), f"{path}.{key}"
    if one is None:
        errs.append(required(where, f"{key} is required when subject kind is '{kind}'"))
    else:
        name = one.get("name", "")
        if not name:
            errs.append(required(f"{where}.name"))
        elif kind == "ServiceAccount" and name != "*":
            named(errs, f"{where}.name", name, names.dns1123_subdomain)
        if kind == "ServiceAccount":
            if one.get("namespace"):
                named(errs, f"{where}.namespace", one["namespace"], names.dns1123_label)
            else:
                errs.append(required(f"{where}.namespace", "must specify namespace for service account"))
    for other, field in SUBJECTS.items():
        if other != kind and field in subject:
            errs.append(forbidden(f"{path}.{field}", f"{field} is forbidden when subject kind is not '{other}'"))


def _verbs(errs: Errors, verbs: list[str], path: str) -> None:
    where = f"{path}.verbs"
    if not verbs:
        errs.append(required(where, "verbs must contain at least one value"))
    elif "*" in verbs:
        _alone(errs, verbs, where, "verbs")
    elif not set(verbs) <= set(VERBS):
        errs.append(not_supported(where, verbs, VERBS))


def _alone(errs: Errors, values: list[str], path: str, what: str) -> None:
    if len(values) > 1 and "*" in values:
        errs.append(invalid(path, values, f"if '*' is present, must not specify other {what}"))


def _resource_rule(errs: Errors, rule: Object, path: str) -> None:
    _verbs(errs, rule.get("verbs") or [], path)
    for key, one, many in (("apiGroups", "api group", "api groups"), ("resources", "resource", "resources")):
        if not rule.get(key):
            errs.append(required(f"{path}.{key}", f"resource rules must supply at least one {one}"))
        _alone(errs, rule.get(key) or [], f"{path}.{key}", many)
    namespaces, where = rule.get("namespaces") or [], f"{path}.namespaces"
    if not namespaces and not rule.get("clusterScope"):
        message = "resource rules that are not cluster scoped must supply at least one namespace"
        errs.append(required(where, message))
    elif "*" in namespaces:
        _alone(errs, namespaces, where, "namespaces")
    else:
        for index, name in enumerate(namespaces):
            errs += [invalid(f"{where}[{index}]", name, NAMESPACE + problem) for problem in names.dns1123_label(name)]


def _urls(errs: Errors, urls: list[str], path: str) -> None:
    if not urls:
        errs.append(required(path, "nonResourceURLs must contain at least one value"))
    elif "*" in urls:
        _alone(errs, urls, path, "non-resource URLs")
    else:
        for index, url in enumerate(urls):
            if problem := _url_problem(url):
                errs.append(invalid(f"{path}[{index}]", url, problem))


def _url_problem(url: str) -> str:
    if not url:
        return "must not be empty"
    if url == "/":
        return ""
    if not url.startswith("/"):
        return "must start with slash"
    if " " in url:
        return "must not contain white-space"
    if "//" in url:
        return "must not contain double slash"
    bad = url.count("*") > 1 or ("*" in url and not url.endswith("/*"))
    return "wildcard can only do suffix matching" if bad else ""


def _conditions(errs: Errors, status: Object) -> None:
    seen: set[str] = set()
    for index, condition in enumerate(status.get("conditions", ())):
        path, kind = f"status.conditions[{index}].type", condition.get("type", "")
        if kind in seen:
            errs.append(duplicate(path, kind))
        seen.add(kind)
        if not kind:
            errs.append(required(path))


def level(obj: Object) -> Errors:
    """What is wrong with a PriorityLevelConfiguration."""
    errs: Errors = []
    new_meta(errs, obj, namespaced=False)
    meta, spec = obj["metadata"], obj["spec"]
    name = meta.get("name", "")
    if PRESERVE_ZERO in meta.get("annotations", {}):
        errs.append(forbidden("metadata.annotations", f"annotation '{PRESERVE_ZERO}' is forbidden"))
    _level_spec(errs, spec, name)
    wanted = MANDATORY_LEVELS.get(name)
    if wanted is not None:
        have = {k: v for k, v in spec.items() if k != "exempt"} if name == EXEMPT else spec
        if have != wanted:
            but = " except the 'spec.exempt' field" if name == EXEMPT else ""
            errs.append(
                invalid(
                    "spec",
                    internal_form("PriorityLevelConfigurationSpec", spec),
                    f"spec of '{name}'{but} must equal the fixed value",
                )
            )
    _conditions(errs, obj["status"])
    return errs


def _level_spec(errs: Errors, spec: Object, name: str) -> None:
    kind, limited, exempt = spec.get("type", ""), spec.get("limited"), spec.get("exempt")
    if (name == EXEMPT) != (kind == "Exempt"):
        errs.append(invalid("spec.type", kind, "must be 'Exempt' if and only if `name` is 'exempt'"))
    if kind == "Exempt":
        if limited is not None:
            errs.append(forbidden("spec.limited", "must be nil if the type is not Limited"))
        _shares(errs, exempt or {}, "spec.exempt")
    elif kind == "Limited":
        if exempt is not None:
            errs.append(forbidden("spec.exempt", "must be nil if the type is Limited"))
        if limited is None:
            errs.append(required("spec.limited", "must not be empty when type is Limited"))
        else:
            _shares(errs, limited, "spec.limited")
            _response(errs, limited.get("limitResponse", {}), "spec.limited.limitResponse")
            borrowed = limited.get("borrowingLimitPercent")
            if borrowed is not None and borrowed < 0:
                message = "if specified, must be a non-negative integer"
                errs.append(invalid("spec.limited.borrowingLimitPercent", borrowed, message))
    else:
        errs.append(not_supported("spec.type", kind, ("Exempt", "Limited")))


def _shares(errs: Errors, part: Object, path: str) -> None:
    shares, lendable = part.get("nominalConcurrencyShares", 0), part.get("lendablePercent", 0)
    if shares < 0:
        errs.append(invalid(f"{path}.nominalConcurrencyShares", shares, "must be a non-negative integer"))
    if not 0 <= lendable <= 100:
        errs.append(invalid(f"{path}.lendablePercent", lendable, "must be between 0 and 100, inclusive"))


def _response(errs: Errors, response: Object, path: str) -> None:
    kind, queuing = response.get("type", ""), response.get("queuing")
    if kind == "Reject":
        if queuing is not None:
            message = "must be nil if limited.limitResponse.type is not Limited"
            errs.append(forbidden(f"{path}.queuing", message))
    elif kind != "Queue":
        errs.append(not_supported(f"{path}.type", kind, ("Queue", "Reject")))
    elif queuing is None:
        message = "must not be empty if limited.limitResponse.type is Limited"
        errs.append(required(f"{path}.queuing", message))
    else:
        _queues(errs, queuing, f"{path}.queuing")


def _queues(errs: Errors, queuing: Object, path: str) -> None:
    limit, queues, hand = (queuing.get(key, 0) for key in ("queueLengthLimit", "queues", "handSize"))
    if limit <= 0:
        errs.append(invalid(f"{path}.queueLengthLimit", limit, "must be positive"))
    if queues <= 0:
        errs.append(invalid(f"{path}.queues", queues, "must be positive"))
    elif queues > QUEUES_MAX:
        errs.append(invalid(f"{path}.queues", queues, f"must not be greater than {QUEUES_MAX}"))
    where = f"{path}.handSize"
    if hand <= 0:
        errs.append(invalid(where, hand, "must be positive"))
    elif hand > queues:
        errs.append(invalid(where, hand, f"should not be greater than queues ({queues})"))
    elif entropy_bits(queues, hand) > HASH_BITS:
        message = f"required entropy bits of deckSize {queues} and handSize {hand} "
        errs.append(invalid(where, hand, f"{message}should not be greater than {HASH_BITS}"))


def entropy_bits(queues: int, hand: int) -> int:
    """How many bits of a hash it takes to deal a hand of so many queues."""
    return math.ceil(sum(math.log2(queues - dealt) for dealt in range(hand)))


def _status(obj: Object, old: Object) -> Errors:
    errs: Errors = []
    _conditions(errs, obj["status"])
    return errs


V1 = "flowcontrol.apiserver.k8s.io/v1"
TABLE: dict[tuple[str, str], Rules] = {
    (V1, "FlowSchema"): Rules(schema, lambda obj, old: schema(obj), {"status": _status}),
    (V1, "PriorityLevelConfiguration"): Rules(level, lambda obj, old: level(obj), {"status": _status}),
}
