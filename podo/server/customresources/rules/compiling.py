"""Compile the rules of one node of a schema, and estimate what they cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from podo.cel import types
from podo.cel.check.costs import estimate
from podo.cel.check.scope import StaticTypes
from podo.cel.check.walk import walk
from podo.cel.environment import Environment, Program
from podo.cel.errors import CompileError
from podo.cel.schemas import MAX_REQUEST, Declarations, Declared, size_of
from podo.cel.syntax.tree import Ident
from podo.cel.types import Type
from podo.server.validation.crd.field_paths import normalized


@dataclass(frozen=True)
class Rule:
    """One rule: its programs, or what is wrong with them; the most that each may cost for one value."""

    source: Mapping[str, Any]
    program: Program | None = None
    error: str = ""
    cost: int = 0
    message: Program | None = None
    message_error: str = ""
    message_cost: int = 0
    uses_old: bool = False
    field: str = ""
    """Where below the value the rule says that the fault is."""

    @property
    def is_optional_old(self) -> bool:
        return bool(self.source.get("optionalOldSelf"))

    @property
    def shown(self) -> str:
        """How messages call the rule."""
        return str(self.source.get("message") or self.source.get("rule") or "").strip()


def compiled(
    rules: tuple[Mapping[str, Any], ...], declared: Declared, declarations: Declarations, schema: Mapping[str, Any]
) -> tuple[Rule, ...]:
    """The rules of a node whose type is `declared`."""
    if not rules:
        return ()
    structs = StaticTypes(declarations.structs)
    own: dict[str, Type] = {"self": declared.type}
    plain = Environment(own | {"oldSelf": declared.type}, structs)
    optional = Environment(own | {"oldSelf": types.optional_of(declared.type)}, structs)
    return tuple(_rule(rule, optional if rule.get("optionalOldSelf") else plain, declared, schema) for rule in rules)


def _rule(rule: Mapping[str, Any], environment: Environment, declared: Declared, schema: Mapping[str, Any]) -> Rule:
    text = rule.get("rule") or ""
    if not text.strip():
        return Rule(rule)
    try:
        program = environment.compile(text)
    except CompileError as error:
        return Rule(rule, error=error.detail)
    if program.type != types.BOOL:
        return Rule(rule, error="cel expression must evaluate to a bool")
    message, message_error = _message(rule.get("messageExpression") or "", environment)
    return Rule(
        rule,
        program,
        "",
        _most(program, declared),
        message,
        message_error,
        _most(message, declared) if message is not None else 0,
        any(isinstance(node, Ident) and node.name == "oldSelf" for node in walk(program.tree)),
        normalized(rule.get("fieldPath") or "", schema),
    )


def _message(text: str, environment: Environment) -> tuple[Program | None, str]:
    if not text:
        return None, ""
    try:
        program = environment.compile(text)
    except CompileError as error:
        return None, f"messageExpression {error.detail.removeprefix('program ')}"
    if program.type != types.STRING:
        return None, "messageExpression must evaluate to a string"
    return program, ""


def _most(program: Program, declared: Declared) -> int:
    return estimate(program.tree, lambda path: size_of(declared, path)).high


def most_values(declared: Declared) -> int:
    """How many values of a type fit into the largest request."""
    return MAX_REQUEST // (declared.least + 1)
