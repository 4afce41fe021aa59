"""Label and field selectors: their text form, their object form, and matching."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from podo.api import names
from podo.api.types.meta_v1 import LabelSelector as LabelSelectorObject

IN, NOT_IN, EXISTS, NOT_EXISTS, GREATER, LESS = "in", "notin", "exists", "!", "gt", "lt"
OPERATORS = {"In": IN, "NotIn": NOT_IN, "Exists": EXISTS, "DoesNotExist": NOT_EXISTS, "Gt": GREATER, "Lt": LESS}


class SelectorError(ValueError):
    """The text is no selector; the message says why."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on a label."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether `labels` fulfil it."""
        value = labels.get(self.key)
        if self.operator == IN:
            return value is not None and value in self.values
        if self.operator == NOT_IN:
            return value is None or value not in self.values
        if self.operator == EXISTS:
            return value is not None
        if self.operator == NOT_EXISTS:
            return value is None
        return _compare(value, self.operator, self.values[0])


def _compare(value: str | None, operator: str, limit: str) -> bool:
    try:
        have, want = int(value or ""), int(limit)
    except ValueError:
        return False
    return have > want if operator == GREATER else have < want


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All of its requirements must be fulfilled; without any it selects everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        return all(r.matches(labels) for r in self.requirements)


@dataclass(frozen=True, slots=True)
class Nothing:
    """Selects no object: what an absent LabelSelector object means."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        return False


EVERYTHING, NOTHING = LabelSelector(), Nothing()

_TOKEN = re.compile(r"\s*(?:(==|!=|=|!|<|>|\(|\)|,)|([^\s=!<>(),]+))")


def _tokens(text: str) -> list[str]:
    tokens, at = [], 0
    text = text.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise SelectorError(f"unable to parse requirement: found '{text[at:]}'")
        tokens.append(match[1] or match[2])
        at = match.end()
    return [*tokens, ""]


SYMBOLS = frozenset({"==", "!=", "=", "!", "<", ">", "(", ")", ",", ""})


def parse_labels(text: str) -> LabelSelector:
    """The selector that `a=b,c!=d,e in (f,g),h,!i,j>1` says. Raises SelectorError."""
    tokens, found, at = _tokens(text), [], 0
    while True:
        if tokens[at] == "":
            break
        if tokens[at] != "!" and tokens[at] in SYMBOLS:
            raise SelectorError(f"found '{tokens[at]}', expected: !, identifier, or 'end of string'")
        try:
            requirement, at = _requirement(tokens, at)
        except SelectorError as error:
            raise SelectorError(f"unable to parse requirement: {error}") from error
        found.append(requirement)
        if tokens[at] == "":
            break
        if tokens[at] != ",":
            raise SelectorError(f"found '{tokens[at]}', expected: ',' or 'end of string'")
        at += 1
        if tokens[at] in SYMBOLS and tokens[at] != "!":
            raise SelectorError(f"found '{tokens[at]}', expected: identifier after ','")
    return LabelSelector(tuple(sorted(found, key=lambda r: r.key)))


BINARY = frozenset({"=", "==", "!=", "<", ">", "in", "notin"})
_KINDS = {"=": IN, "==": IN, "!=": NOT_IN, "<": LESS, ">": GREATER}


