"""What a Job does when its Pods fail, when it has succeeded, and when it replaces Pods."""

from itertools import pairwise

from podo.api import names
from podo.api.field_errors import INVALID, FieldError, duplicate, invalid, not_supported, required, too_long, too_many
from podo.server.validation.batch import indexes
from podo.server.validation.fields import Errors, Object, named, non_negative

RULES_MAX, EXIT_CODES_MAX, PATTERNS_MAX = 20, 255, 20
INDEXES_TEXT_MAX = 64 * 1024
ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
STATUSES = ("False", "True", "Unknown")


def without_value(path: str, detail: str) -> FieldError:
    """Invalid, but the value is not shown."""
    return FieldError(INVALID, path, detail=detail)


def _valid(words: tuple[str, ...]) -> str:
    return "valid values: [" + " ".join(f'"{word}"' for word in words) + "]"


def _word(errs: Errors, path: str, value: str, words: tuple[str, ...]) -> None:
    if not value:
        errs.append(required(path, _valid(words)))
    elif value not in words:
        errs.append(not_supported(path, value, words))


def pod_failure_policy(errs: Errors, spec: Object, path: str) -> None:
    """Rules that say what a failed Pod means."""
    rules = spec["podFailurePolicy"].get("rules") or []
    if len(rules) > RULES_MAX:
        errs.append(too_many(f"{path}.rules", len(rules), RULES_MAX))
    pod = spec["template"]["spec"]
    containers = {c["name"] for key in ("containers", "initContainers") for c in pod.get(key) or ()}
    for index, rule in enumerate(rules):
        where, action = f"{path}.rules[{index}]", rule.get("action", "")
        if action == "FailIndex":
            if "backoffLimitPerIndex" not in spec:
                errs.append(invalid(f"{where}.action", action, "requires the backoffLimitPerIndex to be set"))
        else:
            _word(errs, f"{where}.action", action, ACTIONS)
        codes, conditions = rule.get("onExitCodes"), rule.get("onPodConditions")
        if codes is not None:
            _exit_codes(errs, codes, f"{where}.onExitCodes", containers)
        if conditions:
            _pod_conditions(errs, conditions, f"{where}.onPodConditions")
        if codes is not None and conditions:
            message = "specifying both OnExitCodes and OnPodConditions is not supported"
            errs.append(without_value(where, message))
        if codes is None and not conditions:
            message = "specifying one of OnExitCodes and OnPodConditions is required"
            errs.append(without_value(where, message))


def _pod_conditions(errs: Errors, patterns: list[Object], path: str) -> None:
    if len(patterns) > PATTERNS_MAX:
        errs.append(too_many(path, len(patterns), PATTERNS_MAX))
    for index, pattern in enumerate(patterns):
        named(errs, f"{path}[{index}].type", pattern.get("type", ""), names.qualified_name)
        _word(errs, f"{path}[{index}].status", pattern.get("status", ""), STATUSES)


def _exit_codes(errs: Errors, codes: Object, path: str, containers: set[str]) -> None:
    operator = codes.get("operator", "")
    _word(errs, f"{path}.operator", operator, ("In", "NotIn"))
    name = codes.get("containerName")
    if name is not None and name not in containers:
        message = "must be one of the container or initContainer names in the pod template"
        errs.append(invalid(f"{path}.containerName", name, message))
    values, where = codes.get("values") or [], f"{path}.values"
    if not values:
        errs.append(invalid(where, codes.get("values"), "at least one value is required"))
    elif len(values) > EXIT_CODES_MAX:
        errs.append(too_many(where, len(values), EXIT_CODES_MAX))
    seen: set[int] = set()
    for index, value in enumerate(values):
        if operator == "In" and value == 0:
            errs.append(invalid(f"{where}[{index}]", value, "must not be 0 for the In operator"))
        if value in seen:
            errs.append(duplicate(f"{where}[{index}]", value))
        seen.add(value)
    if any(a > b for a, b in pairwise(values)):
        errs.append(invalid(where, values, "must be ordered"))


def success_policy(errs: Errors, spec: Object, path: str) -> None:
    """Rules that say when an indexed Job has succeeded."""
    rules = spec["successPolicy"].get("rules") or []
    if not rules:
        message = "at least one rules must be specified when the successPolicy is specified"
        errs.append(required(f"{path}.rules", message))
    if len(rules) > RULES_MAX:
        errs.append(too_many(f"{path}.rules", len(rules), RULES_MAX))
    for index, rule in enumerate(rules):
        _success_rule(errs, rule, spec.get("completions") or 0, f"{path}.rules[{index}]")


def _success_rule(errs: Errors, rule: Object, completions: int, path: str) -> None:
    count, text = rule.get("succeededCount"), rule.get("succeededIndexes")
    if count is None and text is None:
        errs.append(required(path, "at least one of succeededCount or succeededIndexes must be specified"))
    named_indexes = 0
    if text is not None:
        where = f"{path}.succeededIndexes"
        if len(text) > INDEXES_TEXT_MAX:
            errs.append(too_long(where, INDEXES_TEXT_MAX))
        try:
            named_indexes = indexes.total(text, completions)
        except indexes.BadIndexes as error:
            errs.append(invalid(where, text, f"error parsing succeededIndexes: {error}"))
    if count is not None:
        where = f"{path}.succeededCount"
        non_negative(errs, where, count)
        if count > completions:
            message = f"must be less than or equal to {completions} (the number of specified completions)"
            errs.append(invalid(where, count, message))
        if text is not None and count > named_indexes:
            which = "the number of indexes in the specified succeededIndexes field"
            errs.append(invalid(where, count, f"must be less than or equal to {named_indexes} ({which})"))


def replacement_policy(errs: Errors, spec: Object, path: str) -> None:
    """When a failed Pod is replaced; with a failure policy only once it is gone."""
    policy = spec.get("podReplacementPolicy")
    if policy is None:
        return
    supported = ("Failed",) if "podFailurePolicy" in spec else ("Failed", "TerminatingOrFailed")
    if policy not in supported:
        errs.append(not_supported(path, policy, supported))
