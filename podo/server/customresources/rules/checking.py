"""Check an object by the rules of its schema: a tree of rules that mirrors the schema, walked within a budget."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from podo.api.field_errors import NO_VALUE, FieldError, duplicate, forbidden, invalid, required
from podo.cel.errors import CostExceeded, EvalError
from podo.cel.property_names import escaped
from podo.cel.schemas import Declarations, Declared, with_type_meta
from podo.cel.values import NONE, Optional
from podo.server.customresources.schema.correlation import Correlated
from podo.server.customresources.schema.structural import Structural

from .compiling import Rule, compiled
from .values import Convert, converter

BUDGET = 10_000_000
"""Cost units that all rules on one object may cost together."""
MESSAGE_MAX = 5 * 1024
SPENT = "validation failed due to running out of cost budget, no further validation rules will be run"
TOO_COSTLY = "no further validation rules will be run due to call cost exceeds limit"


@dataclass(frozen=True)
class Ratchet:
    """What stood where the value stands before the update: itself, or else the nearest parent that can be told."""

    own: Correlated | None = None
    parent: Correlated | None = None

    @property
    def unchanged(self) -> bool:
        """Whether a fault of this place was there before, so that it is only warned of."""
        known = self.own if self.own is not None else self.parent
        return known is not None and known.unchanged

    def key(self, name: str) -> "Ratchet":
        if self.own is None:
            return self
        if self.parent is None and name in ("apiVersion", "kind"):
            return Ratchet()
        return Ratchet(self.own.key(name), self.own)

    def index(self, position: int) -> "Ratchet":
        return self if self.own is None else Ratchet(self.own.index(position), self.own)


class _Stop(Exception):
    """No further rule is run."""


@dataclass
class Findings:
    """What the rules found, and what is left to spend."""

    errors: list[FieldError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    left: int = BUDGET

    def spend(self, cost: int, path: str, kind: str) -> None:
        if cost > self.left:
            self.errors.append(invalid(shown_path(path), kind, SPENT))
            raise _Stop
        self.left -= cost


@dataclass(frozen=True, eq=False)
class Checks:
    """The rules of a node and below it."""

    node: Structural
    rules: tuple[Rule, ...]
    convert: Callable[[], Convert]
    properties: Mapping[str, "Checks"]
    items: "Checks | None"
    additional: "Checks | None"
    all_of: tuple["Checks", ...]
    root: bool

    @cached_property
    def converted(self) -> Convert:
        """What turns values of the node into CEL's."""
        return self.convert()

    def run(self, obj: Any, old: Any, correlated: Correlated | None, path: str = "") -> Findings:
        """All that the rules find in an object; `old` and `correlated` are None when it is new."""
        findings = Findings()
        try:
            self._check(path, obj, old, Ratchet(correlated), findings)
        except _Stop:
            pass
        return findings

    def _check(self, path: str, obj: Any, old: Any, ratchet: Ratchet, findings: Findings) -> None:
        if obj is None:
            return
        if self.rules:
            self._run_rules(path, obj, old, ratchet, findings)
        for checks in self.all_of:
            checks._check(path, obj, old, Ratchet(None, ratchet.parent), findings)
        if isinstance(obj, list):
            self._check_items(path, obj, old, ratchet, findings)
        elif isinstance(obj, dict):
            self._check_members(path, obj, old if isinstance(old, dict) else {}, ratchet, findings)

    def _check_members(self, path: str, obj: dict[str, Any], old: Any, ratchet: Ratchet, findings: Findings) -> None:
        for name, value in obj.items():
            if self.additional is not None:
                self.additional._check(f"{path}[{name}]", value, old.get(name), ratchet.key(name), findings)
            below = self.properties.get(name)
            if below is not None:
                place = f"{path}.{name}" if path else name
                below._check(place, value, old.get(name), ratchet.key(name), findings)

    def _check_items(self, path: str, obj: list[Any], old: Any, ratchet: Ratchet, findings: Findings) -> None:
        if self.items is None:
            return
        correlated = Correlated(obj, old, self.node) if isinstance(old, list) else None
        for position, value in enumerate(obj):
            before = correlated.index(position) if correlated is not None else None
            place = f"{path}[{position}]"
            self.items._check(place, value, before.old if before else None, ratchet.index(position), findings)

    def _run_rules(self, path: str, obj: Any, old: Any, ratchet: Ratchet, findings: Findings) -> None:
        current = self.converted(obj)
        before = self.converted(old) if old is not None else None
        plain = {"self": current, "oldSelf": before}
        optional = {"self": current, "oldSelf": Optional(before) if old is not None else NONE}
        for rule in self.rules:
            if rule.error:
                findings.errors.append(invalid(shown_path(path), self.node.type, f"rule compile error: {rule.error}"))
            elif rule.program is not None and (old is not None or not rule.uses_old or rule.is_optional_old):
                variables = optional if rule.is_optional_old else plain
                self._run_rule(rule, variables, path, obj, ratchet, findings)

    def _run_rule(
        self, rule: Rule, variables: Mapping[str, Any], path: str, obj: Any, ratchet: Ratchet, findings: Findings
    ) -> None:
        assert rule.program is not None
        place, kind = shown_path(path), self.node.type
        try:
            result = rule.program.run(variables)
        except CostExceeded as error:
            findings.errors.append(invalid(place, kind, f"'{error}': {TOO_COSTLY} for rule: {rule.shown}"))
            raise _Stop from None
        except EvalError as error:
            findings.errors.append(invalid(place, kind, failure(error, rule)))
            return
        findings.spend(result.cost, path, kind)
        if result.value is True:
            return
        at = path + ("." if path and rule.field and not rule.field.startswith("[") else "") + rule.field
        detail = self._detail(rule, variables, at, findings)
        value = NO_VALUE if kind in ("object", "array") else obj
        broken = fault(shown_path(at), value, detail, rule.source.get("reason"))
        if not rule.uses_old and ratchet.unchanged:
            findings.warnings.append(str(broken))
        else:
            findings.errors.append(broken)

    def _detail(self, rule: Rule, variables: Mapping[str, Any], path: str, findings: Findings) -> str:
        """What is said of a broken rule: what its expression gives, its message, or the rule."""
        message = str(rule.source.get("message") or "").strip()
        otherwise = message or f"failed rule: {rule.shown}"
        if rule.message is None:
            return otherwise
        try:
            result = rule.message.run(variables)
        except CostExceeded:
            source = rule.source.get("messageExpression")
            text = f'{TOO_COSTLY} for messageExpression: "{source}"'
            findings.errors.append(invalid(shown_path(path), self.node.type, text))
            raise _Stop from None
        except EvalError:
            return otherwise
        findings.spend(result.cost, path, self.node.type)
        text = result.value.strip() if isinstance(result.value, str) else ""
        return text if text and "\n" not in text and len(text.encode()) <= MESSAGE_MAX else otherwise