def _requirement(tokens: list[str], at: int) -> tuple[Requirement, int]:
    if tokens[at] == "!":
        return Requirement(_key(tokens, at + 1), NOT_EXISTS), at + 2
    key = _key(tokens, at)
    operator = tokens[at + 1]
    if operator in ("", ","):
        return Requirement(key, EXISTS), at + 1
    if operator not in BINARY:
        raise SelectorError(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")
    if operator in ("in", "notin"):
        values, after = _values(tokens, at + 2)
    elif tokens[at + 2] in ("", ","):
        values, after = ("",), at + 2
    else:
        values, after = (_identifier(tokens, at + 2),), at + 3
    _check_values(key, operator, values)
    return Requirement(key, _KINDS.get(operator, operator), values), after


def _key(tokens: list[str], at: int) -> str:
    key = _identifier(tokens, at)
    if errors := names.qualified_name(key):
        texts = [text.replace("a qualified name must", "a valid label key must") for text in errors]
        raise SelectorError(f'<nil>: Invalid value: "{key}": {"; ".join(texts)}')
    return key


def _check_values(key: str, operator: str, values: tuple[str, ...]) -> None:
    errors = []
    for position, value in enumerate(values):
        if operator in "<>" and not re.fullmatch(r"[+-]?\d+", value):
            message = "for 'Gt', 'Lt' operators, the value must be an integer"
            errors.append(f'values[{position}]: Invalid value: "{value}": {message}')
        if found := names.label_value(value):
            errors.append(f'values[{position}][{key}]: Invalid value: "{value}": {"; ".join(found)}')
    if errors:
        raise SelectorError(errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]")


def _identifier(tokens: list[str], at: int) -> str:
    if tokens[at] in SYMBOLS:
        raise SelectorError(f"found '{tokens[at]}', expected: identifier")
    return tokens[at]


def _values(tokens: list[str], at: int) -> tuple[tuple[str, ...], int]:
    if tokens[at] != "(":
        raise SelectorError(f"found '{tokens[at]}' expected: '('")
    values, at = [], at + 1
    if tokens[at] in SYMBOLS - {",", ")"}:
        raise SelectorError(f"found '{tokens[at]}', expected: ',', ')' or identifier")
    while True:
        if tokens[at] in (",", ")"):
            values.append("")
        elif tokens[at] in SYMBOLS:
            raise SelectorError(f"found '{tokens[at]}', expected: ',', or identifier")
        else:
            values.append(tokens[at])
            at += 1
        if tokens[at] == ")":
            return tuple(sorted(set(values))), at + 1
        if tokens[at] != ",":
            raise SelectorError(f"found '{tokens[at]}', expected: ',' or ')'")
        at += 1


def from_object(selector: LabelSelectorObject | None) -> LabelSelector | Nothing:
    """The selector that a LabelSelector object says: none selects nothing, an empty one everything."""
    if selector is None:
        return NOTHING
    equal = [Requirement(k, IN, (v,)) for k, v in selector.match_labels.items()]
    more = [Requirement(e.key, OPERATORS[e.operator], e.values) for e in selector.match_expressions]
    return LabelSelector(tuple(equal + more))


def from_labels(labels: Mapping[str, str]) -> LabelSelector | Nothing:
    """The selector of a plain map, such as a Service's: an empty one selects nothing."""
    return LabelSelector(tuple(Requirement(k, IN, (v,)) for k, v in labels.items())) if labels else NOTHING


def format_labels(selector: LabelSelector) -> str:
    """The text form, which `parse_labels` reads."""
    return ",".join(map(_format, selector.requirements))


def _format(r: Requirement) -> str:
    if r.operator in (EXISTS, NOT_EXISTS):
        return r.key if r.operator == EXISTS else f"!{r.key}"
    if r.operator in (GREATER, LESS):
        return f"{r.key}{'>' if r.operator == GREATER else '<'}{r.values[0]}"
    if r.operator == IN and len(r.values) == 1:
        return f"{r.key}={r.values[0]}"
    return f"{r.key} {r.operator} ({','.join(r.values)})"


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One condition on a field: its path, the value, and whether it must differ."""

    path: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """All of its terms must hold."""

    terms: tuple[FieldTerm, ...] = ()

    def matches(self, fields: Mapping[str, str]) -> bool:
        """Whether an object whose selectable fields have these values is selected."""
        return all((fields.get(t.path, "") == t.value) != t.negated for t in self.terms)

    def exact(self, path: str) -> str | None:
        """The value that the selector demands of `path`, if it does."""
        return next((t.value for t in self.terms if t.path == path and not t.negated), None)


_TERM = re.compile(r"(?:[^\\,]|\\.|\\$)+", re.DOTALL)  # up to a comma that no backslash escapes


def parse_fields(text: str) -> FieldSelector:
    r"""The selector that `metadata.name=a,status.phase!=Running` says; `\,` is an escape. Raises SelectorError."""
    return FieldSelector(tuple(_field_term(t) for t in _TERM.findall(text) if t))


def _field_term(text: str) -> FieldTerm:
    match = re.fullmatch(r"((?:[^=!\\]|\\.)*?)(!=|==|=)((?:[^\\=]|\\.)*)", text, re.DOTALL)
    if match is None:
        raise SelectorError(f"invalid selector: '{text}'; can't understand '{text}'")
    return FieldTerm(match[1], re.sub(r"\\(.)", r"\1", match[3]), match[2] == "!=")
