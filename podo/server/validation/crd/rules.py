"""The rules that schemas hold (x-kubernetes-validations): their fields, whether they compile, what they may cost."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from podo.api.field_errors import forbidden, invalid, not_supported, required
from podo.api.field_errors import internal as internal_error
from podo.server.customresources.schema.structural import Structural, has_anywhere
from podo.server.validation.crd.field_paths import PathError, find_field
from podo.server.validation.fields import Errors, Object
from podo.server.validation.internal_form import internal_form

if TYPE_CHECKING:
    from podo.cel.schemas import Declarations, Declared
    from podo.server.customresources.rules.compiling import Rule

REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
BREAKS = set("\n\r")
RULE_LIMIT, TOTAL_LIMIT, LARGEST = 10_000_000, 100_000_000, 2**64 - 1
"""Cost units that one rule, and all rules of a schema, may be estimated to cost on one object."""
HOW = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
    "declared)"
)
CONTRIBUTED = "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
NO_TYPES = "internal error: failed to construct type information for x-kubernetes-validations rules: "
UNCORRELATABLE = "oldSelf cannot be used on the uncorrelatable portion of the schema within "


def rules(errs: Errors, schema: Object, path: str) -> None:
    """What is wrong with the fields of a schema's rules."""
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or ()):
        _rule(errs, rule, schema, f"{path}.x-kubernetes-validations[{index}]")


def _rule(errs: Errors, rule: Object, schema: Object, path: str) -> None:
    text, message, computed = (rule.get(key, "") for key in ("rule", "message", "messageExpression"))
    if not text.strip():
        errs.append(required(f"{path}.rule", "rule is not specified"))
    elif message and not message.strip():
        errs.append(invalid(f"{path}.message", message, "must be non-empty if specified"))
    elif BREAKS & set(message.strip()):
        errs.append(invalid(f"{path}.message", message, "must not contain line breaks"))
    elif BREAKS & set(text.strip()) and not message.strip():
        errs.append(required(f"{path}.message", "message must be specified if rule contains line breaks"))
    if computed and not computed.strip():
        errs.append(required(f"{path}.messageExpression", "messageExpression must be non-empty if specified"))
    if "reason" in rule and rule["reason"] not in REASONS:
        errs.append(not_supported(f"{path}.reason", rule["reason"], REASONS))
    field, where = rule.get("fieldPath", ""), f"{path}.fieldPath"
    if field and not field.strip():
        errs.append(invalid(where, field, "must be non-empty if specified"))
    if BREAKS & set(field):
        errs.append(invalid(where, field, "must not contain line breaks"))
    if field:
        try:
            find_field(field, schema, keys=True)
        except PathError:
            errs.append(invalid(where, field, "must be a valid path"))


@dataclass
class _Schema:
    """One schema while its rules are compiled: what it costs altogether, and the dearest rules."""

    errs: Errors
    declarations: Declarations
    limits_rules: bool
    total: int = 0
    dearest: list[tuple[int, str]] = field(default_factory=list)

    def observe(self, path: str, cost: int) -> None:
        self.total = min(self.total + cost, LARGEST)
        if cost >= TOTAL_LIMIT // 100:
            self.dearest = sorted([*self.dearest, (cost, path)], key=lambda one: -one[0])[:4]

    def limit(self, path: str, what: str, cost: int) -> None:
        if self.limits_rules and cost > RULE_LIMIT:
            self.errs.append(forbidden(path, over_budget(f"estimated {what} cost", cost, RULE_LIMIT)))
        self.observe(path, cost)


@dataclass(frozen=True)
class _Place:
    """A node: its type (None while no schema above has rules), how many such values an object may have at most (None:
    nothing says), and within what its value before an update cannot be told ("": it can)."""

    node: Structural
    path: str
    root: bool = False
    declared: Declared | None = None
    count: int | None = 1
    uncorrelatable: str = ""


