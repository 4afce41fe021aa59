"""Conditions and variables: their names, and whether their expressions compile.

The compiler is imported with the first expression: most servers start without one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from podo.api import names
from podo.api.field_errors import FieldError, duplicate, invalid, required, too_many
from podo.server.validation.fields import Errors, Object, named

if TYPE_CHECKING:
    from podo.cel.policies import Compiled

CONDITIONS_MAX = 64
KEYWORDS = frozenset(
    {"true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import"}
    | {"let", "loop", "package", "namespace", "return", "var", "void", "while"}
)
_NAME = re.compile(r"[_a-zA-Z][_a-zA-Z0-9]*")


def is_identifier(name: str) -> bool:
    """Whether a name can be one in an expression."""
    return bool(_NAME.fullmatch(name)) and name not in KEYWORDS


def match_conditions(errs: Errors, conditions: list[Object], path: str, *, params: bool = False) -> None:
    """Conditions that a request must meet."""
    if len(conditions) > CONDITIONS_MAX:
        errs.append(too_many(path, len(conditions), CONDITIONS_MAX))
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        where, name, text = f"{path}[{index}]", condition.get("name", ""), condition.get("expression", "").strip()
        if text:
            errs += uncompiled(
                f"{where}.expression", condition["expression"], _condition(condition["expression"], params)
            )
        else:
            errs.append(required(f"{where}.expression"))
        if not name:
            errs.append(required(f"{where}.name"))
            continue
        named(errs, f"{where}.name", name, names.qualified_name)
        if name in seen:
            errs.append(duplicate(f"{where}.name", name))
        seen.add(name)


def _condition(text: str, params: bool) -> Compiled:
    from podo.cel.admission import admission_environment
    from podo.cel.policies import CONDITION, compiled

    return compiled(admission_environment(params=params, authorizer=True), text, CONDITION)


def uncompiled(path: str, text: str, found: Compiled) -> Errors:
    """What is wrong with an expression, if it could not be compiled."""
    return [invalid(path, text, found.error)] if found.error else []


class Expressions:
    """The expressions of one policy; variables are added as they are declared."""

    def __init__(self, *, params: bool, patches: bool) -> None:
        from podo.cel.policies import Scope

        self._scope = Scope(params=params, patches=patches)

    def condition(self, errs: Errors, path: str, text: str) -> None:
        """A validation."""
        errs += uncompiled(path, text, self._scope.condition(text))

    def message(self, errs: Errors, path: str, text: str) -> None:
        errs += uncompiled(path, text, self._scope.message(text))

    def annotation(self, errs: Errors, path: str, text: str) -> None:
        errs += uncompiled(path, text, self._scope.annotation(text))

    def patch(self, errs: Errors, path: str, text: str, *, merges: bool) -> None:
        """A configuration to apply, or JSON patches."""
        from podo.cel.policies import APPLIED, PATCHES

        errs += uncompiled(path, text, self._scope.patch(text, APPLIED if merges else PATCHES))

    def declare(self, errs: Errors, variables: list[Object], path: str) -> None:
        """The variables of the policy; each may use those before it."""
        for index, variable in enumerate(variables):
            where, name, text = f"{path}[{index}]", variable.get("name", ""), variable.get("expression", "")
            if not name.strip():
                errs.append(required(f"{where}.name", "name is not specified"))
            elif not is_identifier(name):
                errs.append(invalid(f"{where}.name", name, "must be a valid CEL identifier"))
            if not text.strip():
                errs.append(_missing(f"{where}.expression"))
            else:
                errs += uncompiled(f"{where}.expression", text, self._scope.declare(name, text))


def _missing(path: str) -> FieldError:
    return required(path, "expression is not specified")