def shown_path(path: str) -> str:
    """A path as messages show it; the root has none."""
    return path or "<nil>"


def failure(error: EvalError, rule: Rule) -> str:
    """What is said of a rule that fails when it is run."""
    if str(error).startswith("no such overload"):
        words = "call arguments did not match a supported operator, function or macro signature for rule"
        return f"'{error}': {words}: {rule.shown}"
    return f"{error} evaluating rule: {rule.shown}"


def fault(path: str, value: Any, detail: str, reason: str | None) -> FieldError:
    """The error of a broken rule, of the kind that the rule names."""
    if reason == "FieldValueForbidden":
        return forbidden(path, detail)
    if reason == "FieldValueRequired":
        return required(path, detail)
    if reason == "FieldValueDuplicate":
        return duplicate(path, value)
    return invalid(path, value, detail)


def checks_of(schema: Structural, *, root: bool = True) -> Checks | None:
    """The rules of a schema; None when it has none."""
    declarations = Declarations()
    return _build(schema, schema, declarations.declare(schema.source, "selfType", root=root), declarations, root=root)


def _build(
    logic: Structural, node: Structural, declared: Declared | None, declarations: Declarations, *, root: bool
) -> Checks | None:
    """The rules of `logic`, which may be part of an allOf, on values whose schema is `node`."""
    rules: tuple[Rule, ...] = ()
    if declared is not None:
        rules = compiled(logic.rules, declared, declarations, node.source)
    elif logic.rules:
        rules = tuple(
            Rule(rule, error="failed to convert to declType for CEL validation rules") for rule in logic.rules
        )
    items = additional = None
    element = declared.element if declared is not None else None
    if logic.items is not None and node.items is not None:
        items = _build(logic.items, node.items, element, declarations, root=node.items.embedded)
    if logic.additional is not None and node.additional is not None:
        additional = _build(logic.additional, node.additional, element, declarations, root=node.additional.embedded)
    properties = _properties(logic, node, declared, declarations)
    parts = [Structural(one) for one in logic.source.get("allOf") or ()]
    all_of = [_build(part, node, declared, declarations, root=root) for part in parts]
    found = tuple(part for part in all_of if part is not None)
    if not (rules or items or additional or properties or found):
        return None
    seen = Structural(with_type_meta(node.source)) if root else node
    return Checks(node, rules, lambda: converter(seen), properties, items, additional, found, root)


def _properties(
    logic: Structural, node: Structural, declared: Declared | None, declarations: Declarations
) -> dict[str, Checks]:
    found: dict[str, Checks] = {}
    for name, child in logic.properties.items():
        below = node.properties.get(name)
        if below is None or declared is None:
            continue
        known_as = escaped(name)
        if known_as is None:
            inner = declarations.declare(below.source, f"{declared.type.name}.{name}", root=below.embedded)
        else:
            inner = declared.fields.get(known_as)
        if inner is None:
            continue
        checks = _build(child, below, inner, declarations, root=below.embedded)
        if checks is not None:
            found[name] = checks
    return found