def compile_rules(errs: Errors, schema: Object, path: str, *, limits_rules: bool = True) -> None:
    """Compile all rules of a schema that is good otherwise. Without `limits_rules` only all together must be cheap."""
    node = Structural(schema)
    if not has_anywhere(node, rules=True):
        return
    from podo.cel.schemas import Declarations

    whole = _Schema(errs, Declarations(), limits_rules)
    _everywhere(whole, _Place(node, path, root=True))
    if whole.total > TOTAL_LIMIT:
        errs += [forbidden(at, CONTRIBUTED) for _, at in whole.dearest]
        what = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
        errs.append(forbidden(path, over_budget(what, whole.total, TOTAL_LIMIT)))


def _everywhere(whole: _Schema, place: _Place) -> None:
    node, declared = place.node, place.declared
    if declared is None and node.rules:
        declared = whole.declarations.declare(node.source, "selfType", root=place.root or node.embedded)
        if declared is None:
            detail = f"{NO_TYPES}unable to convert structural schema to CEL declarations"
            whole.errs.append(internal_error(f"{place.path}.x-kubernetes-validations", detail))
    if declared is not None:
        place = replace(place, declared=declared)
        _compiled(whole, place, declared)
    for below in _below(place):
        _everywhere(whole, below)


def _below(place: _Place) -> list[_Place]:
    from podo.cel.property_names import escaped

    node, declared, path = place.node, place.declared, place.path
    element = declared.element if declared is not None else None
    found: list[_Place] = []
    if node.additional is not None:
        count = _times(place.count, node.source.get("maxProperties"))
        found.append(
            _Place(node.additional, f"{path}.additionalProperties", False, element, count, place.uncorrelatable)
        )
    for name, child in node.properties.items():
        known_as = escaped(name)
        below = declared.fields.get(known_as) if declared is not None and known_as is not None else None
        count = _times(place.count, node.source.get("maxProperties")) if node.additional is not None else place.count
        found.append(_Place(child, f"{path}.properties[{name}]", False, below, count, place.uncorrelatable))
    if node.items is not None:
        within = place.uncorrelatable or ("" if node.list_type == "map" else path)
        count = _times(place.count, node.source.get("maxItems"))
        found.append(_Place(node.items, f"{path}.items", False, element, count, within))
    return found


def _times(count: int | None, most: int | None) -> int | None:
    return None if count is None or most is None else min(count * max(most, 0), LARGEST)


def _compiled(whole: _Schema, place: _Place, declared: Declared) -> None:
    from podo.server.customresources.rules.compiling import compiled, most_values

    count = place.count if place.count is not None else most_values(declared)
    for index, rule in enumerate(compiled(place.node.rules, declared, whole.declarations, place.node.source)):
        path = f"{place.path}.x-kubernetes-validations[{index}]"
        whole.limit(f"{path}.rule", "rule", min(rule.cost * count, LARGEST))
        shown: Any = internal_form("ValidationRule", dict(rule.source))
        if rule.error:
            whole.errs.append(invalid(f"{path}.rule", shown, rule.error))
        if rule.message_error:
            whole.errs.append(invalid(f"{path}.messageExpression", shown, rule.message_error))
        elif rule.message is not None:
            whole.limit(f"{path}.messageExpression", "messageExpression", rule.message_cost)
        _old_self(whole.errs, rule, path, place.uncorrelatable)


def _old_self(errs: Errors, rule: Rule, path: str, uncorrelatable: str) -> None:
    if rule.uses_old:
        if uncorrelatable:
            errs.append(invalid(f"{path}.rule", rule.source["rule"], UNCORRELATABLE + uncorrelatable))
    elif rule.source.get("optionalOldSelf") is not None:
        text = "may not be set if oldSelf is not used in rule"
        errs.append(invalid(f"{path}.optionalOldSelf", rule.source["optionalOldSelf"], text))


def over_budget(what: str, cost: int, limit: int) -> str:
    """What is said of rules that may cost too much."""
    factor = cost / limit
    times = "more than 100x" if factor > 100 else f"{factor:f}x" if factor < 1.5 else f"{factor:.1f}x"
    return f"{what} exceeds budget by factor of {times} {HOW}"
